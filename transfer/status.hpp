#pragma once
// What a rule reads as, derived and never stored: from the assets it selects, its locks, the replicas they point at, and what
// the planner could not satisfy. Pure.
#include "base/strong_id.hpp"
#include "catalog/records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::transfer {

enum class rule_state {
    fulfilled,   // every wanted copy is available and verified
    converging,  // copies are on their way
    impossible,  // some wanted copy has no place or no source; `reason` is the witness
};
std::string_view name_of(rule_state s) noexcept;

struct rule_status {
    rule_state state = rule_state::converging;
    std::uint64_t done = 0, total = 0;              // copies
    std::uint64_t bytes_done = 0, bytes_total = 0;  // of those copies, with live progress counted in
    std::optional<double> eta_s;                    // seconds; unknown until a rate was measured, absent when nothing is left
    std::string reason;                             // one sentence
};

// Adds up one rule, asset by asset.
class status_tally {
public:
    explicit status_tally(std::uint32_t copies) : copies_(copies) {}

    // One selected asset: how many of its locked copies are available, and bytes already moved of those under way.
    void add(std::uint64_t size, std::uint32_t available, std::uint64_t bytes_under_way);
    // A copy that cannot be made now; the first reason is the one shown.
    void add_gap(std::string const& reason);
    // A sentence about the slowest part, shown while converging ("waits 4 s after: ...").
    void note(std::string const& sentence);

    // `bytes_per_second`: measured rate, 0 when unknown.
    rule_status finish(double bytes_per_second) const;

private:
    std::uint32_t copies_;
    rule_status sum_;
    std::uint64_t gaps_ = 0;
    std::string gap_, note_;
};

}  // namespace fjord::transfer
