#pragma once
// How a segment lies in bytes: a header, a table of sections, the sections, each aligned to 16, all integers in the machine's
// order (a file of another machine is refused by its magic). Private to segment.cpp and segment_builder.cpp.
#include "stac/outline.hpp"

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace fjord::stac::format {

inline constexpr std::uint64_t magic = 0x3330'4745'534a'4621;  // changes with the layout

enum section : std::uint32_t {
    ids_alphabet,  // empty: front-coded
    ids_text,
    ids_blocks,
    ids_rank_of_row,
    ids_row_of_rank,
    ids_bloom,
    stamps,
    time_heads,  // time_head[3]: sort, start, end
    sort_codes,
    start_codes,
    end_codes,
    no_datetime,
    bounds,
    second_rows,
    second_bounds,
    tree_rows,
    tree_nodes,
    shapes,  // see ring_shape
    ring_begins,
    ring_points,
    z,
    class_codes,
    class_offsets,
    class_text,
    schema_codes,
    schema_offsets,
    schema_text,
    column_heads,
    column_bytes,
    section_count
};

struct header {
    std::uint64_t magic;
    std::uint32_t crc;  // CRC-32C of everything after this member
    std::uint32_t rows;
    std::uint64_t size;  // of the whole
    std::uint32_t class_width, schema_width;
    std::uint32_t names_all;
    std::uint32_t columns;
    struct {
        std::uint64_t begin, size;
    } sections[section_count];
};
inline constexpr std::size_t checked_from = 12;

struct time_head {
    std::int64_t base;
    std::uint64_t unit;
    std::uint32_t width, present;
};

struct column_head {
    std::uint64_t name_begin, codes_begin, offsets_begin, text_begin, text_size;  // in column_bytes
    std::uint32_t name_size, entries;
    std::int64_t base, unit;
    std::uint64_t only, most;
    std::uint8_t type, width, ranges, ordered;
    std::int8_t scale;
    std::uint8_t unused[3];
};

// 0 none, 1 box, 2 other, 3 collection, else a ring: of one point less; with `thinned`, the last one is its error.
constexpr std::uint8_t thinned = 32;
constexpr std::uint8_t ring_shape(std::size_t points, bool with_error) noexcept {
    return static_cast<std::uint8_t>((points + 1) | (with_error ? thinned : 0));
}
constexpr std::size_t stored_points(std::uint8_t shape) noexcept {
    return shape < 4 ? 0 : (shape & (thinned - 1)) - 1u + (shape & thinned ? 1 : 0);
}

constexpr std::size_t aligned(std::size_t n) noexcept { return (n + 15) / 16 * 16; }

// Bytes after the last section: codes of odd widths are read eight bytes at a time.
inline constexpr std::size_t spare = 16;

// Appends bytes at the next multiple of 16; answers where they begin.
inline std::size_t put(std::string& out, void const* data, std::size_t size) {
    out.resize(aligned(out.size()));
    auto const begin = out.size();
    if (size != 0) out.append(static_cast<char const*>(data), size);
    return begin;
}

// Codes in `width` bytes each.
inline std::string packed(std::span<std::uint64_t const> codes, std::uint8_t width) {
    std::string out(codes.size() * width, '\0');
    // Least significant bytes first: the machine's order, or the magic would not match.
    for (std::size_t i = 0; i < codes.size(); ++i) std::memcpy(out.data() + i * width, &codes[i], width);
    return out;
}

}  // namespace fjord::stac::format
