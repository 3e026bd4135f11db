#include "stac/api_impl.hpp"

#include "base/dataset_uri.hpp"
#include "base/digest.hpp"
#include "base/json.hpp"
#include "stac/document.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace fjord::stac {
namespace {

using policies::action;

bool matches(collections_request const& q, indexed_collection const& c) {
    if (q.bbox) {
        auto const meets = [&](box const& b) {
            return std::any_of(q.bbox->boxes.begin(), q.bbox->boxes.end(), [&](box const& f) { return intersects(f, b); });
        };
        if (std::none_of(c.boxes.begin(), c.boxes.end(), meets)) return false;
    }
    if (!q.datetime) return true;
    return std::any_of(c.intervals.begin(), c.intervals.end(),
                       [&](time_interval const& t) { return intersects(*q.datetime, t); });
}

std::string page_href(net::request const& req, std::string const& token) {
    std::string out = req.base_url + req.raw_path;
    char between = '?';
    for (auto const& [name, value] : req.query.items()) {
        if (name == "token") continue;
        (((out += between) += encode_query(name)) += '=') += encode_query(value);
        between = '&';
    }
    return ((out += between) += "token=") += token;
}

net::response precondition_failed() {
    constexpr auto why = "the collection has changed since";
    return net::problem(412, why, {{"code", "PreconditionFailed"}, {"description", why}});
}

}  // namespace

api::impl::answer api::impl::list_collections(net::request const& req, std::string const&) {
    auto request = read_collections_query(req.query, {.default_limit = 100, .max_limit = options_.max_limit});
    if (!request) return bad_request(request.error());
    auto const caller = caller_identity(*req.caller);
    collection_id after;
    if (request->token) {
        auto const cursor = cursors_.open(*request->token, request->identity, caller);
        if (!cursor) return bad_request(cursor.error());
        after = cursor->key.collection;
    }
    auto eye = eyes(req, action::discover);
    auto const to = links(req);
    std::uint64_t matched = 0;
    std::vector<std::string> shown;
    collection_id last;
    bool more = false;
    for (auto const& c : index_.collections(eye)) {
        if (!matches(*request, *c)) continue;
        ++matched;
        if (!after.empty() && c->id <= after) continue;
        if (shown.size() == request->limit) {
            more = true;
            continue;
        }
        shown.push_back(render_collection(*c, to));
        last = c->id;
    }
    std::vector<std::string> list{link("self", self_of(req), media::json), link("root", to.root(), media::json),
                                  link("parent", to.root(), media::json)};
    if (more) {
        auto const token = cursors_.seal({{{}, last, {}}, false}, request->identity, caller);
        list.push_back(link("next", page_href(req, token), media::json, {}, "GET"));
    }
    return cacheable(req,
                     "{\"collections\":[" + joined(shown) + "],\"links\":[" + joined(list) + "],\"numberMatched\":" +
                         std::to_string(matched) + ",\"numberReturned\":" + std::to_string(shown.size()) + "}",
                     media::json);
}

api::impl::answer api::impl::get_collection(net::request const& req, std::string const&) {
    auto eye = eyes(req, action::describe);
    auto const c = index_.find_collection(collection_id(req.params[0]), eye);
    if (!c) return not_found("there is no such collection");
    return cacheable(req, render_collection(*c, links(req)), media::json, c->etag);
}

api::impl::answer api::impl::post_collection(net::request const& req, std::string const& body) {
    auto facts = read_collection(body);
    if (!facts) return bad_request(facts.error());
    auto const on = policies::resource_of(facts->id.str(), facts->document);
    if (!req.caller->has_role("admin") && !permits(*req.caller, action::create, on)) return refused(req);
    auto const id = facts->id;
    catalog::change_set changes;
    changes.put_collection({.id = id, .document = body, .owner = req.caller->org, .etag = sha256_of(body).hex()},
                           catalog::if_absent{});
    if (auto done = catalog_.commit(std::move(changes)); !done) return done.error();
    auto const to = links(req);
    auto eye = eyes(req, action::describe);
    auto const made = index_.find_collection(id, eye);
    auto out = made ? net::text_response(201, render_collection(*made, to), media::json) : net::empty_response(201);
    out.headers.set("Location", to.collection(id));
    return out;
}

