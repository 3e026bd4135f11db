#pragma once
// Compares what rules want of an asset with what the catalog holds, and says what to change. Reads the catalog and the policy
// engine, changes nothing. Blocks: run it on the pool. One evaluator serves one batch on one thread; it remembers documents.
#include "catalog/catalog.hpp"
#include "policies/policies.hpp"
#include "transfer/compiled_rule.hpp"
#include "transfer/planner.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fjord::transfer {

using rule_ptr = std::shared_ptr<compiled_rule const>;
using site_list = std::shared_ptr<std::vector<catalog::site_record> const>;

// Where and what one copy is: the key under which at most one transfer lives.
struct copy_key {
    catalog::asset_ref asset;
    std::string version;  // digest text
    site_id site;
    friend auto operator<=>(copy_key const&, copy_key const&) = default;
};
copy_key key_of(catalog::asset_ref const& asset, digest const& version, site_id const& site);

// A copy that a rule wants and that is not available.
struct needed_copy {
    site_id site;
    bool deleting = false;  // an old copy is being removed there; wait for it
    bool damaged = false;   // a suspect or bad copy lies there
};

// One rule's view of one asset.
struct rule_outcome {
    rule_ptr rule;
    asset_plan plan;
    std::vector<catalog::lock_record> add, drop;
    std::vector<needed_copy> needs;
};

struct asset_outcome {
    catalog::asset_ref ref;
    bool exists = false;  // false: the asset, its item or its collection is gone
    catalog::asset_version version;
    std::vector<catalog::replica_record> replicas;  // of the current version
    std::vector<rule_outcome> rules;
    std::vector<catalog::lock_record> orphans;     // locks of rules that no longer cover the asset
    std::vector<copy_key> locked;                  // after the changes, by any rule
    std::vector<catalog::replica_record> surplus;  // unlocked copies at greedy sites while all locks are satisfied
};

class evaluator {
public:
    evaluator(catalog::catalog& catalog, policies::engine& policies, site_list sites);

    // `rules`: all whose selection covers the asset (filters are applied here).
    result<asset_outcome> evaluate(catalog::asset_ref const& ref, std::vector<rule_ptr> const& rules);

    // The plan of one rule for one asset, with the sites it holds now.
    result<asset_plan> plan(compiled_rule const& rule, catalog::asset_state const& asset, std::vector<site_id> held);

    // May the asset live at the site? Fails closed when its documents cannot be read.
    place_verdict may_place(catalog::asset_ref const& ref, catalog::site_record const& site);

    std::vector<planner_site> const& planner_sites() const noexcept { return planner_sites_; }

private:
    result<policies::resource const*> resource_of(catalog::asset_ref const& ref);
    result<bool> selects(compiled_rule const& rule, catalog::asset_ref const& ref);
    result<void> judge(asset_outcome& out, rule_ptr const& rule, std::vector<catalog::lock_record> const& held);
    result<void> find_surplus(asset_outcome& out);

    catalog::catalog& catalog_;
    policies::engine& policies_;
    site_list sites_;
    std::vector<planner_site> planner_sites_;
    // The last item seen: assets of one item come one after another.
    std::string resource_key_;
    policies::resource resource_;
};

policies::place place_of(catalog::site_record const& site);

}  // namespace fjord::transfer
