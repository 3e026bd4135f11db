#pragma once
// Time axes of the CF conventions (section 4.4): numbers with units such as "days since 1950-01-01 00:00:00" and a calendar.
#include "base/error.hpp"
#include "stac/datetime.hpp"

#include <string_view>

namespace fjord::stac {

class cf_time {
public:
    // Units: seconds, minutes, hours, days, weeks (and common abbreviations) "since" a date with optional time and offset.
    // Calendars: standard, gregorian, proleptic_gregorian, julian dates near today as gregorian; noleap/365_day,
    // all_leap/366_day, 360_day. errc::invalid_argument, errc::unsupported (months and years: their length varies).
    static result<cf_time> parse(std::string_view units, std::string_view calendar);

    // A date that a model calendar has and ours has not (30 February) becomes the last day of its month.
    instant at(double value) const;

private:
    enum class calendar { gregorian, days_360, days_365, days_366 };
    calendar calendar_ = calendar::gregorian;
    double unit_us_ = 0;                  // microseconds per unit
    instant epoch_ = 0;                   // gregorian
    int year_ = 0, month_ = 0, day_ = 0;  // of the epoch, for model calendars
    instant time_of_day_ = 0;
};

}  // namespace fjord::stac
