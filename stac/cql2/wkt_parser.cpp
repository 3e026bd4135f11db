#include "stac/cql2/wkt_parser.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cmath>

namespace fjord::stac::cql2 {
namespace {

namespace json = boost::json;

constexpr std::size_t max_nesting = 8;

// How deep the coordinates of a type are nested: 0 for a position, 1 for a list of them, ...
struct shape_type {
    std::string_view keyword, geojson;
    int levels;
};
constexpr shape_type shape_types[] = {
    {"POINT", "Point", 0},           {"LINESTRING", "LineString", 1},           {"POLYGON", "Polygon", 2},
    {"MULTIPOINT", "MultiPoint", 1}, {"MULTILINESTRING", "MultiLineString", 2}, {"MULTIPOLYGON", "MultiPolygon", 3},
};

shape_type const* shape_at(token_cursor const& in) {
    for (auto const& s : shape_types)
        if (in.peek().is_word(s.keyword)) return &s;
    return nullptr;
}

json::value number_value(token const& t, bool negative) {
    double const v = negative ? -t.number : t.number;
    if (t.whole && v != 0 && std::abs(v) < 9e15) return static_cast<std::int64_t>(v);
    return v;
}

result<json::value> coordinate(token_cursor& in) {
    bool const negative = in.accept("-");
    if (!negative) in.accept("+");
    if (in.peek().kind != token_kind::number) return unexpected(in.peek(), "a coordinate");
    return number_value(in.take(), negative);
}

result<json::value> position(token_cursor& in) {
    json::array out;
    while (out.size() < 3 && !in.peek().is(",") && !in.peek().is(")")) {
        auto c = coordinate(in);
        if (!c) return c;
        out.push_back(std::move(*c));
    }
    if (out.size() < 2) return unexpected(in.peek(), "two or three coordinates");
    return json::value(std::move(out));
}

// "( x, x, ... )" where x is a position or, for levels > 1, again a list. A multipoint may wrap each position.
result<json::value> coordinate_list(token_cursor& in, int levels, bool wrapped_points) {
    if (!in.accept("(")) return unexpected(in.peek(), "'('");
    json::array out;
    do {
        bool const wrapped = wrapped_points && in.accept("(");
        auto one = levels > 1 ? coordinate_list(in, levels - 1, false) : position(in);
        if (!one) return one;
        if (wrapped && !in.accept(")")) return unexpected(in.peek(), "')'");
        out.push_back(std::move(*one));
    } while (in.accept(","));
    if (!in.accept(")")) return unexpected(in.peek(), "')'");
    return json::value(std::move(out));
}

result<json::value> collection(token_cursor& in, std::size_t depth) {
    if (depth >= max_nesting) return error(errc::limit_exceeded, "filter: geometry collections are nested too deeply");
    if (!in.accept("(")) return unexpected(in.peek(), "'('");
    json::array members;
    do {
        auto one = parse_wkt(in, depth + 1);
        if (!one) return one;
        members.push_back(std::move(*one));
    } while (in.accept(","));
    if (!in.accept(")")) return unexpected(in.peek(), "')'");
    return json::value(json::object{{"type", "GeometryCollection"}, {"geometries", std::move(members)}});
}

}  // namespace

error unexpected(token const& t, std::string_view wanted) {
    auto const got = t.kind == token_kind::end ? std::string("the end") : "'" + t.text.substr(0, 40) + "'";
    return error(errc::invalid_argument,
                 "filter, at " + std::to_string(t.at) + ": expected " + std::string(wanted) + ", got " + got);
}

bool at_geometry(token_cursor const& in) {
    if (!shape_at(in) && !in.peek().is_word("GEOMETRYCOLLECTION")) return false;
    return in.peek(1).is("(") || (in.peek(1).is_word("Z") && in.peek(2).is("("));
}

result<json::value> parse_wkt(token_cursor& in, std::size_t depth) {
    auto const* shape = shape_at(in);
    bool const is_collection = in.peek().is_word("GEOMETRYCOLLECTION");
    if (!shape && !is_collection) return unexpected(in.peek(), "a geometry");
    in.take();
    in.accept_word("Z");
    if (is_collection) return collection(in, depth);
    result<json::value> coordinates = json::value();
    if (shape->levels == 0) {
        coordinates = coordinate_list(in, 1, false);
        if (coordinates && coordinates->get_array().size() != 1) return unexpected(in.peek(), "one position in a point");
        if (coordinates) coordinates = json::value(coordinates->get_array()[0]);
    } else {
        coordinates = coordinate_list(in, shape->levels, shape->geojson == "MultiPoint");
    }
    if (!coordinates) return coordinates;
    return json::value(json::object{{"type", json::string_view(shape->geojson.data(), shape->geojson.size())},
                                    {"coordinates", std::move(*coordinates)}});
}

result<double> parse_signed_number(token_cursor& in) {
    auto v = coordinate(in);
    if (!v) return v.error();
    return v->to_number<double>();
}

}  // namespace fjord::stac::cql2
