#pragma once
// Up to 65 536 items of one collection as columns: ids, times, bounds with an R-tree, convex footprints, policy attributes and
// properties. Immutable, newest first and then by id, in one block of bytes that is the same in memory and on disk. Documents
// are not in it: the catalog has them. Any thread.
#include "stac/column.hpp"
#include "stac/id_list.hpp"
#include "stac/outline.hpp"
#include "stac/row_set.hpp"
#include "stac/rtree.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::stac {

// "number", "text", ...: what a property of a document holds.
enum class property_kind : char { number = 'n', text = 's', boolean = 'b', array = 'a', object = 'o' };

class segment {
public:
    static constexpr std::size_t max_rows = 65'536;

    // `owner` keeps the bytes alive; they are aligned to 16. Everything is checked: errc::corrupt.
    static result<std::shared_ptr<segment const>> open(std::shared_ptr<void const> owner, std::span<std::byte const> bytes);

    std::size_t rows() const noexcept { return rows_; }
    std::span<std::byte const> bytes() const noexcept { return bytes_; }
    id_list const& ids() const noexcept { return ids_; }
    std::uint32_t stamp(std::size_t row) const noexcept { return stamps_[row]; }  // tells versions of a document apart

    instant sort_time(std::size_t row) const noexcept { return sort_.at(row); }
    time_interval time(std::size_t row) const noexcept {
        return spans_ ? time_interval{start_.at(row), end_.at(row)} : time_interval{sort_.at(row), sort_.at(row)};
    }
    bool spans() const noexcept { return spans_; }  // some row is more than its sort_time
    bool has_datetime(std::size_t row) const noexcept { return no_datetime_.empty() || !bit(no_datetime_, row); }
    bool all_have_datetime() const noexcept { return no_datetime_.empty(); }
    time_interval hull() const noexcept { return hull_; }
    std::size_t first_at_or_before(instant t) const noexcept;  // rows below it are newer than t

    box4 const& bounds(std::size_t row) const noexcept { return bounds_[row]; }
    box4 const& extent() const noexcept { return extent_; }
    // Footprints on both sides of the antimeridian: their second boxes, by row.
    std::span<std::uint16_t const> second_rows() const noexcept { return second_rows_; }
    std::span<box4 const> second_bounds() const noexcept { return second_bounds_; }
    rtree const& tree() const noexcept { return tree_; }
    outline::kind shape(std::size_t row) const noexcept;
    // Positions of a ring, counter-clockwise.
    std::size_t ring(std::size_t row, std::array<point, outline::max_points>& out, double& error) const noexcept;
    std::array<double, 2> z(std::size_t row) const noexcept {
        return z_.empty() ? std::array<double, 2>{0, 0} : std::array<double, 2>{z_[2 * row], z_[2 * row + 1]};
    }

    // Policy attributes of an item: a JSON object, "" for none.
    std::size_t class_of(std::size_t row) const noexcept { return classes_[row]; }
    std::vector<std::string_view> const& classes() const noexcept { return class_texts_; }
    packed_codes const& class_codes() const noexcept { return classes_; }
    // Which properties an item has, of which kinds.
    struct property {
        std::string_view name;
        property_kind kind;
    };
    packed_codes const& schema_codes() const noexcept { return schemas_; }
    std::size_t schema_of(std::size_t row) const noexcept { return schemas_[row]; }
    std::vector<std::vector<property>> const& schemas() const noexcept { return schema_list_; }

    column const* find_column(std::string_view name) const noexcept;
    std::vector<column> const& columns() const noexcept { return columns_; }
    bool names_all() const noexcept { return names_all_; }  // every property of its documents has a column
    std::size_t bytes_of_columns() const noexcept { return column_bytes_; }
    std::size_t bytes_of_shapes() const noexcept;  // bounds, R-tree, footprints

private:
    friend class segment_reader;
    struct time_column {
        packed_codes codes;
        instant base = 0;
        std::uint64_t unit = 1;
        instant at(std::size_t row) const noexcept { return base + static_cast<instant>(codes[row] * unit); }
    };
    static bool bit(std::span<std::uint64_t const> words, std::size_t row) noexcept {
        return (words[row >> 6] >> (row & 63)) & 1;
    }

    std::shared_ptr<void const> owner_;
    std::span<std::byte const> bytes_;
    std::size_t rows_ = 0;
    id_list ids_;
    std::span<std::uint32_t const> stamps_;
    time_column sort_, start_, end_;
    bool spans_ = false;
    std::span<std::uint64_t const> no_datetime_;
    time_interval hull_;
    std::span<box4 const> bounds_;
    box4 extent_{};
    std::span<std::uint16_t const> second_rows_;
    std::span<box4 const> second_bounds_;
    rtree tree_;
    std::span<std::uint8_t const> shapes_;
    std::span<std::uint32_t const> ring_begins_;  // of every 16th row
    std::span<packed_point const> ring_points_;
    std::span<double const> z_;
    packed_codes classes_, schemas_;
    std::vector<std::string_view> class_texts_;
    std::vector<std::vector<property>> schema_list_;
    std::vector<column> columns_;  // by name
    bool names_all_ = true;
    std::size_t column_bytes_ = 0;

public:
    segment() = default;  // for open()
};

}  // namespace fjord::stac
