#include "stac/api_impl.hpp"

#include "base/json.hpp"
#include "stac/json_scan.hpp"

#include <algorithm>
#include <array>

namespace fjord::stac {
namespace {

// The same body with another token, every other member byte for byte, so that the query stays the one that was signed.
std::string body_with_token(std::string_view body, std::string const& token) {
    std::vector<std::string> members;
    member_walk walk(body);
    while (auto m = walk.next())
        if (!m->is("token")) members.emplace_back(m->whole);
    members.push_back("\"token\":" + json_quote(token));
    return "{" + joined(members) + "}";
}

// Fields that items always have, or commonly have, sort also where no item is.
bool always_sortable(std::string_view name) {
    static constexpr std::array<std::string_view, 11> names{"id",           "collection",     "datetime",     "start_datetime",
                                                            "end_datetime", "created",        "updated",      "platform",
                                                            "gsd",          "eo:cloud_cover", "constellation"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

result<void> api::impl::check_sort(search_query const& q, visibility& v) const {
    bool const plain = std::all_of(q.sort.begin(), q.sort.end(), [](sort_field const& f) { return always_sortable(f.name); });
    if (plain) return {};
    auto const known = index_.properties(q.collections, v);
    for (auto const& f : q.sort) {
        auto const found = std::find_if(known.begin(), known.end(), [&](auto const& p) { return p.name == f.name; });
        bool const sortable = found != known.end() && found->numbers + found->texts + found->booleans > 0;
        if (!sortable && !always_sortable(f.name)) {
            return fail(errc::invalid_argument, "sortby: no item here has '" + f.name + "' with values that can be ordered");
        }
    }
    return {};
}

api::impl::answer api::impl::search(net::request const& req, search_request request, std::string const& body,
                                    collection_ptr const& within) {
    bool const post = req.method == "POST";
    auto& q = request.query;
    if (within) {
        q.collections = {within->id};
        q.shapeless_match = true;
    }
    auto const caller = caller_identity(*req.caller);
    auto const identity = (within ? "items\n" + within->id.str() + "\n" : std::string("search\n")) + request.identity;
    if (request.token) {
        auto cursor = cursors_.open(*request.token, identity, caller);
        if (!cursor) return bad_request(cursor.error());
        q.from = std::move(cursor->key);
        q.backwards = cursor->backwards;
    }
    auto eye = eyes(req, policies::action::discover);
    if (auto ok = check_sort(q, eye); !ok) return bad_request(ok.error());
    auto const found = index_.search(q, eye);
    if (!found) return found.error();
    auto const& page = *found;

    auto const to = links(req);
    std::size_t size = 1024;
    for (auto const& item : page.items) size += item->document.size() + 1024;
    std::string text = "{\"type\":\"FeatureCollection\",\"features\":[";
    text.reserve(size);
    item_writer writer(to, *assets_, request.fields);
    for (auto const& item : page.items) {
        if (text.back() == '}') text += ',';
        writer.write(*item, text);
    }
    std::vector<std::string> list{link("self", self_of(req), media::geojson), link("root", to.root(), media::json)};
    if (within) {
        list.push_back(link("collection", to.collection(within->id), media::json));
        list.push_back(link("parent", to.collection(within->id), media::json));
    }
    auto add_page = [&](std::string_view rel, std::optional<sort_key> const& key, bool backwards) {
        if (!key) return;
        auto const token = cursors_.seal({*key, backwards}, identity, caller);
        list.push_back(post ? link(rel, req.base_url + req.raw_path, media::geojson, {}, "POST", body_with_token(body, token))
                            : link(rel, with_token(req, token), media::geojson, {}, "GET"));
    };
    add_page("next", page.next, false);
    add_page("prev", page.previous, true);
    auto const rest = "],\"links\":[" + joined(list) + "],\"numberMatched\":" + std::to_string(page.matched) +
                      ",\"numberReturned\":" + std::to_string(page.items.size()) + "}";
    text += rest;
    if (post) return net::text_response(200, std::move(text), media::geojson);
    // The links name the whole query, so equal versions and links are equal answers.
    return cacheable_by(req, writer.versions() + rest, std::move(text), media::geojson);
}

api::impl::answer api::impl::get_search(net::request const& req, std::string const&) {
    auto request = read_search_query(req.query, {.max_limit = options_.max_limit});
    if (!request) return bad_request(request.error());
    return search(req, std::move(*request), {}, nullptr);
}

api::impl::answer api::impl::post_search(net::request const& req, std::string const& body) {
    auto request = read_search_body(body, {.max_limit = options_.max_limit});
    if (!request) return bad_request(request.error());
    return search(req, std::move(*request), body, nullptr);
}

api::impl::answer api::impl::list_items(net::request const& req, std::string const&) {
    auto eye = eyes(req, policies::action::discover);
    auto const collection = index_.find_collection(collection_id(req.params[0]), eye);
    if (!collection) return not_found("there is no such collection");
    auto request = read_search_query(req.query, {.max_limit = options_.max_limit});
    if (!request) return bad_request(request.error());
    return search(req, std::move(*request), {}, collection);
}

api::impl::answer api::impl::get_item(net::request const& req, std::string const&) {
    auto eye = eyes(req, policies::action::describe);
    auto const item = index_.find_item(collection_id(req.params[0]), item_id(req.params[1]), eye);
    if (!item) return not_found("there is no such item");
    return cacheable(req, render_item(*item, links(req), *assets_), media::geojson, item->etag);
}

}  // namespace fjord::stac
