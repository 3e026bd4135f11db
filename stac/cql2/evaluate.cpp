#include "stac/cql2/evaluate.hpp"

#include "stac/cql2/fold.hpp"
#include "stac/cql2/functions.hpp"
#include "stac/json_scan.hpp"

#include <algorithm>
#include <cmath>

namespace fjord::stac::cql2 {
namespace {

using kind = value::kind;

truth from_bool(bool b) { return b ? truth::yes : truth::no; }
truth from_optional(std::optional<bool> b) { return b ? from_bool(*b) : truth::unknown; }

truth negated(truth t) {
    if (t == truth::unknown) return t;
    return t == truth::yes ? truth::no : truth::yes;
}

template <class T>
int order(T const& a, T const& b) {
    return a < b ? -1 : b < a ? 1 : 0;
}

// The instant a value stands for: itself, or a string that reads as a time.
std::optional<instant> as_instant(value const& v) {
    if (v.type == kind::instant) return v.time.start;
    if (v.type == kind::text) return parse_instant_or_date(v.text);
    return std::nullopt;
}

truth and_of(truth a, truth b) {
    if (a == truth::no || b == truth::no) return truth::no;
    return a == truth::unknown || b == truth::unknown ? truth::unknown : truth::yes;
}

bool holds_all(std::vector<value> const& outer, std::vector<value> const& inner) {
    return std::all_of(inner.begin(), inner.end(), [&](value const& i) {
        return std::any_of(outer.begin(), outer.end(), [&](value const& o) { return compare(i, o) == 0; });
    });
}

// Set semantics: order and repetition do not count (OGC 21-065, "array functions").
truth array_relation(op o, value const& a, value const& b) {
    if (a.type != kind::array || b.type != kind::array) return truth::unknown;
    switch (o) {
        case op::a_equals:
            return from_bool(holds_all(a.items, b.items) && holds_all(b.items, a.items));
        case op::a_contains:
            return from_bool(holds_all(a.items, b.items));
        case op::a_contained_by:
            return from_bool(holds_all(b.items, a.items));
        default:
            return from_bool(std::any_of(a.items.begin(), a.items.end(), [&](value const& i) {
                return std::any_of(b.items.begin(), b.items.end(), [&](value const& j) { return compare(i, j) == 0; });
            }));
    }
}

std::optional<bool> spatial_relation(op o, geometry const& a, geometry const& b) {
    switch (o) {
        case op::s_intersects:
            return a.intersects(b);
        case op::s_equals:
            return a.equals(b);
        case op::s_disjoint:
            return a.disjoint(b);
        case op::s_touches:
            return a.touches(b);
        case op::s_within:
            return a.within(b);
        case op::s_overlaps:
            return a.overlaps(b);
        case op::s_crosses:
            return a.crosses(b);
        default:
            return a.contains(b);
    }
}

}  // namespace

value value::of(bool b) {
    value v;
    v.type = kind::boolean;
    v.truth = b;
    return v;
}
value value::of(double n) {
    value v;
    v.type = kind::number;
    v.number = n;
    return v;
}
value value::of(std::string s) {
    value v;
    v.type = kind::text;
    v.text = std::move(s);
    return v;
}
value value::at(instant t, std::string written) {
    value v;
    v.type = kind::instant;
    v.time = {t, t};
    v.text = std::move(written);
    return v;
}
value value::over(time_interval t) {
    value v;
    v.type = kind::interval;
    v.time = t;
    return v;
}
value value::of(geometry const* g) {
    value v;
    v.type = kind::geometry;
    v.shape = g;
    return v;
}

std::optional<int> compare(value const& a, value const& b) {
    if (a.type == kind::instant || b.type == kind::instant) {
        auto const x = as_instant(a), y = as_instant(b);
        if (!x || !y) return std::nullopt;
        return order(*x, *y);
    }
    if (a.type != b.type) return std::nullopt;
    if (a.type == kind::number) return order(a.number, b.number);
    if (a.type == kind::text) return order(a.text, b.text);
    if (a.type == kind::boolean) return order(a.truth, b.truth);
    return std::nullopt;
}

std::optional<time_interval> as_time(value const& v) {
    if (v.type == kind::interval) return v.time;
    if (auto t = as_instant(v)) return time_interval{*t, *t};
    return std::nullopt;
}

truth relation(op o, value const& a, value const& b) {
    auto const c = compare(a, b);
    if (!c) return truth::unknown;
    switch (o) {
        case op::equal:
            return from_bool(*c == 0);
        case op::not_equal:
            return from_bool(*c != 0);
        case op::less:
            return from_bool(*c < 0);
        case op::less_equal:
            return from_bool(*c <= 0);
        case op::greater:
            return from_bool(*c > 0);
        default:
            return from_bool(*c >= 0);
    }
}

truth evaluator::test(item_view const& item) { return condition(root_, item); }

truth evaluator::condition(node const& n, item_view const& item) {
    if (n.kind == op::boolean) return from_bool(n.truth);
    if (n.kind == op::function) {
        auto const v = scalar(n, item);
        return v.type == kind::boolean ? from_bool(v.truth) : truth::unknown;
    }
    if (n.kind == op::and_ || n.kind == op::or_ || n.kind == op::not_) return logical(n, item);
    if (is_comparison(n.kind)) return relation(n.kind, scalar(n.args[0], item), scalar(n.args[1], item));
    if (n.kind == op::is_null) return from_bool(scalar(n.args[0], item).type == kind::null);
    if (n.kind == op::in) return in_list(n, item);
    if (n.kind == op::between) {
        auto const v = scalar(n.args[0], item);
        return and_of(relation(op::greater_equal, v, scalar(n.args[1], item)),
                      relation(op::less_equal, v, scalar(n.args[2], item)));
    }
    if (n.kind == op::like) {
        auto const text = scalar(n.args[0], item), pattern = scalar(n.args[1], item);
        if ((text.type != kind::text && text.type != kind::instant) || pattern.type != kind::text) return truth::unknown;
        bool const unwritten = text.type == kind::instant && text.text.empty();
        return from_bool(like(unwritten ? format_instant(text.time.start) : text.text, pattern.text));
    }
    if (is_spatial(n.kind)) return spatial(n, item);
    if (is_temporal(n.kind)) {
        auto const a = as_time(scalar(n.args[0], item)), b = as_time(scalar(n.args[1], item));
        return a && b ? temporal_relation(n.kind, *a, *b) : truth::unknown;
    }
    if (is_array_op(n.kind)) return array_relation(n.kind, scalar(n.args[0], item), scalar(n.args[1], item));
    return truth::unknown;
}

truth evaluator::logical(node const& n, item_view const& item) {
    if (n.kind == op::not_) return negated(condition(n.args[0], item));
    // OR by De Morgan: the operand that settles the matter is `yes` there and `no` under AND.
    auto const settles = n.kind == op::or_ ? truth::yes : truth::no;
    bool unknown = false;
    for (auto const& a : n.args) {
        auto const t = condition(a, item);
        if (t == settles) return t;
        unknown = unknown || t == truth::unknown;
    }
    return unknown ? truth::unknown : negated(settles);
}

truth evaluator::in_list(node const& n, item_view const& item) {
    auto const v = scalar(n.args[0], item);
    bool unknown = false;
    for (auto const& element : n.args[1].args) {
        auto const t = relation(op::equal, v, scalar(element, item));
        if (t == truth::yes) return t;
        unknown = unknown || t == truth::unknown;
    }
    return unknown ? truth::unknown : truth::no;
}

prepared_geometry& evaluator::prepared(node const& literal) {
    auto found = prepared_.find(&literal);
    if (found == prepared_.end()) found = prepared_.emplace(&literal, prepared_geometry(literal.shape->shape)).first;
    return found->second;
}

truth evaluator::spatial(node const& n, item_view const& item) {
    auto const a = scalar(n.args[0], item), b = scalar(n.args[1], item);
    if (a.type != kind::geometry || b.type != kind::geometry) return truth::unknown;
    if (n.kind == op::s_intersects || n.kind == op::s_disjoint) {
        bool const left = n.args[0].kind == op::geometry, right = n.args[1].kind == op::geometry;
        std::optional<bool> hit;
        if (right) {
            hit = prepared(n.args[1]).intersects(*a.shape);
        } else if (left) {
            hit = prepared(n.args[0]).intersects(*b.shape);
        } else {
            hit = a.shape->intersects(*b.shape);
        }
        auto const t = from_optional(hit);
        return n.kind == op::s_intersects ? t : negated(t);
    }
    return from_optional(spatial_relation(n.kind, *a.shape, *b.shape));
}

value evaluator::scalar(node const& n, item_view const& item) {
    switch (n.kind) {
        case op::boolean:
            return value::of(n.truth);
        case op::number:
            return value::of(n.number);
        case op::text:
            return value::of(n.text);
        case op::date:
        case op::timestamp:
            return value::at(n.when, n.text);
        case op::property:
            return item.property(n.text);
        case op::geometry:
            return value::of(&n.shape->shape);
        case op::interval:
            return interval(n, item);
        case op::array: {
            value list;
            list.type = kind::array;
            for (auto const& a : n.args) list.items.push_back(scalar(a, item));
            return list;
        }
        case op::function: {
            auto const* f = find_function(n.text);
            if (!f || f->arguments.size() != n.args.size()) return {};  // check_functions() refuses such trees
            std::vector<value> given;
            for (auto const& a : n.args) given.push_back(scalar(a, item));
            return f->call(given);
        }
        case op::casei:
        case op::accenti: {
            auto v = scalar(n.args[0], item);
            if (v.type != kind::text) return {};
            v.text = n.kind == op::casei ? fold_case(v.text) : strip_accents(v.text);
            return v;
        }
        default:
            break;
    }
    if (is_arithmetic(n.kind)) return arithmetic(n, item);
    return {};
}

value evaluator::interval(node const& n, item_view const& item) {
    auto end = [&](node const& e, instant unbounded) -> std::optional<instant> {
        if (e.kind == op::unbounded) return unbounded;
        return as_instant(scalar(e, item));
    };
    auto const from = end(n.args[0], open_start), to = end(n.args[1], open_end);
    if (!from || !to || *from > *to) return {};
    return value::over({*from, *to});
}

// Overflow, division by zero and other results that are no number are null.
value evaluator::arithmetic(node const& n, item_view const& item) {
    auto const a = scalar(n.args[0], item), b = scalar(n.args[1], item);
    if (a.type != kind::number || b.type != kind::number) return {};
    double const x = a.number, y = b.number;
    double out = 0;
    switch (n.kind) {
        case op::add:
            out = x + y;
            break;
        case op::subtract:
            out = x - y;
            break;
        case op::multiply:
            out = x * y;
            break;
        case op::divide:
            out = x / y;
            break;
        case op::integer_divide:
            out = std::trunc(x / y);
            break;
        case op::modulo:
            out = std::fmod(x, y);
            break;
        default:
            out = std::pow(x, y);
            break;
    }
    if (!std::isfinite(out)) return {};
    return value::of(out);
}

value value_of_json(std::string_view slice) {
    value v;
    switch (kind_of(slice)) {
        case json_kind::null:
            break;
        case json_kind::boolean:
            return value::of(slice == "true");
        case json_kind::string:
            return value::of(decode_string(slice));
        case json_kind::number:
            if (auto n = decode_number(slice)) return value::of(*n);
            break;
        case json_kind::array: {
            v.type = kind::array;
            element_walk walk(slice);
            while (auto e = walk.next()) v.items.push_back(value_of_json(*e));
            break;
        }
        case json_kind::object:
            v.type = kind::object;
            break;
    }
    return v;
}

}  // namespace fjord::stac::cql2
