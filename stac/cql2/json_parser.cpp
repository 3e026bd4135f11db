#include "stac/cql2/expression.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cmath>

namespace fjord::stac::cql2 {
namespace {

namespace json = boost::json;

error bad(std::string why) { return error(errc::invalid_argument, std::move(why)); }

class json_parser {
public:
    explicit json_parser(limits const& l) : limits_(l) {}

    result<node> parse(json::value const& value, std::size_t depth = 0) {
        if (depth > limits_.max_depth) return error(errc::limit_exceeded, "filter: nested too deeply");
        if (++nodes_ > limits_.max_nodes) return error(errc::limit_exceeded, "filter: too many parts");
        if (auto const* object = value.if_object()) return from_object(*object, value, depth);
        if (auto const* list = value.if_array()) return from_array(*list, depth);
        return from_scalar(value);
    }

private:
    static result<node> from_scalar(json::value const& value) {
        node n;
        if (value.is_bool()) {
            n.truth = value.get_bool();
        } else if (value.is_string()) {
            n.kind = op::text;
            n.text = std::string(value.get_string());
        } else if (value.is_number()) {
            n.kind = op::number;
            n.number = value.to_number<double>();
            n.whole = !value.is_double();
        } else {
            return bad("filter: null is no value here; use isNull");
        }
        return n;
    }

    result<node> from_array(json::array const& list, std::size_t depth) {
        node n;
        n.kind = op::array;
        for (auto const& v : list) {
            auto one = parse(v, depth + 1);
            if (!one) return one;
            n.args.push_back(std::move(*one));
        }
        return n;
    }

    result<node> from_object(json::object const& object, json::value const& value, std::size_t depth) {
        if (object.contains("op")) return from_operation(object, depth);
        if (auto const* v = object.if_contains("property")) return named(*v, op::property);
        if (auto const* v = object.if_contains("date")) return dated(*v, op::date);
        if (auto const* v = object.if_contains("timestamp")) return dated(*v, op::timestamp);
        if (auto const* v = object.if_contains("interval")) return interval(*v, depth);
        if (auto const* v = object.if_contains("bbox"); v && !object.contains("type")) return bbox(*v);
        if (object.contains("type")) return detail::make_geometry(value);
        return bad("filter: an object must have one of 'op', 'property', 'date', 'timestamp', 'interval', 'bbox', 'type'");
    }

    static result<node> named(json::value const& v, op kind) {
        if (!v.is_string() || v.get_string().empty()) return bad("filter: a name must be a non-empty string");
        node n;
        n.kind = kind;
        n.text = std::string(v.get_string());
        return n;
    }

    static result<node> dated(json::value const& v, op kind) {
        if (!v.is_string()) return bad("filter: a date or timestamp must be a string");
        return detail::make_instant(std::string_view(v.get_string()), kind);
    }

    result<node> interval(json::value const& v, std::size_t depth) {
        auto const* ends = v.if_array();
        if (!ends || ends->size() != 2) return bad("filter: an interval has two ends");
        node n;
        n.kind = op::interval;
        for (auto const& end : *ends) {
            auto one = end.is_string() ? detail::make_interval_end(std::string_view(end.get_string())) : parse(end, depth + 1);
            if (!one) return one;
            n.args.push_back(std::move(*one));
        }
        if (auto ok = detail::check_operands(n); !ok) return ok.error();
        return n;
    }

    static result<node> bbox(json::value const& v) {
        auto const* list = v.if_array();
        if (!list) return bad("filter: bbox must be an array of numbers");
        std::vector<double> numbers;
        for (auto const& n : *list) {
            if (!n.is_number()) return bad("filter: bbox must be an array of numbers");
            numbers.push_back(n.to_number<double>());
        }
        return detail::make_bbox_literal(numbers);
    }

    // The legacy form [value, [low, high]] of between, which the STAC validator sends.
    static void flatten_between(node& n) {
        if (n.args.size() != 2 || n.args[1].kind != op::array || n.args[1].args.size() != 2) return;
        auto range = std::move(n.args[1].args);
        n.args.pop_back();
        for (auto& r : range) n.args.push_back(std::move(r));
    }

    result<node> from_operation(json::object const& object, std::size_t depth) {
        auto const& name = object.at("op");
        auto const* list = object.if_contains("args");
        if (!name.is_string() || !list || !list->is_array()) return bad("filter: an operation has 'op' and an array 'args'");
        node n;
        if (!op_named(std::string_view(name.get_string()), n.kind)) {
            n.kind = op::function;
            n.text = std::string(name.get_string());
            if (n.text.empty()) return bad("filter: 'op' is empty");
        }
        for (auto const& v : list->get_array()) {
            auto one = parse(v, depth + 1);
            if (!one) return one;
            n.args.push_back(std::move(*one));
        }
        if (n.kind == op::between) flatten_between(n);
        if (auto ok = detail::check_operands(n); !ok) return ok.error();
        return n;
    }

    limits const& limits_;
    std::size_t nodes_ = 0;
};

}  // namespace

result<node> parse_json(boost::json::value const& value, bool scalar, limits const& l) {
    auto root = json_parser(l).parse(value);
    if (!root || scalar) return root;
    if (!is_predicate(root->kind) && root->kind != op::boolean && root->kind != op::function) {
        return bad("filter: must be a condition, not a value");
    }
    return root;
}

}  // namespace fjord::stac::cql2
