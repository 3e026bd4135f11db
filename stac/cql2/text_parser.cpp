// The text grammar by recursive descent. CQL2's BNF cannot tell from '(' whether a condition, a value or a list follows, so one
// expression ladder reads all of them and detail::check_operands refuses what does not fit where it stands.
//
//   or > and > not > comparison > sum > product > power > primary
#include "stac/cql2/expression.hpp"

#include "stac/cql2/wkt_parser.hpp"

namespace fjord::stac::cql2 {
namespace {

using level = result<node>;

class text_parser {
public:
    text_parser(std::vector<token> const& tokens, limits const& l) : in_{tokens}, limits_(l) {}

    level parse_all() {
        auto root = disjunction();
        if (root && in_.peek().kind != token_kind::end) return unexpected(in_.peek(), "the end");
        return root;
    }

private:
    // Counts nesting for as long as it lives.
    struct nesting {
        std::size_t& depth;
        explicit nesting(std::size_t& d) : depth(d) { ++depth; }
        ~nesting() { --depth; }
    };

    level finish(node n) {
        if (++nodes_ > limits_.max_nodes) return error(errc::limit_exceeded, "filter: too many parts");
        // a + b + c ... nests to the left without any parenthesis.
        for (auto const& a : n.args) n.depth = std::max(n.depth, a.depth + 1);
        if (n.depth > limits_.max_depth) return error(errc::limit_exceeded, "filter: nested too deeply");
        if (auto ok = detail::check_operands(n); !ok) return ok.error();
        return n;
    }
    level make(op kind, std::vector<node> args) {
        node n;
        n.kind = kind;
        n.args = std::move(args);
        return finish(std::move(n));
    }
    level make2(op kind, node a, node b) {
        std::vector<node> args;
        args.push_back(std::move(a));
        args.push_back(std::move(b));
        return make(kind, std::move(args));
    }
    level negate(level inner) {
        if (!inner) return inner;
        std::vector<node> args;
        args.push_back(std::move(*inner));
        return make(op::not_, std::move(args));
    }

    // a OR b OR c is one node with three operands.
    level chain(op kind, std::string_view word, level (text_parser::*below)()) {
        auto first = (this->*below)();
        if (!first || !in_.peek().is_word(word)) return first;
        std::vector<node> args;
        args.push_back(std::move(*first));
        while (in_.accept_word(word)) {
            auto one = (this->*below)();
            if (!one) return one;
            args.push_back(std::move(*one));
        }
        return make(kind, std::move(args));
    }

    level disjunction() {
        nesting const deeper(depth_);
        if (depth_ > limits_.max_depth) return error(errc::limit_exceeded, "filter: nested too deeply");
        return chain(op::or_, "OR", &text_parser::conjunction);
    }
    level conjunction() { return chain(op::and_, "AND", &text_parser::negation); }

    level negation() {
        if (!in_.accept_word("NOT")) return comparison();
        nesting const deeper(depth_);
        if (depth_ > limits_.max_depth) return error(errc::limit_exceeded, "filter: nested too deeply");
        return negate(negation());
    }

    level comparison() {
        auto left = sum();
        if (!left) return left;
        static constexpr std::pair<std::string_view, op> symbols[] = {{"=", op::equal},   {"<>", op::not_equal},
                                                                      {"<", op::less},    {"<=", op::less_equal},
                                                                      {">", op::greater}, {">=", op::greater_equal}};
        for (auto const& [symbol, kind] : symbols) {
            if (!in_.accept(symbol)) continue;
            auto right = sum();
            if (!right) return right;
            return make2(kind, std::move(*left), std::move(*right));
        }
        if (in_.peek().is_word("IS")) return null_test(std::move(*left));
        bool const negated = in_.peek().is_word("NOT") && is_postfix(in_.peek(1));
        if (negated) in_.take();
        if (!is_postfix(in_.peek())) return left;
        auto test = postfix(std::move(*left));
        return negated ? negate(std::move(test)) : std::move(test);
    }

    static bool is_postfix(token const& t) { return t.is_word("LIKE") || t.is_word("BETWEEN") || t.is_word("IN"); }

