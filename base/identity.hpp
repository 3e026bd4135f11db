#pragma once
// Who is asking, as every door learns it from `auth` and as `policies` reads it. A plain value: no token text inside.
#include "base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fjord {

enum class principal_kind {
    anonymous,  // no credentials
    human,      // a person's token
    service,    // a daemon, a site, a cache
    twin_run,   // a job acting for a twin
};

// One capability of a WLCG token, e.g. storage.read:/flood-dt. Path segments are decoded and checked; "" path = "/".
struct capability {
    std::string verb;                   // "storage.read", "storage.create", "storage.modify", "storage.stage", "storage.poll"
    std::vector<std::string> segments;  // path below the issuer's base, component by component
    bool directory_only = false;        // the scope was written with a trailing slash (WLCG v1.3 section on paths)
};

struct principal {
    principal_kind kind = principal_kind::anonymous;
    std::string issuer;                    // `iss`, byte-exact; empty when anonymous
    std::string subject;                   // `sub`
    std::string org;                       // from the issuer's configuration or claim mapping
    std::vector<std::string> groups;       // WLCG groups and normalised AARC G069 entitlements
    std::vector<std::string> roles;        // granted by configuration, e.g. "admin"
    std::vector<std::string> audience;     // `aud` as sent
    std::vector<capability> capabilities;  // empty: decide by groups and policies
    std::string token_id;                  // `jti`
    std::string token_hash;                // lower-case hex SHA-256 of the token, for audit and decision caches
    std::optional<wall_time> expires;      // `exp`; nothing decided from this principal outlives it
    // For finding the caller's account on a machine (site, mapped mode), never for deciding about access: the groups of the token
    // whatever its capabilities, and the value of the issuer's `account_claim`.
    std::vector<std::string> asserted_groups;
    std::string account_hint;
    std::string upload_id;  // broker-minted upload tokens: the reservation they belong to

    bool is_anonymous() const noexcept { return kind == principal_kind::anonymous; }
    bool has_role(std::string_view role) const noexcept;
    bool in_group(std::string_view group) const noexcept;
};

}  // namespace fjord
