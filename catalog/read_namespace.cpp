#include "catalog/catalog_impl.hpp"
#include "catalog/events.hpp"
#include "catalog/read_rows.hpp"

#include <algorithm>

namespace fjord::catalog {
namespace {

using keys::table;

collection_record start_collection(keys::parts const& p) { return {.id = collection_id(p.segments[0])}; }
item_record start_item(keys::parts const& p) {
    return {.collection = collection_id(p.segments[0]), .id = item_id(p.segments[1])};
}
tree_member start_member(keys::parts const& p) { return {.path = p.segments[4]}; }

numbered_version start_version(keys::parts const& p) { return {.version = {.id = keys::version_at(p, 3).value_or(digest{})}}; }

// The pointer of an asset with the name its key gives it.
struct named_pointer {
    asset_ref asset;
    asset_pointer to;
};
named_pointer start_pointer(keys::parts const& p) { return {.asset = keys::asset_at(p, 0)}; }
result<void> decode(std::string_view stored, named_pointer& r) { return fjord::catalog::decode(stored, r.to); }

template <class Source>
result<asset_version> read_version(Source const& source, asset_ref const& a, digest const& version) {
    auto what = "version " + version.text() + " of " + a.str();
    auto found = read_row(source, keys::version(a, version), numbered_version{.version = {.id = version}}, what);
    if (!found) return found.error();
    return std::move(found->version);
}

}  // namespace

result<collection_record> catalog::find_collection(collection_id const& id) const {
    return read_row(impl_->rows, keys::collection(id), collection_record{.id = id}, "collection " + events::subject_of(id));
}

result<std::vector<collection_record>> catalog::list_collections() const {
    return list_rows(*impl_->rows.view(), keys::all(table::collection), table::collection, 1, start_collection);
}

result<item_record> catalog::find_item(collection_id const& c, item_id const& i) const {
    return read_row(impl_->rows, keys::item(c, i), item_record{.collection = c, .id = i}, "item " + events::subject_of(c, i));
}

result<std::vector<std::optional<item_record>>> catalog::find_items(collection_id const& c,
                                                                    std::span<std::string const> ids) const {
    std::vector<std::string> wanted;
    for (auto const& id : ids) wanted.push_back(keys::item(c, item_id(id)));
    auto stored = impl_->rows.get_many(wanted);
    if (!stored) return stored.error();
    std::vector<std::optional<item_record>> items(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (!(*stored)[i]) continue;
        auto& item = items[i].emplace(item_record{.collection = c, .id = item_id(ids[i])});
        if (auto ok = decode(*(*stored)[i], item); !ok) return ok.error();
    }
    return items;
}

result<void> catalog::scan_items(collection_id const& c, std::string_view after,
                                 std::function<bool(item_record const&)> const& visit) const {
    auto range = keys::items_of(c);
    if (!after.empty()) range.first = keys::next_after(keys::item(c, item_id(after)));
    return read_rows(*impl_->rows.view(), range, table::item, 2, start_item, visit);
}

result<void> catalog::for_each_item(std::function<bool(item_record const&)> const& visit) const {
    return read_rows(*impl_->rows.view(), keys::all(table::item), table::item, 2, start_item, visit);
}

result<asset_state> catalog::find_asset(asset_ref const& a) const {
    auto view = impl_->rows.view();
    auto pointer = read_row(*view, keys::asset(a), asset_pointer{}, "asset " + a.str());
    if (!pointer) return pointer.error();
    auto current = read_version(*view, a, pointer->version);
    if (!current) return current.error();
    return asset_state{a, std::move(*current)};
}

result<asset_version> catalog::find_version(asset_ref const& a, digest const& version) const {
    return read_version(impl_->rows, a, version);
}

result<std::vector<asset_version>> catalog::list_versions(asset_ref const& a) const {
    auto found = list_rows(*impl_->rows.view(), keys::versions_of(a), table::version, 4, start_version);
    if (!found) return found.error();
    std::sort(found->begin(), found->end(), [](auto const& x, auto const& y) { return x.ordinal > y.ordinal; });
    std::vector<asset_version> versions;
    for (auto& v : *found) versions.push_back(std::move(v.version));
    return versions;
}

result<std::vector<asset_state>> catalog::list_assets(collection_id const& c, item_id const& i) const {
    auto view = impl_->rows.view();
    auto range = i.empty() ? keys::assets_of(c) : keys::assets_of(c, i);
    std::vector<named_pointer> pointers;
    auto keep = [&pointers](named_pointer&& p) {
        pointers.push_back(std::move(p));
        return true;
    };
    if (auto ok = read_rows(*view, range, table::asset, 3, start_pointer, keep); !ok) return ok.error();
    std::vector<asset_state> assets;
    for (auto& p : pointers) {
        auto current = read_version(*view, p.asset, p.to.version);
        if (!current) return current.error();
        assets.push_back({std::move(p.asset), std::move(*current)});
    }
    return assets;
}

result<bool> catalog::has_assets(collection_id const& c) const {
    auto const range = keys::assets_of(c);
    bool found = false;
    auto const stop = [&found](std::string_view, std::string_view) { return !(found = true); };
    if (auto ok = impl_->rows.view()->scan(range.first, range.last, stop); !ok) return ok.error();
    return found;
}

result<tree_member> catalog::find_tree_member(asset_ref const& a, digest const& version, std::string_view path) const {
    auto what = "member of " + a.str() + " with this path";
    return read_row(impl_->rows, keys::member(a, version, path), tree_member{.path = std::string(path)}, what);
}

result<void> catalog::scan_tree_members(asset_ref const& a, digest const& version, std::string_view after,
                                        std::function<bool(tree_member const&)> const& visit) const {
    auto range = keys::members_of(a, version);
    if (!after.empty()) range.first = keys::next_after(keys::member(a, version, after));
    return read_rows(*impl_->rows.view(), range, table::member, 5, start_member, visit);
}

}  // namespace fjord::catalog
