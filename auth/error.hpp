#pragma once
// Why a token was refused. Each is a row of the attack table's behaviour; all map to 401, except
// invalid_request (400) and keys_unavailable (503).
#include "base/result.hpp"

namespace fjord::auth {

enum class errc {
    malformed = 1,   // not a three-part JWT within limits, bad base64url or JSON, duplicate members
    unknown_issuer,  // `iss` is not configured; no network request was made
    bad_algorithm,   // not in the issuer's allow-list or not fit for the key
    unknown_key,     // `kid` missing, too long or not in the issuer's keys
    bad_signature,
    expired,            // at or after `exp`
    not_yet_valid,      // `nbf` or `iat` more than 60 s ahead, or nbf >= exp
    lifetime_too_long,  // exp - iat over the issuer's cap
    bad_audience,
    bad_profile,  // wlcg.ver of an unknown major, ID or refresh token, missing sub/jti/iat/exp
    bad_scope,    // storage scope without path, with dot segments or bad escapes
    revoked,
    proof_required,    // sender-constrained token (`cnf`) sent as plain bearer, or bound in a way that is not supported
    bad_proof,         // the DPoP proof is missing, malformed, of another key, request or time, or was seen before
    keys_unavailable,  // the issuer's keys cannot be had now
    invalid_request,   // two credentials, duplicate header, token in the URL, token over cleartext
};

error_code make_error_code(errc e) noexcept;

}  // namespace fjord::auth

template <>
struct boost::system::is_error_code_enum<fjord::auth::errc> : std::true_type {};
