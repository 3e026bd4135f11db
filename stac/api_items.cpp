#include "stac/api_impl.hpp"

#include "base/digest.hpp"
#include "base/json.hpp"
#include "stac/document.hpp"
#include "stac/json_scan.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace fjord::stac {
namespace {

using policies::action;

result<json::object> document_of(indexed_collection const& c) {
    auto value = parse_json(c.document);
    if (!value || !value->is_object()) return fail(errc::internal, "a collection document is unreadable");
    return std::move(value->get_object());
}

bool is_feature_collection(std::string_view body) {
    auto const type = find_member(body, "type");
    return type && kind_of(*type) == json_kind::string && decode_string(*type) == "FeatureCollection";
}

}  // namespace

// Checks a document against where it is put; `on` becomes what policies see of it.
result<catalog::item_record> api::impl::new_item(net::request const&, collection_ptr const& c, std::string document,
                                                 policies::resource& on) const {
    auto facts = read_item(document);
    if (!facts) return error(errc::invalid_argument, facts.error().detail);
    if (facts->collection && *facts->collection != c->id) {
        return fail(errc::invalid_argument,
                    "item: 'collection' is '" + facts->collection->str() + "' but the URL says '" + c->id.str() + "'");
    }
    auto const parent = document_of(*c);
    if (!parent) return parent.error();
    on = policies::resource_of(c->id.str(), *parent, facts->id.str(), facts->document);
    auto etag = sha256_of(document).hex();
    return catalog::item_record{
        .collection = c->id, .id = std::move(facts->id), .document = std::move(document), .etag = std::move(etag)};
}

api::impl::answer api::impl::post_items(net::request const& req, std::string const& body) {
    auto eye = eyes(req, action::describe);
    auto const collection = index_.find_collection(collection_id(req.params[0]), eye);
    if (!collection) return not_found("there is no such collection");
    if (is_feature_collection(body)) return post_many(req, collection, body);
    policies::resource on;
    auto record = new_item(req, collection, body, on);
    if (!record) return record.error();
    if (!permits(*req.caller, action::create, on)) return refused(req);
    auto const id = record->id;
    catalog::change_set changes;
    changes.put_item(std::move(*record), catalog::if_absent{});
    if (auto done = catalog_.commit(std::move(changes)); !done) return done.error();
    auto const item = index_.find_item(collection->id, id, eye);
    auto const to = links(req);
    auto out = item ? net::text_response(201, render_item(*item, to, *assets_), media::geojson) : net::empty_response(201);
    out.headers.set("Location", to.item(collection->id, id));
    if (item) out.headers.set("ETag", "\"" + item->etag + "\"");
    return out;
}

// Item by item: each is stored or refused for itself, and the answer says which.
api::impl::answer api::impl::post_many(net::request const& req, collection_ptr const& c, std::string const& body) {
    auto const method = bulk_method_named(req.query.get("method"));
    if (!method) return bad_request(method.error());
    if (auto const valid = parse_json(body); !valid) return bad_request(valid.error());
    auto const features = find_member(body, "features");
    if (!features || kind_of(*features) != json_kind::array) {
        return bad_request(fail(errc::invalid_argument, "item collection: 'features' must be an array"));
    }
    auto together = bulk(req.caller, *method);
    std::vector<bulk_item> items;
    element_walk walk(*features);
    while (auto f = walk.next()) items.push_back(together.check(items.size() + 1, c, *f));
    auto const forbidden = [](bulk_item const& i) { return i.refused && i.refused->code == make_error_code(errc::denied); };
    if (!items.empty() && std::all_of(items.begin(), items.end(), forbidden)) return refused(req);
    auto const outcomes = together.store(std::move(items));
    if (!outcomes) return outcomes.error();
    json::array results;
    bool all_stored = true;
    for (auto const& o : *outcomes) {
        json::object line{{"id", o.id}, {"status", o.status}};
        if (!o.detail.empty()) line["detail"] = o.detail;
        all_stored = all_stored && o.status < 300;
        results.push_back(std::move(line));
    }
    return net::json_response(all_stored ? 201 : 207, json::object{{"items", std::move(results)}});
}

