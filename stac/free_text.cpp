#include "stac/free_text.hpp"

#include "stac/json_scan.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace fjord::stac {
namespace {

using cql2::node;
using cql2::op;

constexpr std::size_t max_bytes = 4096, max_terms = 50, max_depth = 32;

error bad(std::string why) { return error(errc::invalid_argument, "q: " + std::move(why)); }

node joined(op how, std::vector<node> parts) {
    if (parts.size() == 1) return std::move(parts[0]);
    node n;
    n.kind = how;
    n.args = std::move(parts);
    return n;
}

node negated(node inner) {
    node n;
    n.kind = op::not_;
    n.args.push_back(std::move(inner));
    return n;
}

bool has_word(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        auto const u = static_cast<unsigned char>(c);
        return u >= 0x80 || (u >= '0' && u <= '9') || ((u | 32) >= 'a' && (u | 32) <= 'z');
    });
}

// "any of the fields has this phrase".
result<node> term(std::string_view phrase, std::span<std::string_view const> fields) {
    if (!has_word(phrase)) return bad("a term has no letter or digit in it");
    std::vector<node> any;
    for (auto const field : fields) {
        node property, text, call;
        property.kind = op::property;
        property.text = field;
        text.kind = op::text;
        text.text = phrase;
        call.kind = op::function;
        call.text = "has_phrase";
        call.args.push_back(std::move(property));
        call.args.push_back(std::move(text));
        any.push_back(std::move(call));
    }
    return joined(op::or_, std::move(any));
}

struct token {
    enum class kind { term, and_, or_, not_, plus, minus, open, close, end } type = kind::end;
    std::string text;
};

// Operators are AND, OR and NOT in capitals, a comma (OR), and + or - before a term.
result<std::vector<token>> tokens_of(std::string_view q) {
    std::vector<token> out;
    auto const space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    bool joins = false;  // the next bare word continues the term before it
    while (!q.empty()) {
        char const c = q.front();
        if (space(c)) {
            q.remove_prefix(1);
            continue;
        }
        if (c == ',' || c == '(' || c == ')') {
            out.push_back({c == ',' ? token::kind::or_ : c == '(' ? token::kind::open : token::kind::close, {}});
            q.remove_prefix(1);
            joins = false;
            continue;
        }
        if ((c == '+' || c == '-') && q.size() > 1 && !space(q[1])) {
            out.push_back({c == '+' ? token::kind::plus : token::kind::minus, {}});
            q.remove_prefix(1);
            joins = false;
            continue;
        }
        if (c == '"') {
            auto const end = q.find('"', 1);
            if (end == std::string_view::npos) return bad("a quote is not closed");
            out.push_back({token::kind::term, std::string(q.substr(1, end - 1))});
            q.remove_prefix(end + 1);
            joins = false;
            continue;
        }
        auto const end = std::min(q.find_first_of(" \t\n\r,()\""), q.size());
        auto const word = q.substr(0, end);
        q.remove_prefix(end);
        if (word == "AND" || word == "OR" || word == "NOT") {
            out.push_back({word == "AND" ? token::kind::and_ : word == "OR" ? token::kind::or_ : token::kind::not_, {}});
            joins = false;
        } else if (joins) {
            (out.back().text += ' ') += word;
        } else {
            out.push_back({token::kind::term, std::string(word)});
            joins = true;
        }
    }
    if (std::count_if(out.begin(), out.end(), [](token const& t) { return t.type == token::kind::term; }) >
        static_cast<std::ptrdiff_t>(max_terms))
        return bad("more than " + std::to_string(max_terms) + " terms");
    out.push_back({});
    return out;
}

// any := all (OR all)*;  all := one ([AND] one)*;  one := (NOT | - | +) one | "(" any ")" | term
class parser {
public:
    parser(std::vector<token> tokens, std::span<std::string_view const> fields) : tokens_(std::move(tokens)), fields_(fields) {}

    result<node> whole() {
        auto n = any();
        if (n && peek() != token::kind::end) return bad("a bracket is closed that was not opened");
        return n;
    }

private:
    using kind = token::kind;
    kind peek() const { return tokens_[at_].type; }

    result<node> any() {
        std::vector<node> parts;
        do {
            while (peek() == kind::or_) ++at_;  // "a,,b" and a comma at the edge are harmless
            if (peek() == kind::end || peek() == kind::close) break;
            auto n = all();
            if (!n) return n;
            parts.push_back(std::move(*n));
        } while (peek() == kind::or_);
        if (parts.empty()) return bad("a term is missing");
        return joined(op::or_, std::move(parts));
    }

    result<node> all() {
        std::vector<node> parts;
        while (true) {
            auto n = one();
            if (!n) return n;
            parts.push_back(std::move(*n));
            if (peek() == kind::and_)
                ++at_;
            else if (peek() == kind::or_ || peek() == kind::close || peek() == kind::end)
                return joined(op::and_, std::move(parts));
        }
    }

    result<node> one() {
        auto const k = peek();
        if (k == kind::not_ || k == kind::minus || k == kind::plus || k == kind::open)
            if (++depth_ > max_depth) return bad("nested too deeply");
        switch (k) {
            case kind::term:
                return term(tokens_[at_++].text, fields_);
            case kind::not_:
            case kind::minus: {
                ++at_;
                auto n = one();
                --depth_;
                return n ? result<node>(negated(std::move(*n))) : n;
            }
            case kind::plus: {
                ++at_;
                auto n = one();
                --depth_;
                return n;
            }
            case kind::open: {
                ++at_;
                auto n = any();
                --depth_;
                if (!n) return n;
                if (peek() != kind::close) return bad("a bracket is not closed");
                ++at_;
                return n;
            }
            case kind::end:
                return bad("it ends where a term is expected");
            default:
                return bad("a term is expected beside each AND, OR and NOT; quote these words to look for them");
        }
    }

    std::vector<token> tokens_;
    std::span<std::string_view const> fields_;
    std::size_t at_ = 0, depth_ = 0;
};

}  // namespace

std::span<std::string_view const> text_fields_of_items() noexcept {
    static constexpr std::array<std::string_view, 6> fields{"title",    "description",   "keywords",
                                                            "platform", "constellation", "instruments"};
    return fields;
}

std::span<std::string_view const> text_fields_of_collections() noexcept {
    static constexpr std::array<std::string_view, 4> fields{"title", "description", "keywords", "id"};
    return fields;
}

result<node> read_free_text(std::string_view q, std::span<std::string_view const> fields) {
    if (q.size() > max_bytes) return bad("more than " + std::to_string(max_bytes) + " bytes");
    auto tokens = tokens_of(q);
    if (!tokens) return tokens.error();
    return parser(std::move(*tokens), fields).whole();
}

result<node> read_free_text(std::span<std::string const> terms, std::span<std::string_view const> fields) {
    if (terms.size() > max_terms) return bad("more than " + std::to_string(max_terms) + " terms");
    std::vector<node> any;
    for (auto const& t : terms) {
        if (t.size() > max_bytes) return bad("a term has more than " + std::to_string(max_bytes) + " bytes");
        auto n = term(t, fields);
        if (!n) return n;
        any.push_back(std::move(*n));
    }
    if (any.empty()) return bad("the list is empty");
    return joined(op::or_, std::move(any));
}

}  // namespace fjord::stac
