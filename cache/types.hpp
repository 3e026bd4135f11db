#pragma once
// How the cache cuts objects: blocks of 64 KiB are the unit of filling, presence and checksum; extents of 16 MiB are the
// unit of eviction. File ids grow and are never used twice, so that bytes of one file never verify as those of another.
#include "base/byte_range.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

namespace fjord::cache {

using file_id = std::uint64_t;    // 1.. ; 0 is "none"
using block_no = std::uint32_t;   // within its object
using extent_no = std::uint32_t;  // within its object

inline constexpr std::uint64_t block_size = 64u << 10;
inline constexpr block_no blocks_per_extent = 256;
inline constexpr std::uint64_t extent_size = block_size * blocks_per_extent;
inline constexpr std::uint64_t max_object_size = extent_size << 24;  // 256 TiB: what an extent_key can name

// The bytes of one block as they came from the source; shared by the readers that wait for it and the disk writer.
using block_bytes = std::shared_ptr<std::string const>;

// [first, end) in blocks.
struct block_run {
    block_no first = 0;
    block_no end = 0;
    block_no size() const noexcept { return end - first; }
    bool empty() const noexcept { return first >= end; }
    friend bool operator==(block_run const&, block_run const&) = default;
};

// One extent of one file as a single number: 40 bits of file id, 24 bits of extent number.
enum class extent_key : std::uint64_t {};

constexpr extent_key key_of(file_id f, extent_no e) noexcept { return extent_key{(f << 24) | e}; }
constexpr file_id file_of(extent_key k) noexcept { return static_cast<std::uint64_t>(k) >> 24; }
constexpr extent_no extent_of(extent_key k) noexcept { return static_cast<std::uint64_t>(k) & 0xffffff; }

constexpr block_no blocks_in(std::uint64_t size) noexcept { return static_cast<block_no>((size + block_size - 1) / block_size); }
constexpr extent_no extents_in(std::uint64_t size) noexcept {
    return static_cast<extent_no>((size + extent_size - 1) / extent_size);
}

// The bytes of block b in an object of `size` bytes; the last block may be short.
constexpr byte_span span_of(block_no b, std::uint64_t size) noexcept {
    return {b * block_size, std::min<std::uint64_t>((b + std::uint64_t{1}) * block_size, size)};
}

// The blocks that hold a span of bytes.
inline block_run blocks_of(byte_span span) noexcept {
    if (span.empty()) return {};
    return {static_cast<block_no>(span.begin / block_size), static_cast<block_no>((span.end + block_size - 1) / block_size)};
}

}  // namespace fjord::cache
