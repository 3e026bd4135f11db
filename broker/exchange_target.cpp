#include "broker/exchange_target.hpp"

#include "broker/cache_directory.hpp"

#include "auth/exchange.hpp"
#include "catalog/catalog.hpp"
#include "net/client.hpp"
#include "transfer/access.hpp"
#include "transfer/evaluator.hpp"

namespace fjord::broker {
namespace {

std::string origin_of(std::string_view url) {
    auto const parts = net::parse_url(url);
    return parts ? parts->origin() : std::string();
}

// The scope as the site reads it: the path of its copy.
asio::awaitable<granted<std::string>> scope_at_site(core& c, catalog::site_record site, exchange_permit p) {
    if (p.on.asset.empty()) co_return bad_scope(auth::scope_text(p.what) + ": name the asset; a site's token is for one file");
    if (p.what.verb != "storage.read")
        co_return bad_scope(p.what.verb + ": writing at a site begins with POST /api/v1/uploads, which gives the token for it");
    if (!c.policy.may_place(p.matter, transfer::place_of(site)).allowed)
        co_return bad_target("policy keeps this data away from site " + site.id.str());
    auto read = [&c, on = p.on]() -> result<std::vector<catalog::replica_record>> {
        auto current = c.cat.find_asset(on);
        if (!current) return current.error();
        return c.cat.list_replicas(on, current->current.id);
    };
    auto replicas = co_await on_pool(c.pool, std::move(read));
    if (!replicas) {
        if (replicas.error().code == make_error_code(errc::not_found)) co_return not_permitted(p.what);
        co_return oauth_error{503, "temporarily_unavailable", replicas.error().message()};
    }
    for (auto const& r : *replicas)
        if (r.site == site.id && r.state == catalog::replica_state::available)
            co_return transfer::token_scope(site, {{"storage.read", r.path}});
    co_return bad_target("site " + site.id.str() + " has no copy of " + p.on.str() + " now");
}

}  // namespace

oauth_error bad_scope(std::string why) { return {400, "invalid_scope", std::move(why)}; }
oauth_error bad_target(std::string why) { return {400, "invalid_target", std::move(why)}; }

oauth_error not_permitted(capability const& wanted) {
    return bad_scope(auth::scope_text(wanted) + ": there is no such dataset, or policy does not permit you this");
}

asio::awaitable<granted<exchange_target>> find_target(core& c, std::string audience) {
    exchange_target out;
    out.audience = audience.empty() ? c.opts.public_url : std::move(audience);
    if (out.audience == c.opts.public_url) co_return out;
    for (auto& cache : c.caches.alive()) {
        if (origin_of(cache.url) != out.audience) continue;
        out.cache = std::move(cache);
        co_return out;
    }
    auto read = [&c] { return c.cat.list_sites(); };
    auto sites = co_await on_pool(c.pool, std::move(read));
    if (!sites) co_return oauth_error{503, "temporarily_unavailable", sites.error().message()};
    for (auto& site : *sites) {
        auto const audience = transfer::token_audience(site);
        if (!site.enabled || !audience || *audience != out.audience) continue;
        if (transfer::signs_requests(site))
            co_return bad_target("site " + site.id.str() + " takes no tokens: resolve gives URLs that are signed for it");
        out.site = std::move(site);
        co_return out;
    }
    co_return bad_target("audience is neither this broker nor the origin of a cache that lives or a site in use");
}

asio::awaitable<granted<std::string>> scope_at(core& c, exchange_target to, std::vector<exchange_permit> permits) {
    std::string scope;
    for (auto& p : permits) {
        std::string one = auth::scope_text(p.what);
        if (to.cache) {
            if (p.what.verb != "storage.read") co_return bad_scope(p.what.verb + ": a cache is only read from");
            policies::place place;
            place.site = to.cache->id.str();
            place.jurisdiction = to.cache->jurisdiction;
            if (!c.policy.may_place(p.matter, place).allowed)
                co_return bad_target("policy keeps this data away from cache " + place.site);
        } else if (to.site) {
            auto there = co_await scope_at_site(c, *to.site, std::move(p));
            if (!there) co_return there.error();
            one = std::move(*there);
        }
        scope += (scope.empty() ? "" : " ") + one;
    }
    co_return scope;
}

}  // namespace fjord::broker