api::impl::answer api::impl::replace_item(net::request const& req, collection_ptr const& c, item_ptr const& old,
                                          std::string document) {
    policies::resource on;
    auto record = new_item(req, c, std::move(document), on);
    if (!record) return record.error();
    if (record->id != old->id) return bad_request(fail(errc::invalid_argument, "item: 'id' is not the one in the URL"));
    // The change must be allowed on what is there and on what it becomes.
    auto const parent = document_of(*c);
    auto const before = parse_json(old->document);
    if (!parent || !before || !before->is_object()) return fail(errc::internal, "a stored document is unreadable");
    auto const was = policies::resource_of(c->id.str(), *parent, old->id.str(), before->get_object());
    if (!permits(*req.caller, action::modify, was) || !permits(*req.caller, action::modify, on)) return refused(req);
    if (!may_write(req, old->etag)) return changed_since("item");
    auto const etag = record->etag;
    catalog::change_set changes;
    changes.put_item(std::move(*record), catalog::if_etag{old->etag});
    if (auto done = catalog_.commit(std::move(changes)); !done) return write_failure(req, done.error(), "item");
    auto out = net::empty_response(204);
    out.headers.set("ETag", "\"" + etag + "\"");
    return out;
}

api::impl::answer api::impl::put_item(net::request const& req, std::string const& body) {
    auto eye = eyes(req, action::describe);
    auto const collection = index_.find_collection(collection_id(req.params[0]), eye);
    auto const old = index_.find_item(collection_id(req.params[0]), item_id(req.params[1]), eye);
    if (!collection || !old) return not_found("there is no such item");
    return replace_item(req, collection, old, body);
}

api::impl::answer api::impl::patch_item(net::request const& req, std::string const& body) {
    auto eye = eyes(req, action::describe);
    auto const collection = index_.find_collection(collection_id(req.params[0]), eye);
    auto const old = index_.find_item(collection_id(req.params[0]), item_id(req.params[1]), eye);
    if (!collection || !old) return not_found("there is no such item");
    auto const patch = parse_json(body);
    if (!patch) return bad_request(patch.error());
    if (!patch->is_object()) return bad_request(fail(errc::invalid_argument, "a merge patch must be a JSON object"));
    return replace_item(req, collection, old, merge_patch(old->document, body));
}

api::impl::answer api::impl::delete_item(net::request const& req, std::string const&) {
    auto eye = eyes(req, action::describe);
    auto const collection = index_.find_collection(collection_id(req.params[0]), eye);
    if (!collection) return not_found("there is no such collection");
    auto const old = index_.find_item(collection->id, item_id(req.params[1]), eye);
    auto const on_collection = collection->resource;
    if (!old) {
        // Deleting what is not there is done already, for those who may delete here.
        if (!permits(*req.caller, action::modify, on_collection)) return not_found("there is no such item");
        return net::empty_response(204);
    }
    auto const parent = document_of(*collection);
    auto const before = parse_json(old->document);
    if (!parent || !before || !before->is_object()) return fail(errc::internal, "a stored document is unreadable");
    auto const was = policies::resource_of(collection->id.str(), *parent, old->id.str(), before->get_object());
    if (!permits(*req.caller, action::modify, was)) return refused(req);
    if (!may_write(req, old->etag)) return changed_since("item");
    catalog::change_set changes;
    auto seen_as = collection->attributes;
    if (auto own = parse_json(policy_attributes(old->properties())); own && own->is_object())
        for (auto const& a : own->get_object()) seen_as[a.key()] = a.value();
    changes.delete_item(collection->id, old->id, catalog::if_etag{old->etag}, std::move(seen_as));
    if (auto done = catalog_.commit(std::move(changes)); !done) return write_failure(req, done.error(), "item");
    return net::empty_response(204);
}

}  // namespace fjord::stac
