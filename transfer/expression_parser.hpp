#pragma once
// The recursive-descent parser behind site_expression::parse. Not for use elsewhere.
#include "transfer/site_expression.hpp"

#include <optional>

namespace fjord::transfer {

class expression_parser {
public:
    explicit expression_parser(std::string_view text) : text_(text) {}
    result<site_expression> run();

private:
    using op = site_expression::op;
    enum class token_kind { end, word, quoted, symbol };
    struct token {
        token_kind kind = token_kind::end;
        std::string_view text;  // without the quotes
        std::size_t at = 0;     // byte offset of its first character
    };
    // What joins the operands of one parenthesis level.
    enum class style { none, symbols, words };

    bool advance();  // reads the next token; false after a failure
    bool read_quoted(char quote);
    bool parse_level(std::size_t depth);
    bool parse_words(std::size_t depth);
    bool parse_symbols(std::size_t depth);
    bool parse_unary(std::size_t depth);
    bool parse_term();
    bool parse_comparison(std::string key);
    bool parse_list(std::string key, bool inverted);
    bool read_value(std::string& out);

    bool is_symbol(std::string_view s) const { return now_.kind == token_kind::symbol && now_.text == s; }
    bool is_word(std::string_view lower) const;
    bool joins_by_symbol() const { return is_symbol("|") || is_symbol("&") || is_symbol("\\"); }
    bool joins_by_word() const { return is_word("and") || is_word("or"); }
    void emit(op what, std::string key = {}, std::vector<std::string> values = {});
    bool refuse(std::size_t at, std::string why);  // records the first failure, returns false
    std::string seen() const;                      // the current token for a message

    std::string_view text_;
    std::size_t next_ = 0;
    token now_;
    site_expression out_;
    std::optional<error> failure_;
};

}  // namespace fjord::transfer
