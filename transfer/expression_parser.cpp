#include "transfer/expression_parser.hpp"

#include <algorithm>

namespace fjord::transfer {

namespace {

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_word_char(char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; }

// Rucio's tag shape with dots added: runs of letters and digits joined by single '.', '_' or '-'.
bool is_tag(std::string_view text) {
    bool joined = true;
    for (char c : text) {
        if (is_alnum(c))
            joined = false;
        else if (joined)
            return false;
        else
            joined = true;
    }
    return !joined;
}

}  // namespace

result<site_expression> expression_parser::run() {
    if (text_.size() > max_expression_bytes)
        return fail(errc::invalid_argument, "site expression: longer than " + std::to_string(max_expression_bytes) + " bytes");
    bool ok = advance() && parse_level(0);
    if (ok && now_.kind != token_kind::end) ok = refuse(now_.at, "an operator is missing before " + seen());
    if (!ok) return *failure_;
    out_.text_ = std::string(text_);
    return std::move(out_);
}

bool expression_parser::advance() {
    while (next_ < text_.size() && is_blank(text_[next_])) ++next_;
    now_ = {token_kind::end, {}, next_};
    if (next_ >= text_.size()) return true;
    char c = text_[next_];
    if (c == '"' || c == '\'') return read_quoted(c);
    std::size_t length = 1;
    if (is_word_char(c)) {
        while (next_ + length < text_.size() && is_word_char(text_[next_ + length])) ++length;
        now_.kind = token_kind::word;
    } else if (std::string_view("|&\\()=<>!*,").find(c) != std::string_view::npos) {
        bool two = (c == '<' || c == '>' || c == '!') && next_ + 1 < text_.size() && text_[next_ + 1] == '=';
        length = two ? 2 : 1;
        now_.kind = token_kind::symbol;
    } else {
        return refuse(next_, "this character needs quotes: write the value as \"...\"");
    }
    now_.text = text_.substr(next_, length);
    next_ += length;
    return true;
}

bool expression_parser::read_quoted(char quote) {
    auto end = text_.find(quote, next_ + 1);
    if (end == std::string_view::npos) return refuse(next_, "the quote is not closed");
    now_ = {token_kind::quoted, text_.substr(next_ + 1, end - next_ - 1), next_};
    auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::any_of(now_.text.begin(), now_.text.end(), control)) return refuse(next_, "control character inside quotes");
    next_ = end + 1;
    return true;
}

bool expression_parser::parse_level(std::size_t depth) {
    if (!parse_unary(depth)) return false;
    if (joins_by_symbol()) return parse_symbols(depth);
    if (joins_by_word()) return parse_words(depth);
    return true;
}

// Left to right without precedence, or stored Rucio rules would change their meaning.
bool expression_parser::parse_symbols(std::size_t depth) {
    while (joins_by_symbol()) {
        op what = is_symbol("|") ? op::either : is_symbol("&") ? op::both : op::minus;
        if (!advance() || !parse_unary(depth)) return false;
        emit(what);
    }
    if (joins_by_word()) return refuse(now_.at, "'" + std::string(now_.text) + "' after | & or \\: use one kind, or parentheses");
    return true;
}

// The operand before the first operator is already on the program.
bool expression_parser::parse_words(std::size_t depth) {
    bool pending_or = false;
    while (joins_by_word()) {
        if (is_word("or")) {
            if (pending_or) emit(op::either);
            pending_or = true;
            if (!advance() || !parse_unary(depth)) return false;
            continue;
        }
        if (!advance() || !parse_unary(depth)) return false;
        emit(op::both);
    }
    if (pending_or) emit(op::either);
    if (joins_by_symbol()) return refuse(now_.at, "'" + std::string(now_.text) + "' after and/or: use one kind, or parentheses");
    return true;
}

