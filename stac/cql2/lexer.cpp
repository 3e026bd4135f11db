#include "stac/cql2/lexer.hpp"

#include <charconv>
#include <cmath>

namespace fjord::stac::cql2 {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
// Any non-ASCII byte belongs to a name: the grammar allows nearly every letter beyond ASCII.
bool begins_name(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) noexcept { return begins_name(c) || is_digit(c) || c == '.'; }

error at(std::size_t offset, std::string why) {
    return error(errc::invalid_argument, "filter, at " + std::to_string(offset) + ": " + std::move(why));
}

}  // namespace

bool token::is_word(std::string_view upper_case) const {
    if (kind != token_kind::name || text.size() != upper_case.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 32) : text[i];
        if (c != upper_case[i]) return false;
    }
    return true;
}

result<token> lexer::next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) ++at_;
    if (at_ >= text_.size()) return token{token_kind::end, {}, 0, false, at_};
    char const c = text_[at_];
    if (c == '\'') return quoted('\'', token_kind::text);
    if (c == '"') return quoted('"', token_kind::quoted_name);
    if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) return number();
    if (begins_name(c)) return name();
    return symbol();
}

// A quote inside is doubled; in strings it may also be escaped by a backslash. Other backslashes stay (LIKE needs them).
result<token> lexer::quoted(char quote, token_kind kind) {
    token t{kind, {}, 0, false, at_};
    for (++at_; at_ < text_.size(); ++at_) {
        char const c = text_[at_];
        char const following = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        if (c == quote && following != quote) {
            ++at_;
            if (kind == token_kind::quoted_name && t.text.empty()) return at(t.at, "a quoted name is empty");
            return t;
        }
        if ((c == quote && following == quote) || (c == '\\' && following == quote && kind == token_kind::text)) ++at_;
        t.text += text_[at_];
    }
    return at(t.at, "the quote is not closed");
}

result<token> lexer::number() {
    token t{token_kind::number, {}, 0, true, at_};
    auto const begin = at_;
    auto digits = [this] {
        while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    };
    digits();
    if (at_ < text_.size() && text_[at_] == '.') {
        t.whole = false;
        ++at_;
        digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
        auto const mark = at_++;
        if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
        if (at_ >= text_.size() || !is_digit(text_[at_])) return at(mark, "an exponent has no digits");
        t.whole = false;
        digits();
    }
    t.text = std::string(text_.substr(begin, at_ - begin));
    auto const [end, ec] = std::from_chars(t.text.data(), t.text.data() + t.text.size(), t.number);
    if (ec != std::errc() || end != t.text.data() + t.text.size() || !std::isfinite(t.number)) {
        return at(begin, "'" + t.text.substr(0, 40) + "' is no number that fits");
    }
    return t;
}

token lexer::name() {
    token t{token_kind::name, {}, 0, false, at_};
    auto const begin = at_;
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    t.text = std::string(text_.substr(begin, at_ - begin));
    return t;
}

result<token> lexer::symbol() {
    token t{token_kind::symbol, {}, 0, false, at_};
    auto const two = text_.substr(at_, 2);
    auto const length = two == "<>" || two == "<=" || two == ">=" ? 2u : 1u;
    t.text = std::string(text_.substr(at_, length));
    if (t.text.find_first_of("()=<>,+-*/%^") == std::string::npos) return at(at_, "unexpected character");
    at_ += length;
    return t;
}

}  // namespace fjord::stac::cql2
