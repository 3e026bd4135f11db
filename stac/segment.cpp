#include "stac/segment.hpp"

#include "base/digest.hpp"
#include "stac/segment_format.hpp"

#include <algorithm>

namespace fjord::stac {
namespace {

error broken(std::string_view what) { return fail(errc::corrupt, "index segment: " + std::string(what)); }

bool is_width(unsigned w) { return w <= 8; }

}  // namespace

// Takes a segment apart and checks that nothing in it leads out of bounds.
class segment_reader {
public:
    segment_reader(segment& to, std::span<std::byte const> bytes) : to_(to), bytes_(bytes) {}

    result<void> read() {
        if (auto ok = read_header(); !ok) return ok;
        if (auto ok = read_ids(); !ok) return ok;
        if (auto ok = read_times(); !ok) return ok;
        if (auto ok = read_shapes(); !ok) return ok;
        if (auto ok = read_tables(); !ok) return ok;
        return read_columns();
    }

private:
    template <class T>
    std::span<T const> section(format::section s) const {
        auto const& at = header_.sections[s];
        return {reinterpret_cast<T const*>(bytes_.data() + at.begin), at.size / sizeof(T)};
    }
    std::string_view text(format::section s) const {
        auto const t = section<char>(s);
        return {t.data(), t.size()};
    }
    std::size_t rows() const { return to_.rows_; }
    result<packed_codes> codes(format::section s, unsigned width) const {
        if (!is_width(width) || header_.sections[s].size != rows() * width) return broken("codes of another size");
        return packed_codes{section<unsigned char>(s).data(), static_cast<std::uint8_t>(width), 0};
    }

    result<void> read_header() {
        if (bytes_.size() < sizeof header_ + format::spare) return broken("cut short");
        if (reinterpret_cast<std::uintptr_t>(bytes_.data()) % 16 != 0) return broken("not aligned");
        std::memcpy(&header_, bytes_.data(), sizeof header_);
        if (header_.magic != format::magic) return broken("not of this format");
        if (header_.size != bytes_.size()) return broken("cut short");
        if (header_.crc != crc32c(0, bytes_.subspan(format::checked_from))) return broken("the checksum does not match");
        if (header_.rows == 0 || header_.rows > segment::max_rows) return broken("number of rows");
        for (auto const& s : header_.sections)
            if (s.begin % 16 != 0 || s.begin > bytes_.size() - format::spare || s.size > bytes_.size() - format::spare - s.begin)
                return broken("a section");
        to_.rows_ = header_.rows;
        to_.names_all_ = header_.names_all != 0;
        return {};
    }

    result<void> read_ids() {
        auto ids = id_list::open(rows(), text(format::ids_alphabet), text(format::ids_text),
                                 section<std::uint32_t>(format::ids_blocks), section<std::uint16_t>(format::ids_rank_of_row),
                                 section<std::uint16_t>(format::ids_row_of_rank), section<std::uint32_t>(format::ids_bloom));
        if (!ids) return ids.error();
        to_.ids_ = std::move(*ids);
        to_.stamps_ = section<std::uint32_t>(format::stamps);
        if (to_.stamps_.size() != rows()) return broken("number of stamps");
        return {};
    }

    result<void> read_times() {
        auto const heads = section<format::time_head>(format::time_heads);
        if (heads.size() != 3) return broken("times");
        segment::time_column* const columns[] = {&to_.sort_, &to_.start_, &to_.end_};
        constexpr format::section sections[] = {format::sort_codes, format::start_codes, format::end_codes};
        to_.spans_ = heads[1].present != 0;
        for (std::size_t i = 0; i < 3; ++i) {
            if (i > 0 && !to_.spans_) break;
            auto c = codes(sections[i], heads[i].width);
            if (!c) return c.error();
            *columns[i] = {*c, heads[i].base, heads[i].unit};
        }
        to_.no_datetime_ = section<std::uint64_t>(format::no_datetime);
        if (!to_.no_datetime_.empty() && to_.no_datetime_.size() != (rows() + 63) / 64) return broken("flags");
        to_.hull_ = {open_end, open_start};
        instant newer = open_end;
        for (std::size_t row = 0; row < rows(); ++row) {
            auto const t = to_.time(row);
            to_.hull_ = {std::min(to_.hull_.start, t.start), std::max(to_.hull_.end, t.end)};
            if (to_.sort_.at(row) > newer) return broken("the rows are out of order");
            newer = to_.sort_.at(row);
        }
        return {};
    }

