#pragma once
// Random items and random conditions for differential tests. An item is kept as plain values, from which both its document and
// the naive answers are made; nothing of the index, its columns or the CQL2 evaluator is used for the latter. Geometry is asked
// of GEOS, pair by pair.
#include "stac/geometry.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace fjord::stac::test {

using three = std::optional<bool>;
inline three not3(three a) { return a ? three(!*a) : std::nullopt; }
inline three and3(three a, three b) {
    if ((a && !*a) || (b && !*b)) return false;
    return a && b ? three(true) : std::nullopt;
}
inline three or3(three a, three b) { return not3(and3(not3(a), not3(b))); }

struct plain_item {
    std::string collection, id;
    // Of few and of many different values, whole and with decimals.
    std::optional<double> number, half, cloud, wild;
    std::optional<std::string> word, name;  // of few values; nearly unique
    std::optional<bool> flag;
    std::optional<double> mixed_number;  // "mixed" holds a number, a text, a list or nothing
    std::optional<std::string> mixed_text;
    bool mixed_list = false;
    std::optional<double> nested;  // {"deep":{"x":...}}
    std::optional<double> dotted;  // {"dot.ted":...}
    std::optional<std::vector<std::string>> tags;
    std::optional<std::int64_t> created;  // microseconds; written with six digits, many values
    std::optional<std::int64_t> seen;     // written in changing ways, few values
    std::string seen_text;
    std::optional<std::int64_t> datetime;
    std::int64_t start = 0, end = 0;  // the datetime twice, or a range
    std::string geometry_text = "null";
    std::optional<geometry> shape;
    double z_low = 0, z_high = 0;
    std::optional<int> sensitivity;  // what policies tell items apart by

    std::int64_t sort_time() const { return datetime.value_or(start); }
};

struct condition {
    std::string text;  // CQL2
    std::function<three(plain_item const&)> holds;
};

// A position on a grid of halves, so that edges and corners meet often.
class random_world {
public:
    explicit random_world(unsigned seed) : random_(seed) {}

    plain_item item(std::string collection, std::string id);
    condition any(int depth);      // a condition on anything
    std::string geometry_text();   // GeoJSON of any kind
    std::string query_geometry();  // the same, of the kinds and sizes people ask for
    std::int64_t time();           // within two years, often the same
    int upto(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
    bool one_in(int n) { return upto(n) == 0; }
    double degree(double low, double high) { return low + upto(static_cast<int>((high - low) * 2) + 1) / 2.0; }

private:
    using number_of = std::function<std::optional<double>(plain_item const&)>;
    using text_of = std::function<std::optional<std::string>(plain_item const&)>;
    using time_of = std::function<std::optional<std::int64_t>(plain_item const&)>;
    struct numeric {
        std::string name;
        number_of get;
        int values;
        double scale;
    };
    numeric numeric_property();
    condition combined(int depth);
    condition comparison();
    condition arithmetic();
    condition between();
    condition text_comparison();
    condition in_list();
    condition like();
    condition null_test();
    condition flag_test();
    condition property_property();
    condition time_comparison();
    condition temporal();
    condition array_test();
    condition spatial();
    condition name_test();
    std::string word();
    std::string polygon(double w, double s, double e, double n);

    std::mt19937 random_;
};

std::string document_of(plain_item const& p);
std::string time_text(std::int64_t t);  // whole seconds or six digits
geometry geometry_of(std::string const& geojson, double max_longitude = 360);

}  // namespace fjord::stac::test
