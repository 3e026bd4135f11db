#pragma once
// Loops over whole columns of codes: which rows of a set have a code in a range, or one that a table names. The hot part of
// filters; 16 bytes at a time where the machine has SSE2.
#include "stac/column.hpp"
#include "stac/row_set.hpp"

#include <cstdint>
#include <span>

namespace fjord::stac {

// Rows of `among` with first <= code <= last.
row_set rows_in_codes(packed_codes const& codes, std::uint64_t first, std::uint64_t last, row_set const& among);

// Calls mark(row, code) for every row of `among`.
template <class Mark>
void each_code(packed_codes const& codes, row_set const& among, Mark mark) {
    if (codes.width == 0) return among.each([&](std::size_t row) { mark(row, codes.only); });
    codes.with_type([&](auto const& p) { among.each([&](std::size_t row) { mark(row, static_cast<std::uint64_t>(p[row])); }); });
}

}  // namespace fjord::stac
