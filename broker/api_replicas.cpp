// /api/v1/replicas: which copies of an asset exist, and in what state. /api/v1/usage: what each site holds.
#include "broker/access.hpp"
#include "broker/body.hpp"
#include "broker/rendering.hpp"

#include "catalog/catalog.hpp"
#include "net/router.hpp"
#include "transfer/engine.hpp"

#include <boost/json/value_from.hpp>

namespace fjord::broker {
namespace {

result<dataset_uri> read_asset_uri(net::request const& req) {
    auto const text = req.query.find("uri");
    if (!text) return fail(errc::invalid_argument, "give ?uri=COLLECTION/ITEM/ASSET");
    auto uri = dataset_uri::parse(*text);
    if (uri && uri->asset.empty()) return fail(errc::invalid_argument, "uri must go down to the asset: COLLECTION/ITEM/ASSET");
    return uri;
}

asio::awaitable<net::response> list(core& c, net::request& req) {
    auto uri = read_asset_uri(req);
    if (!uri) co_return net::problem(uri.error());
    catalog::asset_ref const ref{uri->collection, uri->item, uri->asset};
    auto asked = co_await ask(c, req.caller, policies::action::describe, ref);
    if (!asked) {
        if (asked.error().code != make_error_code(errc::not_found)) co_return net::problem(asked.error());
        if (auto login = require_login(req)) co_return std::move(*login);
        co_return absent("such dataset");
    }
    if (!asked->granted) co_return refusal(c, req, *asked, "storage.read:/data/" + ref.str());
    auto read = [&c, ref]() -> result<json::object> {
        auto state = c.cat.find_asset(ref);
        if (!state) return state.error();
        auto replicas = c.cat.list_replicas(ref);
        if (!replicas) return replicas.error();
        json::array rows;
        for (auto const& r : *replicas) rows.push_back(render(r));
        json::object o{{"asset", ref.str()}, {"current", render(state->current)}};
        o["replicas"] = std::move(rows);
        return o;
    };
    auto found = co_await on_pool(c.pool, std::move(read));
    if (!found)
        co_return found.error().code == make_error_code(errc::not_found) ? absent("such dataset") : net::problem(found.error());
    co_return net::json_response(200, *found);
}

// DELETE /api/v1/replicas?uri=C/I/A&site=S: one copy, never the last good one.
asio::awaitable<net::response> remove(core& c, net::request& req) {
    if (auto refused = require_admin(req)) co_return std::move(*refused);
    auto uri = read_asset_uri(req);
    if (!uri) co_return net::problem(uri.error());
    auto const site = req.query.get("site");
    if (site.empty()) co_return net::problem(400, "give &site=SITE: which copy is to go?");
    catalog::asset_ref const ref{uri->collection, uri->item, uri->asset};
    auto done = co_await c.transfers.delete_replica(ref, site_id(site), uri->version);
    if (!done) co_return net::problem(done.error());
    co_return net::empty_response(204);
}

struct usage {
    std::uint64_t bytes = 0, files = 0;
};

// What each site holds, by walking its replicas in pages.
asio::awaitable<net::response> show_usage(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    auto read = [&c]() -> result<json::array> {
        auto sites = c.cat.list_sites();
        if (!sites) return sites.error();
        json::array rows;
        for (auto const& s : *sites) {
            usage u;
            std::string after;
            for (;;) {
                auto page = c.cat.list_replicas_at(s.id, after, 10'000);
                if (!page) return page.error();
                for (auto const& r : *page)
                    if (r.state == catalog::replica_state::available) u.bytes += r.size, ++u.files;
                if (page->size() < 10'000) break;
                after = page->back().asset.str();
            }
            rows.push_back(json::object{{"site", s.id.str()}, {"files", u.files}, {"bytes", u.bytes}});
        }
        return rows;
    };
    auto rows = co_await on_pool(c.pool, std::move(read));
    if (!rows) co_return net::problem(rows.error());
    co_return list_response(req, "usage", std::move(*rows));
}

}  // namespace

void add_replica_routes(net::router& r, core& c) {
    r.add("GET", "/api/v1/replicas", [&c](net::request& req) { return list(c, req); });
    r.add("DELETE", "/api/v1/replicas", [&c](net::request& req) { return remove(c, req); });
    r.add("GET", "/api/v1/usage", [&c](net::request& req) { return show_usage(c, req); });
}

}  // namespace fjord::broker
