#include "stac/json_writer.hpp"

#include "base/json.hpp"

#include <charconv>
#include <cmath>

namespace fjord::stac {

std::string number_text(double value) {
    if (std::isnan(value)) return "\"nan\"";
    if (std::isinf(value)) return value > 0 ? "\"inf\"" : "\"-inf\"";
    char buffer[64];
    bool const whole = value == std::trunc(value) && std::abs(value) < 9e15;
    auto const end = whole ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<std::int64_t>(value)).ptr
                           : std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return std::string(buffer, end);
}

void json_writer::separate() {
    if (after_value_) out_ += ',';
    after_value_ = true;
}
json_writer& json_writer::open(char bracket) {
    separate();
    out_ += bracket;
    after_value_ = false;
    return *this;
}
json_writer& json_writer::close(char bracket) {
    out_ += bracket;
    after_value_ = true;
    return *this;
}
json_writer& json_writer::key(std::string_view name) {
    separate();
    (out_ += json_quote(name)) += ':';
    after_value_ = false;
    return *this;
}
json_writer& json_writer::raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
}
json_writer& json_writer::text(std::string_view value) { return raw(json_quote(value)); }
json_writer& json_writer::number(double value) { return raw(number_text(value)); }
json_writer& json_writer::integer(std::int64_t value) { return raw(std::to_string(value)); }
json_writer& json_writer::boolean(bool value) { return raw(value ? "true" : "false"); }
json_writer& json_writer::null() { return raw("null"); }

}  // namespace fjord::stac
