#include "base/utf8.hpp"

namespace fjord {

namespace {

unsigned byte_at(std::string_view text, std::size_t i) noexcept { return static_cast<unsigned char>(text[i]); }

bool continues(std::string_view text, std::size_t i) noexcept { return i < text.size() && (byte_at(text, i) & 0xC0u) == 0x80u; }

}  // namespace

std::size_t utf8_sequence(std::string_view text) noexcept {
    unsigned const lead = byte_at(text, 0);
    if (lead < 0x80) return 1;
    if (lead < 0xC2 || lead > 0xF4) return 0;
    std::size_t const length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    for (std::size_t i = 1; i < length; ++i) {
        if (!continues(text, i)) return 0;
    }
    unsigned const second = length > 2 ? byte_at(text, 1) : 0;
    bool const overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    bool const surrogate = lead == 0xED && second > 0x9F;
    bool const too_large = lead == 0xF4 && second > 0x8F;
    return overlong || surrogate || too_large ? 0 : length;
}

bool is_valid_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        auto const n = utf8_sequence(text);
        if (n == 0) return false;
        text.remove_prefix(n);
    }
    return true;
}

bool has_control_characters(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned const c = byte_at(text, i);
        if (c < 0x20 || c == 0x7F) return true;
        if (c == 0xC2 && i + 1 < text.size() && byte_at(text, i + 1) < 0xA0) return true;
    }
    return false;
}

std::string to_valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        auto const n = utf8_sequence(text);
        if (n == 0) {
            out += "\xEF\xBF\xBD";
        } else {
            out += text.substr(0, n);
        }
        text.remove_prefix(n == 0 ? 1 : n);
    }
    return out;
}

}  // namespace fjord
