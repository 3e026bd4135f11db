#pragma once
// Calendar fields of instants, in UTC, proleptic Gregorian (RFC 3339). Pure.
#include "stac/datetime.hpp"

#include <string_view>

namespace fjord::stac {

struct calendar_fields {
    std::int64_t year = 0;
    unsigned month = 1, day = 1, hour = 0, minute = 0;
};
calendar_fields calendar_of(instant t) noexcept;
instant begin_of_day(std::int64_t year, unsigned month, unsigned day) noexcept;

enum class calendar_unit { minute, hour, day, week, month, year };
std::string_view name_of(calendar_unit u) noexcept;
// The begin of the unit that holds t; weeks begin on Monday.
instant floor_to(instant t, calendar_unit u) noexcept;
// The begin of the unit after the one that begins at `begin`.
instant next_of(instant begin, calendar_unit u) noexcept;

}  // namespace fjord::stac
