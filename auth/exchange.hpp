#pragma once
// What an exchange of tokens (RFC 8693) may give: never more than the token that is given in. Pure.
#include "auth/error.hpp"
#include "base/identity.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fjord::auth {

inline constexpr std::size_t max_exchange_scopes = 16;

// The `scope` parameter: storage.{read,create,modify,stage,poll}:/path, nothing else, at most 16, no two alike.
// errc::bad_scope naming the entry.
result<std::vector<capability>> parse_requested_scope(std::string_view scope);

// Does whoever holds `held` already hold everything `wanted` grants? Verbs as WLCG v1.3 orders them (modify includes create,
// stage includes poll), paths segment by segment; a trailing slash is kept, because without it one file more would be granted.
bool covers(capability const& held, capability const& wanted);

// errc::bad_scope naming the first of `wanted` that none of `held` covers.
result<void> must_cover(std::vector<capability> const& held, std::vector<capability> const& wanted);

// "storage.read:/data/c/i%20x/": as it is written into a token.
std::string scope_text(capability const& c);
std::string scope_text(std::vector<capability> const& all);

}  // namespace fjord::auth
