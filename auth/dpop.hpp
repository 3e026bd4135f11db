#pragma once
// Proofs that the sender of a token holds the key it is bound to (RFC 9449, DPoP). Pure: what was seen before is replay_window's,
// time is an argument.
#include "auth/auth.hpp"
#include "base/clock.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fjord::auth {

inline constexpr seconds proof_window{60};  // how far `iat` may be from now, either way
inline constexpr std::string_view proof_algorithms = "ES256 ES384 EdDSA RS256 PS256";

struct dpop_proof {
    std::string thumbprint;  // of its key, RFC 7638; what `cnf.jkt` of the token must equal
    std::string id;          // jti, 1..128 bytes
    wall_time issued_at{};
};

// The checks of RFC 9449 section 4.3 that need no memory: typ, algorithm, a public key, signature, htm, htu, iat and ath (not
// looked at with an empty `token`, as at a token endpoint).
// `own_origins`: what htu may begin with. The Host field has no say: a proof for one service must not serve at another that is
// told to call itself so. errc::bad_proof with the reason.
result<dpop_proof> check_dpop_proof(presented_proof const& sent, std::string_view token,
                                    std::vector<std::string> const& own_origins, wall_time now);

// Scheme, host and path in one spelling (RFC 3986 sections 6.2.2 and 6.2.3), without query and fragment; empty for what is no
// http(s) URL.
std::string normal_target_uri(std::string_view url);

}  // namespace fjord::auth
