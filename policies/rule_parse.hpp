#pragma once
// Whole rules from JSON. An import succeeds only if everything in it is enforceable here.
#include "policies/atom_parse.hpp"

#include <cstdint>
#include <variant>

namespace fjord::policies {

inline constexpr std::size_t max_rules = 10'000;  // of one document

// errc::invalid_argument: policy, rule, JSON pointer, reason.
result<std::variant<rule, place_rule>> parse_rule(boost::json::value const& value, position at, std::uint64_t version);

}  // namespace fjord::policies
