#include "stac/cql2/expression.hpp"

#include "stac/cql2/functions.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace fjord::stac::cql2 {
namespace {

struct op_name {
    op kind;
    std::string_view name;
};

constexpr op_name names[] = {
    {op::and_, "and"},
    {op::or_, "or"},
    {op::not_, "not"},
    {op::equal, "="},
    {op::not_equal, "<>"},
    {op::less, "<"},
    {op::less_equal, "<="},
    {op::greater, ">"},
    {op::greater_equal, ">="},
    {op::is_null, "isNull"},
    {op::like, "like"},
    {op::between, "between"},
    {op::in, "in"},
    {op::casei, "casei"},
    {op::accenti, "accenti"},
    {op::add, "+"},
    {op::subtract, "-"},
    {op::multiply, "*"},
    {op::divide, "/"},
    {op::integer_divide, "div"},
    {op::modulo, "%"},
    {op::power, "^"},
    {op::s_intersects, "s_intersects"},
    {op::s_equals, "s_equals"},
    {op::s_disjoint, "s_disjoint"},
    {op::s_touches, "s_touches"},
    {op::s_within, "s_within"},
    {op::s_overlaps, "s_overlaps"},
    {op::s_crosses, "s_crosses"},
    {op::s_contains, "s_contains"},
    {op::t_after, "t_after"},
    {op::t_before, "t_before"},
    {op::t_contains, "t_contains"},
    {op::t_disjoint, "t_disjoint"},
    {op::t_during, "t_during"},
    {op::t_equals, "t_equals"},
    {op::t_finished_by, "t_finishedBy"},
    {op::t_finishes, "t_finishes"},
    {op::t_intersects, "t_intersects"},
    {op::t_meets, "t_meets"},
    {op::t_met_by, "t_metBy"},
    {op::t_overlapped_by, "t_overlappedBy"},
    {op::t_overlaps, "t_overlaps"},
    {op::t_started_by, "t_startedBy"},
    {op::t_starts, "t_starts"},
    {op::a_equals, "a_equals"},
    {op::a_contains, "a_contains"},
    {op::a_contained_by, "a_containedBy"},
    {op::a_overlaps, "a_overlaps"},
};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_without_case(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

error bad(std::string why) { return error(errc::invalid_argument, std::move(why)); }

bool is_scalar(op o) noexcept {
    return !is_predicate(o) && o != op::array && o != op::geometry && o != op::interval && o != op::unbounded;
}
bool is_character(op o) noexcept {
    return o == op::text || o == op::property || o == op::function || o == op::casei || o == op::accenti;
}
bool is_numeric(op o) noexcept { return o == op::number || o == op::property || o == op::function || is_arithmetic(o); }
bool is_condition(op o) noexcept { return is_predicate(o) || o == op::boolean || o == op::function; }

using test = bool (*)(op) noexcept;

result<void> all(node const& n, std::size_t count, test fits, std::string_view wanted) {
    auto const name = std::string(name_of(n.kind));
    if (n.args.size() != count)
        return bad(name + ": takes " + std::to_string(count) + " operands, not " + std::to_string(n.args.size()));
    for (auto const& a : n.args)
        if (!fits(a.kind)) return bad(name + ": an operand is no " + std::string(wanted));
    return {};
}

result<void> check_in(node const& n) {
    if (n.args.size() != 2 || n.args[1].kind != op::array) return bad("in: takes a value and a list");
    if (!is_scalar(n.args[0].kind)) return bad("in: the left side is no scalar value");
    if (n.args[1].args.empty()) return bad("in: the list is empty");
    for (auto const& a : n.args[1].args)
        if (!is_scalar(a.kind)) return bad("in: the list holds something that is no scalar value");
    return {};
}

result<void> check_interval(node const& n) {
    if (n.args.size() != 2) return bad("interval: has two ends");
    auto literal = [](node const& e) { return e.kind == op::date || e.kind == op::timestamp; };
    for (auto const& e : n.args) {
        if (!literal(e) && e.kind != op::unbounded && e.kind != op::property && e.kind != op::function) {
            return bad("interval: an end is neither a time, '..', nor a property");
        }
    }
    if (literal(n.args[0]) && literal(n.args[1]) && n.args[0].when > n.args[1].when)
        return bad("interval: ends before it begins");
    return {};
}

}  // namespace

std::string_view name_of(op o) noexcept {
    for (auto const& n : names)
        if (n.kind == o) return n.name;
    return {};
}

bool op_named(std::string_view name, op& out) noexcept {
    for (auto const& n : names) {
        if (!same_without_case(n.name, name)) continue;
        out = n.kind;
        return true;
    }
    return false;
}

namespace {

bool fits(op literal, function_info::kind wanted) {
    switch (literal) {
        case op::number:
            return wanted == function_info::kind::number;
        case op::text:
            return wanted == function_info::kind::text || wanted == function_info::kind::time;
        case op::date:
        case op::timestamp:
            return wanted == function_info::kind::time;
        case op::property:
            return true;
        case op::casei:
        case op::accenti:
            return wanted == function_info::kind::text;
        case op::array:
        case op::boolean:
            return false;
        default:
            return is_arithmetic(literal) && wanted == function_info::kind::number;
    }
}

result<void> check_call(node const& n, bool as_condition) {
    auto const* f = find_function(n.text);
    if (!f) return bad("there is no function '" + n.text + "' here; GET /functions lists them");
    auto const name = std::string(f->name);
    if (as_condition && f->returns != function_info::kind::boolean) {
        return bad("the function " + name + " gives a " + std::string(name_of(f->returns)) + "; compare it with something");
    }
    if (n.args.size() != f->arguments.size()) {
        return bad("the function " + name + " takes " + std::to_string(f->arguments.size()) + " arguments, not " +
                   std::to_string(n.args.size()));
    }
    for (std::size_t i = 0; i < n.args.size(); ++i) {
        auto const& a = n.args[i];
        auto const wanted = f->arguments[i].type;
        auto const* inner = a.kind == op::function ? find_function(a.text) : nullptr;
        if (a.kind == op::function ? inner && inner->returns != wanted : !fits(a.kind, wanted)) {
            return bad("the function " + name + " takes a " + std::string(name_of(wanted)) + " as '" +
                       std::string(f->arguments[i].title) + "'");
        }
    }
    return {};
}

result<void> check_calls(node const& n, bool as_condition) {
    if (n.kind == op::function)
        if (auto ok = check_call(n, as_condition); !ok) return ok;
    bool const logic = n.kind == op::and_ || n.kind == op::or_ || n.kind == op::not_;
    for (auto const& a : n.args)
        if (auto ok = check_calls(a, logic); !ok) return ok;
    return {};
}

}  // namespace

result<void> check_functions(node const& n) { return check_calls(n, true); }

namespace {

void collect_properties(node const& n, std::vector<std::string>& out) {
    if (n.kind == op::property && std::find(out.begin(), out.end(), n.text) == out.end()) out.push_back(n.text);
    for (auto const& a : n.args) collect_properties(a, out);
}

}  // namespace

std::vector<std::string> properties_of(node const& n) {
    std::vector<std::string> out;
    collect_properties(n, out);
    return out;
}

namespace detail {

result<void> check_operands(node const& n) {
    auto const k = n.kind;
    if (k == op::and_ || k == op::or_) {
        if (n.args.size() < 2) return bad(std::string(name_of(k)) + ": takes at least two conditions");
        return all(n, n.args.size(), is_condition, "condition");
    }
    if (k == op::not_) return all(n, 1, is_condition, "condition");
    if (is_comparison(k)) return all(n, 2, is_scalar, "scalar value");
    if (k == op::is_null) {
        return all(
            n, 1, [](op o) noexcept { return !is_predicate(o) && o != op::array; }, "value");
    }
    if (k == op::like) return all(n, 2, is_character, "character value");
    if (k == op::between) return all(n, 3, is_scalar, "scalar value");
    if (k == op::in) return check_in(n);
    if (k == op::casei || k == op::accenti) return all(n, 1, is_character, "character value");
    if (is_arithmetic(k)) return all(n, 2, is_numeric, "number");
    if (is_spatial(k)) {
        return all(
            n, 2, [](op o) noexcept { return o == op::geometry || o == op::property || o == op::function; }, "geometry");
    }
    if (is_temporal(k)) {
        return all(
            n, 2,
            [](op o) noexcept {
                return o == op::date || o == op::timestamp || o == op::interval || o == op::property || o == op::function;
            },
            "time");
    }
    if (k == op::interval) return check_interval(n);
    if (is_array_op(k)) {
        return all(
            n, 2, [](op o) noexcept { return o == op::array || o == op::property || o == op::function; }, "array");
    }
    return {};
}

result<node> make_instant(std::string_view text, op kind) {
    auto const t = kind == op::date ? parse_date(text) : parse_instant(text);
    if (!t) return t.error();
    if (kind == op::timestamp && lower(text.back()) != 'z') return bad("a TIMESTAMP must be in UTC and end in Z");
    node n;
    n.kind = kind;
    n.text = std::string(text);
    n.when = *t;
    return n;
}

result<node> make_interval_end(std::string_view text) {
    node n;
    n.kind = op::unbounded;
    if (text == "..") return n;
    return make_instant(text, text.size() == 10 ? op::date : op::timestamp);
}

result<node> make_geometry(boost::json::value value) {
    geometry_limits strict;
    strict.max_longitude = 180;
    auto shape = geometry::from_geojson(value, strict);
    if (!shape) return shape.error();
    node n;
    n.kind = op::geometry;
    n.shape = std::make_shared<geometry_literal>(geometry_literal{std::move(value), std::move(*shape)});
    return n;
}

result<node> make_bbox_literal(std::vector<double> const& numbers) {
    auto const box = make_bbox(numbers);
    if (!box) return box.error();
    auto const east = numbers.size() == 4 ? numbers[2] : numbers[3];
    if (std::abs(numbers[0]) > 180 || std::abs(east) > 180) return bad("BBOX: a longitude is outside -180..180");
    boost::json::array list;
    for (double const v : numbers) list.emplace_back(v);
    node n;
    n.kind = op::geometry;
    n.shape = std::make_shared<geometry_literal>(
        geometry_literal{boost::json::value(boost::json::object{{"bbox", std::move(list)}}), geometry::from_boxes(box->boxes)});
    return n;
}

}  // namespace detail
}  // namespace fjord::stac::cql2
