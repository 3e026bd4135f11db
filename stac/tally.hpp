#pragma once
// Something counted over all matches of a search, by columns where they can tell and by documents where not (index::tally).
#include "stac/indexed_item.hpp"
#include "stac/page_order.hpp"

namespace fjord::stac {

// One search, one thread.
class tally {
public:
    virtual ~tally() = default;
    // Matched rows of one segment. Returns those that it has not counted, because their documents are needed.
    virtual row_set take(matched_rows const& rows) = 0;
    virtual void take(indexed_item const& item) = 0;
};

}  // namespace fjord::stac
