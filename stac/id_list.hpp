#pragma once
// The ids of one segment: sorted, front-coded in blocks of 16, found by id or by row. A Bloom filter in front says quickly that
// an id is not there. Layout in bytes, so that a checkpoint is used as it lies on disk.
#include "base/error.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::stac {

struct id_sections {
    std::string text;                        // the blocks
    std::vector<std::uint32_t> blocks;       // where each begins, and the end
    std::vector<std::uint16_t> rank_of_row;  // place in id order
    std::vector<std::uint16_t> row_of_rank;
    std::vector<std::uint32_t> bloom;
};
// Ids by row; all different, at most 65 536.
id_sections encode_ids(std::span<std::string_view const> by_row);

// A view; the sections outlive it. Any thread.
class id_list {
public:
    id_list() = default;
    id_list(std::string_view text, std::span<std::uint32_t const> blocks, std::span<std::uint16_t const> rank_of_row,
            std::span<std::uint16_t const> row_of_rank, std::span<std::uint32_t const> bloom)
        : text_(text), blocks_(blocks), rank_of_row_(rank_of_row), row_of_rank_(row_of_rank), bloom_(bloom) {}
    // errc::corrupt when the sections do not fit each other. Everything below is in bounds once this held.
    result<void> check() const;

    std::size_t size() const noexcept { return rank_of_row_.size(); }
    std::string of_row(std::size_t row) const { return of_rank(rank_of_row_[row]); }
    std::uint32_t rank(std::size_t row) const noexcept { return rank_of_row_[row]; }
    std::size_t row(std::size_t rank) const noexcept { return row_of_rank_[rank]; }
    std::string of_rank(std::size_t rank) const;
    std::size_t lower_bound(std::string_view id) const;  // rank of the first id that is not less
    bool may_hold(std::uint64_t hash) const noexcept;
    std::optional<std::size_t> find(std::string_view id) const;  // the row
    std::size_t bytes() const noexcept;

    static std::uint64_t hash(std::string_view id) noexcept;

private:
    std::string_view text_;
    std::span<std::uint32_t const> blocks_;
    std::span<std::uint16_t const> rank_of_row_, row_of_rank_;
    std::span<std::uint32_t const> bloom_;
};

}  // namespace fjord::stac
