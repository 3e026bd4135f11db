#pragma once
// What the cache writes down about an object and its extents, as bytes for the index. Decoding never trusts its input: a
// record that does not parse reads as absent, and the object is fetched again.
//
//   object   key: file id (8 bytes, big endian)
//            value: format (1), flags (1: verified, 2: superseded, 4: hidden), size (8), stored ms (8), then six texts, each with
//            a 16-bit length: path, version, sha-256 (0 or 32 bytes), media type, etag, last-modified; all little endian
//   extent   key: extent_key (8 bytes, big endian)
//            value: format (1), blocks (2), presence bitmap, one crc32c (4) per present block
#include "base/clock.hpp"
#include "base/digest.hpp"
#include "cache/types.hpp"

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::cache {

// One instance: a path in one version. Immutable but for the flags.
struct object_meta {
    std::string path;     // "C/I/A/member", percent-encoded; for generic origins "prefix/..." with the query
    std::string version;  // "sha-256:HEX", or a validator of a generic origin
    std::optional<digest> sha256;
    std::uint64_t size = 0;
    std::string media_type;
    std::string etag;           // quoted and strong
    std::string last_modified;  // HTTP date, may be empty
    wall_time stored{};         // when the first byte came
    bool verified = false;      // all blocks on disk belong to a copy whose sha-256 matched
    bool superseded = false;    // the catalog named another version since
    bool hidden = false;        // purged or dropped: its file goes as soon as nobody reads it
};

// Presence and checksums of one extent.
struct extent_record {
    std::bitset<blocks_per_extent> present;
    std::vector<std::uint32_t> crc;  // one slot per block of the extent; meaningful where present
};

std::string encode_id(std::uint64_t id);
std::optional<std::uint64_t> decode_id(std::string_view key);

std::string encode(object_meta const& meta);
std::optional<object_meta> decode_object(std::string_view bytes);

std::string encode(extent_record const& extent);
std::optional<extent_record> decode_extent(std::string_view bytes);

// Bound to its place: the same bytes in another file or at another offset have another checksum.
std::uint32_t block_checksum(file_id f, block_no b, std::string_view bytes) noexcept;

}  // namespace fjord::cache
