#include "transfer/gap_board.hpp"

namespace fjord::transfer {

void gap_board::set(rule_id const& rule, catalog::asset_ref const& asset, gap g) {
    std::lock_guard guard(mutex_);
    auto& entry = rules_[rule];
    if (g.impossible)
        entry.impossible.insert(asset);
    else
        entry.impossible.erase(asset);
    entry.gaps.insert_or_assign(asset, std::move(g));
}

void gap_board::clear(rule_id const& rule, catalog::asset_ref const& asset) {
    std::lock_guard guard(mutex_);
    auto& entry = rules_[rule];
    entry.impossible.erase(asset);
    entry.gaps.erase(asset);
}

void gap_board::forget(rule_id const& rule) {
    std::lock_guard guard(mutex_);
    rules_.erase(rule);
}

void gap_board::mark_judged(rule_id const& rule) {
    std::lock_guard guard(mutex_);
    rules_[rule].judged = true;
}

bool gap_board::is_judged(rule_id const& rule) const {
    std::lock_guard guard(mutex_);
    auto found = rules_.find(rule);
    return found != rules_.end() && found->second.judged;
}

std::optional<rule_state> gap_board::state(rule_id const& rule) const {
    std::lock_guard guard(mutex_);
    auto found = rules_.find(rule);
    if (found == rules_.end() || !found->second.judged) return std::nullopt;
    if (!found->second.impossible.empty()) return rule_state::impossible;
    return found->second.gaps.empty() ? rule_state::fulfilled : rule_state::converging;
}

std::pair<std::size_t, std::string> gap_board::impossible(rule_id const& rule) const {
    std::lock_guard guard(mutex_);
    auto found = rules_.find(rule);
    if (found == rules_.end() || found->second.impossible.empty()) return {0, {}};
    auto const& entry = found->second;
    return {entry.impossible.size(), entry.gaps.at(*entry.impossible.begin()).reason};
}

std::optional<gap> gap_board::find(rule_id const& rule, catalog::asset_ref const& asset) const {
    std::lock_guard guard(mutex_);
    auto found = rules_.find(rule);
    if (found == rules_.end()) return std::nullopt;
    auto g = found->second.gaps.find(asset);
    return g == found->second.gaps.end() ? std::nullopt : std::optional(g->second);
}

}  // namespace fjord::transfer
