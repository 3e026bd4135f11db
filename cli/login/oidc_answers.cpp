#include "cli/login/oidc_answers.hpp"

#include "base/json.hpp"
#include "net/client.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace fjord::cli {
namespace {

constexpr std::int64_t longest = 400 * 86400;  // seconds; WLCG's upper bound for refresh tokens

error bad(std::string why) { return fail(errc::invalid_argument, std::move(why)); }

result<json::object> read_object(std::string_view body, std::string_view what) {
    auto value = parse_json(body, {max_answer_bytes, 16});
    if (!value || !value->is_object()) return bad(std::string(what) + " is not a JSON object");
    return value->get_object();
}

// Fit for a terminal: no control characters, which could move the cursor or hide text.
std::string shown(std::string_view text, std::size_t most = 500) {
    std::string out(text.substr(0, most));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return out;
}

std::string text(json::object const& o, std::string_view name) {
    auto const* v = o.if_contains(name);
    return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

// Whole seconds; some providers write them as text or with a fraction.
std::optional<seconds> duration(json::object const& o, std::string_view name) {
    auto const* v = o.if_contains(name);
    if (!v) return std::nullopt;
    double value = -1;
    if (v->is_int64()) value = static_cast<double>(v->get_int64());
    if (v->is_uint64()) value = static_cast<double>(v->get_uint64());
    if (v->is_double()) value = v->get_double();
    if (v->is_string()) value = std::strtod(v->get_string().c_str(), nullptr);
    if (!(value >= 0)) return std::nullopt;
    return seconds{static_cast<std::int64_t>(std::min(value, static_cast<double>(longest)))};
}

// An https URL or nothing: secrets are sent there.
std::string endpoint(json::object const& o, std::string_view name) {
    auto url = text(o, name);
    auto const parts = net::parse_url(url);
    return parts && parts->scheme == "https" ? url : std::string();
}

// The characters of a token (RFC 6749 appendix A.12: VSCHAR), so that it fits into a header.
bool is_token(std::string_view t) {
    return !t.empty() && std::all_of(t.begin(), t.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

result<provider_metadata> read_metadata(std::string_view body, std::string_view issuer) {
    auto o = read_object(body, "the metadata of " + std::string(issuer));
    if (!o) return o.error();
    provider_metadata out;
    out.issuer = text(*o, "issuer");
    if (out.issuer != issuer)
        return bad("the metadata of " + std::string(issuer) + " names another issuer, " + shown(out.issuer) +
                   "; log in with that address if it is the one you mean");
    out.token_endpoint = endpoint(*o, "token_endpoint");
    out.device_endpoint = endpoint(*o, "device_authorization_endpoint");
    out.revocation_endpoint = endpoint(*o, "revocation_endpoint");
    if (out.token_endpoint.empty()) return bad(std::string(issuer) + " has no https token_endpoint");
    if (out.device_endpoint.empty())
        return fail(errc::unsupported, std::string(issuer) +
                                           " offers no device flow (RFC 8628); get a token from it in another "
                                           "way and give it with --token-file or BEARER_TOKEN");
    if (auto const* scopes = o->if_contains("scopes_supported"); scopes && scopes->is_array())
        for (auto const& s : scopes->get_array())
            if (s.is_string() && out.scopes.size() < 500) out.scopes.emplace_back(s.get_string());
    return out;
}

std::string usual_scope(provider_metadata const& provider) {
    std::string scope = "openid";
    for (std::string const wanted :
         {"offline_access", "wlcg", "wlcg.groups", "entitlements", "eduperson_entitlement", "eduperson_scoped_affiliation"})
        if (std::find(provider.scopes.begin(), provider.scopes.end(), wanted) != provider.scopes.end()) scope += " " + wanted;
    return scope;
}

result<device_code> read_device_code(std::string_view body) {
    auto o = read_object(body, "the answer of the device endpoint");
    if (!o) return o.error();
    device_code out;
    out.code = secret(text(*o, "device_code"));
    out.user_code = shown(text(*o, "user_code"), 60);
    // Some providers still write verification_url, as drafts of the RFC had it.
    out.uri = shown(text(*o, o->contains("verification_uri") ? "verification_uri" : "verification_url"));
    out.uri_complete = shown(text(*o, "verification_uri_complete"));
    if (out.code.empty() || out.user_code.empty() || out.uri.empty())
        return bad("the answer of the device endpoint lacks device_code, user_code or verification_uri");
    if (auto const t = duration(*o, "expires_in")) out.lifetime = std::clamp(*t, seconds{1}, seconds{86400});
    if (auto const t = duration(*o, "interval")) out.interval = std::clamp(*t, seconds{1}, seconds{300});
    return out;
}

result<token_outcome> read_token_answer(unsigned status, std::string_view body) {
    token_outcome out;
    auto o = read_object(body, "the answer of the token endpoint (status " + std::to_string(status) + ")");
    if (!o) return status >= 500 ? fail(errc::unavailable, "the token endpoint answered " + std::to_string(status)) : o.error();
    if (auto const code = text(*o, "error"); status >= 400 || !code.empty()) {
        if (status >= 500)
            return fail(errc::unavailable, "the token endpoint answered " + std::to_string(status) + " " + shown(code));
        out.refused = oauth_refused{shown(code.empty() ? "status " + std::to_string(status) : code, 80),
                                    shown(text(*o, "error_description"))};
        return out;
    }
    token_answer tokens;
    tokens.access = secret(text(*o, "access_token"));
    tokens.refresh = secret(text(*o, "refresh_token"));
    if (!is_token(tokens.access.reveal())) return bad("the answer of the token endpoint has no access_token");
    if (!tokens.refresh.empty() && !is_token(tokens.refresh.reveal())) return bad("the refresh_token is malformed");
    tokens.scope = shown(text(*o, "scope"), 4000);
    tokens.lifetime = duration(*o, "expires_in");
    tokens.refresh_lifetime = duration(*o, "refresh_expires_in");  // Keycloak's; 0 means no end
    if (tokens.refresh_lifetime == seconds{0}) tokens.refresh_lifetime.reset();
    out.tokens = std::move(tokens);
    return out;
}

std::string text_of(oauth_refused const& r) { return r.description.empty() ? r.code : r.code + " (" + r.description + ")"; }

}  // namespace fjord::cli
