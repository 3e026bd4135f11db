// Names and percent-encoding: what may stand in a path, checked once, after decoding once.
#include "base/dataset_uri.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

namespace fjord {

namespace {

constexpr std::size_t max_name = 255;        // bytes; also what file systems take
constexpr std::size_t max_path = 16u << 10;  // bytes, encoded

constexpr std::string_view unreserved_marks = "-._~";
constexpr std::string_view segment_marks = "-._~!$&'()*+,;=:@";  // unreserved, sub-delims, ':' and '@': pchar of RFC 3986

std::string encode(std::string_view text, std::string_view keep) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (char c : text) {
        if (is_alpha(c) || is_digit(c) || keep.find(c) != std::string_view::npos) {
            out += c;
        } else {
            auto const byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15u];
        }
    }
    return out;
}

// Why a decoded text may not be a path segment; empty when it may.
std::string_view fault_of_segment(std::string_view segment) {
    if (segment.empty()) return "it is empty";
    if (segment == "." || segment == "..") return "'.' and '..' are not names";
    if (segment.find('/') != std::string_view::npos) return "it contains an encoded slash";
    if (segment.find('\\') != std::string_view::npos) return "it contains a backslash";
    if (!is_valid_utf8(segment)) return "it is not valid UTF-8";
    if (has_control_characters(segment)) return "it contains a control character";
    if (!is_nfc(segment)) return "it is not in Unicode normal form C; write composed characters (NFC)";
    return {};
}

error bad_path(std::size_t index, std::string_view why) {
    return fail(errc::invalid_argument, "path segment " + std::to_string(index) + " is not allowed: " + std::string(why));
}

}  // namespace

result<void> check_name(std::string_view what, std::string_view name) {
    std::string_view why = fault_of_segment(name);
    if (why.empty() && name.size() > max_name) why = "it is longer than 255 bytes";
    if (why.empty()) return {};
    return fail(errc::invalid_argument, std::string(what) + " is not a valid name: " + std::string(why));
}

std::string encode_segment(std::string_view segment) { return encode(segment, segment_marks); }
std::string encode_query(std::string_view value) { return encode(value, unreserved_marks); }

result<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            int const high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            int const low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) return fail(errc::invalid_argument, "'%' must be followed by two hex digits");
            c = static_cast<char>(high << 4 | low);
            i += 2;
        }
        if (c == '\0') return fail(errc::invalid_argument, "a NUL byte is not allowed");
        out += c;
    }
    return out;
}

result<decoded_path> decode_path(std::string_view raw_path) {
    if (raw_path.empty() || raw_path.front() != '/') return fail(errc::invalid_argument, "the path must start with '/'");
    if (raw_path.size() > max_path) return fail(errc::invalid_argument, "the path is longer than 16 KiB");
    decoded_path out;
    raw_path.remove_prefix(1);
    if (raw_path.empty()) return out;
    if (raw_path.back() == '/') {
        out.trailing_slash = true;
        raw_path.remove_suffix(1);
    }
    for (bool more = true; more;) {
        more = raw_path.find('/') != std::string_view::npos;
        auto segment = percent_decode(take_until(raw_path, '/'));
        if (!segment) return bad_path(out.segments.size() + 1, segment.error().detail);
        if (auto const why = fault_of_segment(*segment); !why.empty()) return bad_path(out.segments.size() + 1, why);
        out.segments.push_back(std::move(*segment));
    }
    return out;
}

}  // namespace fjord
