#pragma once
// The ids of one segment, found by id or by row. Kept as bit strings of equal width (packed_ids.hpp) where that is small, else
// sorted and front-coded in blocks of 16. A Bloom filter in front says quickly that an id is not there. Layout in bytes, so that
// a checkpoint is used as it lies on disk.
#include "base/error.hpp"
#include "stac/packed_ids.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::stac {

struct id_sections {
    std::string alphabet;                    // empty: front-coded
    std::string text;                        // codes by row, or blocks
    std::vector<std::uint32_t> blocks;       // front-coded: where each begins, and the end
    std::vector<std::uint16_t> rank_of_row;  // front-coded: place in id order
    std::vector<std::uint16_t> row_of_rank;
    std::vector<std::uint32_t> bloom;
};
// Ids by row; all different, at most 65 536.
id_sections encode_ids(std::span<std::string_view const> by_row);

// A view; the sections outlive it. Any thread.
class id_list {
public:
    id_list() = default;
    // errc::corrupt when the sections do not fit each other; everything below is in bounds otherwise.
    static result<id_list> open(std::size_t rows, std::string_view alphabet, std::string_view text,
                                std::span<std::uint32_t const> blocks, std::span<std::uint16_t const> rank_of_row,
                                std::span<std::uint16_t const> row_of_rank, std::span<std::uint32_t const> bloom);

    std::size_t size() const noexcept { return row_of_rank_.size(); }
    std::string of_row(std::size_t row) const;
    std::string of_rank(std::size_t rank) const { return alphabet_ ? of_row(row_of_rank_[rank]) : of_block(rank); }
    std::size_t row(std::size_t rank) const noexcept { return row_of_rank_[rank]; }
    std::strong_ordering compare_rows(std::size_t a, std::size_t b) const noexcept;

    // Where an id stands among the others.
    struct place {
        std::string code;
        id_alphabet::side side = id_alphabet::side::exact;
        std::size_t rank = 0;  // of the first id that is not less
        bool exact = false;    // it is there
    };
    place find_place(std::string_view id) const;
    std::strong_ordering compare(std::size_t row, place const& p) const noexcept;

    bool may_hold(std::uint64_t hash) const noexcept;
    std::optional<std::size_t> find(std::string_view id) const;  // the row
    std::size_t bytes() const noexcept;

    static std::uint64_t hash(std::string_view id) noexcept;

private:
    result<void> check_codes() const;
    result<void> check_blocks() const;
    unsigned char const* code(std::size_t row) const noexcept {
        return reinterpret_cast<unsigned char const*>(text_.data()) + row * alphabet_->width();
    }
    std::string of_block(std::size_t rank) const;
    std::size_t lower_bound_in_blocks(std::string_view id) const;

    std::optional<id_alphabet> alphabet_;
    std::string_view text_;
    std::span<std::uint32_t const> blocks_;
    std::span<std::uint16_t const> rank_of_row_, row_of_rank_;
    std::span<std::uint32_t const> bloom_;
};

}  // namespace fjord::stac
