#include "stac/json_scan.hpp"
#include "stac/parameters.hpp"

namespace fjord::stac {
namespace {

using cql2::node;
using cql2::op;

error bad(std::string why) { return error(errc::invalid_argument, "query: " + std::move(why)); }

node property_node(std::string_view name) {
    node n;
    n.kind = op::property;
    n.text = std::string(name);
    return n;
}

node two(op kind, node a, node b) {
    node n;
    n.kind = kind;
    n.args.push_back(std::move(a));
    n.args.push_back(std::move(b));
    return n;
}

std::string like_escaped(std::string_view text) {
    std::string out;
    for (char const c : text) {
        if (c == '%' || c == '_' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

result<node> compared(std::string_view property, op kind, json::value const& v) {
    auto literal = cql2::parse_json(v, true);
    if (!literal) return bad(literal.error().detail);
    auto n = two(kind, property_node(property), std::move(*literal));
    if (auto ok = cql2::detail::check_operands(n); !ok) return bad(ok.error().detail);
    return n;
}

node either(node a, node b) { return two(op::or_, std::move(a), std::move(b)); }

// A number in quotes also compares with numbers, as other servers have it and the validator needs it: values of command lines
// come as text.
result<node> comparison(std::string_view property, op kind, json::value const& v) {
    auto made = compared(property, kind, v);
    if (!made || !v.is_string()) return made;
    auto const number = decode_number(std::string_view(v.get_string()));
    if (!number) return made;
    auto as_number = compared(property, kind, json::value(*number));
    return as_number ? either(std::move(*made), std::move(*as_number)) : made;
}

result<node> pattern(std::string_view property, std::string_view before, json::value const& v, std::string_view after) {
    if (!v.is_string()) return bad("startsWith, endsWith and contains take a string");
    node text;
    text.kind = op::text;
    text.text = std::string(before) + like_escaped(std::string_view(v.get_string())) + std::string(after);
    return two(op::like, property_node(property), std::move(text));
}

// A property that is an array matches when one of its elements does, as in other servers.
result<node> one_of(std::string_view property, json::value const& v) {
    auto among = compared(property, op::in, v);
    if (!among) return among;
    auto list = among->args[1];
    return either(std::move(*among), two(op::a_overlaps, property_node(property), std::move(list)));
}

result<node> one(std::string_view property, std::string_view name, json::value const& v) {
    if (name == "eq") return comparison(property, op::equal, v);
    if (name == "neq") return comparison(property, op::not_equal, v);
    if (name == "lt") return comparison(property, op::less, v);
    if (name == "lte") return comparison(property, op::less_equal, v);
    if (name == "gt") return comparison(property, op::greater, v);
    if (name == "gte") return comparison(property, op::greater_equal, v);
    if (name == "in") return one_of(property, v);
    if (name == "startsWith") return pattern(property, "", v, "%");
    if (name == "endsWith") return pattern(property, "%", v, "");
    if (name == "contains") return pattern(property, "%", v, "%");
    return bad("unknown operator '" + std::string(name.substr(0, 40)) + "'");
}

}  // namespace

result<node> read_query_extension(json::value const& value) {
    auto const* object = value.if_object();
    if (!object) return bad("must be an object of properties");
    node all;
    all.kind = op::and_;
    for (auto const& [property, tests] : *object) {
        auto const* operators = tests.if_object();
        if (!operators) return bad("'" + std::string(property) + "' must be an object of operators");
        for (auto const& [name, v] : *operators) {
            auto n = one(std::string_view(property), std::string_view(name), v);
            if (!n) return n;
            all.args.push_back(std::move(*n));
        }
    }
    if (all.args.size() == 1) return std::move(all.args[0]);
    if (all.args.empty()) {
        all.kind = op::boolean;
        all.truth = true;
    }
    return all;
}

}  // namespace fjord::stac
