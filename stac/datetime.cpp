#include "stac/datetime.hpp"

#include <chrono>
#include <cstdio>

namespace fjord::stac {
namespace {

constexpr instant us_per_second = 1'000'000;

// Reads fixed-width decimal fields; remembers the first failure.
struct field_reader {
    std::string_view text;
    std::size_t at = 0;
    bool ok = true;

    int digits(std::size_t count) {
        int value = 0;
        for (std::size_t i = 0; i < count; ++i, ++at) {
            if (at >= text.size() || text[at] < '0' || text[at] > '9') {
                ok = false;
                return 0;
            }
            value = value * 10 + (text[at] - '0');
        }
        return value;
    }
    char take() { return at < text.size() ? text[at++] : '\0'; }
    char peek() const { return at < text.size() ? text[at] : '\0'; }
    void expect(char c) { ok = ok && take() == c; }
};

std::optional<instant> read_date(field_reader& in) {
    int const year = in.digits(4);
    in.expect('-');
    int const month = in.digits(2);
    in.expect('-');
    int const day = in.digits(2);
    std::chrono::year_month_day const date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!in.ok || !date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count() * 86'400 * us_per_second;
}

// ".123456789": microseconds, the rest cut off; a point without digits is refused.
std::optional<instant> read_fraction(field_reader& in) {
    if (in.peek() != '.') return 0;
    in.take();
    instant value = 0;
    int digits = 0;
    for (; in.peek() >= '0' && in.peek() <= '9'; ++digits) {
        int const d = in.take() - '0';
        if (digits < 6) value = value * 10 + d;
    }
    if (digits == 0) return std::nullopt;
    for (; digits < 6; ++digits) value *= 10;
    return value;
}

// "Z" or "+hh:mm": seconds to subtract.
std::optional<instant> read_offset(field_reader& in) {
    char const sign = in.take();
    if (sign == 'Z' || sign == 'z') return 0;
    if (sign != '+' && sign != '-') return std::nullopt;
    int const hours = in.digits(2);
    in.expect(':');
    int const minutes = in.digits(2);
    if (!in.ok || hours > 23 || minutes > 59) return std::nullopt;
    return (sign == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
}

std::optional<instant> read_instant(std::string_view text) {
    field_reader in{text};
    auto const day = read_date(in);
    char const t = in.take();
    int const hour = in.digits(2);
    in.expect(':');
    int const minute = in.digits(2);
    in.expect(':');
    int const second = in.digits(2);
    // Second 60 is a leap second (RFC 3339 section 5.7); it is read as the second after 59.
    if (!day || (t != 'T' && t != 't') || !in.ok || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    auto const fraction = read_fraction(in);
    if (!fraction) return std::nullopt;
    auto const offset = read_offset(in);
    if (!offset || in.at != text.size()) return std::nullopt;
    return *day + (hour * 3600 + minute * 60 + second - *offset) * us_per_second + *fraction;
}

}  // namespace

result<instant> parse_instant(std::string_view text) {
    if (auto t = read_instant(text)) return *t;
    return fail(errc::invalid_argument,
                "'" + std::string(text.substr(0, 64)) + "' is no RFC 3339 date-time with offset, such as 2020-07-23T00:00:00Z");
}

result<instant> parse_date(std::string_view text) {
    field_reader in{text};
    auto const day = read_date(in);
    if (day && in.at == text.size()) return *day;
    return fail(errc::invalid_argument, "'" + std::string(text.substr(0, 64)) + "' is no date such as 2020-07-23");
}

std::optional<instant> parse_instant_or_date(std::string_view text) {
    if (text.size() == 10) {
        auto day = parse_date(text);
        return day ? std::optional<instant>(*day) : std::nullopt;
    }
    return read_instant(text);
}

result<time_interval> parse_datetime_parameter(std::string_view text) {
    auto const slash = text.find('/');
    if (slash == std::string_view::npos) {
        auto const t = parse_instant(text);
        if (!t) return t.error();
        return time_interval{*t, *t};
    }
    auto const from = text.substr(0, slash), to = text.substr(slash + 1);
    if (to.find('/') != std::string_view::npos) return fail(errc::invalid_argument, "datetime: an interval has one '/'");
    bool const from_open = from.empty() || from == "..", to_open = to.empty() || to == "..";
    if (from_open && to_open) return fail(errc::invalid_argument, "datetime: at least one end of an interval must be given");
    time_interval interval;
    if (!from_open) {
        auto const t = parse_instant(from);
        if (!t) return t.error();
        interval.start = *t;
    }
    if (!to_open) {
        auto const t = parse_instant(to);
        if (!t) return t.error();
        interval.end = *t;
    }
    if (interval.start > interval.end) return fail(errc::invalid_argument, "datetime: the interval ends before it begins");
    return interval;
}

std::string format_instant(instant t) {
    namespace ch = std::chrono;
    auto const time = ch::sys_time<ch::microseconds>(ch::microseconds(t));
    auto const day = ch::floor<ch::days>(time);
    ch::year_month_day const date(day);
    ch::hh_mm_ss const clock(ch::floor<ch::microseconds>(time - day));
    char buffer[64];
    int n = std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                          static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                          static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                          static_cast<int>(clock.seconds().count()));
    std::string out(buffer, static_cast<std::size_t>(n));
    if (auto const us = clock.subseconds().count(); us != 0) {
        n = std::snprintf(buffer, sizeof buffer, ".%06d", static_cast<int>(us));
        out.append(buffer, static_cast<std::size_t>(n));
        while (out.back() == '0') out.pop_back();
    }
    return out += 'Z';
}

}  // namespace fjord::stac
