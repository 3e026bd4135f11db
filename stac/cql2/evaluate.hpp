#pragma once
// Three-valued evaluation of a CQL2 tree over something that has properties. SQL rules: null or a type mismatch makes a
// comparison unknown, NOT unknown is unknown, and only `yes` selects. Strings compare by code point. A DATE stands for the
// begin of its day in UTC, also beside a TIMESTAMP. A string beside a time is read as a time when it is one.
#include "stac/cql2/expression.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fjord::stac::cql2 {

enum class truth : std::uint8_t { no, yes, unknown };

struct value {
    enum class kind : std::uint8_t { null, boolean, number, text, instant, interval, geometry, array, object };
    kind type = kind::null;
    bool truth = false;
    double number = 0;
    std::string text;                 // text; for an instant, as written
    time_interval time;               // instant: start == end
    geometry const* shape = nullptr;  // lives as long as the item or the expression
    std::vector<value> items;

    static value of(bool b);
    static value of(double n);
    static value of(std::string s);
    static value at(instant t, std::string written = {});
    static value over(time_interval t);
    static value of(geometry const* g);
};

// What a filter sees of one item. Names as written in the filter ("eo:cloud_cover", "properties.gsd", "geometry").
class item_view {
public:
    virtual ~item_view() = default;
    virtual value property(std::string_view name) const = 0;
};

// Holds what repeated evaluation wants prepared. One thread; the tree must outlive it.
class evaluator {
public:
    explicit evaluator(node const& root) : root_(root) {}
    truth test(item_view const& item);
    bool matches(item_view const& item) { return test(item) == truth::yes; }
    // The value of a part of the tree.
    value evaluate(node const& part, item_view const& item) { return scalar(part, item); }

private:
    truth condition(node const& n, item_view const& item);
    truth logical(node const& n, item_view const& item);
    truth spatial(node const& n, item_view const& item);
    truth in_list(node const& n, item_view const& item);
    value scalar(node const& n, item_view const& item);
    value interval(node const& n, item_view const& item);
    value arithmetic(node const& n, item_view const& item);
    prepared_geometry& prepared(node const& literal);

    node const& root_;
    std::unordered_map<node const*, prepared_geometry> prepared_;
};

// -1, 0, 1; nullopt when unknown. relation(): what a comparison operator makes of it.
std::optional<int> compare(value const& a, value const& b);
truth relation(op o, value const& a, value const& b);
truth temporal_relation(op o, time_interval const& a, time_interval const& b);

// The time a value stands for: an instant, an interval, or a text that reads as a date or date-time.
std::optional<time_interval> as_time(value const& v);

// A JSON slice as a value: objects are opaque.
value value_of_json(std::string_view slice);

}  // namespace fjord::stac::cql2