    result<void> read_shapes() {
        to_.bounds_ = section<box4>(format::bounds);
        if (to_.bounds_.size() != rows()) return broken("number of bounds");
        to_.extent_ = no_box();
        for (auto const& b : to_.bounds_) to_.extent_ = join(to_.extent_, b);
        to_.second_rows_ = section<std::uint16_t>(format::second_rows);
        to_.second_bounds_ = section<box4>(format::second_bounds);
        if (to_.second_rows_.size() != to_.second_bounds_.size()) return broken("second boxes");
        for (std::size_t i = 0; i < to_.second_rows_.size(); ++i) {
            if (to_.second_rows_[i] >= rows()) return broken("second boxes");
            to_.extent_ = join(to_.extent_, to_.second_bounds_[i]);
        }
        to_.tree_ = rtree(section<std::uint16_t>(format::tree_rows), section<box4>(format::tree_nodes));
        if (!to_.tree_.sound(rows())) return broken("R-tree");
        to_.shapes_ = section<std::uint8_t>(format::shapes);
        to_.ring_begins_ = section<std::uint32_t>(format::ring_begins);
        to_.ring_points_ = section<packed_point>(format::ring_points);
        if (to_.shapes_.size() != rows() || to_.ring_begins_.size() != (rows() + 15) / 16) return broken("footprints");
        std::size_t points = 0;
        for (std::size_t row = 0; row < rows(); ++row) {
            if (row % 16 == 0 && to_.ring_begins_[row / 16] != points) return broken("footprints");
            auto const shape = to_.shapes_[row];
            auto const most = format::ring_shape(outline::max_points, false),
                       plain = static_cast<std::uint8_t>(shape & ~format::thinned);
            if (plain > most || (shape != plain && plain < 4)) return broken("footprints");
            points += format::stored_points(shape);
        }
        if (points != to_.ring_points_.size()) return broken("footprints");
        to_.z_ = section<double>(format::z);
        if (!to_.z_.empty() && to_.z_.size() != 2 * rows()) return broken("elevations");
        return {};
    }

    // A list of texts: offsets with the end, and the text.
    result<std::vector<std::string_view>> texts(format::section offsets, format::section all) const {
        auto const at = section<std::uint32_t>(offsets);
        auto const t = text(all);
        std::vector<std::string_view> out;
        if (at.empty() || at.front() != 0 || at.back() != t.size()) return broken("a list of texts");
        for (std::size_t i = 0; i + 1 < at.size(); ++i) {
            if (at[i] > at[i + 1]) return broken("a list of texts");
            out.push_back(t.substr(at[i], at[i + 1] - at[i]));
        }
        return out;
    }

    result<void> read_tables() {
        auto classes = texts(format::class_offsets, format::class_text),
             schemas = texts(format::schema_offsets, format::schema_text);
        if (!classes) return classes.error();
        if (!schemas) return schemas.error();
        auto class_codes = codes(format::class_codes, header_.class_width),
             schema_codes = codes(format::schema_codes, header_.schema_width);
        if (!class_codes) return class_codes.error();
        if (!schema_codes) return schema_codes.error();
        to_.classes_ = *class_codes;
        to_.schemas_ = *schema_codes;
        for (std::size_t row = 0; row < rows(); ++row)
            if (to_.classes_[row] >= classes->size() || to_.schemas_[row] >= schemas->size()) return broken("a class");
        to_.class_texts_ = std::move(*classes);
        for (auto s : *schemas) {
            auto& list = to_.schema_list_.emplace_back();
            while (!s.empty()) {
                std::uint32_t size = 0;
                if (s.size() < 5) return broken("a schema");
                std::memcpy(&size, s.data() + 1, 4);
                if (size > s.size() - 5) return broken("a schema");
                list.push_back({s.substr(5, size), static_cast<property_kind>(s[0])});
                s.remove_prefix(5 + size);
            }
        }
        return {};
    }

    result<void> read_columns() {
        auto const heads = section<format::column_head>(format::column_heads);
        if (heads.size() != header_.columns) return broken("number of columns");
        for (auto const& h : heads) {
            auto c = read_column(h);
            if (!c) return c.error();
            if (!to_.columns_.empty() && to_.columns_.back().name >= c->name) return broken("the columns are out of order");
            to_.columns_.push_back(*c);
        }
        to_.column_bytes_ = header_.sections[format::column_bytes].size + header_.sections[format::column_heads].size;
        return {};
    }

