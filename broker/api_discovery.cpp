// /.well-known/*, /healthz, /readyz, /metrics: what machines ask before they ask anything else.
#include "broker/core.hpp"

#include "auth/resource_metadata.hpp"
#include "auth/signing_keys.hpp"
#include "base/pool.hpp"
#include "catalog/catalog.hpp"
#include "net/router.hpp"
#include "policies/policies.hpp"

#include <boost/json/array.hpp>

namespace fjord::broker {
namespace {

namespace json = boost::json;

net::response fresh(json::object document) {
    auto answer = net::json_response(200, document);
    answer.headers.set("Cache-Control", "public, max-age=3600");
    return answer;
}

// OpenID Connect Discovery 1.0 section 3 and RFC 8414 section 2, as far as a pure issuer of access tokens has members to give.
// XRootD and dCache read `jwks_uri`, StoRM compares `issuer` too.
asio::awaitable<net::response> metadata(core& c, net::request&) {
    auto const& url = c.opts.public_url;
    json::array algorithms;
    for (auto const a : c.minter.keys().algorithms()) algorithms.emplace_back(auth::name_of(a));
    json::object o{{"issuer", url},
                   {"jwks_uri", url + "/.well-known/jwks.json"},
                   {"token_endpoint", url + "/oauth/token"},
                   {"token_endpoint_auth_methods_supported", json::array{"none"}},
                   {"grant_types_supported", json::array{"urn:ietf:params:oauth:grant-type:token-exchange"}},
                   {"response_types_supported", json::array{"token"}},
                   {"subject_types_supported", json::array{"public"}},
                   {"scopes_supported", json::array{"storage.read", "storage.create", "storage.modify"}}};
    o["id_token_signing_alg_values_supported"] = std::move(algorithms);
    o["dpop_signing_alg_values_supported"] = json::array{"ES256", "ES384", "EdDSA", "RS256", "PS256"};
    o["claims_supported"] =
        json::array{"iss", "sub", "aud", "iat", "nbf", "exp", "jti", "scope", "wlcg.ver", "wlcg.groups", "act", "cnf"};
    co_return fresh(std::move(o));
}

asio::awaitable<net::response> jwks(core& c, net::request&) {
    auto const& keys = c.minter.keys();
    auto answer = net::text_response(200, keys.jwks(), "application/json");
    answer.headers.set("Cache-Control", "public, max-age=" + std::to_string(keys.max_age().count()));
    co_return answer;
}

// RFC 9728.
asio::awaitable<net::response> protected_resource(core& c, net::request&) {
    co_return auth::resource_metadata(c.verifier, c.opts.public_url, c.opts.title);
}

// Without director_endpoint, Pelican clients take this host itself as the object server.
asio::awaitable<net::response> pelican(core& c, net::request&) {
    auto const& url = c.opts.public_url;
    co_return fresh({{"discovery_endpoint", url}, {"jwks_uri", url + "/.well-known/jwks.json"}});
}

asio::awaitable<net::response> alive(core&, net::request&) { co_return net::text_response(200, "ok\n"); }

asio::awaitable<net::response> ready(core& c, net::request&) {
    auto read = [&c] { return c.cat.list_sites(); };
    auto sites = co_await on_pool(c.pool, std::move(read));
    json::object o;
    auto reason = sites ? std::string() : sites.error().message();
    if (reason.empty() && c.not_ready) reason = c.not_ready();
    o["ready"] = reason.empty();
    o["sequence"] = c.cat.last_sequence();
    o["policy_epoch"] = c.policy.epoch();
    if (!reason.empty()) o["reason"] = reason;
    co_return net::json_response(reason.empty() ? 200 : 503, o);
}

asio::awaitable<net::response> metrics(core& c, net::request&) {
    co_return net::text_response(200, c.metrics.text(), "text/plain; version=0.0.4");
}

}  // namespace

void add_discovery_routes(net::router& r, core& c) {
    net::route_options open;
    open.open = true;
    for (std::string const form : {"openid-configuration", "oauth-authorization-server"})
        r.add(
            "GET", "/.well-known/" + form, [&c](net::request& req) { return metadata(c, req); }, open);
    r.add(
        "GET", "/.well-known/jwks.json", [&c](net::request& req) { return jwks(c, req); }, open);
    r.add(
        "GET", "/.well-known/oauth-protected-resource", [&c](net::request& req) { return protected_resource(c, req); }, open);
    r.add(
        "GET", "/.well-known/pelican-configuration", [&c](net::request& req) { return pelican(c, req); }, open);
    r.add(
        "GET", "/healthz", [&c](net::request& req) { return alive(c, req); }, open);
    r.add(
        "GET", "/readyz", [&c](net::request& req) { return ready(c, req); }, open);
    r.add(
        "GET", "/metrics", [&c](net::request& req) { return metrics(c, req); }, open);
}

}  // namespace fjord::broker
