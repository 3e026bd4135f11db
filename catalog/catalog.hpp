#pragma once
// The namespace and its records over a store. Typed reads, typed changes, one log entry per visible change.
// All calls block (RocksDB): use them from a blocking_pool. Any thread.
//
//   change_set c;
//   c.put_item(item, if_absent{});
//   auto seq = cat.commit(std::move(c));      // durable, observers have run, readers see it
#include "catalog/records.hpp"
#include "catalog/store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fjord::catalog {

// What must hold of the thing before the change. errc::already_exists, errc::not_found or errc::conflict when it does not.
struct if_absent {};
struct if_present {};
struct if_etag {
    std::string etag;
};
struct always {};
using expectation = std::variant<always, if_absent, if_present, if_etag>;

class batch_builder;

// One of many items to be put; what became of it.
struct item_put {
    item_record item;
    expectation expects = always{};
};
enum class item_change { created, updated, unchanged };

// Everything of one commit: all or nothing; a step sees what the steps before it did. Log entries are derived (fields of their
// data: events.hpp): collection.created/updated/deleted, item.created/updated/deleted, asset.version,
// replica.copying/available/suspect/bad/deleting/deleted, rule.created/updated/deleted,
// transfer.started/done/failed/cancelled (queued and verifying are silent), policy.changed, site.changed,
// token.revoked/restored.
//
// A put that changes nothing (same document, same settings; a replica verified again) leaves no entry, nor does deleting what
// is absent. The catalog sets etag, updated, and the times left at zero; `created` and `registered` of what exists stay.
class change_set {
public:
    void put_collection(collection_record c, expectation e = always{});
    // errc::conflict while it has items. `seen_as`: the policy attributes it had, kept in the tombstone, so that followers of the
    // log can be told who could see what is gone.
    void delete_collection(collection_id id, expectation e = if_present{}, std::optional<boost::json::object> seen_as = {});
    void put_item(item_record i, expectation e = always{});  // errc::not_found without its collection
    // Its assets are no longer found by find_asset and list_assets; versions and replicas stay until they are cleaned up.
    void delete_item(collection_id c, item_id i, expectation e = if_present{}, std::optional<boost::json::object> seen_as = {});
    // Becomes the current version. errc::conflict when the digest is registered with another size.
    void register_version(asset_ref a, asset_version v);
    void put_tree_member(asset_ref a, digest version, tree_member m);
    void delete_tree_members(asset_ref a, digest version);  // all of them, of a version that is not registered
    void put_replica(replica_record r);
    void delete_replica(asset_ref a, digest version, site_id s);
    void put_site(site_record s);  // `honours` stays what the last probe found
    void delete_site(site_id id);  // and its probe
    // The report, and the facts as `honours` of the site, which must exist. site.changed only when the facts differ.
    void put_probe(probe_record p, std::map<std::string, std::string> honours);
    void put_rule(rule_record r);
    void delete_rule(rule_id id);
    void put_lock(lock_record l);
    void delete_lock(lock_record l);
    void put_transfer(transfer_record t);
    void delete_transfer(transfer_id id);
    void put_policy(policy_record p);
    void delete_policy(std::string id);
    // What is revoked already stays as it is, except that an issuer's moment may move on to a later one.
    void put_revocation(revocation_record r);
    void delete_revocation(std::string id);
    void forget_revocation(std::string id);  // the same without an entry: it has expired and covers nothing any more
    void put_upload(upload_record u);
    void delete_upload(std::string id);
    // An event of the caller's own, e.g. rule.fulfilled.
    void append_event(std::string type, std::string subject, boost::json::object data);

    bool empty() const noexcept;

private:
    friend class catalog;
    struct step;
    void add(std::function<result<void>(batch_builder&)> plan);
    std::vector<std::shared_ptr<step>> steps_;
};

struct asset_state {
    asset_ref ref;
    asset_version current;
};

// Owns neither: store and clock outlive it.
class catalog {
public:
    catalog(store& s, clock& time);
    ~catalog();

    // Durable, observed and visible when it returns; the sequence of its last log entry. Concurrent commits that touch the same
    // things are planned again on what the other one left, so an expectation is judged by the newest state.
    // Besides the expectations' own: errc::invalid_argument (a name or digest), errc::conflict (others kept changing the same
    // things), and what store::apply answers when the disk fails.
    result<sequence> commit(change_set changes);

