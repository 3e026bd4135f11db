#pragma once
// Gathers one property over the rows of a segment to be, then packs it. Rows come as slices of documents, or from the columns
// of segments that are merged. One thread.
#include "stac/column.hpp"

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::stac {

// What a packed column consists of, before it is laid out in a segment.
struct column_parts {
    std::string name;
    column::kind type = column::kind::values;
    bool ranges = false, ordered = true;
    std::int8_t scale = 0;
    std::int64_t base = 0, unit = 1;
    std::vector<std::uint64_t> codes;    // by row
    std::vector<std::uint32_t> offsets;  // of the entries in `text`
    std::string text;
    std::uint32_t entries = 0;
};

class column_builder {
public:
    explicit column_builder(std::string name) : name_(std::move(name)) {}
    std::string const& name() const noexcept { return name_; }

    void put(std::size_t row, std::string_view json);  // a JSON value; null counts as absent
    void put_opaque(std::size_t row);
    // Rows begin.. of this column are those of `from` that are listed.
    void append(column const& from, std::span<std::uint32_t const> rows, std::size_t begin);

    // The ways to pack it, and their cost in bytes over all rows. Call prepare() once, when all rows are there; `order[i]` is
    // the gathered row that becomes row i; a rough column has at most `ranges` of them, up to 254.
    void prepare(std::span<std::uint32_t const> order, std::size_t ranges = 254);
    std::size_t exact_cost() const noexcept { return exact_cost_; }  // SIZE_MAX: not possible
    std::size_t rough_cost() const noexcept { return rough_cost_; }  // by ranges; SIZE_MAX: not possible
    enum class packing { exact, rough, none };
    column_parts pack(packing how);

private:
    // A different value, as it came; what it means is found out by prepare().
    struct given {
        std::uint32_t begin = 0, size = 0, high_size = 0;  // in text_; the high end of a range follows the low one
        bool lost = false;                                 // a time whose text is not known: the text is the instant's bytes
    };
    struct staged {
        enum class kind : std::uint8_t { number, time, text, boolean, other, nothing };
        kind type = kind::other;
        double number = 0;
        instant when = 0;
        std::string_view json, plain;  // plain: of a text, without quotes and escapes; json: empty for a time whose text is lost
        std::string_view high;         // of a range
    };
    static bool before(staged const& a, staged const& b);
    static bool same(staged const& a, staged const& b) { return !before(a, b) && !before(b, a) && a.high == b.high; }
    std::string_view text_of(given const& g) const { return std::string_view(text_).substr(g.begin, g.size); }
    staged read(std::string_view json);
    staged read(given const& g);
    std::uint32_t intern(std::string_view json);
    std::uint32_t add(given g, std::string_view text, std::string_view high = {});
    void grow();
    void resize(std::size_t rows);
    void plan_numbers();
    void plan_times();
    std::vector<std::size_t> cuts() const;
    column_parts pack_values(bool ranges);
    column_parts pack_scaled();

    std::string name_;
    std::vector<std::uint32_t> codes_;  // by gathered row: 0 absent, 1 opaque, 2 + index in given_
    std::vector<given> given_;
    std::string text_;
    std::vector<std::uint32_t> table_;  // open addressing, by hash of the text: index in given_ + 1
    std::size_t in_table_ = 0;
    std::uint32_t last_code_ = 0;

    // Filled by prepare().
    std::vector<std::uint32_t> order_;
    std::vector<staged> values_;         // by index in given_; only those in use
    std::deque<std::string> rewritten_;  // texts that staged values refer to
    std::vector<std::uint32_t> sorted_;  // indices of the distinct values in use
    std::vector<std::uint32_t> rank_;    // by index: place in sorted_
    column::kind exact_as_ = column::kind::values;
    std::int64_t base_ = 0, unit_ = 1, span_ = 0;
    std::int8_t scale_ = 0;
    std::size_t most_ranges_ = 254, exact_cost_ = SIZE_MAX, rough_cost_ = SIZE_MAX;
};

}  // namespace fjord::stac
