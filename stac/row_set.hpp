#pragma once
// A set of rows of one segment, one bit each. Sets that meet have the same size. Plain value; one thread.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fjord::stac {

// How many bits are set; by the processor's own instruction where it has one.
std::size_t bits_in(std::span<std::uint64_t const> words) noexcept;

class row_set {
public:
    row_set() = default;
    explicit row_set(std::size_t rows) : rows_(rows), words_((rows + 63) / 64) {}
    static row_set range(std::size_t rows, std::size_t first, std::size_t last) {
        row_set s(rows);
        s.add_range(first, last);
        return s;
    }
    static row_set all(std::size_t rows) { return range(rows, 0, rows); }

    std::size_t rows() const noexcept { return rows_; }
    bool has(std::size_t row) const noexcept { return (words_[row >> 6] >> (row & 63)) & 1; }
    void add(std::size_t row) noexcept { words_[row >> 6] |= std::uint64_t{1} << (row & 63); }
    void drop(std::size_t row) noexcept { words_[row >> 6] &= ~(std::uint64_t{1} << (row & 63)); }
    void add_range(std::size_t first, std::size_t last) noexcept {  // [first, last)
        for (auto w = first >> 6; first < last; ++w) {
            auto const end = std::min<std::size_t>(last, (w + 1) << 6);
            auto const from = ~std::uint64_t{0} << (first & 63);
            auto const to = (end & 63) == 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << (end & 63)) - 1;
            words_[w] |= from & to;
            first = end;
        }
    }
    void keep_range(std::size_t first, std::size_t last) noexcept { *this &= range(rows_, first, last); }

    std::size_t count() const noexcept { return bits_in(words_); }
    std::size_t count_before(std::size_t row) const noexcept {
        auto n = bits_in(std::span(words_).first(row >> 6));
        if ((row & 63) != 0)
            n += static_cast<std::size_t>(std::popcount(words_[row >> 6] & ((std::uint64_t{1} << (row & 63)) - 1)));
        return n;
    }
    bool any() const noexcept {
        return std::any_of(words_.begin(), words_.end(), [](std::uint64_t w) { return w != 0; });
    }
    // The first row of the set at or after `row`; rows() when there is none.
    std::size_t next(std::size_t row) const noexcept {
        if (row >= rows_) return rows_;
        auto w = row >> 6;
        auto bits = words_[w] & (~std::uint64_t{0} << (row & 63));
        while (bits == 0) {
            if (++w == words_.size()) return rows_;
            bits = words_[w];
        }
        return (w << 6) + static_cast<std::size_t>(std::countr_zero(bits));
    }
    // The last row of the set before `row`; rows() when there is none.
    std::size_t previous(std::size_t row) const noexcept {
        if (row == 0 || words_.empty()) return rows_;
        auto w = (row - 1) >> 6;
        auto bits = words_[w] & (~std::uint64_t{0} >> (63 - ((row - 1) & 63)));
        while (bits == 0) {
            if (w == 0) return rows_;
            bits = words_[--w];
        }
        return (w << 6) + 63 - static_cast<std::size_t>(std::countl_zero(bits));
    }

    row_set& operator&=(row_set const& o) noexcept {
        for (std::size_t w = 0; w < words_.size(); ++w) words_[w] &= o.words_[w];
        return *this;
    }
    row_set& operator|=(row_set const& o) noexcept {
        for (std::size_t w = 0; w < words_.size(); ++w) words_[w] |= o.words_[w];
        return *this;
    }
    row_set& operator-=(row_set const& o) noexcept {
        for (std::size_t w = 0; w < words_.size(); ++w) words_[w] &= ~o.words_[w];
        return *this;
    }
    friend row_set operator&(row_set a, row_set const& b) { return a &= b; }
    friend row_set operator|(row_set a, row_set const& b) { return a |= b; }
    friend row_set operator-(row_set a, row_set const& b) { return a -= b; }
    friend bool operator==(row_set const&, row_set const&) = default;

    // In ascending order.
    template <class Visit>
    void each(Visit visit) const {
        for (std::size_t w = 0; w < words_.size(); ++w)
            for (auto bits = words_[w]; bits != 0; bits &= bits - 1)
                visit((w << 6) + static_cast<std::size_t>(std::countr_zero(bits)));
    }
    // Words of 64 rows, for loops over whole columns. Bits past rows() stay zero.
    std::vector<std::uint64_t>& words() noexcept { return words_; }
    std::vector<std::uint64_t> const& words() const noexcept { return words_; }

private:
    std::size_t rows_ = 0;
    std::vector<std::uint64_t> words_;
};

}  // namespace fjord::stac
