// The OpenAPI document and its page, both made from the table that the router is made from.
#include "stac/api_impl.hpp"

#include "base/json.hpp"

#include <boost/json/serialize.hpp>

namespace fjord::stac {
namespace {

struct parameter_row {
    std::string_view name, type, description;
};
constexpr parameter_row parameters[] = {
    {"limit", "integer", "Items per page, at least 1; large values are clamped"},
    {"token", "string", "Opaque, from a next or prev link"},
    {"bbox", "string",
     "west,south,east,north or with elevations west,south,low,east,north,high; west > east crosses the antimeridian"},
    {"datetime", "string", "RFC 3339 instant, or interval a/b with .. for an open end"},
    {"ids", "string", "Ids, separated by commas"},
    {"collections", "string", "Collection ids, separated by commas"},
    {"intersects", "string", "GeoJSON geometry; not together with bbox"},
    {"q", "string", "Free text: terms separated by commas, or AND, OR, NOT, +, -, brackets and quoted phrases"},
    {"filter", "string", "CQL2 condition"},
    {"filter-lang", "string", "cql2-text (default of GET) or cql2-json (default of POST)"},
    {"filter-crs", "string", "Only http://www.opengis.net/def/crs/OGC/1.3/CRS84"},
    {"query", "string", "JSON object of the query extension"},
    {"sortby", "string", "Fields, separated by commas; - before a name sorts downwards"},
    {"fields", "string", "Fields to send, separated by commas; - before a name leaves it out"},
    {"aggregations", "string", "Names of aggregations, separated by commas; GET /aggregations lists them"},
    {"datetime_frequency_interval", "string", "year, month, week, day, hour or minute; without it the data decide"},
    {"method", "string", "insert (default: an item that exists is refused) or upsert (it is replaced)"},
    {"results", "string", "all (default: a line per item) or failed (lines of refused items, and progress)"},
    {"grid_precision", "integer", "Letters of a geohash, or zoom of a tile, 1 to 12"},
};

using takes = route_takes;

std::vector<std::string_view> parameters_of(takes what) {
    switch (what) {
        case takes::search:
            return {"limit", "token",  "bbox",        "datetime",   "ids",   "collections", "intersects",
                    "q",     "filter", "filter-lang", "filter-crs", "query", "sortby",      "fields"};
        case takes::collections:
            return {"limit",  "token",       "bbox",       "datetime", "ids",    "q",
                    "filter", "filter-lang", "filter-crs", "query",    "sortby", "fields"};
        case takes::aggregate:
            return {"aggregations",
                    "datetime_frequency_interval",
                    "grid_precision",
                    "bbox",
                    "datetime",
                    "ids",
                    "collections",
                    "intersects",
                    "q",
                    "filter",
                    "filter-lang",
                    "filter-crs",
                    "query"};
        case takes::token:
            return {"token"};
        case takes::ingest:
            return {"method", "results"};
        default:
            return {};
    }
}

json::string text(std::string_view s) { return json::string(s.data(), s.size()); }

json::object reference(std::string_view group, std::string_view name) {
    return {{"$ref", "#/components/" + std::string(group) + "/" + std::string(name)}};
}

json::object parameter_components() {
    json::object out;
    for (auto const& p : parameters) {
        out[text(p.name)] = json::object{{"name", text(p.name)},
                                         {"in", "query"},
                                         {"required", false},
                                         {"description", text(p.description)},
                                         {"schema", json::object{{"type", text(p.type)}}}};
    }
    return out;
}

// What a POST names instead of query parameters.
json::object search_body_schema(takes what) {
    json::object properties;
    auto const list_of = [](std::string_view type) {
        return json::object{{"type", "array"}, {"items", json::object{{"type", text(type)}}}};
    };
    for (auto const name : parameters_of(what)) {
        json::object schema{{"type", name == "limit" || name == "grid_precision" ? "integer" : "string"}};
        if (name == "bbox") schema = list_of("number");
        if (name == "ids" || name == "collections" || name == "aggregations") schema = list_of("string");
        if (name == "intersects" || name == "query" || name == "fields") schema = {{"type", "object"}};
        if (name == "sortby") schema = list_of("object");
        if (name == "filter") schema = {{"description", "CQL2 JSON, or CQL2 text under filter-lang cql2-text"}};
        if (name == "q") schema = {{"description", "An array of terms, or text as in GET"}};
        properties[text(name)] = std::move(schema);
    }
    return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

template <class Route>
json::array parameters_for(Route const& r) {
    json::array out;
    std::string_view rest = r.pattern;
    for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
        auto const close = rest.find('}', open);
        out.push_back(json::object{{"name", text(rest.substr(open + 1, close - open - 1))},
                                   {"in", "path"},
                                   {"required", true},
                                   {"schema", json::object{{"type", "string"}}}});
        rest.remove_prefix(close + 1);
    }
    if (!r.takes_body || r.parameters == takes::ingest)
        for (auto const name : parameters_of(r.parameters)) out.push_back(reference("parameters", name));
    return out;
}

json::object content(std::string_view type, json::object schema) {
    json::object out;
    out[text(type)] = json::object{{"schema", std::move(schema)}};
    return out;
}

template <class Route>
json::object operation(Route const& r) {
    json::object out{{"operationId", r.name}, {"summary", r.summary}};
    if (auto list = parameters_for(r); !list.empty()) out["parameters"] = std::move(list);
    std::string_view const method = r.method, answers = r.answers;
    bool const searches = r.parameters != takes::nothing;
    if (r.takes_body) {
        auto schema = searches ? search_body_schema(r.parameters) : json::object{{"type", "object"}};
        auto const type = r.parameters == takes::ingest ? answers
                          : method == "PATCH"           ? "application/merge-patch+json"
                                                        : media::json;
        if (r.parameters == takes::ingest) schema = {{"type", "string"}, {"description", "An item per line"}};
        out["requestBody"] = json::object{{"required", true}, {"content", content(type, std::move(schema))}};
    }
    json::object ok{{"description", "Done"}};
    if (!answers.empty()) {
        auto const schema = answers == "text/html" ? json::object{{"type", "string"}} : json::object{{"type", "object"}};
        ok["content"] = content(answers, schema);
    }
    bool const creates = method == "POST" && !searches;
    json::object responses;
    responses[creates ? "201" : answers.empty() ? "204" : "200"] = std::move(ok);
    responses["default"] = json::object{{"description", "Refused or failed"},
                                        {"content", content("application/problem+json", reference("schemas", "problem"))}};
    out["responses"] = std::move(responses);
    if (creates || r.parameters == takes::ingest || method == "PUT" || method == "PATCH" || method == "DELETE") {
        json::object bearer;
        bearer["bearer"] = json::array{};
        out["security"] = json::array{std::move(bearer)};
    }
    return out;
}

std::string lower(std::string_view method) {
    std::string out(method);
    for (char& c : out) c = static_cast<char>(c + 32);
    return out;
}

std::string escaped(std::string_view s) {
    std::string out;
    for (char const c : s) {
        if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '&')
            out += "&amp;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

}  // namespace

api::impl::answer api::impl::openapi(net::request const& req, std::string const&) {
    json::object paths;
    for (auto const& r : table()) {
        auto& path = paths[r.pattern];
        if (!path.is_object()) path = json::object();
        path.get_object()[lower(r.method)] = operation(r);
    }
    auto const member = [](char const* type) { return json::object{{"type", type}}; };
    json::object const problem{{"type", "object"},
                               {"required", json::array{"code", "description"}},
                               {"properties", json::object{{"code", member("string")},
                                                           {"description", member("string")},
                                                           {"status", member("integer")},
                                                           {"detail", member("string")}}}};
    json::object const components{
        {"parameters", parameter_components()},
        {"schemas", json::object{{"problem", problem}}},
        {"securitySchemes", json::object{{"bearer", json::object{{"type", "http"}, {"scheme", "bearer"}}}}}};
    json::object const document{
        {"openapi", "3.0.3"},
        {"info", json::object{{"title", options_.title}, {"description", options_.description}, {"version", "1.0.0"}}},
        {"servers", json::array{json::object{{"url", req.base_url + "/"}}}},
        {"paths", std::move(paths)},
        {"components", components}};
    return cacheable(req, json::serialize(document), media::openapi);
}

// The same for people (rel=service-doc).
api::impl::answer api::impl::service_doc(net::request const& req, std::string const&) {
    std::string out = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + escaped(options_.title) +
                      "</title><style>body{font-family:sans-serif;max-width:70em;margin:2em auto}td{padding:.2em 1em .2em 0;"
                      "vertical-align:top}code{white-space:nowrap}</style></head><body><h1>" +
                      escaped(options_.title) + "</h1><p>" + escaped(options_.description) + "</p><p><a href=\"" +
                      escaped(req.base_url) + "/api\">OpenAPI document</a>, <a href=\"" + escaped(req.base_url) +
                      "/\">landing page</a></p><h2>Requests</h2><table>";
    for (auto const& r : table())
        out += "<tr><td><code>" + escaped(r.method) + " " + escaped(r.pattern) + "</code></td><td>" + escaped(r.summary) +
               "</td></tr>\n";
    out += "</table><h2>Query parameters</h2><table>";
    for (auto const& p : parameters)
        out += "<tr><td><code>" + escaped(p.name) + "</code></td><td>" + escaped(p.description) + "</td></tr>\n";
    return cacheable(req, out + "</table></body></html>\n", "text/html");
}

}  // namespace fjord::stac
