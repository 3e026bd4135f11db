#pragma once
// A collection as collection search sees it: what a filter may name and what it sorts by.
//   id, title, description, license, keywords, ...   members of the document; a dotted name leads into objects
//   datetime    the hull of its temporal extent      geometry    its spatial extent
//   NAME        else summaries.NAME: an array of values, or {minimum, maximum} as NAME.minimum
#include "stac/cql2/evaluate.hpp"
#include "stac/index_state.hpp"

#include <optional>

namespace fjord::stac {

class collection_view final : public cql2::item_view {
public:
    explicit collection_view(indexed_collection const& c) : collection_(c) {}
    cql2::value property(std::string_view name) const override;

private:
    indexed_collection const& collection_;
    mutable std::optional<geometry> shape_;
};

// Everything of a collection search that is not paging: boxes and times against each extent, ids, filters. One thread.
class collection_test {
public:
    explicit collection_test(search_query const& q);
    bool matches(indexed_collection const& c);

private:
    search_query const& query_;
    std::vector<cql2::evaluator> filters_;
};

// Where a collection stands in an order; without sort fields by id.
sort_key sort_key_of(indexed_collection const& c, std::vector<sort_field> const& sort);

}  // namespace fjord::stac
