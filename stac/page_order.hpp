#pragma once
// From matched rows to one page in order. A page keeps the keys that come first after the cursor (or last before it), so it
// costs the same at any depth.
#include "stac/index_state.hpp"
#include "stac/item_source.hpp"

#include <memory>
#include <vector>

namespace fjord::stac {

// The rows of one segment that match a search; never empty.
struct matched_rows {
    collection_state const* in = nullptr;
    segment_ref const* of = nullptr;
    row_set rows;
};
struct matched_tail {
    collection_state const* in = nullptr;
    tail_row const* row = nullptr;
};

// What a page needs of a row, before its document is read.
struct page_row {
    sort_key key;
    item_ptr item;  // of a tail row
    // Of a segment's row: which, and the version of its document.
    matched_rows const* from = nullptr;
    std::uint32_t row = 0, stamp = 0;
};

struct page_rows {
    std::vector<page_row> rows;  // in order, at most `limit`
    bool more = false;           // matched rows beyond the far end of the page
    bool beyond = false;         // matched rows at or on the other side of the cursor
};

// Newest or oldest first: rows lie in that order already, so only the segments' next rows are looked at.
page_rows page_by_time(search_query const& q, std::vector<matched_rows> const& segments, std::vector<matched_tail> const& tail);
bool is_by_time(search_query const& q) noexcept;

// Any other order. Reads documents where a segment's columns cannot tell the order.
result<page_rows> page_by_fields(search_query const& q, std::vector<matched_rows> const& segments,
                                 std::vector<matched_tail> const& tail, item_reader& reader);

}  // namespace fjord::stac
