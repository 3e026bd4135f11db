#include "stac/calendar.hpp"

namespace fjord::stac {
namespace {

constexpr instant minute = 60'000'000, hour = 60 * minute, day = 24 * hour;

std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

// Days since 1970-01-01 to a date and back: Howard Hinnant, "chrono-compatible low-level date algorithms".
calendar_fields calendar_of(instant t) noexcept {
    auto const days = floor_div(t, day);
    auto const z = days + 719'468;
    auto const era = floor_div(z, 146'097);
    auto const of_era = static_cast<unsigned>(z - era * 146'097);
    auto const year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    auto const of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    auto const shifted = (5 * of_year + 2) / 153;  // months from March
    auto const month = shifted < 10 ? shifted + 3 : shifted - 9;
    auto const rest = t - days * day;
    return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month,
            of_year - (153 * shifted + 2) / 5 + 1, static_cast<unsigned>(rest / hour),
            static_cast<unsigned>(rest % hour / minute)};
}

instant begin_of_day(std::int64_t year, unsigned month, unsigned of_month) noexcept {
    year -= month <= 2 ? 1 : 0;
    auto const era = floor_div(year, 400);
    auto const year_of_era = static_cast<unsigned>(year - era * 400);
    auto const of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + of_month - 1;
    auto const of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    return (era * 146'097 + static_cast<std::int64_t>(of_era) - 719'468) * day;
}

std::string_view name_of(calendar_unit u) noexcept {
    switch (u) {
        case calendar_unit::minute:
            return "minute";
        case calendar_unit::hour:
            return "hour";
        case calendar_unit::day:
            return "day";
        case calendar_unit::week:
            return "week";
        case calendar_unit::month:
            return "month";
        default:
            return "year";
    }
}

instant floor_to(instant t, calendar_unit u) noexcept {
    switch (u) {
        case calendar_unit::minute:
            return floor_div(t, minute) * minute;
        case calendar_unit::hour:
            return floor_div(t, hour) * hour;
        case calendar_unit::day:
            return floor_div(t, day) * day;
        case calendar_unit::week:  // 1970-01-01 was a Thursday
            return (floor_div(floor_div(t, day) + 3, 7) * 7 - 3) * day;
        case calendar_unit::month: {
            auto const c = calendar_of(t);
            return begin_of_day(c.year, c.month, 1);
        }
        default:
            return begin_of_day(calendar_of(t).year, 1, 1);
    }
}

instant next_of(instant begin, calendar_unit u) noexcept {
    switch (u) {
        case calendar_unit::minute:
            return begin + minute;
        case calendar_unit::hour:
            return begin + hour;
        case calendar_unit::day:
            return begin + day;
        case calendar_unit::week:
            return begin + 7 * day;
        case calendar_unit::month: {
            auto const c = calendar_of(begin);
            return c.month == 12 ? begin_of_day(c.year + 1, 1, 1) : begin_of_day(c.year, c.month + 1, 1);
        }
        default:
            return begin_of_day(calendar_of(begin).year + 1, 1, 1);
    }
}

}  // namespace fjord::stac
