#include "stac/cql2/fold.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

namespace fjord::stac::cql2 {
namespace {

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

icu::UnicodeString from_utf8(std::string_view text) {
    return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

// Falls back to the text itself: ICU fails here only without its data file.
std::string composed(icu::UnicodeString const& text) {
    UErrorCode status = U_ZERO_ERROR;
    auto const* nfc = icu::Normalizer2::getNFCInstance(status);
    auto const normal = U_SUCCESS(status) ? nfc->normalize(text, status) : text;
    std::string out;
    (U_SUCCESS(status) ? normal : text).toUTF8String(out);
    return out;
}

// The length in bytes of the UTF-8 character at the front; 1 for stray bytes.
std::size_t character_size(std::string_view text) {
    if (text.empty()) return 0;
    auto const lead = static_cast<unsigned char>(text.front());
    std::size_t const size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    return std::min(size, text.size());
}

}  // namespace

std::string fold_case(std::string_view utf8) {
    if (is_ascii(utf8)) {
        std::string out(utf8);
        for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
        return out;
    }
    auto text = from_utf8(utf8);
    text.foldCase();
    return composed(text);
}

std::string strip_accents(std::string_view utf8) {
    if (is_ascii(utf8)) return std::string(utf8);
    UErrorCode status = U_ZERO_ERROR;
    auto const* nfd = icu::Normalizer2::getNFDInstance(status);
    auto const text = from_utf8(utf8);
    auto const apart = U_SUCCESS(status) ? nfd->normalize(text, status) : text;
    icu::UnicodeString kept;
    for (int32_t i = 0; i < apart.length(); i = apart.moveIndex32(i, 1)) {
        UChar32 const c = apart.char32At(i);
        if (u_charType(c) != U_NON_SPACING_MARK) kept.append(c);
    }
    return composed(kept);
}

bool like(std::string_view text, std::string_view pattern) {
    std::size_t t = 0, p = 0;
    std::size_t star = std::string_view::npos, star_text = 0;  // the last % and where its run ends for now
    while (t < text.size()) {
        bool const escaped = p + 1 < pattern.size() && pattern[p] == '\\';
        if (p < pattern.size() && pattern[p] == '%') {
            star = p++;
            star_text = t;
            continue;
        }
        auto const size = character_size(text.substr(t));
        if (p < pattern.size() && !escaped && pattern[p] == '_') {
            t += size;
            ++p;
            continue;
        }
        auto const literal = p + (escaped ? 1 : 0);
        if (literal < pattern.size() && pattern.substr(literal, size) == text.substr(t, size)) {
            t += size;
            p = literal + size;
            continue;
        }
        if (star == std::string_view::npos) return false;
        star_text += character_size(text.substr(star_text));
        t = star_text;
        p = star + 1;
    }
    while (p < pattern.size() && pattern[p] == '%') ++p;
    return p == pattern.size();
}

}  // namespace fjord::stac::cql2
