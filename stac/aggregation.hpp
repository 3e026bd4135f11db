#pragma once
// The aggregation extension (STAC API aggregation 0.3.0): numbers and distributions over all matches of a search.
//   total_count, datetime_min, datetime_max, datetime_frequency, collection_frequency,
//   grid_geohash_frequency, grid_geotile_frequency  by the centre of the item's bounds,
//   NAME_frequency  per property: terms of texts and booleans (each element of an array counts), ranges of numbers,
//   NAME_min, NAME_max  per property that holds numbers.
// NAME is the property's name, or the short name that other servers use (cloud_cover for eo:cloud_cover, ...).
#include "base/json.hpp"
#include "stac/calendar.hpp"
#include "stac/index.hpp"
#include "stac/tally.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fjord::stac {

struct aggregation_kind {
    enum class type { total, time_min, time_max, times, collections, geohash, geotile, terms, ranges, value_min, value_max };
    std::string name;
    type what = type::total;
    std::string property;
};

// What can be asked, given the properties that the caller sees.
std::vector<aggregation_kind> aggregations_for(std::vector<property_summary> const& properties);
// As /aggregations lists it.
json::object describe(aggregation_kind const& k);

class aggregation : public tally {
public:
    virtual json::object result() const = 0;  // an Aggregation object
};

// What an aggregation must know before it begins.
struct aggregation_setting {
    calendar_unit unit = calendar_unit::month;  // times
    std::size_t precision = 0;                  // grids; 0: the default
    std::vector<double> limits;                 // ranges: ascending; n limits make n + 1 ranges, the outer ones open
};
std::unique_ptr<aggregation> make_aggregation(aggregation_kind const& k, aggregation_setting const& s);

// The least and greatest of something, for choosing a setting.
class value_span : public tally {
public:
    std::optional<double> low, high;

protected:
    void add(double v);
};
std::unique_ptr<value_span> span_of_times();
std::unique_ptr<value_span> span_of_numbers(std::string property);

// The coarsest unit that gives 12 parts or more, minutes at the finest.
calendar_unit unit_for(instant low, instant high) noexcept;
// About ten ranges at round numbers; the customary ones for eo:cloud_cover.
std::vector<double> limits_for(std::string_view property, double low, double high);

}  // namespace fjord::stac
