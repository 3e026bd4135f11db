#pragma once
// Gathers rows and makes a segment of them. Rows come from documents, or from segments that are merged. One thread.
#include "stac/column_builder.hpp"
#include "stac/item_scan.hpp"
#include "stac/segment.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fjord::stac {

struct segment_limits {
    // Bytes per row that property columns may take in large segments; names in `first` are served before the others.
    double column_bytes = 26;
    std::size_t small_rows = 16'384;  // segments below this keep all columns: they are merged later
    std::size_t max_columns = 256;
    std::size_t ranges = 254;  // of a column that is kept roughly
};

// What tells versions of a document apart: the first 32 bits of its hex etag, or a hash of any other text.
std::uint32_t stamp_of(std::string_view etag) noexcept;

// A member of `properties` that policies select on (policies/resource.cpp).
bool is_policy_attribute(std::string_view raw_key) noexcept;

class segment_builder {
public:
    explicit segment_builder(segment_limits const& limits = {}) : limits_(limits) {}

    // The document must be valid until build(). Ids are all different.
    void add(std::string_view id, std::uint32_t stamp, item_scan const& item);
    // Rows of another segment, in its order.
    void add(segment const& from, row_set const& rows);
    std::size_t rows() const noexcept { return stamps_.size(); }

    // At least one row, at most segment::max_rows. The rows' new places, by order of addition, go to `places` when given.
    std::shared_ptr<segment const> build(std::vector<std::uint32_t>* places = nullptr);

private:
    void add_shape(item_scan const& item);
    void add_ring(std::span<point const> ring, double error);
    void add_properties(std::string_view properties);
    std::size_t column_named(std::string_view raw_key, std::size_t position);
    std::size_t class_code(std::string_view text);
    std::size_t schema_code(std::string text);
    std::vector<std::uint32_t> sorted_rows() const;
    std::vector<column_parts> packed_columns(std::vector<std::uint32_t> const& order);

    segment_limits limits_;
    std::string id_text_;
    std::vector<std::size_t> id_ends_;
    std::string_view id(std::size_t row) const {
        auto const begin = row == 0 ? 0 : id_ends_[row - 1];
        return std::string_view(id_text_).substr(begin, id_ends_[row] - begin);
    }
    std::vector<std::uint32_t> stamps_;
    std::vector<instant> sort_, start_, end_;
    std::vector<bool> no_datetime_;
    std::vector<box4> bounds_;
    std::map<std::size_t, box4> second_;
    std::vector<std::uint8_t> shapes_;
    std::vector<std::size_t> ring_ends_;
    std::vector<packed_point> ring_points_;
    std::vector<std::array<double, 2>> z_;
    std::vector<std::uint32_t> classes_, schemas_;
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
    };
    using text_map = std::unordered_map<std::string, std::size_t, text_hash, std::equal_to<>>;
    text_map class_codes_, schema_codes_;
    std::unordered_map<std::uint64_t, std::size_t> schema_by_hash_;
    std::vector<std::string> class_texts_, schema_texts_;
    std::vector<column_builder> columns_;
    text_map column_by_name_;
    struct expected_member {
        std::string raw_key;
        std::size_t column;
    };
    std::vector<expected_member> expected_;  // members of the document before, in order: the next one is often alike
    bool names_all_ = true;
};

}  // namespace fjord::stac