api::impl::answer api::impl::put_collection(net::request const& req, std::string const& body) {
    auto eye = eyes(req, action::describe);
    auto const old = index_.find_collection(collection_id(req.params[0]), eye);
    if (!old) return not_found("there is no such collection");
    auto facts = read_collection(body);
    if (!facts) return bad_request(facts.error());
    if (facts->id != old->id) return bad_request(fail(errc::invalid_argument, "collection: 'id' is not the one in the URL"));
    auto const on = policies::resource_of(facts->id.str(), facts->document);
    if (!permits(*req.caller, action::modify, old->resource) || !permits(*req.caller, action::modify, on)) return refused(req);
    if (!if_match_holds(req, old->etag)) return precondition_failed();
    auto const stored = catalog_.find_collection(old->id);
    if (!stored) return stored.error();
    catalog::change_set changes;
    auto const etag = sha256_of(body).hex();
    changes.put_collection({.id = old->id, .document = body, .owner = stored->owner, .etag = etag},
                           catalog::if_etag{stored->etag});
    if (auto done = catalog_.commit(std::move(changes)); !done) return done.error();
    auto out = net::empty_response(204);
    out.headers.set("ETag", "\"" + etag + "\"");
    return out;
}

api::impl::answer api::impl::delete_collection(net::request const& req, std::string const&) {
    auto eye = eyes(req, action::describe);
    auto const old = index_.find_collection(collection_id(req.params[0]), eye);
    if (!old) return not_found("there is no such collection");
    if (!permits(*req.caller, action::modify, old->resource)) return refused(req);
    if (!if_match_holds(req, old->etag)) return precondition_failed();
    catalog::change_set changes;
    changes.delete_collection(old->id);
    if (auto done = catalog_.commit(std::move(changes)); !done) return done.error();
    return net::empty_response(204);
}

// A JSON Schema of what filters may name: the members every item has, and the properties seen in the items one may see.
api::impl::answer api::impl::schema_of_properties(net::request const& req, bool scalars_only) {
    auto eye = eyes(req, action::discover);
    std::vector<collection_id> of;
    if (!req.params.empty()) {
        auto const c = index_.find_collection(collection_id(req.params[0]), eye);
        if (!c) return not_found("there is no such collection");
        of.push_back(c->id);
    }
    json::object properties;
    properties["id"] = json::object{{"type", "string"}, {"title", "Item id"}};
    properties["collection"] = json::object{{"type", "string"}, {"title", "Collection id"}};
    if (!scalars_only) properties["geometry"] = json::object{{"$ref", "https://geojson.org/schema/Geometry.json"}};
    properties["datetime"] = json::object{{"type", "string"}, {"format", "date-time"}, {"title", "Time of the data"}};
    for (auto const& p : index_.properties(of, eye)) {
        if (p.name == "datetime" || (scalars_only && p.numbers + p.texts + p.booleans == 0)) continue;
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
        properties[p.name] = std::move(one);
    }
    json::object out{{"$schema", "https://json-schema.org/draft/2019-09/schema"},
                     {"$id", self_of(req)},
                     {"type", "object"},
                     {"title", scalars_only ? "Sortables" : "Queryables"},
                     {"properties", std::move(properties)},
                     {"additionalProperties", !scalars_only}};
    return cacheable(req, json::serialize(out), media::schema);
}

api::impl::answer api::impl::queryables(net::request const& req, std::string const&) { return schema_of_properties(req, false); }
api::impl::answer api::impl::sortables(net::request const& req, std::string const&) { return schema_of_properties(req, true); }

}  // namespace fjord::stac
