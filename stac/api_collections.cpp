#include "stac/api_impl.hpp"

#include "base/dataset_uri.hpp"
#include "base/digest.hpp"
#include "base/json.hpp"
#include "stac/document.hpp"
#include "stac/json_scan.hpp"

namespace fjord::stac {
namespace {

using policies::action;

}  // namespace

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
    if (made) out.headers.set("ETag", "\"" + made->etag + "\"");
    return out;
}

// One document for another, which the caller must be allowed on both.
api::impl::answer api::impl::replace_collection(net::request const& req, collection_ptr const& old, std::string document) {
    auto facts = read_collection(document);
    if (!facts) return bad_request(facts.error());
    if (facts->id != old->id) return bad_request(fail(errc::invalid_argument, "collection: 'id' is not the one in the URL"));
    auto const on = policies::resource_of(facts->id.str(), facts->document);
    if (!permits(*req.caller, action::modify, old->resource) || !permits(*req.caller, action::modify, on)) return refused(req);
    if (!may_write(req, old->etag)) return changed_since("collection");
    auto const stored = catalog_.find_collection(old->id);
    if (!stored) return stored.error();
    catalog::change_set changes;
    auto const etag = sha256_of(document).hex();
    changes.put_collection({.id = old->id, .document = std::move(document), .owner = stored->owner, .etag = etag},
                           catalog::if_etag{old->etag});
    if (auto done = catalog_.commit(std::move(changes)); !done) return write_failure(req, done.error(), "collection");
    auto out = net::empty_response(204);
    out.headers.set("ETag", "\"" + etag + "\"");
    return out;
}

api::impl::answer api::impl::put_collection(net::request const& req, std::string const& body) {
    auto eye = eyes(req, action::describe);
    auto const old = index_.find_collection(collection_id(req.params[0]), eye);
    if (!old) return not_found("there is no such collection");
    return replace_collection(req, old, body);
}

api::impl::answer api::impl::patch_collection(net::request const& req, std::string const& body) {
    auto eye = eyes(req, action::describe);
    auto const old = index_.find_collection(collection_id(req.params[0]), eye);
    if (!old) return not_found("there is no such collection");
    auto const patch = parse_json(body);
    if (!patch) return bad_request(patch.error());
    if (!patch->is_object()) return bad_request(fail(errc::invalid_argument, "a merge patch must be a JSON object"));
    return replace_collection(req, old, merge_patch(old->document, body));
}

api::impl::answer api::impl::delete_collection(net::request const& req, std::string const&) {
    auto eye = eyes(req, action::describe);
    auto const old = index_.find_collection(collection_id(req.params[0]), eye);
    if (!old) return not_found("there is no such collection");
    if (!permits(*req.caller, action::modify, old->resource)) return refused(req);
    if (!may_write(req, old->etag)) return changed_since("collection");
    catalog::change_set changes;
    changes.delete_collection(old->id, catalog::if_etag{old->etag}, old->attributes);
    if (auto done = catalog_.commit(std::move(changes)); !done) return done.error();
    return net::empty_response(204);
}

}  // namespace fjord::stac
