#pragma once
// Decides which sites hold an asset for a rule. Pure: no clock, no I/O, no policy engine (it comes in as a function), and the
// same input gives the same plan. Assets are planned one at a time, so memory does not grow with the rule.
//
//   planner p(rule, expression, sites);
//   auto plan = p.plan({state.ref, state.current, replicas, held}, placement);
//
// Order of preference: sites that the rule already uses (stability), then sites with an available copy (nothing to move), then
// weighted rendezvous hashing over the free space, so that assets spread and a change of sites moves few of them.
#include "catalog/records.hpp"
#include "transfer/site_expression.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fjord::transfer {

// May this asset live at that site? A refusal carries its reasons.
struct place_verdict {
    bool allowed = true;
    std::string reason;
};
using placement_check = std::function<place_verdict(catalog::site_record const&)>;

struct planner_site {
    catalog::site_record record;
    std::optional<std::uint64_t> free_bytes;  // unknown: counted as equal to the others
};

struct planner_asset {
    catalog::asset_ref ref;
    catalog::asset_version version;
    std::vector<catalog::replica_record> replicas;  // of this version
    std::vector<site_id> held;                      // sites of this rule's locks on the asset, whatever their version
};

enum class site_choice {
    kept,      // the rule uses it already
    has_copy,  // chosen because a good copy lies there
    chosen,    // chosen, a copy has to be made
    spare,     // would do, not needed
    excluded,  // cannot: see reason
};
std::string_view name_of(site_choice c) noexcept;

struct site_verdict {
    site_id site;
    site_choice choice = site_choice::spare;
    std::string reason;  // a sentence
};

struct asset_plan {
    catalog::asset_ref ref;
    digest version;
    std::uint64_t size = 0;
    std::vector<site_id> sites;          // where locks belong, at most rule.copies
    std::uint32_t missing = 0;           // copies that no allowed site can take
    std::string witness;                 // why, when missing > 0: "2 copies wanted; only site-a allowed: ..."
    std::vector<site_verdict> verdicts;  // of every site, in id order
    std::uint64_t bytes_to_move = 0;
};

class planner {
public:
    // `rule` must outlive the planner.
    planner(catalog::rule_record const& rule, site_expression const& expression, std::span<planner_site const> sites);

    asset_plan plan(planner_asset const& asset, placement_check const& placement) const;

    // How many sites the expression matches at all, usable or not.
    std::size_t matching() const noexcept { return matching_; }

private:
    struct candidate {
        planner_site site;
        std::string exclusion;  // empty: usable
    };
    catalog::rule_record const& rule_;
    std::vector<candidate> candidates_;  // in id order
    std::size_t matching_ = 0;
};

}  // namespace fjord::transfer
