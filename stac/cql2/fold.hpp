#pragma once
// CASEI and ACCENTI of CQL2 by Unicode rules (ICU): full case folding; canonical decomposition without non-spacing marks.
// Results are in NFC, so that equal texts compare equal by bytes.
#include <string>
#include <string_view>

namespace fjord::stac::cql2 {

std::string fold_case(std::string_view utf8);
std::string strip_accents(std::string_view utf8);

// LIKE: % any run, _ one character (code point), \ takes the next one literally. Linear memory, no backtracking blow-up.
bool like(std::string_view text, std::string_view pattern);

}  // namespace fjord::stac::cql2
