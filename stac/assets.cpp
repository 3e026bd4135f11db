#include "stac/assets.hpp"

#include "base/dataset_uri.hpp"
#include "base/json.hpp"
#include "catalog/catalog.hpp"
#include "stac/json_scan.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>

namespace fjord::stac {
namespace {

void add_member(std::string& out, std::string_view quoted_key, std::string_view value) {
    if (out.size() > 1) out += ',';
    ((out += quoted_key) += ':') += value;
}

bool is_rendered(json_member const& m) {
    return m.is("href") || m.is("alternate") || m.is("file:size") || m.is("file:checksum") || m.is("storage:refs") ||
           m.is("fjord:replicas");
}

using site_map = std::map<site_id, catalog::site_record>;
using replica_refs = std::vector<catalog::replica_record const*>;

std::string attribute(catalog::site_record const& s, std::string const& key) {
    auto const at = s.attributes.find(key);
    return at == s.attributes.end() ? std::string() : at->second;
}

replica_place place_of(catalog::site_record const& s) {
    auto const country = attribute(s, "country"), priority = attribute(s, "read_priority");
    replica_place out{s.id.str(), country.empty() ? s.jurisdiction : country, 0};
    std::from_chars(priority.data(), priority.data() + priority.size(), out.preference);
    return out;
}

std::vector<std::size_t> by_preference(std::vector<replica_place> const& places) {
    std::vector<std::size_t> order(places.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::tie(places[b].preference, places[a].site) < std::tie(places[a].preference, places[b].site);
    });
    return order;
}

// Replicas that may be read, best first.
replica_refs readable(std::vector<catalog::replica_record> const& replicas, site_map const& sites, place_ranking const* rank,
                      std::string const& salt) {
    replica_refs found;
    std::vector<replica_place> places;
    for (auto const& r : replicas) {
        auto const site = sites.find(r.site);
        if (r.state != catalog::replica_state::available || site == sites.end() || !site->second.enabled) continue;
        found.push_back(&r);
        places.push_back(place_of(site->second));
    }
    replica_refs out;
    for (auto const i : rank&&* rank ? (*rank)(places, salt) : by_preference(places)) out.push_back(found[i]);
    return out;
}

std::string alternates(replica_refs const& ranked, site_map const& sites) {
    std::string out = "{";
    for (auto const* r : ranked) {
        auto const name = json_quote(r->site.str());
        add_member(out, name,
                   "{\"href\":" + json_quote(sites.at(r->site).url + "/" + r->path) + ",\"alternate:name\":" + name +
                       ",\"storage:refs\":[" + name + "]}");
    }
    return out += '}';
}

std::string names_of(replica_refs const& ranked) {
    std::string out = "[";
    for (auto const* r : ranked) {
        if (out.size() > 1) out += ',';
        out += json_quote(r->site.str());
    }
    return out += ']';
}

std::string replica_entry(catalog::replica_record const& r, std::size_t priority) {
    return "{\"site\":" + json_quote(r.site.str()) + ",\"state\":" + json_quote(catalog::name_of(r.state)) +
           ",\"verified\":" + (r.verified_at ? json_quote(format_rfc3339(*r.verified_at)) : "null") +
           ",\"priority\":" + (priority ? std::to_string(priority) : "null") + "}";
}

// Ranked ones first, then the others by site.
std::string replica_list(std::vector<catalog::replica_record> const& replicas, replica_refs const& ranked) {
    std::string out;
    for (std::size_t i = 0; i < ranked.size(); ++i) out += (out.empty() ? "" : ",") + replica_entry(*ranked[i], i + 1);
    for (auto const& r : replicas)
        if (std::find(ranked.begin(), ranked.end(), &r) == ranked.end()) out += (out.empty() ? "" : ",") + replica_entry(r, 0);
    return "[" + out + "]";
}

std::string render_one(std::string_view stored, catalog::asset_state const& a,
                       std::vector<catalog::replica_record> const& replicas, replica_refs const& ranked, site_map const& sites,
                       std::string const& base_url) {
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
    if (!ranked.empty()) {
        add_member(out, "\"alternate\"", alternates(ranked, sites));
        add_member(out, "\"storage:refs\"", names_of(ranked));
    }
    add_member(out, "\"fjord:replicas\"", replica_list(replicas, ranked));
    return out += '}';
}

// A Storage Scheme Object per site.
std::string schemes_of(std::set<site_id> const& used, site_map const& sites) {
    std::string out = "{";
    for (auto const& id : used) {
        auto const& s = sites.at(id);
        auto const type = s.kind == "s3" ? "custom-s3" : s.kind == "door" ? "webdav" : s.kind.c_str();
        auto const region = attribute(s, "region");
        add_member(out, json_quote(id.str()),
                   "{\"type\":" + json_quote(type) + ",\"platform\":" + json_quote(s.url) + ",\"title\":" + json_quote(id.str()) +
                       (region.empty() ? "" : ",\"region\":" + json_quote(region)) + "}");
    }
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

rendered_assets catalog_assets::render(std::string_view stored, asset_context const& where) const {
    auto const registered = catalog_.list_assets(where.collection, where.item);
    if (!registered || registered->empty()) return {std::string(stored), "{}", {}};
    std::map<std::string, std::string> rendered;
    site_map sites;
    std::set<site_id> used;
    for (auto const& a : *registered) {
        auto replicas = catalog_.list_replicas(a.ref, a.current.id);
        auto list = replicas ? std::move(*replicas) : std::vector<catalog::replica_record>();
        std::sort(list.begin(), list.end(), [](auto const& x, auto const& y) { return x.site < y.site; });
        sites = sites_of(catalog_, list, std::move(sites));
        auto const ranked = readable(list, sites, where.rank, a.ref.str());
        for (auto const* r : ranked) used.insert(r->site);
        auto const own = find_member(stored, a.ref.asset.str()).value_or("{}");
        rendered[a.ref.asset.str()] = render_one(own, a, list, ranked, sites, where.base_url);
    }
    rendered_assets out{"{", schemes_of(used, sites), {"https://stac-extensions.github.io/file/v2.1.0/schema.json"}};
    if (!used.empty()) {
        out.extensions.emplace_back("https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json");
        out.extensions.emplace_back("https://stac-extensions.github.io/storage/v2.0.0/schema.json");
    }
    member_walk walk(stored);
    while (auto m = walk.next()) {
        auto const made = rendered.extract(m->key());
        add_member(out.assets, std::string("\"").append(m->raw_key).append("\""),
                   made ? std::string_view(made.mapped()) : m->value);
    }
    for (auto const& [key, text] : rendered) add_member(out.assets, json_quote(key), text);
    out.assets += '}';
    return out;
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
