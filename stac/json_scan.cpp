#include "stac/json_scan.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fjord::stac {
namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t skip_space(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && is_space(text[at])) ++at;
    return at;
}

#if defined(__SSE2__)
// One bit for each of the 64 bytes at `p` that is `c`, after setting the bits of `also` in it.
std::uint64_t bytes_equal(char const* p, char c, char also = 0) noexcept {
    auto const wanted = _mm_set1_epi8(c), set = _mm_set1_epi8(also);
    std::uint64_t mask = 0;
    for (int i = 0; i < 4; ++i) {
        auto const v = _mm_or_si128(_mm_loadu_si128(reinterpret_cast<__m128i const*>(p + 16 * i)), set);
        mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(v, wanted)))) << (16 * i);
    }
    return mask;
}

// Bit i: whether an odd number of bits is set in 0..i.
std::uint64_t odd_up_to(std::uint64_t bits) noexcept {
    for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
    return bits;
}
#endif

// `at` is on the opening quote; gives the position after the closing one.
std::size_t skip_string(std::string_view text, std::size_t at) noexcept {
    ++at;
#if defined(__SSE2__)
    auto const quote = _mm_set1_epi8('"'), escape = _mm_set1_epi8('\\');
    for (; at + 16 <= text.size(); at += 16) {
        auto const v = _mm_loadu_si128(reinterpret_cast<__m128i const*>(text.data() + at));
        auto const hit = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, escape)));
        if (hit == 0) continue;
        at += static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(hit)));
        if (text[at] == '"') return at + 1;
        break;
    }
#endif
    for (; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            return at + 1;
        }
    }
    return text.size();
}

// The position after the object or array that begins at `at`. Nesting is counted, not recursed into.
std::size_t skip_container(std::string_view text, std::size_t at) noexcept {
    std::size_t depth = 0;
    while (at < text.size()) {
        auto stop = text.size();
#if defined(__SSE2__)
        // 64 bytes at a time, as long as none is a backslash: what lies between quotes follows from their parity.
        bool in_string = false;
        for (; at + 64 <= text.size(); at += 64) {
            auto const* p = text.data() + at;
            if (bytes_equal(p, '\\') != 0) break;
            auto const inside = odd_up_to(bytes_equal(p, '"')) ^ (in_string ? ~std::uint64_t{0} : 0);
            // '[' and ']' become '{' and '}' by one bit.
            auto const open = bytes_equal(p, '{', 0x20) & ~inside, close = bytes_equal(p, '}', 0x20) & ~inside;
            auto const closes = static_cast<std::size_t>(std::popcount(close));
            if (depth > closes) {
                depth += static_cast<std::size_t>(std::popcount(open)) - closes;
            } else {
                for (auto both = open | close; both != 0; both &= both - 1) {
                    auto const bit = both & -both;
                    if ((open & bit) != 0)
                        ++depth;
                    else if (--depth == 0)
                        return at + static_cast<std::size_t>(std::countr_zero(bit)) + 1;
                }
            }
            in_string = (inside >> 63) != 0;
        }
        stop = std::min(text.size(), at + 64);
        if (in_string) at = skip_string(text, at - 1);
#endif
        while (at < stop) {
            char const c = text[at];
            if (c == '"') {
                at = skip_string(text, at);
                continue;
            }
            if (c == '{' || c == '[') ++depth;
            if ((c == '}' || c == ']') && (depth == 0 || --depth == 0)) return at + 1;
            ++at;
        }
    }
    return text.size();
}

// The position after the value that begins at `at`.
std::size_t skip_value(std::string_view text, std::size_t at) noexcept {
    if (at >= text.size()) return text.size();
    if (text[at] == '"') return skip_string(text, at);
    if (text[at] == '{' || text[at] == '[') return skip_container(text, at);
    while (at < text.size() && text[at] != ',' && text[at] != '}' && text[at] != ']' && !is_space(text[at])) ++at;
    return at;
}

