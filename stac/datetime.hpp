#pragma once
// Instants and intervals as STAC, OGC API Features and CQL2 write them. Unit: microseconds since 1970-01-01T00:00:00Z, which
// covers the years 0000 to 9999; finer fractions are accepted and cut off.
#include "base/error.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace fjord::stac {

using instant = std::int64_t;
inline constexpr instant open_start = std::numeric_limits<instant>::min();  // an unbounded begin
inline constexpr instant open_end = std::numeric_limits<instant>::max();    // an unbounded end

// Closed on both ends; an instant has start == end.
struct time_interval {
    instant start = open_start;
    instant end = open_end;
    friend bool operator==(time_interval const&, time_interval const&) = default;
};
inline bool intersects(time_interval const& a, time_interval const& b) noexcept { return a.start <= b.end && b.start <= a.end; }

// RFC 3339 date-time: four-digit year, mandatory offset, lower-case t and z, any number of fraction digits.
// errc::invalid_argument.
result<instant> parse_instant(std::string_view text);
// RFC 3339 full-date; the instant is the begin of that day in UTC. errc::invalid_argument.
result<instant> parse_date(std::string_view text);
// A date-time, or a full-date; nullopt when it is neither.
std::optional<instant> parse_instant_or_date(std::string_view text);

// The `datetime` parameter (OGC API Features, requirement 25; STAC item search): an instant, or "a/b" where one end may be
// ".." or empty. Refused: both ends open, start after end, more than one slash. errc::invalid_argument.
result<time_interval> parse_datetime_parameter(std::string_view text);

std::string format_instant(instant t);  // shortest form: fraction only when there is one

}  // namespace fjord::stac
