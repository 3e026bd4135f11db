#pragma once
// What would permit a refused request: minimal sets of conditions, found by making them true and judging again. Pure.
#include "policies/compiled.hpp"

#include <string>
#include <vector>

namespace fjord::policies {

struct way {
    std::vector<std::string> need;  // sorted conditions, "request.purpose isa DUO:0000006"
    std::string how;                // "declare purpose DUO:0000006; then rule purpose-hmb@3 permits"
    facts then;                     // a request in which all of `need` holds; judged as permitted
};

inline constexpr std::size_t max_ways = 5;

// Shortest first; none when nothing the requester can change would help. Conditions on the resource and moments that have
// passed cannot be changed; a way that a forbid would still block is not a way. The search is bounded (512 judgements).
std::vector<way> nearest(compiled_rules const& rules, facts const& f);

}  // namespace fjord::policies
