#include "stac/render.hpp"

#include "base/dataset_uri.hpp"
#include "base/json.hpp"
#include "stac/document.hpp"
#include "stac/json_scan.hpp"

#include <algorithm>
#include <array>

namespace fjord::stac {
namespace {

bool is_server_owned(std::string_view rel) {
    static constexpr std::array<std::string_view, 10> owned{
        "self",  "root", "parent", "collection", "items",
        "child", "item", "next",   "prev",       "http://www.opengis.net/def/rel/ogc/1.0/queryables"};
    return std::find(owned.begin(), owned.end(), rel) != owned.end();
}

// Ours first, then what the document brought.
std::string merged_links(std::vector<std::string> ours, std::string_view stored) {
    element_walk walk(stored);
    while (auto l = walk.next()) {
        auto const rel = find_member(*l, "rel");
        if (rel && !is_server_owned(decode_string(*rel))) ours.emplace_back(*l);
    }
    return "[" + joined(ours) + "]";
}

// Copies a document with the values of some members replaced; members it lacks are appended.
struct replacement {
    std::string_view name;
    std::string value;
};
std::string with_replacements(std::string_view document, std::vector<replacement> const& replacements) {
    std::string out;
    std::size_t copied = 0;
    std::vector<bool> used(replacements.size());
    auto const table = table_of(document);
    for (auto const& m : table) {
        for (std::size_t i = 0; i < replacements.size(); ++i) {
            if (replacements[i].name != m.name) continue;
            out += document.substr(copied, m.value_begin - copied);
            out += replacements[i].value;
            copied = m.value_end;
            used[i] = true;
        }
    }
    auto const end = document.rfind('}');
    out += document.substr(copied, end - copied);
    bool first = table.empty();
    for (std::size_t i = 0; i < replacements.size(); ++i) {
        if (used[i]) continue;
        if (!first) out += ',';
        first = false;
        ((out += json_quote(replacements[i].name)) += ':') += replacements[i].value;
    }
    return out += '}';
}

std::string_view member_of(std::string_view document, std::string_view name, std::string_view fallback) {
    return find_member(document, name).value_or(fallback);
}

}  // namespace

std::string joined(std::vector<std::string> const& parts) {
    std::string out;
    for (auto const& p : parts) {
        if (!out.empty()) out += ',';
        out += p;
    }
    return out;
}

std::string link(std::string_view rel, std::string_view href, std::string_view type, std::string_view title,
                 std::string_view method, std::string_view body) {
    std::string out = "{\"rel\":" + json_quote(rel) + ",\"type\":" + json_quote(type) + ",\"href\":" + json_quote(href);
    if (!title.empty()) out += ",\"title\":" + json_quote(title);
    if (!method.empty()) out += ",\"method\":" + json_quote(method);
    if (!body.empty()) (out += ",\"body\":").append(body).append(",\"merge\":false");
    return out += '}';
}

std::string link_maker::collection(collection_id const& c) const { return base + "/collections/" + encode_segment(c.str()); }
std::string link_maker::items(collection_id const& c) const { return collection(c) + "/items"; }
std::string link_maker::item(collection_id const& c, item_id const& i) const { return items(c) + "/" + encode_segment(i.str()); }

std::string render_collection(indexed_collection const& c, link_maker const& to) {
    std::vector<std::string> const ours{
        link("self", to.collection(c.id), media::json), link("root", to.root(), media::json),
        link("parent", to.root(), media::json), link("items", to.items(c.id), media::geojson),
        link("http://www.opengis.net/def/rel/ogc/1.0/queryables", to.collection(c.id) + "/queryables", media::schema)};
    return with_replacements(c.document, {{"links", merged_links(ours, member_of(c.document, "links", "[]"))}});
}

std::string render_item(indexed_item const& i, link_maker const& to, asset_renderer const& assets, principal const& caller,
                        std::optional<field_selection> const& fields) {
    std::vector<std::string> const ours{
        link("self", to.item(i.collection, i.id), media::geojson), link("collection", to.collection(i.collection), media::json),
        link("parent", to.collection(i.collection), media::json), link("root", to.root(), media::json)};
    std::vector<replacement> replacements{{"links", merged_links(ours, member_of(i.document, "links", "[]"))}};
    // The item belongs to the collection it was put into, also where its document does not say so.
    replacements.push_back({"collection", json_quote(i.collection.str())});
    if (!fields || fields->wants("assets")) {
        asset_context const where{i.collection, i.id, to.base, &caller};
        replacements.push_back({"assets", assets.render(member_of(i.document, "assets", "{}"), where)});
    }
    auto out = with_replacements(i.document, replacements);
    return fields ? fields->apply(out) : out;
}

std::string feature_collection(std::vector<std::string> const& features, std::vector<std::string> const& links,
                               std::uint64_t matched) {
    std::string out = "{\"type\":\"FeatureCollection\",\"features\":[";
    std::size_t size = 256;
    for (auto const& f : features) size += f.size() + 1;
    out.reserve(size);
    out += joined(features);
    out += "],\"links\":[";
    out += joined(links);
    out += "],\"numberMatched\":" + std::to_string(matched) + ",\"numberReturned\":" + std::to_string(features.size());
    return out += '}';
}

}  // namespace fjord::stac
