#pragma once
// One search over one state of the index: columns decide most rows, documents the rest, so that the count is exact.
#include "stac/index_state.hpp"
#include "stac/item_source.hpp"
#include "stac/page_order.hpp"
#include "stac/query_plan.hpp"
#include "stac/tally.hpp"

#include <functional>
#include <span>

namespace fjord::stac {

class index_search {
public:
    index_search(state_ptr state, search_query const& query, visibility& v, item_reader& reader);

    // Errors of the store.
    result<search_page> page();
    // Every visible match, in no order, with its document, until `visit` returns false.
    result<void> each(std::function<bool(indexed_item const&)> const& visit);

    // Counts every visible match.
    result<void> count(std::span<tally* const> tallies);

    // Documents read to decide about rows; for tests and metrics.
    std::uint64_t documents_read() const noexcept { return documents_read_; }

private:
    result<void> find();
    result<void> find_in(collection_state const& c);
    bool passes_by(segment const& s) const;
    result<void> settle(collection_state const& c, segment const& s, row_set& rows, row_set const& open);
    void find_in_tail(collection_state const& c);
    result<void> visit_rows(matched_rows const& m, row_set const& rows, std::function<bool(indexed_item const&)> const& visit);
    result<bool> read_page(page_rows& page);
    bool may_show(matched_rows const& m, indexed_item const& newer);

    state_ptr state_;
    search_query const& query_;
    visibility& visibility_;
    item_reader& reader_;
    query_plan plan_;
    row_test test_;
    std::vector<matched_rows> segments_;
    std::vector<matched_tail> tail_;
    std::uint64_t matched_ = 0, documents_read_ = 0;
};

}  // namespace fjord::stac
