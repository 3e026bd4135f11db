// Collection search (STAC API collection-search 1.0.0-rc.1): GET /collections and /children, with the same parameters.
#include "stac/api_impl.hpp"

#include "stac/collection_view.hpp"
#include "stac/json_scan.hpp"

#include <algorithm>

namespace fjord::stac {
namespace {

struct placed {
    sort_key key;
    collection_ptr collection;
};

struct collection_page {
    std::vector<placed> shown;
    std::uint64_t matched = 0;
    bool more_before = false, more_after = false;
};

collection_page page_of(std::vector<placed> all, search_query const& q) {
    auto const before = [&q](placed const& a, placed const& b) { return order_of(a.key, b.key, q.sort) < 0; };
    // They come by id, which is the order without sort fields.
    if (!q.sort.empty()) std::sort(all.begin(), all.end(), before);
    collection_page out;
    out.matched = all.size();
    auto first = all.begin(), last = all.end();
    if (q.from && !q.backwards) {
        first = std::upper_bound(all.begin(), all.end(), placed{*q.from, nullptr}, before);
    } else if (q.from) {
        last = std::lower_bound(all.begin(), all.end(), placed{*q.from, nullptr}, before);
    }
    auto const limit = static_cast<std::ptrdiff_t>(q.limit);
    if (last - first > limit) (q.backwards ? first : last) = q.backwards ? last - limit : first + limit;
    out.more_before = first != all.begin();
    out.more_after = last != all.end();
    out.shown.assign(std::make_move_iterator(first), std::make_move_iterator(last));
    return out;
}

// Sorting needs members that some collection has: a misspelt one would silently sort nothing.
result<void> check_sort_of_collections(search_query const& q, std::vector<placed> const& all) {
    static constexpr std::string_view known[] = {"id", "datetime", "title", "description", "license", "created", "updated"};
    for (std::size_t i = 0; i < q.sort.size(); ++i) {
        auto const& name = q.sort[i].name;
        if (std::find(std::begin(known), std::end(known), name) != std::end(known)) continue;
        auto const has = [i](placed const& p) { return !std::holds_alternative<std::monostate>(p.key.values[i]); };
        if (std::none_of(all.begin(), all.end(), has))
            return fail(errc::invalid_argument, "sortby: no collection here has '" + name + "' with values that can be ordered");
    }
    return {};
}

}  // namespace

api::impl::answer api::impl::list_collections(net::request const& req, std::string const&) {
    return collections_page(req, "collections", 100);
}

// As many as a page may hold, so that a crawler finds each child of the landing page in one answer.
api::impl::answer api::impl::children(net::request const& req, std::string const&) {
    return collections_page(req, "children", options_.max_limit);
}

api::impl::answer api::impl::collections_page(net::request const& req, std::string_view member, std::size_t default_limit) {
    auto request = read_collections_query(req.query, {.default_limit = default_limit, .max_limit = options_.max_limit});
    if (!request) return bad_request(request.error());
    auto& q = request->query;
    auto const identity = std::string(member) + "\n" + request->identity;
    auto const caller = caller_identity(*req.caller);
    if (request->token) {
        auto cursor = cursors_.open(*request->token, identity, caller);
        if (!cursor) return bad_request(cursor.error());
        q.from = std::move(cursor->key);
        q.backwards = cursor->backwards;
    }
    auto eye = eyes(req, policies::action::discover);
    collection_test test(q);
    std::vector<placed> all, matched;
    for (auto& c : index_.collections(eye)) all.push_back({sort_key_of(*c, q.sort), std::move(c)});
    if (auto ok = check_sort_of_collections(q, all); !ok) return bad_request(ok.error());
    for (auto& p : all)
        if (test.matches(*p.collection)) matched.push_back(std::move(p));
    auto const page = page_of(std::move(matched), q);

    auto const to = links(req);
    std::vector<std::string> shown;
    for (auto const& p : page.shown) {
        auto text = render_collection(*p.collection, to);
        shown.push_back(request->fields ? request->fields->apply(text) : std::move(text));
    }
    std::vector<std::string> list{
        link("self", self_of(req), media::json), link("root", to.root(), media::json), link("parent", to.root(), media::json),
        link("http://www.opengis.net/def/rel/ogc/1.0/queryables", to.base + "/collections-queryables", media::schema),
        link("http://www.opengis.net/def/rel/ogc/1.0/sortables", to.base + "/collections-sortables", media::schema)};
    auto const add_page = [&](std::string_view rel, placed const& edge, bool backwards) {
        auto const token = cursors_.seal({edge.key, backwards}, identity, caller);
        list.push_back(link(rel, with_token(req, token), media::json, {}, "GET"));
    };
    if (!page.shown.empty() && page.more_after) add_page("next", page.shown.back(), false);
    if (!page.shown.empty() && page.more_before) add_page("prev", page.shown.front(), true);
    return cacheable(req,
                     "{\"" + std::string(member) + "\":[" + joined(shown) + "],\"links\":[" + joined(list) +
                         "],\"numberMatched\":" + std::to_string(page.matched) +
                         ",\"numberReturned\":" + std::to_string(shown.size()) + "}",
                     media::json);
}

}  // namespace fjord::stac
