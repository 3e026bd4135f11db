// GET /api/v1/logins: with which issuers, and as which client, people can log in here; open, because it is asked before anybody
// has a token. GET /api/v1/whoami: what became of the token.
#include "broker/core.hpp"

#include "auth/exchange.hpp"
#include "net/router.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>

namespace fjord::broker {
namespace {

namespace json = boost::json;

std::string_view name_of(principal_kind k) {
    switch (k) {
        case principal_kind::anonymous:
            return "anonymous";
        case principal_kind::human:
            return "human";
        case principal_kind::service:
            return "service";
        case principal_kind::twin_run:
            return "twin_run";
    }
    return "";
}

asio::awaitable<net::response> list(core& c, net::request&) {
    json::array rows;
    for (auto const& l : *c.logins.load()) {
        json::object one{{"issuer", l.issuer}};
        if (!l.client_id.empty()) one["client_id"] = l.client_id;
        if (!l.scope.empty()) one["scope"] = l.scope;
        if (!l.audience.empty()) one["audience"] = l.audience;
        rows.push_back(std::move(one));
    }
    auto answer = net::json_response(200, json::object{{"logins", std::move(rows)}});
    answer.headers.set("Cache-Control", "public, max-age=300");
    co_return answer;
}

// As whom the token counts here: what the issuer's configuration made of its claims.
asio::awaitable<net::response> whoami(net::request& req) {
    auto const& who = *req.caller;
    json::object o{{"anonymous", who.is_anonymous()}};
    if (!who.is_anonymous()) {
        o["subject"] = who.subject;
        o["issuer"] = who.issuer;
        o["kind"] = name_of(who.kind);
        o["org"] = who.org;
        o["groups"] = json::value_from(who.groups);
        o["roles"] = json::value_from(who.roles);
        if (!who.capabilities.empty()) o["scope"] = auth::scope_text(who.capabilities);
        o["audience"] = json::value_from(who.audience);
        if (who.expires) o["expires"] = format_rfc3339(*who.expires);
    }
    auto answer = net::json_response(200, o);
    answer.headers.set("Cache-Control", "no-store");
    co_return answer;
}

}  // namespace

void add_login_routes(net::router& r, core& c) {
    net::route_options open;
    open.open = true;
    r.add(
        "GET", "/api/v1/logins", [&c](net::request& req) { return list(c, req); }, open);
    r.add("GET", "/api/v1/whoami", [](net::request& req) { return whoami(req); });
}

}  // namespace fjord::broker