    level postfix(node left) {
        if (in_.accept_word("LIKE")) {
            auto pattern = sum();
            if (!pattern) return pattern;
            return make2(op::like, std::move(left), std::move(*pattern));
        }
        if (in_.accept_word("BETWEEN")) {
            auto low = sum();
            if (!low) return low;
            if (!in_.accept_word("AND")) return unexpected(in_.peek(), "AND");
            auto high = sum();
            if (!high) return high;
            std::vector<node> args;
            args.push_back(std::move(left));
            args.push_back(std::move(*low));
            args.push_back(std::move(*high));
            return make(op::between, std::move(args));
        }
        in_.take();  // IN
        auto list = parenthesised_list();
        if (!list) return list;
        return make2(op::in, std::move(left), std::move(*list));
    }

    level null_test(node left) {
        in_.take();
        bool const negated = in_.accept_word("NOT");
        if (!in_.accept_word("NULL")) return unexpected(in_.peek(), "NULL");
        std::vector<node> args;
        args.push_back(std::move(left));
        auto test = make(op::is_null, std::move(args));
        return negated ? negate(std::move(test)) : std::move(test);
    }

    level sum() {
        auto left = product();
        while (left && (in_.peek().is("+") || in_.peek().is("-"))) {
            auto const kind = in_.take().is("+") ? op::add : op::subtract;
            auto right = product();
            if (!right) return right;
            left = make2(kind, std::move(*left), std::move(*right));
        }
        return left;
    }

    level product() {
        auto left = power();
        while (left) {
            op kind;
            if (in_.accept("*")) {
                kind = op::multiply;
            } else if (in_.accept("/")) {
                kind = op::divide;
            } else if (in_.accept("%")) {
                kind = op::modulo;
            } else if (in_.accept_word("DIV")) {
                kind = op::integer_divide;
            } else {
                break;
            }
            auto right = power();
            if (!right) return right;
            left = make2(kind, std::move(*left), std::move(*right));
        }
        return left;
    }

    // ^ takes one operand on each side and does not chain (BNF "powerTerm").
    level power() {
        auto base = signed_primary();
        if (!base || !in_.accept("^")) return base;
        auto exponent = signed_primary();
        if (!exponent) return exponent;
        return make2(op::power, std::move(*base), std::move(*exponent));
    }

    level signed_primary() {
        if (!in_.accept("-")) {
            in_.accept("+");
            return primary();
        }
        auto operand = primary();
        if (!operand) return operand;
        if (operand->kind == op::number) {
            operand->number = -operand->number;
            return operand;
        }
        node minus_one;
        minus_one.kind = op::number;
        minus_one.number = -1;
        minus_one.whole = true;
        return make2(op::multiply, std::move(minus_one), std::move(*operand));
    }

    level primary() {
        auto const& t = in_.peek();
        if (t.kind == token_kind::number) {
            node n;
            n.kind = op::number;
            n.number = t.number;
            n.whole = t.whole;
            in_.take();
            return finish(std::move(n));
        }
        if (t.kind == token_kind::text) return named(op::text);
        if (t.kind == token_kind::quoted_name) return named(op::property);
        if (t.is("(")) return grouped();
        if (t.kind == token_kind::name) return word();
        return unexpected(t, "a value");
    }

    level named(op kind) {
        node n;
        n.kind = kind;
        n.text = in_.take().text;
        return finish(std::move(n));
    }

    // "(x)" is x; "(x, y)" and "()" are arrays.
    level grouped() {
        in_.take();
        if (in_.accept(")")) return make(op::array, {});
        auto first = disjunction();
        if (!first) return first;
        if (in_.accept(")")) return first;
        std::vector<node> elements;
        elements.push_back(std::move(*first));
        return rest_of_list(std::move(elements));
    }

    level rest_of_list(std::vector<node> elements) {
        while (in_.accept(",")) {
            auto one = disjunction();
            if (!one) return one;
            elements.push_back(std::move(*one));
        }
        if (!in_.accept(")")) return unexpected(in_.peek(), "',' or ')'");
        return make(op::array, std::move(elements));
    }

    level parenthesised_list() {
        if (!in_.accept("(")) return unexpected(in_.peek(), "'('");
        auto first = disjunction();
        if (!first) return first;
        std::vector<node> elements;
        elements.push_back(std::move(*first));
        return rest_of_list(std::move(elements));
    }