void append_utf8(std::string& out, std::uint32_t cp) {
    if (cp < 0x80) {
        out += static_cast<char>(cp);
    } else if (cp < 0x800) {
        out += static_cast<char>(0xC0 | (cp >> 6));
        out += static_cast<char>(0x80 | (cp & 0x3F));
    } else if (cp < 0x10000) {
        out += static_cast<char>(0xE0 | (cp >> 12));
        out += static_cast<char>(0x80 | ((cp >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (cp & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (cp >> 18));
        out += static_cast<char>(0x80 | ((cp >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((cp >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (cp & 0x3F));
    }
}

std::uint32_t hex4(std::string_view text, std::size_t at) noexcept {
    std::uint32_t value = 0xFFFD;
    if (at + 4 <= text.size()) std::from_chars(text.data() + at, text.data() + at + 4, value, 16);
    return value;
}

// `at` is on the first hex digit after \u; gives the position after the escape (both halves of a surrogate pair).
std::size_t decode_unicode_escape(std::string_view raw, std::size_t at, std::string& out) {
    std::uint32_t cp = hex4(raw, at);
    at += 4;
    bool const high = cp >= 0xD800 && cp < 0xDC00;
    if (high && at + 6 <= raw.size() && raw[at] == '\\' && raw[at + 1] == 'u') {
        std::uint32_t const low = hex4(raw, at + 2);
        if (low >= 0xDC00 && low < 0xE000) {
            append_utf8(out, 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00));
            return at + 6;
        }
    }
    append_utf8(out, cp >= 0xD800 && cp < 0xE000 ? 0xFFFD : cp);
    return at;
}

char simple_escape(char c) noexcept {
    switch (c) {
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return c;
    }
}

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

bool json_member::is(std::string_view key) const {
    if (raw_key.find('\\') == std::string_view::npos) return raw_key == key;
    return decode_raw_string(raw_key) == key;
}

std::string json_member::key() const { return decode_raw_string(raw_key); }

member_walk::member_walk(std::string_view object) : text_(trimmed(object)), at_(1) {
    if (text_.empty() || text_.front() != '{') text_ = {};
}

std::optional<json_member> member_walk::next() {
    at_ = skip_space(text_, at_);
    if (at_ < text_.size() && text_[at_] == ',') at_ = skip_space(text_, at_ + 1);
    if (at_ >= text_.size() || text_[at_] != '"') return std::nullopt;
    auto const key_begin = at_;
    auto const key_end = skip_string(text_, at_);
    if (key_end < key_begin + 2) return std::nullopt;
    at_ = skip_space(text_, key_end);
    if (at_ < text_.size() && text_[at_] == ':') at_ = skip_space(text_, at_ + 1);
    auto const value_begin = at_;
    at_ = skip_value(text_, at_);
    return json_member{text_.substr(key_begin + 1, key_end - key_begin - 2), text_.substr(value_begin, at_ - value_begin),
                       text_.substr(key_begin, at_ - key_begin)};
}

element_walk::element_walk(std::string_view array) : text_(trimmed(array)), at_(1) {
    if (text_.empty() || text_.front() != '[') text_ = {};
}

std::optional<std::string_view> element_walk::next() {
    at_ = skip_space(text_, at_);
    if (at_ < text_.size() && text_[at_] == ',') at_ = skip_space(text_, at_ + 1);
    if (at_ >= text_.size() || text_[at_] == ']') return std::nullopt;
    auto const begin = at_;
    at_ = skip_value(text_, at_);
    if (at_ == begin) return std::nullopt;
    return text_.substr(begin, at_ - begin);
}

json_kind kind_of(std::string_view value) noexcept {
    if (value.empty()) return json_kind::null;
    switch (value.front()) {
        case '{':
            return json_kind::object;
        case '[':
            return json_kind::array;
        case '"':
            return json_kind::string;
        case 't':
        case 'f':
            return json_kind::boolean;
        case 'n':
            return json_kind::null;
        default:
            return json_kind::number;
    }
}

std::optional<std::string_view> find_member(std::string_view object, std::string_view key) {
    member_walk walk(object);
    while (auto m = walk.next())
        if (m->is(key)) return m->value;
    return std::nullopt;
}

std::string decode_raw_string(std::string_view raw) {
    if (raw.find('\\') == std::string_view::npos) return std::string(raw);
    std::string out;
    out.reserve(raw.size());
    for (std::size_t at = 0; at < raw.size();) {
        if (raw[at] != '\\' || at + 1 >= raw.size()) {
            out += raw[at++];
        } else if (raw[at + 1] == 'u') {
            at = decode_unicode_escape(raw, at + 2, out);
        } else {
            out += simple_escape(raw[at + 1]);
            at += 2;
        }
    }
    return out;
}

std::string decode_string(std::string_view quoted) {
    if (quoted.size() < 2) return {};
    return decode_raw_string(quoted.substr(1, quoted.size() - 2));
}

std::optional<double> decode_number(std::string_view value) {
    double number = 0;
    auto const [end, ec] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (ec != std::errc() || end != value.data() + value.size()) return std::nullopt;
    return number;
}

std::string merge_patch(std::string_view target, std::string_view patch) {
    patch = trimmed(patch);
    target = trimmed(target);
    if (kind_of(patch) != json_kind::object) return std::string(patch);
    if (kind_of(target) != json_kind::object) target = "{}";
    std::string out = "{";
    auto add = [&out](std::string_view raw_key, std::string_view value) {
        if (out.size() > 1) out += ',';
        ((((out += '"') += raw_key) += "\":") += value);
    };
    std::vector<std::string> seen;
    member_walk old_members(target);
    while (auto m = old_members.next()) {
        seen.push_back(m->key());
        auto const change = find_member(patch, seen.back());
        if (!change) {
            add(m->raw_key, m->value);
        } else if (kind_of(*change) != json_kind::null) {
            add(m->raw_key, merge_patch(m->value, *change));
        }
    }
    member_walk new_members(patch);
    while (auto m = new_members.next()) {
        auto const key = m->key();
        bool const known = std::find(seen.begin(), seen.end(), key) != seen.end();
        // A new member is merged into nothing, so that nulls nested in the patch do not survive.
        if (!known && kind_of(m->value) != json_kind::null) add(m->raw_key, merge_patch("{}", m->value));
    }
    return out += '}';
}

}  // namespace fjord::stac
