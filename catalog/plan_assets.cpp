#include "base/dataset_uri.hpp"
#include "catalog/events.hpp"
#include "catalog/keys.hpp"
#include "catalog/plan.hpp"

#include <algorithm>

namespace fjord::catalog::plan {
namespace {

// The ordinal of the newest version there is, for an asset that has no pointer (its item was deleted once).
result<std::uint64_t> highest_ordinal(batch_builder const& b, asset_ref const& a) {
    std::uint64_t highest = 0;
    std::optional<error> broken;
    auto look = [&](std::string_view, std::string_view value) {
        numbered_version v;
        if (auto ok = decode(value, v); !ok) broken = ok.error();
        highest = std::max(highest, v.ordinal);
        return !broken;
    };
    if (auto ok = b.scan(keys::versions_of(a), look); !ok) return ok.error();
    if (broken) return *broken;
    return highest;
}

// The content is the same; what is known of it may only grow.
result<void> merge_known(asset_version& v, asset_version const& previous, asset_ref const& a) {
    if (v.size != previous.size || v.tree != previous.tree)
        return fail(errc::conflict, "version " + v.id.text() + " of " + a.str() + " is registered with " +
                                        std::to_string(previous.size) + " bytes; the same digest cannot have " +
                                        std::to_string(v.size));
    for (auto algorithm : {digest_algorithm::sha256, digest_algorithm::adler32, digest_algorithm::crc32c, digest_algorithm::md5})
        if (auto const& known = previous.digests.get(algorithm); known && !v.digests.get(algorithm)) v.digests.set(*known);
    v.registered = previous.registered;
    return {};
}

result<void> check_member_path(std::string_view path) {
    if (path.size() > 4096) return fail(errc::invalid_argument, "the path of a tree member is at most 4096 bytes");
    for (std::size_t begin = 0; begin <= path.size();) {
        auto end = std::min(path.find('/', begin), path.size());
        if (auto ok = check_name("path of a tree member", path.substr(begin, end - begin)); !ok) return ok.error();
        begin = end + 1;
    }
    return {};
}

result<void> check_replica(asset_ref const& a, digest const& version, site_id const& s) {
    if (auto ok = check_asset(a); !ok) return ok.error();
    if (auto ok = check_version(version); !ok) return ok.error();
    return check_name("site", s.str());
}

// A renewed check of the same copy is no news.
bool is_news(replica_record const& before, replica_record const& after) {
    return before.state != after.state || before.size != after.size || before.path != after.path || before.reason != after.reason;
}

}  // namespace

result<void> register_version(batch_builder& b, asset_ref const& a, asset_version v) {
    if (auto ok = check_asset(a); !ok) return ok.error();
    if (auto ok = check_version(v.id); !ok) return ok.error();
    if (!v.tree && !v.digests.sha256) v.digests.set(v.id);

    asset_pointer pointer;
    auto has_pointer = find_row(b, keys::asset(a), pointer);
    if (!has_pointer) return has_pointer.error();
    numbered_version previous{.version = {.id = v.id}};
    auto known = find_row(b, keys::version(a, v.id), previous);
    if (!known) return known.error();
    if (*known) {
        if (auto ok = merge_known(v, previous.version, a); !ok) return ok.error();
    } else if (v.registered == wall_time{}) {
        v.registered = b.now();
    }

    bool is_current = *has_pointer && pointer.version == v.id;
    if (!is_current) {
        auto highest = *has_pointer ? result<std::uint64_t>(pointer.ordinal) : highest_ordinal(b, a);
        if (!highest) return highest.error();
        pointer = {v.id, *highest + 1};
        b.put(keys::asset(a), encode(pointer));
        b.log("asset.version", a.str(), events::data_of(a, v));
    }
    auto stored = encode(numbered_version{v, pointer.ordinal});
    if (!*known || stored != encode(previous)) b.put(keys::version(a, v.id), std::move(stored));
    return {};
}

result<void> put_tree_member(batch_builder& b, asset_ref const& a, digest const& version, tree_member const& m) {
    if (auto ok = check_asset(a); !ok) return ok.error();
    if (auto ok = check_version(version); !ok) return ok.error();
    if (auto ok = check_member_path(m.path); !ok) return ok.error();
    b.put(keys::member(a, version, m.path), encode(m));
    return {};
}

result<void> delete_tree_members(batch_builder& b, asset_ref const& a, digest const& version) {
    auto registered = b.get(keys::version(a, version));
    if (!registered) return registered.error();
    if (*registered)
        return fail(errc::conflict, "version " + version.text() + " of " + a.str() + " is registered; its members stay");
    b.erase_range(keys::members_of(a, version));
    return {};
}

result<void> put_replica(batch_builder& b, replica_record const& r) {
    if (auto ok = check_replica(r.asset, r.version, r.site); !ok) return ok.error();
    auto key = keys::replica(r.asset, r.version, r.site);
    replica_record previous{.asset = r.asset, .version = r.version, .site = r.site};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    b.put(key, encode(r));
    if (!*exists) b.put(keys::replica_by_site(r.site, r.asset, r.version), {});
    auto state = name_of(r.state);
    if (!*exists || is_news(previous, r)) b.log("replica." + std::string(state), r.asset.str(), events::data_of(r, state));
    return {};
}

result<void> delete_replica(batch_builder& b, asset_ref const& a, digest const& version, site_id const& s) {
    auto key = keys::replica(a, version, s);
    replica_record previous{.asset = a, .version = version, .site = s};
    auto exists = find_row(b, key, previous);
    if (!exists) return exists.error();
    if (!*exists) return {};
    b.erase(key);
    b.erase(keys::replica_by_site(s, a, version));
    b.log("replica.deleted", a.str(), events::data_of(previous, "deleted"));
    return {};
}

result<void> put_lock(batch_builder& b, lock_record const& l) {
    if (auto ok = check_replica(l.asset, l.version, l.site); !ok) return ok.error();
    if (auto ok = check_name("rule", l.rule.str()); !ok) return ok.error();
    b.put(keys::lock(l), {});
    b.put(keys::lock_by_asset(l), {});
    return {};
}

result<void> delete_lock(batch_builder& b, lock_record const& l) {
    b.erase(keys::lock(l));
    b.erase(keys::lock_by_asset(l));
    return {};
}

}  // namespace fjord::catalog::plan