    level word() {
        if (at_geometry(in_)) {
            auto shape = parse_wkt(in_);
            if (!shape) return shape.error();
            ++nodes_;
            return detail::make_geometry(std::move(*shape));
        }
        auto const& t = in_.peek();
        if (in_.peek(1).is("(")) return call();
        for (auto const* truth : {"TRUE", "FALSE"}) {
            if (!t.is_word(truth)) continue;
            node n;
            n.truth = t.is_word("TRUE");
            in_.take();
            return finish(std::move(n));
        }
        for (auto const* reserved : {"AND", "OR", "NOT", "LIKE", "BETWEEN", "IN", "IS", "NULL", "DIV"})
            if (t.is_word(reserved)) return unexpected(t, "a value");
        return named(op::property);
    }

    level call() {
        auto const& name = in_.peek();
        for (auto const* reserved : {"AND", "OR", "NOT", "LIKE", "BETWEEN", "IN", "IS", "NULL", "DIV"})
            if (name.is_word(reserved)) return unexpected(name, "a value");
        if (name.is_word("DATE")) return quoted_instant(op::date);
        if (name.is_word("TIMESTAMP")) return quoted_instant(op::timestamp);
        if (name.is_word("INTERVAL")) return interval();
        if (name.is_word("BBOX")) return bbox();
        node n;
        if (!is_call_operator(name.text, n.kind)) {
            n.kind = op::function;
            n.text = name.text;
        }
        in_.take();
        in_.take();
        if (!in_.accept(")")) {
            auto list = first_of_call();
            if (!list) return list;
            n.args = std::move(list->args);
        }
        if (is_array_op(n.kind)) wrap_single_elements(n);
        return finish(std::move(n));
    }

    level first_of_call() {
        auto first = disjunction();
        if (!first) return first;
        std::vector<node> elements;
        elements.push_back(std::move(*first));
        return rest_of_list(std::move(elements));
    }

    static bool is_call_operator(std::string_view name, op& out) {
        return op_named(name, out) &&
               (is_spatial(out) || is_temporal(out) || is_array_op(out) || out == op::casei || out == op::accenti);
    }

    // ('a') was read as a grouped value; beside an array operator it is an array of one.
    static void wrap_single_elements(node& n) {
        for (auto& a : n.args) {
            if (a.kind == op::array || a.kind == op::property || a.kind == op::function) continue;
            node list;
            list.kind = op::array;
            list.args.push_back(std::move(a));
            a = std::move(list);
        }
    }

    level quoted_instant(op kind) {
        in_.take();
        in_.take();
        if (in_.peek().kind != token_kind::text) return unexpected(in_.peek(), "a quoted date or time");
        auto made = detail::make_instant(in_.take().text, kind);
        if (!made) return made;
        if (!in_.accept(")")) return unexpected(in_.peek(), "')'");
        return finish(std::move(*made));
    }

    level interval() {
        in_.take();
        in_.take();
        node n;
        n.kind = op::interval;
        for (int end = 0; end < 2; ++end) {
            if (end == 1 && !in_.accept(",")) return unexpected(in_.peek(), "','");
            auto one = in_.peek().kind == token_kind::text ? detail::make_interval_end(in_.take().text) : primary();
            if (!one) return one;
            n.args.push_back(std::move(*one));
        }
        if (!in_.accept(")")) return unexpected(in_.peek(), "')'");
        return finish(std::move(n));
    }

    level bbox() {
        in_.take();
        in_.take();
        std::vector<double> numbers;
        do {
            auto one = parse_signed_number(in_);
            if (!one) return one.error();
            numbers.push_back(*one);
        } while (numbers.size() < 7 && in_.accept(","));
        if (!in_.accept(")")) return unexpected(in_.peek(), "')'");
        ++nodes_;
        return detail::make_bbox_literal(numbers);
    }

    token_cursor in_;
    limits const& limits_;
    std::size_t depth_ = 0;
    std::size_t nodes_ = 0;
};

}  // namespace

result<node> parse_text(std::string_view text, bool scalar, limits const& l) {
    if (text.size() > l.max_text) {
        return error(errc::limit_exceeded, "filter: longer than " + std::to_string(l.max_text) + " bytes");
    }
    std::vector<token> tokens;
    lexer lex(text);
    do {
        auto t = lex.next();
        if (!t) return t.error();
        tokens.push_back(std::move(*t));
    } while (tokens.back().kind != token_kind::end);
    auto root = text_parser(tokens, l).parse_all();
    if (!root || scalar) return root;
    if (!is_predicate(root->kind) && root->kind != op::boolean && root->kind != op::function) {
        return fail(errc::invalid_argument, "filter: must be a condition, not a value");
    }
    return root;
}

}  // namespace fjord::stac::cql2
