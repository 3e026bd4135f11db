#pragma once
// OpenID Connect Discovery 1.0 section 4, the parts that need no network. Pure.
#include "base/error.hpp"
#include "base/clock.hpp"

#include <string>
#include <string_view>

namespace fjord::auth {

// iss + "/.well-known/openid-configuration". errc::invalid_argument: not https.
result<std::string> discovery_url(std::string_view issuer);

// jwks_uri out of the metadata document. `issuer` in it must equal ours byte for byte (A11), the address must be https and,
// unless it is the issuer's own host, no loopback, link-local or private address (A12). errc::invalid_argument.
result<std::string> jwks_location(std::string_view issuer, std::string_view metadata);

// max-age of a Cache-Control field; 0 for no-store, no-cache and malformed values, an hour when absent. Callers clamp.
seconds max_age_of(std::string_view cache_control);

}  // namespace fjord::auth
