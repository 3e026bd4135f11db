#pragma once
#include "policies/compiled.hpp"

namespace fjord::policies {

struct rule_set::impl : compiled_rules {};

}  // namespace fjord::policies
