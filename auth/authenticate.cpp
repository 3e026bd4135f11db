// The HTTP side: where a token may stand in a request, and the answers of RFC 6750 section 3, RFC 9449 section 7 and RFC 9728
// section 5.1.
#include "auth/auth.hpp"
#include "auth/dpop.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace fjord::auth {
namespace {

logger const log("auth");

// What the request brought along.
struct credentials {
    enum class form { none, token, other_scheme, broken };
    form kind = form::none;
    secret token;
    error why;
    std::optional<presented_proof> proof;
};

credentials broken(error why) { return {credentials::form::broken, {}, std::move(why), {}}; }
credentials broken(std::string why) { return broken(fail(errc::invalid_request, std::move(why))); }

// b64token of RFC 6750 section 2.1.
bool is_token_text(std::string_view text) {
    auto allowed = [](char c) {
        return is_alpha(c) || is_digit(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

// The proof that goes with Authorization: DPoP (RFC 9449 section 4.1).
result<presented_proof> find_proof(net::request const& req) {
    if (req.headers.count("DPoP") > 1) return fail(errc::invalid_request, "the DPoP field is there more than once");
    auto const proof = req.headers.find("DPoP");
    if (!proof) return fail(errc::bad_proof, "Authorization: DPoP needs a proof in the DPoP field");
    return presented_proof{std::string(trim(*proof)), req.method, req.raw_path};
}

credentials from_header(net::request const& req) {
    auto const value = req.headers.get("Authorization");
    auto space = value.find(' ');
    auto scheme = value.substr(0, space);
    auto rest = space == std::string_view::npos ? std::string_view{} : value.substr(space);
    bool const with_proof = iequals(scheme, "DPoP");
    if (!with_proof && !iequals(scheme, "Bearer")) return {credentials::form::other_scheme, {}, {}, {}};
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    while (rest.ends_with(' ')) rest.remove_suffix(1);
    if (!is_token_text(rest)) return broken("the Authorization field does not hold one token");
    credentials out{credentials::form::token, secret(std::string(rest)), {}, {}};
    if (!with_proof) return out;
    auto proof = find_proof(req);
    if (!proof) return broken(proof.error());
    out.proof = std::move(*proof);
    return out;
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
    if (headers == 1) return from_header(req);
    auto ticket = req.query.get(ticket_parameter);
    if (!is_token_text(ticket)) return broken("the query's ticket is not a token");
    return {credentials::form::token, secret(std::string(ticket)), {}, {}};
}

// quoted-string content as RFC 6750 section 3 allows it (%x20-21 / %x23-5B / %x5D-7E); the rest becomes a quote mark.
std::string quoted(std::string_view name, std::string_view value) {
    std::string out(name);
    out += "=\"";
    for (char c : value.substr(0, 500)) out += c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '\'';
    return out + '"';
}

// What a challenge says beside its scheme and realm; empty texts are left out.
struct challenge {
    std::string_view scheme = "Bearer", code, description, scope, algorithms;
};

std::string field_text(net::request const& req, std::string_view realm, challenge const& c) {
    std::string out = std::string(c.scheme) + " " + quoted("realm", realm);
    if (!c.code.empty()) out += ", " + quoted("error", c.code);
    if (!c.description.empty()) out += ", " + quoted("error_description", c.description);
    if (!c.scope.empty()) out += ", " + quoted("scope", c.scope);
    if (!c.algorithms.empty()) out += ", " + quoted("algs", c.algorithms);
    return out + ", " + quoted("resource_metadata", req.base_url + "/.well-known/oauth-protected-resource");
}

// The decision's id stands in the body and in the log, so that who is asked about a refusal finds it.
net::response answer(net::request const& req, unsigned status, std::string_view detail, std::string const& header,
                     json::object extra) {
    if (!extra.contains("decision_id")) extra["decision_id"] = new_ulid();
    log.info("request refused", {{"decision_id", std::string_view(extra["decision_id"].as_string())},
                                 {"request", req.id},
                                 {"status", status},
                                 {"why", detail}});
    auto out = net::problem(status, detail, std::move(extra));
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
    challenge c;
    c.scope = scope;
    if (!why) return answer(req, 401, "credentials are needed; send Authorization: Bearer TOKEN", field_text(req, realm, c), {});
    auto detail = scrub(why->message());
    if (why->code == errc::keys_unavailable) return try_again(detail);
    c.description = detail;
    c.code = "invalid_token";
    unsigned status = 401;
    if (why->code == errc::invalid_request) {
        c.code = "invalid_request";
        status = 400;
    } else if (why->code == errc::bad_proof || why->code == errc::proof_required) {
        c.scheme = "DPoP";
        c.algorithms = proof_algorithms;
        if (why->code == errc::bad_proof) c.code = "invalid_dpop_proof";
    }
    return answer(req, status, detail, field_text(req, realm, c), {});
}

net::response insufficient_scope(net::request const& req, std::string_view realm, std::string_view scope, std::string_view detail,
                                 json::object extra) {
    challenge const c{.code = "insufficient_scope", .description = detail, .scope = scope};
    return answer(req, 403, detail, field_text(req, realm, c), std::move(extra));
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
            co_return unauthorized(req, service, {});
        case credentials::form::token:
            break;
    }
    auto who = v.recall(found.token, found.proof);
    if (!who) {
        auto asked = co_await v.admit(std::move(found.token), std::move(found.proof));
        who = std::move(asked);
    }
    if (!*who) {
        auto why = who->error();
        co_return unauthorized(req, service, {}, &why);
    }
    req.caller = std::move(**who);
    co_return std::nullopt;
}

}  // namespace fjord::auth
