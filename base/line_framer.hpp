#pragma once
// Cuts a stream of text lines (NDJSON, RFC 8142 text sequences) into batches of whole lines, with one copy of the bytes and
// bounded memory. Lines are numbered from 1, blank ones are counted and left out, the end of a line is LF or CR LF, and a record
// separator (0x1E) before a line is dropped. A line over the limit is reported in its place, without its text, and costs nothing
// but itself. Plain values, one thread at a time.
//
//   framer.put(bytes);
//   if (framer.bytes() > full) handle(framer.take());
//   ... at the end: framer.finish(); handle(framer.take());
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fjord {

struct text_line {
    std::uint64_t number = 0;
    std::size_t begin = 0, end = 0;  // in the text of its batch
    bool too_long = false;           // then begin == end
};

struct line_batch {
    std::string text;
    std::vector<text_line> lines;
    std::string_view of(text_line const& l) const { return std::string_view(text).substr(l.begin, l.end - l.begin); }
};

class line_framer {
public:
    explicit line_framer(std::size_t max_line) : max_line_(max_line) {}

    void put(std::string_view bytes);
    void finish();  // what is left is a line without its end

    std::size_t bytes() const noexcept { return line_begin_; }  // of whole lines that wait
    std::size_t lines() const noexcept { return lines_.size(); }
    std::size_t held() const noexcept { return text_.size(); }  // bytes, of the line that has begun, too
    line_batch take();                                          // the whole lines; what has begun stays

private:
    void end_line(std::size_t end);

    std::size_t max_line_;
    std::string text_;            // whole lines, then the one that has begun
    std::size_t line_begin_ = 0;  // of the line that has begun
    bool skipping_ = false;       // that line is over the limit
    std::uint64_t number_ = 1;    // of that line
    std::vector<text_line> lines_;
};

}  // namespace fjord
