#pragma once
// Framing of several ranges in one answer: multipart/byteranges (RFC 9110 section 14.6). Pure.
#include "base/byte_range.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fjord::cache {

struct multipart_frame {
    std::string content_type;        // of the answer
    std::vector<std::string> heads;  // goes before the bytes of each span
    std::string tail;                // goes after the last
    std::uint64_t length = 0;        // of the whole body
};

// `boundary` must be random: nothing in the content may be taken for it.
multipart_frame frame_ranges(std::vector<byte_span> const& spans, std::uint64_t size, std::string_view media_type,
                             std::string_view boundary);

}  // namespace fjord::cache
