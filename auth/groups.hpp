#pragma once
// Group names as policies compare them: WLCG groups ("/vo/group") and AARC entitlements (AARC-G069) in one normal form. Pure.
#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::auth {

// Normal form of urn:<nid>:<delegated-ns>[:<sub-ns>]*:group:<g>[:<sub>]*[:role=<r>]#<authority>: `urn`, nid, namespaces,
// "group", "role=" and the authority in lower case; group and role names keep their case (RFC 8141 section 3.1); escapes of
// unreserved characters are undone, the others written in upper case. Other URNs: nid and escapes only.
// nullopt: not a URN, or a malformed one.
std::optional<std::string> normalise_entitlement(std::string_view text);

// /-separated components of [a-zA-Z0-9][a-zA-Z0-9_.-]*; the leading slash may be missing in claims other than wlcg.groups.
bool is_group_name(std::string_view text) noexcept;

// Values of a claim by its name; "a.b" is first looked up as written, then as member b of a. A string is a list of one.
// Names that are neither group nor entitlement are left out. `groups_claim` twice or names twice: no duplicates.
void add_groups(boost::json::object const& claims, std::string_view claim, std::vector<std::string>& out);

// The claim itself, by the same look-up; null when absent.
boost::json::value const* find_claim(boost::json::object const& claims, std::string_view name);

}  // namespace fjord::auth
