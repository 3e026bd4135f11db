#pragma once
// Two kinds of range that must not be mixed: HTTP's closed range as sent (RFC 9110 section 14) and our half-open span.
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord {

// [begin, end) in bytes.
struct byte_span {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t size() const noexcept { return end - begin; }
    bool empty() const noexcept { return begin >= end; }
    friend bool operator==(byte_span const&, byte_span const&) = default;
};

// One range-spec as sent: first-last (closed), first- (open), -suffix.
struct http_range {
    std::optional<std::uint64_t> first;
    std::optional<std::uint64_t> last;  // with no `first`: the suffix length
};

enum class range_verdict {
    whole,          // no Range, another unit, or a malformed field: answer 200 with everything (RFC 9110 14.2)
    partial,        // 206 with `spans`
    unsatisfiable,  // 416 with Content-Range: bytes */size
};

struct range_answer {
    range_verdict verdict = range_verdict::whole;
    std::vector<byte_span> spans;  // in the order asked, overlaps coalesced, clipped to the size
};

inline constexpr std::size_t max_ranges = 16;  // more than this is answered as whole (CVE-2011-3192 class)

// What to answer to a Range field for a representation of `size` bytes. Never fails: bad input reads as `whole`.
// Coalescing bounds the bytes answered by the size of the representation.
range_answer resolve_ranges(std::string_view range_field, std::uint64_t size);

std::string content_range(byte_span span, std::uint64_t size);  // "bytes 0-9/100"
std::string range_field(byte_span span);                        // "bytes=0-9"

}  // namespace fjord
