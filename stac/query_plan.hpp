#pragma once
// A search made ready to be asked of many segments: conditions taken apart, shapes prepared, constants evaluated. Refers to the
// query, which must outlive it. One thread.
#include "stac/cql2/evaluate.hpp"
#include "stac/region.hpp"
#include "stac/search.hpp"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace fjord::stac {

// What is known of one predicate of a filter, whatever the segment.
struct predicate {
    cql2::node const* node = nullptr;
    std::vector<std::string> properties;  // named in it
    std::shared_ptr<region const> shape;  // a spatial predicate between the item's geometry and a literal
    bool shape_first = false;             // the literal is the left operand
    std::optional<cql2::value> constant;  // a comparison of one property with this: `property OP constant`
    cql2::op comparison = cql2::op::equal;
};

class query_plan {
public:
    explicit query_plan(search_query const& q);

    search_query const& query() const noexcept { return query_; }
    region const* bbox() const noexcept { return bbox_.get(); }
    region const* intersects() const noexcept { return intersects_.get(); }
    // Conditions that all have to hold, the cheap and telling ones first.
    std::vector<cql2::node const*> const& conditions() const noexcept { return conditions_; }
    predicate const& about(cql2::node const& n) const { return predicates_.at(&n); }
    std::vector<std::uint64_t> const& id_hashes() const noexcept { return id_hashes_; }

private:
    void take(cql2::node const& n);
    void describe(cql2::node const& n);

    search_query const& query_;
    std::unique_ptr<region> bbox_, intersects_;
    std::vector<cql2::node const*> conditions_;
    std::unordered_map<cql2::node const*, predicate> predicates_;
    std::vector<std::uint64_t> id_hashes_;
};

}  // namespace fjord::stac
