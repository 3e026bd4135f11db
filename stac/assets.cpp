#include "stac/assets.hpp"

#include "base/dataset_uri.hpp"
#include "base/json.hpp"
#include "catalog/catalog.hpp"
#include "stac/json_scan.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace fjord::stac {
namespace {

void add_member(std::string& out, std::string_view quoted_key, std::string_view value) {
    if (out.size() > 1) out += ',';
    ((out += quoted_key) += ':') += value;
}

bool is_rendered(json_member const& m) {
    return m.is("href") || m.is("alternate") || m.is("file:size") || m.is("file:checksum") || m.is("fjord:replicas");
}

std::string replica_list(std::vector<catalog::replica_record> const& replicas) {
    std::string out = "[";
    for (auto const& r : replicas) {
        if (out.size() > 1) out += ',';
        out += "{\"site\":" + json_quote(r.site.str()) + ",\"state\":" + json_quote(catalog::name_of(r.state)) +
               ",\"verified\":" + (r.verified_at ? json_quote(format_rfc3339(*r.verified_at)) : "null") + "}";
    }
    return out += ']';
}

using site_map = std::map<site_id, catalog::site_record>;

std::string alternates(std::vector<catalog::replica_record> const& replicas, site_map const& sites) {
    std::string out = "{";
    for (auto const& r : replicas) {
        auto const site = sites.find(r.site);
        if (r.state != catalog::replica_state::available || site == sites.end() || !site->second.enabled) continue;
        add_member(
            out, json_quote(r.site.str()),
            "{\"href\":" + json_quote(site->second.url + "/" + r.path) + ",\"alternate:name\":" + json_quote(r.site.str()) + "}");
    }
    return out += '}';
}

std::string render_one(std::string_view stored, catalog::asset_state const& a,
                       std::vector<catalog::replica_record> const& replicas, site_map const& sites, std::string const& base_url) {
    std::string out = "{";
    add_member(out, "\"href\"", json_quote(base_url + "/data/" + a.ref.str()));
    bool typed = false;
    member_walk walk(stored);
    while (auto m = walk.next()) {
        typed = typed || m->is("type");
        if (!is_rendered(*m)) add_member(out, std::string("\"").append(m->raw_key).append("\""), m->value);
    }
    if (!typed && !a.current.media_type.empty()) add_member(out, "\"type\"", json_quote(a.current.media_type));
    add_member(out, "\"file:size\"", std::to_string(a.current.size));
    // A tree's digest is that of its manifest, which no multihash code describes.
    if (!a.current.tree) add_member(out, "\"file:checksum\"", json_quote(a.current.id.multihash_hex()));
    if (auto const other = alternates(replicas, sites); other != "{}") add_member(out, "\"alternate\"", other);
    add_member(out, "\"fjord:replicas\"", replica_list(replicas));
    return out += '}';
}

site_map sites_of(catalog::catalog const& cat, std::vector<catalog::replica_record> const& replicas, site_map known) {
    for (auto const& r : replicas) {
        if (known.contains(r.site)) continue;
        if (auto site = cat.find_site(r.site)) known.emplace(r.site, std::move(*site));
    }
    return known;
}

}  // namespace

std::string catalog_assets::render(std::string_view stored, asset_context const& where) const {
    auto const registered = catalog_.list_assets(where.collection, where.item);
    if (!registered || registered->empty()) return std::string(stored);
    std::map<std::string, std::string> rendered;
    site_map sites;
    for (auto const& a : *registered) {
        auto replicas = catalog_.list_replicas(a.ref, a.current.id);
        auto list = replicas ? std::move(*replicas) : std::vector<catalog::replica_record>();
        std::sort(list.begin(), list.end(), [](auto const& x, auto const& y) { return x.site < y.site; });
        sites = sites_of(catalog_, list, std::move(sites));
        auto const own = find_member(stored, a.ref.asset.str()).value_or("{}");
        rendered[a.ref.asset.str()] = render_one(own, a, list, sites, where.base_url);
    }
    std::string out = "{";
    member_walk walk(stored);
    while (auto m = walk.next()) {
        auto const made = rendered.extract(m->key());
        add_member(out, std::string("\"").append(m->raw_key).append("\""), made ? std::string_view(made.mapped()) : m->value);
    }
    for (auto const& [key, text] : rendered) add_member(out, json_quote(key), text);
    return out += '}';
}

bool catalog_assets::is_plain(collection_id const& c) const {
    {
        std::shared_lock const lock(mutex_);
        if (auto const known = plain_.find(c.str()); known != plain_.end()) return known->second;
    }
    auto const some = catalog_.has_assets(c);
    if (!some) return false;
    // Where saw() was faster, its word stands.
    std::unique_lock const lock(mutex_);
    return plain_.try_emplace(c.str(), !*some).first->second;
}

void catalog_assets::saw(std::vector<catalog::log_entry> const& entries) {
    for (auto const& e : entries) {
        if (e.type != "asset.version") continue;
        auto const asset = catalog::parse_asset_ref(e.subject);
        if (!asset) continue;
        std::unique_lock const lock(mutex_);
        plain_.insert_or_assign(asset->collection.str(), false);
    }
}

}  // namespace fjord::stac
