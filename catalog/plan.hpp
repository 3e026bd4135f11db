#pragma once
// What each step of a change set means: which rows it reads, which it writes, and which log entry it leaves. Pure logic over a
// batch_builder. Failures are final: errc::invalid_argument (a name or path that breaks check_name, a digest that is not
// sha-256), errc::already_exists, errc::not_found, errc::conflict; errors of the store.
#include "catalog/batch_builder.hpp"
#include "catalog/catalog.hpp"
#include "catalog/records_json.hpp"

namespace fjord::catalog {

struct change_set::step {
    std::function<result<void>(batch_builder&)> plan;
};

namespace plan {

// plan_namespace.cpp
result<void> put_collection(batch_builder& b, collection_record c, expectation const& e);
result<void> delete_collection(batch_builder& b, collection_id const& id, expectation const& e,
                               std::optional<boost::json::object> const& seen_as);
result<item_change> put_item(batch_builder& b, item_record i, expectation const& e);
result<void> delete_item(batch_builder& b, collection_id const& c, item_id const& i, expectation const& e,
                         std::optional<boost::json::object> const& seen_as);

// plan_assets.cpp
result<void> register_version(batch_builder& b, asset_ref const& a, asset_version v);
result<void> put_tree_member(batch_builder& b, asset_ref const& a, digest const& version, tree_member const& m);
result<void> delete_tree_members(batch_builder& b, asset_ref const& a, digest const& version);
result<void> put_replica(batch_builder& b, replica_record const& r);
result<void> delete_replica(batch_builder& b, asset_ref const& a, digest const& version, site_id const& s);
result<void> put_lock(batch_builder& b, lock_record const& l);
result<void> delete_lock(batch_builder& b, lock_record const& l);

// plan_operations.cpp
result<void> put_site(batch_builder& b, site_record s);
result<void> delete_site(batch_builder& b, site_id const& id);
result<void> put_probe(batch_builder& b, probe_record const& p, std::map<std::string, std::string> const& honours);
result<void> put_rule(batch_builder& b, rule_record r);
result<void> delete_rule(batch_builder& b, rule_id const& id);
result<void> put_transfer(batch_builder& b, transfer_record t);
result<void> delete_transfer(batch_builder& b, transfer_id const& id);
result<void> put_policy(batch_builder& b, policy_record p);
result<void> delete_policy(batch_builder& b, std::string const& id);
result<void> put_upload(batch_builder& b, upload_record const& u);
result<void> delete_upload(batch_builder& b, std::string const& id);
result<void> put_revocation(batch_builder& b, revocation_record r);
result<void> delete_revocation(batch_builder& b, std::string const& id, bool forget);
result<void> append_event(batch_builder& b, std::string const& type, std::string const& subject, boost::json::object const& data);

// plan_checks.cpp
result<void> check_expectation(expectation const& e, std::string const* etag_now, std::string const& what);
result<void> check_asset(asset_ref const& a);
result<void> check_version(digest const& version);

}  // namespace plan

// Reads and decodes a row whose key fields are set in `into`; false when there is none.
template <class Record>
result<bool> find_row(batch_builder& b, std::string const& key, Record& into) {
    auto stored = b.get(key);
    if (!stored) return stored.error();
    if (!*stored) return false;
    if (auto ok = decode(**stored, into); !ok) return ok.error();
    return true;
}

}  // namespace fjord::catalog
