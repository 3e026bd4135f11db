#pragma once
// The free-text extension (`q`): what a search asks for in words, as a filter tree over the text fields of items or collections.
// A term is one or more words that stand side by side; letters compare without case and accents.
//   sentinel, Earth Observation        either term
//   climate AND model                  both
//   (wind OR solar) AND NOT forecast   groups; also: solar -forecast, solar +wind
//   "salt AND pepper"                  quoted: operators are plain words
#include "stac/cql2/expression.hpp"

#include <span>
#include <string>
#include <string_view>

namespace fjord::stac {

// The fields `q` looks into. Not the ids of items: each row would have to be looked at for each term, and `ids` finds them.
std::span<std::string_view const> text_fields_of_items() noexcept;
std::span<std::string_view const> text_fields_of_collections() noexcept;

// The text form (basic and advanced). errc::invalid_argument: unbalanced quotes or brackets, an operator without a term, more
// than 4096 bytes or 100 terms.
result<cql2::node> read_free_text(std::string_view q, std::span<std::string_view const> fields);
// The list form of POST: any of the terms, each as it stands. errc::invalid_argument.
result<cql2::node> read_free_text(std::span<std::string const> terms, std::span<std::string_view const> fields);

}  // namespace fjord::stac
