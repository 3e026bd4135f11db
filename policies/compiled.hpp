#pragma once
// The rules of one epoch, in a canonical order and indexed by collection. Immutable once finish() ran.
#include "policies/rule.hpp"

#include <bitset>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace fjord::policies {

struct compiled_rules {
    std::vector<rule> grants;  // permits and forbids
    std::vector<place_rule> places;

    // Sorts, drops repetitions and builds the index: decisions depend on the set of rules only.
    void finish();

    // Grants about this action whose collection condition does not exclude the collection; in canonical order.
    std::vector<rule const*> about(std::string const& collection, action what) const;

    bool looks_at(attribute a) const noexcept { return used_.test(static_cast<std::size_t>(a)); }

    std::vector<std::string> const& named_datasets() const noexcept { return datasets_; }  // sorted

private:
    std::unordered_map<std::string, std::vector<std::uint32_t>> by_collection_;
    std::vector<std::uint32_t> everywhere_;  // rules that name no collection
    std::bitset<attribute_count> used_;
    std::vector<std::string> datasets_;
};

}  // namespace fjord::policies
