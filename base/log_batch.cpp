#include "base/log_batch.hpp"

#include "base/json.hpp"

#include <algorithm>
#include <charconv>

namespace fjord {

namespace {

constexpr std::size_t enough = 32u << 10;

void append_number(std::string& out, std::uint64_t number) {
    char digits[20];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_three_digits(std::string& out, std::uint64_t below_1000) {
    char const digits[] = {static_cast<char>('0' + below_1000 / 100), static_cast<char>('0' + below_1000 / 10 % 10),
                           static_cast<char>('0' + below_1000 % 10)};
    out.append(digits, sizeof digits);
}

// Text that json_quote() would only put quotes around.
bool is_plain(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

}  // namespace

log_batch::log_batch(std::string_view module) : module_(module), module_name_(json_quote(module)) {
    text_.reserve(enough + (4u << 10));
}

log_batch::~log_batch() { flush(); }

void log_batch::begin(log_level level, std::string_view msg) {
    auto const now = system_clock().now();
    auto const second = std::chrono::floor<seconds>(now);
    if (second != second_ || second_text_.empty()) {
        second_ = second;
        second_text_ = format_rfc3339(second);
        second_text_.pop_back();  // the 'Z'
    }
    text_.append("{\"t\":\"").append(second_text_).append(".");
    append_three_digits(text_, static_cast<std::uint64_t>((now - second).count()));
    text_.append("Z\",\"level\":\"").append(name_of(level)).append("\",\"module\":").append(module_name_);
    text_.append(",\"msg\":\"").append(msg).append("\"");
}

void log_batch::field(std::string_view key, std::string_view value) {
    text_.append(",\"").append(key).append("\":");
    if (value.size() <= max_log_text && is_plain(value) && !needs_scrubbing(value))
        text_.append("\"").append(value).append("\"");
    else
        text_.append(log_quoted(value));
}

void log_batch::field(std::string_view key, std::uint64_t number) {
    text_.append(",\"").append(key).append("\":");
    append_number(text_, number);
}

void log_batch::milliseconds_field(std::string_view key, std::chrono::nanoseconds duration) {
    auto const micros = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0)) / 1000;
    field(key, micros / 1000);
    text_.append(".");
    append_three_digits(text_, micros % 1000);
}

void log_batch::end() {
    text_.append("}\n");
    if (text_.size() >= enough) flush();
}

void log_batch::flush() {
    if (text_.empty()) return;
    write_log_lines(text_);
    text_.clear();
}

}  // namespace fjord
