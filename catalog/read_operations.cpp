#include "catalog/catalog_impl.hpp"
#include "catalog/read_rows.hpp"

namespace fjord::catalog {
namespace {

using keys::table;

replica_record start_replica(keys::parts const& p) {
    return {.asset = keys::asset_at(p, 0), .version = keys::version_at(p, 3).value_or(digest{}), .site = site_id(p.segments[4])};
}
site_record start_site(keys::parts const& p) { return {.id = site_id(p.segments[0])}; }
rule_record start_rule(keys::parts const& p) { return {.id = rule_id(p.segments[0])}; }
transfer_record start_transfer(keys::parts const& p) { return {.id = transfer_id(p.segments[0])}; }
policy_record start_policy(keys::parts const& p) { return {.id = p.segments[0]}; }
revocation_record start_revocation(keys::parts const& p) { return {.id = p.segments[0]}; }
upload_record start_upload(keys::parts const& p) { return {.id = p.segments[0]}; }

// An index row is its key; `decode` has nothing to add.
struct index_row {
    keys::parts key;
};
index_row start_index(keys::parts const& p) { return {p}; }
result<void> decode(std::string_view, index_row&) { return {}; }

lock_record lock_by_rule(keys::parts const& p) {
    return {rule_id(p.segments[0]), keys::asset_at(p, 1), keys::version_at(p, 4).value_or(digest{}), site_id(p.segments[5])};
}
lock_record lock_by_asset(keys::parts const& p) {
    return {rule_id(p.segments[5]), keys::asset_at(p, 0), keys::version_at(p, 3).value_or(digest{}), site_id(p.segments[4])};
}

result<std::vector<index_row>> list_index(store_view const& view, key_range const& range, table t, std::size_t segments) {
    std::vector<index_row> rows;
    auto keep = [&rows](index_row&& row) {
        rows.push_back(std::move(row));
        return true;
    };
    if (auto ok = read_rows(view, range, t, segments, start_index, keep); !ok) return ok.error();
    return rows;
}

template <class Source>
result<replica_record> read_replica(Source const& source, asset_ref const& a, digest const& version, site_id const& s) {
    replica_record start{.asset = a, .version = version, .site = s};
    return read_row(source, keys::replica(a, version, s), std::move(start), "replica of " + a.str() + " at " + s.str());
}

}  // namespace

result<std::vector<replica_record>> catalog::list_replicas(asset_ref const& a) const {
    return list_rows(*impl_->rows.view(), keys::replicas_of(a), table::replica, 5, start_replica);
}

result<std::vector<replica_record>> catalog::list_replicas(asset_ref const& a, digest const& version) const {
    return list_rows(*impl_->rows.view(), keys::replicas_of(a, version), table::replica, 5, start_replica);
}

result<replica_record> catalog::find_replica(asset_ref const& a, digest const& version, site_id const& s) const {
    return read_replica(impl_->rows, a, version, s);
}

result<std::vector<replica_record>> catalog::list_replicas_at(site_id const& s, std::string_view after_asset,
                                                              std::size_t max) const {
    auto range = keys::replicas_at(s);
    if (!after_asset.empty()) {
        auto after = parse_asset_ref(after_asset);
        if (!after) return after.error();
        range.first = keys::replicas_at(s, *after).last;
    }
    std::vector<replica_record> page;
    if (max == 0) return page;
    auto view = impl_->rows.view();
    std::optional<error> broken;
    auto take = [&](index_row&& row) {
        auto asset = keys::asset_at(row.key, 1);
        // The cursor is an asset: a page never ends between its versions.
        if (page.size() >= max && page.back().asset != asset) return false;
        auto replica = read_replica(*view, asset, keys::version_at(row.key, 4).value_or(digest{}), s);
        if (replica)
            page.push_back(std::move(*replica));
        else
            broken = replica.error();
        return !broken;
    };
    if (auto ok = read_rows(*view, range, table::replica_by_site, 5, start_index, take); !ok) return ok.error();
    if (broken) return *broken;
    return page;
}

result<site_record> catalog::find_site(site_id const& id) const {
    return read_row(impl_->rows, keys::site(id), site_record{.id = id}, "site " + id.str());
}

result<std::vector<site_record>> catalog::list_sites() const {
    return list_rows(*impl_->rows.view(), keys::all(table::site), table::site, 1, start_site);
}

result<probe_record> catalog::find_probe(site_id const& id) const {
    return read_row(impl_->rows, keys::probe(id), probe_record{.site = id}, "probe of site " + id.str());
}

result<rule_record> catalog::find_rule(rule_id const& id) const {
    return read_row(impl_->rows, keys::rule(id), rule_record{.id = id}, "rule " + id.str());
}

result<std::vector<rule_record>> catalog::list_rules() const {
    return list_rows(*impl_->rows.view(), keys::all(table::rule), table::rule, 1, start_rule);
}

result<std::vector<lock_record>> catalog::list_locks(rule_id const& id) const {
    auto rows = list_index(*impl_->rows.view(), keys::locks_of(id), table::lock, 6);
    if (!rows) return rows.error();
    std::vector<lock_record> locks;
    for (auto const& row : *rows) locks.push_back(lock_by_rule(row.key));
    return locks;
}

result<std::vector<lock_record>> catalog::list_locks(asset_ref const& a) const {
    auto rows = list_index(*impl_->rows.view(), keys::locks_of(a), table::lock_by_asset, 6);
    if (!rows) return rows.error();
    std::vector<lock_record> locks;
    for (auto const& row : *rows) locks.push_back(lock_by_asset(row.key));
    return locks;
}

result<transfer_record> catalog::find_transfer(transfer_id const& id) const {
    return read_row(impl_->rows, keys::transfer(id), transfer_record{.id = id}, "transfer " + id.str());
}

result<std::vector<transfer_record>> catalog::list_transfers(std::string_view after, std::size_t max) const {
    auto range = keys::all(table::transfer);
    if (!after.empty()) range.first = keys::next_after(keys::transfer(transfer_id(after)));
    return list_rows(*impl_->rows.view(), range, table::transfer, 1, start_transfer, max);
}

result<std::vector<transfer_record>> catalog::list_open_transfers() const {
    auto view = impl_->rows.view();
    auto rows = list_index(*view, keys::all(table::open_transfer), table::open_transfer, 1);
    if (!rows) return rows.error();
    std::vector<transfer_record> open;
    for (auto const& row : *rows) {
        auto start = start_transfer(row.key);
        auto found = read_row(*view, keys::transfer(start.id), start, "transfer " + start.id.str());
        if (!found) return found.error();
        open.push_back(std::move(*found));
    }
    return open;
}

result<policy_record> catalog::find_policy(std::string_view id) const {
    return read_row(impl_->rows, keys::policy(id), policy_record{.id = std::string(id)}, "policy " + std::string(id));
}

result<std::vector<policy_record>> catalog::list_policies() const {
    return list_rows(*impl_->rows.view(), keys::all(table::policy), table::policy, 1, start_policy);
}

result<revocation_record> catalog::find_revocation(std::string_view id) const {
    return read_row(impl_->rows, keys::revocation(id), revocation_record{.id = std::string(id)}, "revocation " + std::string(id));
}

result<std::vector<revocation_record>> catalog::list_revocations() const {
    return list_rows(*impl_->rows.view(), keys::all(table::revocation), table::revocation, 1, start_revocation);
}

result<upload_record> catalog::find_upload(std::string_view id) const {
    return read_row(impl_->rows, keys::upload(id), upload_record{.id = std::string(id)}, "upload " + std::string(id));
}

result<std::vector<upload_record>> catalog::list_uploads() const {
    return list_rows(*impl_->rows.view(), keys::all(table::upload), table::upload, 1, start_upload);
}

}  // namespace fjord::catalog
