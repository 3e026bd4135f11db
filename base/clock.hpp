#pragma once
// Time as an argument. Nothing but system_clock() below reads the machine's clock, so tests own time.
#include "base/result.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace fjord {

using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;  // UTC, for tokens, records and logs
using steady_time = std::chrono::steady_clock::time_point;           // for deadlines and intervals
using std::chrono::milliseconds;
using std::chrono::seconds;

// Any thread.
class clock {
public:
    virtual ~clock() = default;
    virtual wall_time now() const = 0;
    virtual steady_time steady() const = 0;
};

// The machine's clock; lives for the whole program.
clock& system_clock();

// A clock that moves only when told. Any thread.
class manual_clock final : public clock {
public:
    explicit manual_clock(wall_time start = wall_time{seconds{1'795'222'942}});
    wall_time now() const override;
    steady_time steady() const override;
    void advance(milliseconds by);

private:
    std::atomic<std::int64_t> wall_ms_;
    std::atomic<std::int64_t> steady_ms_{0};
};

// "2026-11-21T02:05:00.123Z" (RFC 3339, UTC, milliseconds only when not zero).
std::string format_rfc3339(wall_time t);

// RFC 3339 date-time with mandatory offset; lower-case t and z, any number of fraction digits (truncated to ms).
// errc::invalid_argument with the reason.
result<wall_time> parse_rfc3339(std::string_view text);

// "Sat, 21 Nov 2026 02:05:00 GMT" (RFC 9110 section 5.6.7).
std::string format_http_date(wall_time t);

// ISO 8601 duration of weeks, days, hours, minutes, seconds ("P30D", "PT6H", "P1DT12H"); years and months are refused
// because their length varies. errc::invalid_argument.
result<seconds> parse_duration(std::string_view text);
std::string format_duration(seconds d);

}  // namespace fjord
