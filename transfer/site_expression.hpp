#pragma once
// Which sites a rule means: "tier=1&country=DE\type=tape". A superset of Rucio's RSE expressions (grammar of rucio 41).
//
//   expression := unary ( operator unary )*        one kind of operator per parenthesis level:
//                 operator := '|' union, '&' intersection, '\' minus     strictly left to right, no precedence
//                           | 'or' | 'and'                               'and' binds tighter than 'or'
//   unary      := 'not' unary | '(' expression ')' | term
//   term       := '*' | key ( '=' '!=' '<' '<=' '>' '>=' ) value | key ['not'] 'in' '(' value (',' value)* ')' | tag
//
// - A tag is true for the site of that id and for sites whose attribute of that name is "true".
// - '=' compares text; '<' '<=' '>' '>=' compare numbers. A site without the attribute (or, for the ordering operators, with a
//   value that is no number) matches no comparison, '!=' and 'not in' included; the complement is written `*\a=b` or `not a=b`.
// - Names that are no attribute: id and site (the site's id), kind, jurisdiction; honours.FACT for what the site probe found
//   ("tier=1&honours.path_boundary=true").
// - Beyond Rucio: blanks, != <= >=, dots, quotes ("..." or '...', no escapes), in (...), the words and, or, not, in (lower or
//   upper case; quote a name that is spelled like one). Mixing '&' with 'and' on one level is refused, never guessed.
// Pure. Values are immutable; any thread.
#include "base/error.hpp"
#include "catalog/records.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::transfer {

inline constexpr std::size_t max_expression_bytes = 3000;
inline constexpr std::size_t max_expression_depth = 64;

class site_expression {
public:
    // errc::invalid_argument: "site expression, column 5: ..." (columns count bytes from 1).
    static result<site_expression> parse(std::string_view text);

    bool matches(catalog::site_record const& site) const;
    std::string const& text() const noexcept { return text_; }

private:
    friend class expression_parser;
    enum class op : std::uint8_t {
        all,
        tag,
        equal,
        different,
        less,
        at_most,
        greater,
        at_least,
        one_of,
        none_of,
        both,
        either,
        minus,
        negate
    };
    // One step of a postfix program; evaluation needs no recursion.
    struct step {
        op what;
        std::string key;
        std::vector<std::string> values;
    };
    static bool holds(step const& s, catalog::site_record const& site);

    std::string text_;
    std::vector<step> program_;
};

}  // namespace fjord::transfer
