#include "cache/sse.hpp"

#include <algorithm>

namespace fjord::cache {

result<std::vector<sse_event>> sse_parser::feed(std::string_view bytes) {
    std::vector<sse_event> out;
    for (char c : bytes) {
        bool after_cr = std::exchange(skip_newline_, false);
        if (c == '\n' && after_cr) continue;
        if (c != '\n' && c != '\r') {
            if (partial_.size() >= max_event) return fail(errc::limit_exceeded, "a line of the event stream is over 1 MiB");
            partial_.push_back(c);
            continue;
        }
        skip_newline_ = c == '\r';
        std::string_view text = partial_;
        if (!std::exchange(started_, true) && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
        line(text, out);
        partial_.clear();
        if (data_.size() > max_event) return fail(errc::limit_exceeded, "an event is over 1 MiB");
    }
    return out;
}

void sse_parser::line(std::string_view text, std::vector<sse_event>& out) {
    if (text.empty()) {
        if (has_data_) {
            data_.pop_back();  // the last line feed
            out.push_back({type_.empty() ? "message" : type_, data_, id_});
        }
        type_.clear();
        data_.clear();
        has_data_ = false;
        return;
    }
    auto colon = text.find(':');
    if (colon == 0) return;  // comment, keeps the connection alive
    auto field = text.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") {
        type_ = value;
    } else if (field == "data") {
        data_.append(value).push_back('\n');
        has_data_ = true;
    } else if (field == "id") {
        if (value.find('\0') == std::string_view::npos) id_ = value;
    } else if (field == "retry") {
        bool digits = !value.empty() && value.size() <= 7 &&
                      std::all_of(value.begin(), value.end(), [](char d) { return d >= '0' && d <= '9'; });
        if (digits) retry_ms_ = static_cast<unsigned>(std::stoul(std::string(value)));
    }
}

}  // namespace fjord::cache
