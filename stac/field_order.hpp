#pragma once
// The rows of one segment in the order of one sort field, as numbers: smaller comes first, null last. Private to page_by_fields.
#include "stac/index_state.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace fjord::stac {

class field_order {
public:
    static constexpr std::uint64_t null = UINT64_MAX;
    // Where a value stands among the rows' numbers, upwards: the first number that is not less, and whether it is equal.
    struct place {
        std::uint64_t at = 0;
        bool equal = false;
    };

    field_order(segment const& s, collection_id const& collection, sort_field const& field);
    bool known() const noexcept { return known_; }  // false: the documents have to be read

    std::uint64_t upwards(std::size_t row) const noexcept;  // `null` or less
    // In page order.
    std::uint64_t key(std::size_t row) const noexcept {
        auto const n = upwards(row);
        return n == null || !descending_ ? n : null - 1 - n;
    }
    sort_value value(std::size_t row) const;
    place place_of(sort_value const& v) const;
    // The row against a value, in page order.
    std::strong_ordering compare(std::size_t row, place const& p) const noexcept;

private:
    enum class by { nothing, time, id, scale, table };
    segment const& segment_;
    column const* column_ = nullptr;
    by by_ = by::nothing;
    bool known_ = true, descending_;
    sort_value constant_;               // by::nothing
    std::vector<std::uint64_t> table_;  // by::table: by code; by::id: by row
    std::size_t sortable_ = 0;          // entries of the column that have an order; they come first
};

}  // namespace fjord::stac
