// Unicode normal form C by ICU, whose headers stay in here.
#include "base/utf8.hpp"

#include <unicode/normalizer2.h>

namespace fjord {

bool is_nfc(std::string_view text) noexcept {
    // Nothing below U+0300 composes or is composed (ICU starts there as well), and U+0300 begins with the byte 0xCC.
    bool plain = true;
    for (char c : text) plain = plain && static_cast<unsigned char>(c) < 0xCC;
    if (plain) return true;
    UErrorCode status = U_ZERO_ERROR;
    auto const* nfc = icu::Normalizer2::getNFCInstance(status);
    return U_SUCCESS(status) && nfc->isNormalizedUTF8({text.data(), static_cast<int32_t>(text.size())}, status) &&
           U_SUCCESS(status);
}

}  // namespace fjord
