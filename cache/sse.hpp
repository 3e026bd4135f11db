#pragma once
// Server-sent events as they arrive in pieces (WHATWG HTML, section 9.2.6). Pure.
#include "base/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::cache {

struct sse_event {
    std::string type;  // "message" when the stream names none
    std::string data;
    std::string id;  // the last one seen, also from earlier events
};

class sse_parser {
public:
    static constexpr std::size_t max_event = 1u << 20;  // bytes of one event, and of one line

    // Events that became complete, in order. errc::limit_exceeded: the stream must be given up.
    result<std::vector<sse_event>> feed(std::string_view bytes);
    std::optional<unsigned> retry_ms() const noexcept { return retry_ms_; }  // what the server asked for

private:
    void line(std::string_view text, std::vector<sse_event>& out);

    std::string partial_;
    bool skip_newline_ = false;  // the last byte was CR
    bool started_ = false;
    std::string type_, data_, id_;
    bool has_data_ = false;
    std::optional<unsigned> retry_ms_;
};

}  // namespace fjord::cache
