#include "auth/jwt.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace fjord::auth {
namespace {

struct jws_parts {
    std::string_view header, payload, signature;
};

error malformed(std::string_view what, std::string_view why) {
    return fail(errc::malformed, std::string(what) + " " + std::string(why));
}

result<jws_parts> split(std::string_view text, std::string_view what) {
    if (text.size() > max_token_bytes) return malformed(what, "is longer than 8 KiB");
    // Five parts would be an encrypted token; unwrapping those has skipped signatures elsewhere (A04).
    if (std::count(text.begin(), text.end(), '.') != 2) return malformed(what, "does not have exactly three parts");
    auto first = text.find('.');
    auto second = text.find('.', first + 1);
    return jws_parts{text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)};
}

result<json::object> read_object(std::string_view part, std::string_view what, std::string_view which) {
    auto text = base64url_decode(part);
    if (!text) return malformed(what, "has a " + std::string(which) + " that is not strict base64url");
    auto value = parse_json(*text, {.max_bytes = max_token_bytes, .max_depth = max_token_depth});
    if (!value || !value->is_object())
        return malformed(what, "has a " + std::string(which) + " that is not a JSON object within limits");
    auto& object = value->get_object();
    if (object.size() > max_token_members) return malformed(what, "has a " + std::string(which) + " of over 64 members");
    return std::move(object);
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

std::string media_subtype(std::string_view typ) {
    auto text = to_lower(typ);
    constexpr std::string_view prefix = "application/";
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
    return text;
}

result<compact_jws> parse_compact_jws(std::string_view text, std::string_view what) {
    auto parts = split(text, what);
    if (!parts) return parts.error();
    auto header = read_object(parts->header, what, "header");
    if (!header) return header.error();
    auto claims = read_object(parts->payload, what, "payload");
    if (!claims) return claims.error();
    auto signature = base64url_decode(parts->signature);
    if (!signature) return malformed(what, "has a signature that is not strict base64url");
    auto input = text.substr(0, parts->header.size() + 1 + parts->payload.size());
    return compact_jws{std::move(*header), std::move(*claims), input, std::move(*signature)};
}

result<jwt> parse_jwt(std::string_view token) {
    auto parts = parse_compact_jws(token, "the token");
    if (!parts) return parts.error();
    jwt out;
    if (auto ok = read_header(parts->header, out); !ok) return ok.error();
    out.claims = std::move(parts->claims);
    out.signature = std::move(parts->signature);
    out.signing_input = parts->signing_input;
    return out;
}

}  // namespace fjord::auth
