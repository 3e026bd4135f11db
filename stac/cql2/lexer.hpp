#pragma once
// Tokens of CQL2 text. Keywords are not told from names here: that depends on what follows.
#include "base/error.hpp"

#include <string>
#include <string_view>

namespace fjord::stac::cql2 {

enum class token_kind { end, name, quoted_name, text, number, symbol };

struct token {
    token_kind kind = token_kind::end;
    std::string text;  // decoded: quotes removed, '' and \' resolved; symbols as written
    double number = 0;
    bool whole = false;
    std::size_t at = 0;  // byte offset, for messages

    bool is(std::string_view symbol) const { return kind == token_kind::symbol && text == symbol; }
    bool is_word(std::string_view upper_case) const;  // an unquoted name, case-insensitive
};

class lexer {
public:
    explicit lexer(std::string_view text) : text_(text) {}
    // errc::invalid_argument with the offset.
    result<token> next();

private:
    result<token> quoted(char quote, token_kind kind);
    result<token> number();
    token name();
    result<token> symbol();

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace fjord::stac::cql2
