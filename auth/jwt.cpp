#include "auth/jwt.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace fjord::auth {
namespace {

struct token_parts {
    std::string_view header, payload, signature;
};

result<token_parts> split(std::string_view token) {
    if (token.size() > max_token_bytes) return fail(errc::malformed, "the token is longer than 8 KiB");
    // Five parts would be an encrypted token; unwrapping those has skipped signatures elsewhere (A04).
    if (std::count(token.begin(), token.end(), '.') != 2)
        return fail(errc::malformed, "the token does not have exactly three parts");
    auto first = token.find('.');
    auto second = token.find('.', first + 1);
    return token_parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1)};
}

result<json::object> read_object(std::string_view part, std::string_view what) {
    auto text = base64url_decode(part);
    if (!text) return fail(errc::malformed, "the token's " + std::string(what) + " is not strict base64url");
    auto value = parse_json(*text, {.max_bytes = max_token_bytes, .max_depth = max_token_depth});
    if (!value || !value->is_object())
        return fail(errc::malformed, "the token's " + std::string(what) + " is not a JSON object within limits");
    auto& object = value->get_object();
    if (object.size() > max_token_members)
        return fail(errc::malformed, "the token's " + std::string(what) + " has over 64 members");
    return std::move(object);
}

std::string media_subtype(std::string_view typ) {
    auto text = to_lower(typ);
    constexpr std::string_view prefix = "application/";
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
    return text;
}

result<void> read_header(json::object const& header, jwt& out) {
    if (header.contains("crit")) return fail(errc::malformed, "the token demands a header extension that is not known here");
    auto const* alg = header.if_contains("alg");
    if (!alg || !alg->is_string()) return fail(errc::bad_algorithm, "the token names no algorithm");
    out.alg = std::string(alg->get_string());
    if (auto const* typ = header.if_contains("typ")) {
        if (!typ->is_string()) return fail(errc::malformed, "the token's typ is not text");
        out.typ = media_subtype(typ->get_string());
    }
    auto const* kid = header.if_contains("kid");
    if (!kid || !kid->is_string() || kid->get_string().empty()) return fail(errc::unknown_key, "the token names no key (kid)");
    if (kid->get_string().size() > max_kid_bytes) return fail(errc::unknown_key, "the token's key name is longer than 128 bytes");
    out.kid = std::string(kid->get_string());
    return {};
}

}  // namespace

result<jwt> parse_jwt(std::string_view token) {
    auto parts = split(token);
    if (!parts) return parts.error();
    auto header = read_object(parts->header, "header");
    if (!header) return header.error();
    jwt out;
    if (auto ok = read_header(*header, out); !ok) return ok.error();
    auto claims = read_object(parts->payload, "payload");
    if (!claims) return claims.error();
    out.claims = std::move(*claims);
    auto signature = base64url_decode(parts->signature);
    if (!signature) return fail(errc::malformed, "the token's signature is not strict base64url");
    out.signature = std::move(*signature);
    out.signing_input = token.substr(0, parts->header.size() + 1 + parts->payload.size());
    return out;
}

}  // namespace fjord::auth
