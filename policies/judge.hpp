#pragma once
// The decision itself: deny by default, forbid wins, unknown never helps. Pure.
#include "policies/compiled.hpp"

#include <optional>
#include <vector>

namespace fjord::policies {

struct judgement {
    bool permitted = false;
    std::vector<rule const*> permits;  // that apply
    std::vector<rule const*> forbids;  // that apply
    std::vector<rule const*> missed;   // permits that might have applied to this resource and do not
    // The outcome is the same for every `now` in [since, until).
    std::optional<wall_time> since, until;
};
judgement judge(compiled_rules const& rules, facts const& f);

// What the requester is shown of it.
std::vector<rule_verdict> verdicts(judgement const& j, facts const& f);

}  // namespace fjord::policies
