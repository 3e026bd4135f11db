// /api/v1/caches: caches announce themselves every few seconds; people see which are alive.
#include "broker/access.hpp"
#include "broker/body.hpp"
#include "broker/cache_directory.hpp"
#include "broker/rendering.hpp"

#include "base/log.hpp"
#include "net/client.hpp"
#include "net/router.hpp"

#include <boost/json/value_to.hpp>

namespace fjord::broker {
namespace {

logger const log("broker");

asio::awaitable<net::response> announce(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    if (!is_cache(c, *req.caller) && !is_admin(*req.caller))
        co_return net::problem(403, "registering a cache needs a token of one of the groups in cache_groups");
    auto body = co_await read_json(req);
    if (!body) co_return net::problem(body.error());
    object_reader in(*body, "cache");
    catalog::cache_record cache;
    cache.id = site_id(in.string("id"));
    cache.url = in.string("url");
    cache.near_site = in.string("near", "");
    cache.jurisdiction = in.string("jurisdiction", "");
    cache.capacity = static_cast<std::uint64_t>(in.integer("capacity", 0, INT64_MAX, 0));
    cache.used = static_cast<std::uint64_t>(in.integer("used", 0, INT64_MAX, 0));
    if (auto done = in.done(); !done) co_return net::problem(done.error());
    if (auto name = check_name("cache id", cache.id.str()); !name) co_return net::problem(name.error());
    if (auto url = net::parse_url(cache.url); !url) co_return net::problem(url.error());
    while (cache.url.ends_with('/')) cache.url.pop_back();
    auto shown = render(cache);
    if (c.caches.announce(std::move(cache), owner_of(*req.caller)))
        log.info("cache registered",
                 {{"id", json::value_to<std::string>(shown.at("id"))}, {"url", json::value_to<std::string>(shown.at("url"))}});
    shown["lease_s"] = c.opts.cache_lease.count();
    co_return net::json_response(200, shown);
}

asio::awaitable<net::response> list(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    json::array rows;
    for (auto const& cache : c.caches.alive()) rows.push_back(render(cache));
    co_return list_response(req, "caches", std::move(rows));
}

asio::awaitable<net::response> withdraw(core& c, net::request& req) {
    if (auto refused = require_login(req)) co_return std::move(*refused);
    if (!is_cache(c, *req.caller) && !is_admin(*req.caller))
        co_return net::problem(403, "only the cache itself or an administrator may withdraw it");
    c.caches.withdraw(site_id(req.params.at(0)));
    co_return net::empty_response(204);
}

}  // namespace

void add_cache_routes(net::router& r, core& c) {
    r.add("POST", "/api/v1/caches", [&c](net::request& req) { return announce(c, req); });
    r.add("GET", "/api/v1/caches", [&c](net::request& req) { return list(c, req); });
    r.add("DELETE", "/api/v1/caches/{id}", [&c](net::request& req) { return withdraw(c, req); });
}

}  // namespace fjord::broker
