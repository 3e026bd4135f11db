#pragma once
// Residency: every place rule that applies must hold; with none, any place will do. Pure.
#include "policies/compiled.hpp"

#include <string_view>

namespace fjord::policies {

placement_verdict judge_place(compiled_rules const& rules, resource const& on, place const& where);
placement_verdict judge_transit(compiled_rules const& rules, resource const& on, std::string_view jurisdiction);

}  // namespace fjord::policies
