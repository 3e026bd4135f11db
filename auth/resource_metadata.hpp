#pragma once
// The protected resource metadata of a role (RFC 9728 section 2): where its callers get tokens and how they send them.
#include "auth/auth.hpp"

#include <string>

namespace fjord::auth {

// For /.well-known/oauth-protected-resource of the resource `url`, a role's public address. The issuers are those that the
// verifier trusts now.
net::response resource_metadata(verifier const& v, std::string const& url, std::string const& name);

}  // namespace fjord::auth
