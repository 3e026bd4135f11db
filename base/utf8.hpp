#pragma once
// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#include <cstddef>
#include <string>
#include <string_view>

namespace fjord {

// Length in bytes of the well-formed sequence at the start of `text`; 0 when it is malformed or cut. `text` is not empty.
std::size_t utf8_sequence(std::string_view text) noexcept;

bool is_valid_utf8(std::string_view text) noexcept;

// U+0000..U+001F, U+007F and U+0080..U+009F. `text` is valid UTF-8.
bool has_control_characters(std::string_view text) noexcept;

// True when the text is in Unicode normal form C (UAX #15), in which a name has one spelling only. `text` is valid UTF-8.
bool is_nfc(std::string_view text) noexcept;

// The same text with each malformed byte replaced by U+FFFD.
std::string to_valid_utf8(std::string_view text);

}  // namespace fjord
