#include "cache/multipart.hpp"

namespace fjord::cache {

multipart_frame frame_ranges(std::vector<byte_span> const& spans, std::uint64_t size, std::string_view media_type,
                             std::string_view boundary) {
    multipart_frame frame;
    frame.content_type = "multipart/byteranges; boundary=" + std::string(boundary);
    for (auto const& span : spans) {
        std::string head = frame.heads.empty() ? "--" : "\r\n--";
        head.append(boundary).append("\r\n");
        if (!media_type.empty()) head.append("Content-Type: ").append(media_type).append("\r\n");
        head.append("Content-Range: ").append(content_range(span, size)).append("\r\n\r\n");
        frame.length += head.size() + span.size();
        frame.heads.push_back(std::move(head));
    }
    frame.tail.append("\r\n--").append(boundary).append("--\r\n");
    frame.length += frame.tail.size();
    return frame;
}

}  // namespace fjord::cache
