#pragma once
// Well-known text as CQL2 uses it (OGC 21-065, BNF "spatialInstance"), from tokens to a GeoJSON value.
#include "stac/cql2/lexer.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace fjord::stac::cql2 {

// A position in a token list that ends in token_kind::end.
struct token_cursor {
    std::vector<token> const& tokens;
    std::size_t at = 0;

    token const& peek(std::size_t ahead = 0) const { return tokens[std::min(at + ahead, tokens.size() - 1)]; }
    token const& take() { return tokens[at + 1 < tokens.size() ? at++ : at]; }
    bool accept(std::string_view symbol) { return peek().is(symbol) && (take(), true); }
    bool accept_word(std::string_view upper_case) { return peek().is_word(upper_case) && (take(), true); }
};

error unexpected(token const& t, std::string_view wanted);

// True when the cursor stands on a geometry keyword followed by '(' or 'Z ('.
bool at_geometry(token_cursor const& in);
result<boost::json::value> parse_wkt(token_cursor& in, std::size_t depth = 0);
result<double> parse_signed_number(token_cursor& in);

}  // namespace fjord::stac::cql2