    // Many items with one write and one sync of the disk, each for itself: one that fails (errors as of put_item and commit)
    // is refused alone. They count in the order given, so that the second of two new items with one id exists already. Durable,
    // observed and visible when it returns, the answers in the order given. The outer result fails when nothing was written.
    result<std::vector<result<item_change>>> put_items(std::vector<item_put> const& items);

    // Called after each commit, in sequence order, one at a time, on the committing thread, before commit() returns: keep it
    // short. One call may carry the entries of several commits. Register before the first commit. An observer must not commit
    // (errc::internal).
    void on_commit(std::function<void(std::vector<log_entry> const&)> observer);

    sequence last_sequence() const noexcept;
    result<std::vector<log_entry>> read_log(sequence since, std::size_t max) const;

    result<collection_record> find_collection(collection_id const& id) const;  // errc::not_found
    result<std::vector<collection_record>> list_collections() const;
    result<item_record> find_item(collection_id const& c, item_id const& i) const;  // errc::not_found
    // Many at once, in the order asked; nullopt: there is none.
    result<std::vector<std::optional<item_record>>> find_items(collection_id const& c, std::span<std::string const> ids) const;
    // Items in id order after `after`, until visit returns false.
    result<void> scan_items(collection_id const& c, std::string_view after,
                            std::function<bool(item_record const&)> const& visit) const;
    // All items of all collections in key order, streamed from one consistent view, until visit returns false. To build an
    // index: take last_sequence(), then this, then follow the log from that sequence (some changes are seen twice).
    result<void> for_each_item(std::function<bool(item_record const&)> const& visit) const;

    result<asset_state> find_asset(asset_ref const& a) const;                             // current version; errc::not_found
    result<asset_version> find_version(asset_ref const& a, digest const& version) const;  // errc::not_found
    result<std::vector<asset_version>> list_versions(asset_ref const& a) const;           // newest first
    // Registered assets of an item, or of a whole collection when `i` is empty.
    result<std::vector<asset_state>> list_assets(collection_id const& c, item_id const& i) const;
    result<bool> has_assets(collection_id const& c) const;  // some item of it has registered assets
    result<tree_member> find_tree_member(asset_ref const& a, digest const& version, std::string_view path) const;
    result<void> scan_tree_members(asset_ref const& a, digest const& version, std::string_view after,
                                   std::function<bool(tree_member const&)> const& visit) const;

    result<std::vector<replica_record>> list_replicas(asset_ref const& a) const;  // all versions
    result<std::vector<replica_record>> list_replicas(asset_ref const& a, digest const& version) const;
    result<replica_record> find_replica(asset_ref const& a, digest const& version, site_id const& s) const;
    // By asset after `after_asset` ("C/I/A" or empty). Versions of one asset stay together, so a page may exceed max by them.
    result<std::vector<replica_record>> list_replicas_at(site_id const& s, std::string_view after_asset, std::size_t max) const;

    result<site_record> find_site(site_id const& id) const;
    result<std::vector<site_record>> list_sites() const;
    result<probe_record> find_probe(site_id const& id) const;  // errc::not_found: never probed
    result<rule_record> find_rule(rule_id const& id) const;
    result<std::vector<rule_record>> list_rules() const;
    result<std::vector<lock_record>> list_locks(rule_id const& id) const;
    result<std::vector<lock_record>> list_locks(asset_ref const& a) const;  // of all rules
    result<transfer_record> find_transfer(transfer_id const& id) const;
    result<std::vector<transfer_record>> list_transfers(std::string_view after,
                                                        std::size_t max) const;  // id order (ULID: by time)
    result<std::vector<transfer_record>> list_open_transfers() const;            // queued, active, verifying
    result<policy_record> find_policy(std::string_view id) const;
    result<std::vector<policy_record>> list_policies() const;
    result<revocation_record> find_revocation(std::string_view id) const;
    result<std::vector<revocation_record>> list_revocations() const;
    result<upload_record> find_upload(std::string_view id) const;
    result<std::vector<upload_record>> list_uploads() const;

    // Forgets log entries with seq < before, but none that observers have yet to see, and never the newest.
    result<void> prune_log(sequence before);

    clock& time() const noexcept;

private:
    // Plans a batch on the newest state and applies it, again while others change the same things.
    result<sequence> apply_planned(std::function<result<void>(batch_builder&)> const& plan);

    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace fjord::catalog
