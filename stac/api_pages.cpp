#include "stac/api_impl.hpp"

#include "base/json.hpp"

#include <boost/json/serialize.hpp>

namespace fjord::stac {
namespace {

json::array conforms_to() {
    json::array out;
    for (auto const& c : conformance_classes()) out.emplace_back(c);
    return out;
}

json::object parameter(std::string_view name, std::string_view type, std::string_view description) {
    return {{"name", name},
            {"in", "query"},
            {"required", false},
            {"description", description},
            {"schema", json::object{{"type", type}}}};
}

// Shared by every route that searches.
json::object parameter_components() {
    json::object out;
    auto add = [&out](std::string_view name, std::string_view type, std::string_view description) {
        out[name] = parameter(name, type, description);
    };
    add("limit", "integer", "Items per page, at least 1; large values are clamped");
    add("bbox", "string",
        "west,south,east,north or with elevations west,south,low,east,north,high; west > east crosses the antimeridian");
    add("datetime", "string", "RFC 3339 instant, or interval a/b with .. for an open end");
    add("token", "string", "Opaque, from a next or prev link");
    add("ids", "string", "Item ids, separated by commas");
    add("collections", "string", "Collection ids, separated by commas");
    add("intersects", "string", "GeoJSON geometry; not together with bbox");
    add("filter", "string", "CQL2 condition");
    add("filter-lang", "string", "cql2-text (default) or cql2-json");
    add("filter-crs", "string", "Only http://www.opengis.net/def/crs/OGC/1.3/CRS84");
    add("query", "string", "JSON object of the query extension");
    add("sortby", "string", "Fields, separated by commas; - before a name sorts downwards");
    add("fields", "string", "Fields to send, separated by commas; - before a name leaves it out");
    return out;
}

json::array parameter_references(std::string_view pattern, bool search, bool page) {
    json::array out;
    for (std::string_view const name : {"c", "i"}) {
        if (pattern.find("{" + std::string(name) + "}") == std::string_view::npos) continue;
        out.push_back(
            json::object{{"name", name}, {"in", "path"}, {"required", true}, {"schema", json::object{{"type", "string"}}}});
    }
    auto refer = [&out](std::string_view name) {
        out.push_back(json::object{{"$ref", "#/components/parameters/" + std::string(name)}});
    };
    if (search || page)
        for (std::string_view const name : {"limit", "bbox", "datetime", "token"}) refer(name);
    if (search) {
        for (std::string_view const name :
             {"ids", "collections", "intersects", "filter", "filter-lang", "filter-crs", "query", "sortby", "fields"})
            refer(name);
    }
    return out;
}

json::object problem_response() {
    return {{"description", "Refused or failed"},
            {"content", json::object{{"application/problem+json",
                                      json::object{{"schema", json::object{{"$ref", "#/components/schemas/problem"}}}}}}}};
}

json::object object_schema() { return {{"schema", json::object{{"type", "object"}}}}; }

}  // namespace

api::impl::answer api::impl::landing(net::request const& req, std::string const&) {
    auto const to = links(req);
    std::vector<std::string> list{
        link("self", to.root(), media::json, "This catalog"), link("root", to.root(), media::json, options_.title),
        link("service-desc", to.base + "/api", media::openapi, "OpenAPI document"),
        link("conformance", to.base + "/conformance", media::json),
        link("data", to.base + "/collections", media::json, "Collections"),
        link("http://www.opengis.net/def/rel/ogc/1.0/queryables", to.base + "/queryables", media::schema, "Queryables"),
        link("http://www.opengis.net/def/rel/ogc/1.0/sortables", to.base + "/sortables", media::schema, "Sortables"),
        link("search", to.base + "/search", media::geojson, "Search", "POST"),
        // QGIS takes the last search link and can only GET.
        link("search", to.base + "/search", media::geojson, "Search", "GET")};
    auto eye = eyes(req, policies::action::discover);
    for (auto const& c : index_.collections(eye)) list.push_back(link("child", to.collection(c->id), media::json, c->id.str()));
    auto const text = "{\"type\":\"Catalog\",\"stac_version\":\"1.1.0\",\"id\":" + json_quote(options_.id) +
                      ",\"title\":" + json_quote(options_.title) + ",\"description\":" + json_quote(options_.description) +
                      ",\"conformsTo\":" + json::serialize(conforms_to()) + ",\"links\":[" + joined(list) + "]}";
    return cacheable(req, text, media::json);
}

api::impl::answer api::impl::conformance(net::request const& req, std::string const&) {
    return cacheable(req, json::serialize(json::object{{"conformsTo", conforms_to()}}), media::json);
}

api::impl::answer api::impl::openapi(net::request const& req, std::string const&) {
    json::object paths;
    for (auto const& r : table()) {
        json::object operation{{"operationId", r.name}, {"summary", r.summary}};
        auto refs = parameter_references(r.pattern, r.parameters == route::takes::search, r.parameters == route::takes::page);
        if (!refs.empty()) operation["parameters"] = std::move(refs);
        std::string_view const method = r.method;
        if (r.takes_body) {
            auto const type = method == "PATCH" ? "application/merge-patch+json" : media::json;
            operation["requestBody"] = json::object{{"required", true}, {"content", json::object{{type, object_schema()}}}};
        }
        bool const creates = method == "POST" && std::string_view(r.pattern) != "/search";
        std::string_view const answers = r.answers;
        json::object ok{{"description", "Done"}};
        if (!answers.empty()) ok["content"] = json::object{{answers, object_schema()}};
        json::object responses;
        responses[creates ? "201" : answers.empty() ? "204" : "200"] = std::move(ok);
        responses["default"] = problem_response();
        operation["responses"] = std::move(responses);
        std::string lower(method);
        for (char& c : lower) c = static_cast<char>(c + 32);
        auto& path = paths[r.pattern];
        if (!path.is_object()) path = json::object();
        path.get_object()[lower] = std::move(operation);
    }
    json::object const problem{{"type", "object"},
                               {"properties", json::object{{"code", json::object{{"type", "string"}}},
                                                           {"description", json::object{{"type", "string"}}},
                                                           {"status", json::object{{"type", "integer"}}},
                                                           {"detail", json::object{{"type", "string"}}}}}};
    json::object const document{
        {"openapi", "3.0.3"},
        {"info", json::object{{"title", options_.title}, {"description", options_.description}, {"version", "1.0.0"}}},
        {"servers", json::array{json::object{{"url", req.base_url + "/"}}}},
        {"paths", std::move(paths)},
        {"components", json::object{{"parameters", parameter_components()}, {"schemas", json::object{{"problem", problem}}}}}};
    return cacheable(req, json::serialize(document), media::openapi);
}

}  // namespace fjord::stac
