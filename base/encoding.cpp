// Hex and base64 (RFC 4648), strict: no white space, no stray bits, padding as the alphabet demands.
#include "base/digest.hpp"
#include "base/error.hpp"

#include <array>

namespace fjord {

namespace {

struct alphabet {
    std::string_view letters;
    bool padded;
    std::string_view name;
};
constexpr alphabet standard{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true, "base64"};
constexpr alphabet url_safe{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false, "base64url"};

constexpr std::array<std::int8_t, 256> reverse_of(alphabet const& a) {
    std::array<std::int8_t, 256> table{};
    for (auto& entry : table) entry = -1;
    for (std::size_t i = 0; i < a.letters.size(); ++i)
        table[static_cast<unsigned char>(a.letters[i])] = static_cast<std::int8_t>(i);
    return table;
}
constexpr auto standard_reverse = reverse_of(standard);
constexpr auto url_safe_reverse = reverse_of(url_safe);

std::string encode(std::string_view bytes, alphabet const& a) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t window = 0;
    unsigned bits = 0;
    for (unsigned char b : bytes) {
        window = window << 8 | b;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            out += a.letters[window >> bits & 63u];
        }
    }
    if (bits > 0) out += a.letters[window << (6 - bits) & 63u];
    while (a.padded && out.size() % 4 != 0) out += '=';
    return out;
}

error malformed(alphabet const& a, std::string_view why) {
    return fail(errc::invalid_argument, "malformed " + std::string(a.name) + ": " + std::string(why));
}

result<std::string> decode(std::string_view text, alphabet const& a, std::array<std::int8_t, 256> const& reverse) {
    if (a.padded) {
        if (text.size() % 4 != 0) return malformed(a, "the length is not a multiple of 4");
        for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
    }
    if (text.size() % 4 == 1) return malformed(a, "the text is cut");
    std::string out;
    out.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t window = 0;
    unsigned bits = 0;
    for (unsigned char c : text) {
        if (reverse[c] < 0) return malformed(a, "a character outside the alphabet");
        window = window << 6 | static_cast<std::uint32_t>(reverse[c]);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>(window >> bits & 0xFFu);
        }
    }
    if ((window & ((1u << bits) - 1)) != 0) return malformed(a, "bits after the last byte are not zero");
    return out;
}

}  // namespace

std::string to_hex(std::span<std::byte const> bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (auto b : bytes) {
        out += digits[std::to_integer<unsigned>(b) >> 4];
        out += digits[std::to_integer<unsigned>(b) & 15u];
    }
    return out;
}

std::string base64_encode(std::string_view bytes) { return encode(bytes, standard); }
std::string base64url_encode(std::string_view bytes) { return encode(bytes, url_safe); }
result<std::string> base64_decode(std::string_view text) { return decode(text, standard, standard_reverse); }
result<std::string> base64url_decode(std::string_view text) { return decode(text, url_safe, url_safe_reverse); }

}  // namespace fjord
