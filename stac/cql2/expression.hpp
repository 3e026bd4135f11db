#pragma once
// One typed tree for CQL2 (OGC 21-065), whichever encoding it came in. Parsers refuse more than 64 levels, 10 000 nodes,
// 512 KiB of text, and coordinates outside CRS84; an unknown function parses and is refused by check_functions().
#include "stac/datetime.hpp"
#include "stac/geometry.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::stac::cql2 {

enum class op : std::uint8_t {
    // values
    boolean,
    number,
    text,
    date,
    timestamp,
    interval,
    unbounded,
    geometry,
    array,
    property,
    function,
    // logic and comparison
    and_,
    or_,
    not_,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    is_null,
    like,
    between,
    in,
    // on values
    casei,
    accenti,
    add,
    subtract,
    multiply,
    divide,
    integer_divide,
    modulo,
    power,
    // spatial
    s_intersects,
    s_equals,
    s_disjoint,
    s_touches,
    s_within,
    s_overlaps,
    s_crosses,
    s_contains,
    // temporal
    t_after,
    t_before,
    t_contains,
    t_disjoint,
    t_during,
    t_equals,
    t_finished_by,
    t_finishes,
    t_intersects,
    t_meets,
    t_met_by,
    t_overlapped_by,
    t_overlaps,
    t_started_by,
    t_starts,
    // arrays, as sets
    a_equals,
    a_contains,
    a_contained_by,
    a_overlaps,
};

// "and", "<=", "t_finishedBy": the name in CQL2 JSON; "" for values.
std::string_view name_of(op o) noexcept;
// By JSON name, without regard to case.
bool op_named(std::string_view name, op& out) noexcept;

inline bool is_spatial(op o) noexcept { return o >= op::s_intersects && o <= op::s_contains; }
inline bool is_temporal(op o) noexcept { return o >= op::t_after && o <= op::t_starts; }
inline bool is_array_op(op o) noexcept { return o >= op::a_equals && o <= op::a_overlaps; }
inline bool is_arithmetic(op o) noexcept { return o >= op::add && o <= op::power; }
inline bool is_comparison(op o) noexcept { return o >= op::equal && o <= op::greater_equal; }
inline bool is_predicate(op o) noexcept {
    return (o >= op::and_ && o <= op::in) || is_spatial(o) || is_temporal(o) || is_array_op(o);
}

// A geometry literal: as GeoJSON, or as {"bbox": [...]}; and ready for predicates.
struct geometry_literal {
    boost::json::value json;
    geometry shape;
};

struct node {
    op kind = op::boolean;
    bool truth = false;       // boolean
    bool whole = false;       // number: written without fraction or exponent
    double number = 0;        // number
    std::string text;         // text, property, function: the name; date, timestamp: as written
    instant when = 0;         // date, timestamp
    std::uint32_t depth = 1;  // levels below and including this one (text parser)
    std::shared_ptr<geometry_literal const> shape;
    std::vector<node> args;  // operands; interval: two; array: elements
};

struct limits {
    std::size_t max_depth = 64;
    std::size_t max_nodes = 10'000;
    std::size_t max_text = 512u << 10;
};

// errc::invalid_argument ("at 17: ...") or errc::limit_exceeded. The root is a condition (a predicate, a boolean literal or a
// function) unless `scalar` allows a value.
result<node> parse_text(std::string_view text, bool scalar = false, limits const& l = {});
result<node> parse_json(boost::json::value const& value, bool scalar = false, limits const& l = {});

std::string to_text(node const& n);
boost::json::value to_json(node const& n);

// Calls name functions that are there (functions.hpp), with arguments that can fit. errc::invalid_argument.
result<void> check_functions(node const& n);
// Every property named, in order of appearance, without repeats.
std::vector<std::string> properties_of(node const& n);

// Shared by both parsers: what operands an operator takes, and literals.
namespace detail {
result<void> check_operands(node const& n);
result<node> make_instant(std::string_view text, op kind);  // date or timestamp
result<node> make_interval_end(std::string_view text);      // "..", date or timestamp
result<node> make_geometry(boost::json::value json);
result<node> make_bbox_literal(std::vector<double> const& numbers);
}  // namespace detail

}  // namespace fjord::stac::cql2
