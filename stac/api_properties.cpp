// What filters and orders may name: queryables, sortables and functions (OGC API Features part 3 and 5, STAC filter and sort).
// Derived from the data that the caller sees, so a property of hidden items is in no list.
#include "stac/api_impl.hpp"

#include "base/json.hpp"
#include "stac/cql2/functions.hpp"
#include "stac/json_scan.hpp"

#include <boost/json/serialize.hpp>

#include <map>
#include <set>

namespace fjord::stac {
namespace {

json::object schema_document(net::request const& req, std::string_view title, json::object properties, bool additional) {
    return {{"$schema", "https://json-schema.org/draft/2019-09/schema"},
            {"$id", req.base_url + req.target},
            {"type", "object"},
            {"title", title},
            {"properties", std::move(properties)},
            {"additionalProperties", additional}};
}

json::object text_property(std::string_view title) { return {{"type", "string"}, {"title", title}}; }
json::object time_property(std::string_view title) { return {{"type", "string"}, {"format", "date-time"}, {"title", title}}; }
json::object shape_property() {
    return {{"$ref", "https://geojson.org/schema/Geometry.json"}, {"title", "Geometry"}, {"format", "geometry-any"}};
}

json::object property_schema(property_summary const& p) {
    json::array types;
    if (p.numbers > 0) types.emplace_back("number");
    if (p.texts > 0) types.emplace_back("string");
    if (p.booleans > 0) types.emplace_back("boolean");
    if (p.arrays > 0) types.emplace_back("array");
    if (p.objects > 0) types.emplace_back("object");
    json::object one{{"title", p.name}};
    if (types.size() == 1) one["type"] = types[0];
    if (types.size() > 1) one["type"] = types;
    if (p.name.ends_with("datetime") && p.texts > 0) one["format"] = "date-time";
    return one;
}

char const* type_of(std::string_view json) {
    switch (kind_of(json)) {
        case json_kind::number:
            return "number";
        case json_kind::string:
            return "string";
        case json_kind::boolean:
            return "boolean";
        case json_kind::array:
            return "array";
        default:
            return "object";
    }
}

}  // namespace

// The members every item has, and the properties seen in the items one may see.
api::impl::answer api::impl::schema_of_properties(net::request const& req, bool scalars_only) {
    auto eye = eyes(req, policies::action::discover);
    std::vector<collection_id> of;
    if (!req.params.empty()) {
        auto const c = index_.find_collection(collection_id(req.params[0]), eye);
        if (!c) return not_found("there is no such collection");
        of.push_back(c->id);
    }
    json::object properties;
    properties["id"] = text_property("Item id");
    properties["collection"] = text_property("Collection id");
    if (!scalars_only) properties["geometry"] = shape_property();
    properties["datetime"] = time_property("Time of the data");
    for (auto const& p : index_.properties(of, eye)) {
        if (p.name == "datetime" || (scalars_only && p.numbers + p.texts + p.booleans == 0)) continue;
        properties[p.name] = property_schema(p);
    }
    auto const title = scalars_only ? "Sortables" : "Queryables";
    return cacheable(req, json::serialize(schema_document(req, title, std::move(properties), !scalars_only)), media::schema);
}

api::impl::answer api::impl::queryables(net::request const& req, std::string const&) { return schema_of_properties(req, false); }
api::impl::answer api::impl::sortables(net::request const& req, std::string const&) { return schema_of_properties(req, true); }

// The same for collection search: the members of the collections one may see, and what their summaries hold.
api::impl::answer api::impl::schema_of_collections(net::request const& req, bool scalars_only) {
    auto eye = eyes(req, policies::action::discover);
    std::map<std::string, std::set<std::string>> types;
    static constexpr std::string_view hidden[] = {"type",   "links",     "assets",         "item_assets",
                                                  "extent", "summaries", "stac_extensions"};
    auto const add = [&](std::string const& name, std::string_view value) {
        if (kind_of(value) != json_kind::null) types[name].insert(type_of(value));
    };
    for (auto const& c : index_.collections(eye)) {
        member_walk members(c->document);
        while (auto m = members.next()) {
            auto const key = m->key();
            if (key == "summaries") {
                member_walk summaries(m->value);
                while (auto s = summaries.next()) add(s->key(), s->value);
            } else if (std::find(std::begin(hidden), std::end(hidden), key) == std::end(hidden)) {
                add(key, m->value);
            }
        }
    }
    json::object properties;
    properties["id"] = text_property("Collection id");
    properties["datetime"] = time_property("Temporal extent");
    if (!scalars_only) properties["geometry"] = shape_property();
    for (auto const& [name, kinds] : types) {
        if (properties.contains(name)) continue;
        if (scalars_only && !kinds.contains("number") && !kinds.contains("string") && !kinds.contains("boolean")) continue;
        json::array list;
        for (auto const& k : kinds) list.emplace_back(k);
        properties[name] = json::object{{"title", name}, {"type", list.size() == 1 ? list[0] : json::value(std::move(list))}};
    }
    auto const title = scalars_only ? "Sortables of collections" : "Queryables of collections";
    return cacheable(req, json::serialize(schema_document(req, title, std::move(properties), !scalars_only)), media::schema);
}

api::impl::answer api::impl::collections_queryables(net::request const& req, std::string const&) {
    return schema_of_collections(req, false);
}
api::impl::answer api::impl::collections_sortables(net::request const& req, std::string const&) {
    return schema_of_collections(req, true);
}

// OGC API Features part 3, requirements class "functions".
api::impl::answer api::impl::functions(net::request const& req, std::string const&) {
    auto const text = [](std::string_view s) { return json::string(s.data(), s.size()); };
    json::array list;
    for (auto const& f : cql2::functions()) {
        json::array arguments;
        for (auto const& a : f.arguments)
            arguments.push_back(json::object{{"title", text(a.title)}, {"type", json::array{text(cql2::name_of(a.type))}}});
        list.push_back(json::object{{"name", text(f.name)},
                                    {"description", text(f.description)},
                                    {"arguments", std::move(arguments)},
                                    {"returns", json::array{text(cql2::name_of(f.returns))}}});
    }
    return cacheable(req, json::serialize(json::object{{"functions", std::move(list)}}), media::json);
}

}  // namespace fjord::stac
