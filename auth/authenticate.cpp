// The HTTP side: where a token may stand in a request, and the answers of RFC 6750 section 3 and RFC 9728 section 5.1.
#include "auth/auth.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace fjord::auth {
namespace {

// What the request brought along.
struct credentials {
    enum class form { none, token, other_scheme, broken };
    form kind = form::none;
    secret token;
    error why;
};

credentials broken(std::string why) { return {credentials::form::broken, {}, fail(errc::invalid_request, std::move(why))}; }

// b64token of RFC 6750 section 2.1.
bool is_token_text(std::string_view text) {
    auto allowed = [](char c) {
        return is_alpha(c) || is_digit(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

credentials from_header(std::string_view value) {
    auto space = value.find(' ');
    auto scheme = value.substr(0, space);
    auto rest = space == std::string_view::npos ? std::string_view{} : value.substr(space);
    if (iequals(scheme, "DPoP"))
        return {credentials::form::other_scheme,
                {},
                fail(errc::proof_required, "DPoP proofs are not taken here; send a Bearer token")};
    if (!iequals(scheme, "Bearer")) return {credentials::form::other_scheme, {}, {}};
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    while (rest.ends_with(' ')) rest.remove_suffix(1);
    if (!is_token_text(rest)) return broken("the Authorization field does not hold one bearer token");
    return {credentials::form::token, secret(std::string(rest)), {}};
}

credentials find_credentials(net::request const& req, std::string_view ticket_parameter) {
    auto headers = req.headers.count("Authorization");
    auto tickets = ticket_parameter.empty() ? 0 : req.query.count(ticket_parameter);
    for (std::string_view name : {"access_token", "authz"})
        if (req.query.count(name) > 0) return broken("tokens are not taken from the URL; send them as Authorization: Bearer");
    if (headers > 1) return broken("the Authorization field is there more than once");
    if (headers + tickets > 1) return broken("more than one credential was sent; send exactly one");
    if (headers + tickets == 0) return {};
    if (!req.tls) return broken("credentials are not taken over plain HTTP; use https");
    if (headers == 1) return from_header(req.headers.get("Authorization"));
    auto ticket = req.query.get(ticket_parameter);
    if (!is_token_text(ticket)) return broken("the query's ticket is not a token");
    return {credentials::form::token, secret(std::string(ticket)), {}};
}

// quoted-string content as RFC 6750 section 3 allows it (%x20-21 / %x23-5B / %x5D-7E); the rest becomes a quote mark.
std::string quoted(std::string_view name, std::string_view value) {
    std::string out(name);
    out += "=\"";
    for (char c : value.substr(0, 500)) out += c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '\'';
    return out + '"';
}

std::string challenge(net::request const& req, std::string_view realm, std::string_view code, std::string_view description,
                      std::string_view scope) {
    std::string out = "Bearer " + quoted("realm", realm);
    if (!code.empty()) out += ", " + quoted("error", code);
    if (!description.empty()) out += ", " + quoted("error_description", description);
    if (!scope.empty()) out += ", " + quoted("scope", scope);
    return out + ", " + quoted("resource_metadata", req.base_url + "/.well-known/oauth-protected-resource");
}

net::response answer(unsigned status, std::string const& detail, std::string const& header) {
    auto out = net::problem(status, detail);
    out.headers.set("WWW-Authenticate", header);
    out.headers.set("Cache-Control", "no-store");
    return out;
}

// An issuer that is down is not the caller's fault: no 401, or clients would throw good tokens away.
net::response try_again(std::string const& detail) {
    auto out = net::problem(503, detail);
    out.headers.set("Retry-After", "5");
    return out;
}

}  // namespace

net::response unauthorized(net::request const& req, std::string_view realm, std::string_view scope, error const* why) {
    if (!why)
        return answer(401, "credentials are needed; send Authorization: Bearer TOKEN", challenge(req, realm, {}, {}, scope));
    auto detail = scrub(why->message());
    if (why->code == errc::keys_unavailable) return try_again(detail);
    bool bad_request = why->code == errc::invalid_request;
    auto code = bad_request ? "invalid_request" : "invalid_token";
    return answer(bad_request ? 400 : 401, detail, challenge(req, realm, code, detail, scope));
}

net::response insufficient_scope(net::request const& req, std::string_view realm, std::string_view scope,
                                 std::string_view detail) {
    return answer(403, std::string(detail), challenge(req, realm, "insufficient_scope", detail, scope));
}

asio::awaitable<std::optional<net::response>> authenticate(net::request& req, verifier& v, std::string_view realm,
                                                           std::string_view ticket_parameter) {
    // The views may be of temporaries that end when this coroutine first waits.
    std::string service(realm);
    auto found = find_credentials(req, ticket_parameter);
    req.caller = std::make_shared<principal const>();
    switch (found.kind) {
        case credentials::form::none:
            co_return std::nullopt;
        case credentials::form::broken:
            co_return unauthorized(req, service, {}, &found.why);
        case credentials::form::other_scheme:
            co_return unauthorized(req, service, {}, found.why.code ? &found.why : nullptr);
        case credentials::form::token:
            break;
    }
    auto who = co_await v.verify(std::move(found.token));
    if (!who) {
        auto why = who.error();
        co_return unauthorized(req, service, {}, &why);
    }
    req.caller = std::make_shared<principal const>(std::move(*who));
    co_return std::nullopt;
}

}  // namespace fjord::auth