bool expression_parser::parse_unary(std::size_t depth) {
    if (depth >= max_expression_depth)
        return refuse(now_.at, "more than " + std::to_string(max_expression_depth) + " levels deep");
    if (is_word("not")) {
        if (!advance() || !parse_unary(depth + 1)) return false;
        emit(op::negate);
        return true;
    }
    if (!is_symbol("(")) return parse_term();
    auto opened = now_.at;
    if (!advance() || !parse_level(depth + 1)) return false;
    if (!is_symbol(")")) {
        if (now_.kind == token_kind::end) return refuse(opened, "this parenthesis is not closed");
        return refuse(now_.at, "an operator or ')' is missing before " + seen());
    }
    return advance();
}

bool expression_parser::parse_term() {
    if (is_symbol("*")) {
        emit(op::all);
        return advance();
    }
    if (now_.kind == token_kind::end) return refuse(now_.at, "a term is missing: a site name, attribute=value or *");
    if (now_.kind == token_kind::symbol) return refuse(now_.at, "a term is missing before " + seen());
    if (joins_by_word() || is_word("in")) return refuse(now_.at, "a term is missing before " + seen());
    token first = now_;
    if (first.text.empty()) return refuse(first.at, "an empty name");
    if (!advance()) return false;
    std::string key(first.text);
    if (is_symbol("=") || is_symbol("!=") || is_symbol("<") || is_symbol("<=") || is_symbol(">") || is_symbol(">="))
        return parse_comparison(std::move(key));
    if (is_word("in")) return parse_list(std::move(key), false);
    if (is_word("not")) {
        if (!advance()) return false;
        if (!is_word("in")) return refuse(now_.at, "'in' is missing after 'not'");
        return parse_list(std::move(key), true);
    }
    if (first.kind == token_kind::word && !is_tag(first.text))
        return refuse(first.at, "'" + key + "' is no tag: letters and digits joined by single . _ or -; quote other names");
    emit(op::tag, std::move(key));
    return true;
}

bool expression_parser::parse_comparison(std::string key) {
    op what = is_symbol("=")    ? op::equal
              : is_symbol("!=") ? op::different
              : is_symbol("<")  ? op::less
              : is_symbol("<=") ? op::at_most
              : is_symbol(">")  ? op::greater
                                : op::at_least;
    std::string value;
    if (!advance() || !read_value(value)) return false;
    emit(what, std::move(key), {std::move(value)});
    return true;
}

bool expression_parser::parse_list(std::string key, bool inverted) {
    if (!advance()) return false;
    if (!is_symbol("(")) return refuse(now_.at, "'(' is missing after 'in'");
    std::vector<std::string> values;
    do {
        if (!advance() || !read_value(values.emplace_back())) return false;
    } while (is_symbol(","));
    if (!is_symbol(")")) return refuse(now_.at, "',' or ')' is missing before " + seen());
    emit(inverted ? op::none_of : op::one_of, std::move(key), std::move(values));
    return advance();
}

bool expression_parser::read_value(std::string& out) {
    if (now_.kind != token_kind::word && now_.kind != token_kind::quoted)
        return refuse(now_.at, "a value is missing before " + seen());
    out = std::string(now_.text);
    return advance();
}

bool expression_parser::is_word(std::string_view lower) const {
    if (now_.kind != token_kind::word || now_.text.size() != lower.size()) return false;
    auto upper = [](char c) { return static_cast<char>(c - 'a' + 'A'); };
    return now_.text == lower ||
           std::equal(lower.begin(), lower.end(), now_.text.begin(), [&](char l, char t) { return upper(l) == t; });
}

void expression_parser::emit(op what, std::string key, std::vector<std::string> values) {
    out_.program_.push_back({what, std::move(key), std::move(values)});
}

bool expression_parser::refuse(std::size_t at, std::string why) {
    if (!failure_) failure_ = fail(errc::invalid_argument, "site expression, column " + std::to_string(at + 1) + ": " + why);
    return false;
}

std::string expression_parser::seen() const {
    return now_.kind == token_kind::end ? "the end" : "'" + std::string(now_.text) + "'";
}

}  // namespace fjord::transfer