    result<column> read_column(format::column_head const& h) const {
        auto const all = text(format::column_bytes);
        auto const fits = [&](std::uint64_t begin, std::uint64_t size) {
            return begin <= all.size() && size <= all.size() - begin;
        };
        column c;
        std::uint64_t const texts = h.entries * std::uint64_t{h.ranges ? 2u : 1u};
        bool const ok = h.type <= 2 && is_width(h.width) && h.scale >= -1 && h.scale <= 9 && fits(h.name_begin, h.name_size) &&
                        fits(h.codes_begin, rows() * h.width) && h.codes_begin % 16 == 0 && h.offsets_begin % 16 == 0 &&
                        h.entries <= 0x10000 && fits(h.text_begin, h.text_size) && fits(h.offsets_begin, 4 * (texts + 1)) &&
                        h.unit > 0;
        if (!ok) return broken("a column");
        c.name = all.substr(h.name_begin, h.name_size);
        c.type = static_cast<column::kind>(h.type);
        c.codes = {reinterpret_cast<unsigned char const*>(all.data() + h.codes_begin), h.width, h.only};
        c.entries = h.entries;
        c.ranges = h.ranges != 0;
        c.ordered = h.ordered != 0;
        c.offsets = {reinterpret_cast<std::uint32_t const*>(all.data() + h.offsets_begin), static_cast<std::size_t>(texts + 1)};
        c.text = all.substr(h.text_begin, h.text_size);
        c.base = h.base, c.unit = h.unit, c.most = h.most, c.scale = h.scale;
        for (std::size_t i = 0; i + 1 < c.offsets.size(); ++i)
            if (c.offsets[i] > c.offsets[i + 1]) return broken("a column's entries");
        if (c.offsets.front() != 0 || c.offsets.back() != c.text.size()) return broken("a column's entries");
        if (c.type == column::kind::numbers && c.scale < 0) return broken("a column's scale");
        auto const limit = c.type == column::kind::values ? c.entries + column::first : c.most + 1;
        bool in_bounds = c.width_is_constant() ? c.codes.only < limit : true;
        if (!c.width_is_constant())
            in_bounds = c.codes.with_type([&](auto const& p) {
                bool all = true;
                for (std::size_t row = 0; row < rows(); ++row) all &= static_cast<std::uint64_t>(p[row]) < limit;
                return all;
            });
        // What the greatest code stands for must not overflow.
        bool const bounded =
            c.type == column::kind::values || (c.most < (std::uint64_t{1} << 62) / static_cast<std::uint64_t>(c.unit) &&
                                               std::abs(c.base) < (std::int64_t{1} << 62));
        if (!in_bounds || !bounded) return broken("a column's codes");
        return c;
    }

    segment& to_;
    std::span<std::byte const> bytes_;
    format::header header_{};
};

result<std::shared_ptr<segment const>> segment::open(std::shared_ptr<void const> owner, std::span<std::byte const> bytes) {
    auto s = std::make_shared<segment>();
    s->owner_ = std::move(owner);
    s->bytes_ = bytes;
    if (auto ok = segment_reader(*s, bytes).read(); !ok) return ok.error();
    return std::shared_ptr<segment const>(std::move(s));
}

std::size_t segment::first_at_or_before(instant t) const noexcept {
    std::size_t low = 0, high = rows_;
    while (low < high) {
        auto const middle = (low + high) / 2;
        if (sort_.at(middle) > t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

std::size_t segment::bytes_of_shapes() const noexcept {
    return bounds_.size_bytes() + second_rows_.size_bytes() + second_bounds_.size_bytes() + tree_.bytes() + shapes_.size_bytes() +
           ring_begins_.size_bytes() + ring_points_.size_bytes() + z_.size_bytes();
}

outline::kind segment::shape(std::size_t row) const noexcept {
    switch (shapes_[row]) {
        case 0:
            return outline::kind::none;
        case 1:
            return outline::kind::box;
        case 2:
            return outline::kind::other;
        case 3:
            return outline::kind::collection;
        default:
            return outline::kind::ring;
    }
}

std::size_t segment::ring(std::size_t row, std::array<point, outline::max_points>& out, double& error) const noexcept {
    std::size_t at = ring_begins_[row / 16];
    for (auto r = row / 16 * 16; r < row; ++r) at += format::stored_points(shapes_[r]);
    auto const within = bounds_[row].as_box();
    bool const with_error = (shapes_[row] & format::thinned) != 0;
    auto const n = format::stored_points(shapes_[row]) - (with_error ? 1 : 0);
    for (std::size_t i = 0; i < n; ++i) out[i] = unpack(ring_points_[at + i], within);
    error = with_error ? unpack_error(ring_points_[at + n], within) : 0;
    return n;
}

column const* segment::find_column(std::string_view name) const noexcept {
    auto const at =
        std::lower_bound(columns_.begin(), columns_.end(), name, [](column const& c, std::string_view n) { return c.name < n; });
    return at == columns_.end() || at->name != name ? nullptr : &*at;
}

}  // namespace fjord::stac
