#include "base/line_framer.hpp"

namespace fjord {
namespace {

constexpr char record_separator = '\x1e';

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

}  // namespace

void line_framer::put(std::string_view bytes) {
    auto from = text_.size();
    text_ += bytes;
    for (auto end = text_.find('\n', from); end != std::string::npos; end = text_.find('\n', from)) {
        end_line(end);
        from = line_begin_ = end + 1;
    }
    if (skipping_ || text_.size() - line_begin_ > max_line_) {
        skipping_ = true;
        text_.resize(line_begin_);  // its bytes are not kept
    }
}

void line_framer::finish() {
    if (text_.size() > line_begin_ || skipping_) end_line(text_.size());
    line_begin_ = text_.size();
}

void line_framer::end_line(std::size_t end) {
    auto begin = line_begin_;
    auto const number = number_++;
    if (skipping_ || end - begin > max_line_) {
        skipping_ = false;
        lines_.push_back({number, begin, begin, true});
        return;
    }
    while (begin < end && (is_space(text_[begin]) || text_[begin] == record_separator)) ++begin;
    while (end > begin && is_space(text_[end - 1])) --end;
    if (begin < end) lines_.push_back({number, begin, end, false});
}

line_batch line_framer::take() {
    line_batch out;
    std::string rest(text_, line_begin_);
    out.text = std::move(text_);
    out.text.resize(line_begin_);
    out.lines = std::move(lines_);
    lines_.clear();
    text_ = std::move(rest);
    line_begin_ = 0;
    return out;
}

}  // namespace fjord
