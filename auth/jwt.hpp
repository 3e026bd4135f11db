#pragma once
// The outside of a token: three base64url parts, two small JSON objects, raw signature bytes (RFC 7515 compact form, RFC 7519).
// Nothing here is verified: alg, kid and claims are what a stranger wrote. Pure.
#include "auth/error.hpp"
#include "base/json.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace fjord::auth {

inline constexpr std::size_t max_token_bytes = 8192;
inline constexpr std::size_t max_token_depth = 8;     // of JSON nesting
inline constexpr std::size_t max_token_members = 64;  // of the header, and of the claims
inline constexpr std::size_t max_kid_bytes = 128;

// The three parts of a compact JWS, decoded, with limits (A04, A07) and without any header rule.
struct compact_jws {
    json::object header, claims;
    std::string_view signing_input;  // header.payload; points into the parsed text
    std::string signature;           // raw bytes, not checked
};
// errc::malformed with the rule that broke; `what` names the thing in it: "the token", "the DPoP proof".
result<compact_jws> parse_compact_jws(std::string_view text, std::string_view what);

struct jwt {
    std::string alg;  // as sent; the allow-list is the caller's
    std::string kid;  // 1..128 bytes; a map key and nothing else
    std::string typ;  // lower case, without "application/"; empty when absent
    json::object claims;
    std::string_view signing_input;  // header.payload; points into the parsed text
    std::string signature;           // raw bytes, not checked
};

// `typ` of a header in lower case and without "application/" (RFC 7515 section 4.1.9).
std::string media_subtype(std::string_view typ);

// errc::malformed (with the rule that broke), errc::bad_algorithm (no alg), errc::unknown_key (kid missing or too long).
// Header members jku, jwk, x5u and x5c are ignored (RFC 8725 section 3.10); an unknown `crit` is refused (RFC 7515 4.1.11).
result<jwt> parse_jwt(std::string_view token);

}  // namespace fjord::auth
