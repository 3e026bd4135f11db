#pragma once
// What a token whose signature holds may mean here: lifetime, audience, profile, scopes, groups. Pure; time is an argument.
// WLCG profile v1.3, SciTokens 2, RFC 9068. Claims that no rule names never influence the outcome.
#include "auth/auth.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fjord::auth {

inline constexpr std::chrono::seconds clock_skew{60};  // on nbf and iat only; `exp` has no grace

struct checked_claims {
    principal who;  // token_hash is left empty
    wall_time issued_at{};
    std::string bound_to;  // cnf.jkt: thumbprint of the key whose proof must come along; empty: a bearer token
};

// `typ`: the header's, as parse_jwt gives it. The caller has verified the signature against this issuer's keys.
// errc: every value that names a claim's failure (expired, not_yet_valid, lifetime_too_long, bad_audience, bad_profile,
// bad_scope, proof_required).
result<checked_claims> check_claims(boost::json::object const& claims, std::string_view typ, issuer_options const& issuer,
                                    std::vector<std::string> const& own_audiences, wall_time now);

}  // namespace fjord::auth
