#pragma once
// Per rule, the assets whose copies are not all there, and why: what the engine found at its last look. Only unsatisfied assets
// take memory. In memory only, found anew after a restart. Any thread; the lock is never held over a wait.
#include "catalog/records.hpp"
#include "transfer/status.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace fjord::transfer {

struct gap {
    bool impossible = false;  // as things are, it will not come by itself
    std::string reason;       // a sentence
};

class gap_board {
public:
    void set(rule_id const& rule, catalog::asset_ref const& asset, gap g);
    void clear(rule_id const& rule, catalog::asset_ref const& asset);
    void forget(rule_id const& rule);

    // The engine has looked at all that the rule selects at least once.
    void mark_judged(rule_id const& rule);
    bool is_judged(rule_id const& rule) const;

    // fulfilled, converging or impossible by what is known; nullopt before the first look.
    std::optional<rule_state> state(rule_id const& rule) const;
    // Number of impossible assets and the first reason.
    std::pair<std::size_t, std::string> impossible(rule_id const& rule) const;
    std::optional<gap> find(rule_id const& rule, catalog::asset_ref const& asset) const;

private:
    struct entry {
        bool judged = false;
        std::map<catalog::asset_ref, gap> gaps;
        std::set<catalog::asset_ref> impossible;  // subset of gaps
    };
    mutable std::mutex mutex_;
    std::map<rule_id, entry> rules_;
};

}  // namespace fjord::transfer
