#include "stac/cf_time.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

namespace fjord::stac {
namespace {

constexpr double us_per_day = 86'400e6;

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> out(1);
    for (char const c : text) {
        // "1950-01-01T00:00:00" is two words as well.
        bool const t =
            (c == 'T' || c == 't') && !out.back().empty() && std::isdigit(static_cast<unsigned char>(out.back().back()));
        if (c == ' ' || c == '\t' || t) {
            if (!out.back().empty()) out.emplace_back();
        } else {
            out.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    if (out.back().empty()) out.pop_back();
    return out;
}

std::optional<double> unit_of(std::string_view name) {
    struct row {
        std::string_view name;
        double us;
    };
    static constexpr row rows[] = {
        {"microsecond", 1}, {"millisecond", 1e3}, {"msec", 1e3},     {"second", 1e6},         {"sec", 1e6},
        {"s", 1e6},         {"minute", 60e6},     {"min", 60e6},     {"hour", 3.6e9},         {"hr", 3.6e9},
        {"h", 3.6e9},       {"day", us_per_day},  {"d", us_per_day}, {"week", 7 * us_per_day}};
    for (auto const& r : rows)
        if (name == r.name || (name.size() == r.name.size() + 1 && name.starts_with(r.name) && name.back() == 's')) return r.us;
    return std::nullopt;
}

int days_in(int year, int month) {
    namespace ch = std::chrono;
    auto const last = ch::year(year) / ch::month(static_cast<unsigned>(month)) / ch::last;
    return static_cast<int>(static_cast<unsigned>(ch::year_month_day(last).day()));
}

instant from_fields(int year, int month, int day, instant time_of_day) {
    namespace ch = std::chrono;
    day = std::min(day, days_in(year, month));
    ch::sys_days const date(ch::year(year) / ch::month(static_cast<unsigned>(month)) / ch::day(static_cast<unsigned>(day)));
    return static_cast<instant>(date.time_since_epoch().count() * us_per_day) + time_of_day;
}

}  // namespace

result<cf_time> cf_time::parse(std::string_view units, std::string_view calendar_name) {
    auto const words = words_of(units);
    auto const bad = [&](std::string_view why) {
        return fail(errc::invalid_argument, "time units '" + std::string(units.substr(0, 80)) + "': " + std::string(why));
    };
    if (words.size() < 3 || words[1] != "since") return bad("expected '<unit> since <date>'");
    if (words[0].starts_with("month") || words[0].starts_with("year")) {
        return fail(errc::unsupported,
                    "time units '" + std::string(units.substr(0, 80)) + "': months and years have no fixed length");
    }
    auto const unit = unit_of(words[0]);
    if (!unit) return bad("unknown unit");
    cf_time out;
    out.unit_us_ = *unit;
    int hour = 0, minute = 0;
    double second = 0;
    if (std::sscanf(words[2].c_str(), "%d-%d-%d", &out.year_, &out.month_, &out.day_) != 3)
        return bad("the date is not year-month-day");
    if (words.size() > 3 && std::sscanf(words[3].c_str(), "%d:%d:%lf", &hour, &minute, &second) < 1)
        return bad("the time is not h:m:s");
    if (std::abs(out.year_) > 9999 || out.month_ < 1 || out.month_ > 12 || out.day_ < 1 || out.day_ > 31 || hour < 0 ||
        hour > 24 || minute < 0 || minute > 59 || !(second >= 0 && second < 61)) {
        return bad("a field is out of range");
    }
    int offset_h = 0, offset_m = 0;
    if (words.size() > 4 && std::sscanf(words[4].c_str(), "%d:%d", &offset_h, &offset_m) < 1) offset_h = 0;  // "utc", "z"
    if (std::abs(offset_h) > 24 || offset_m < 0 || offset_m > 59) return bad("the offset is out of range");
    double const offset = offset_h * 3600 + (offset_h < 0 ? -offset_m : offset_m) * 60;
    out.time_of_day_ = static_cast<instant>((hour * 3600 + minute * 60 + second - offset) * 1e6);

    static constexpr std::array<std::pair<std::string_view, calendar>, 9> names{{{"", calendar::gregorian},
                                                                                 {"standard", calendar::gregorian},
                                                                                 {"gregorian", calendar::gregorian},
                                                                                 {"proleptic_gregorian", calendar::gregorian},
                                                                                 {"noleap", calendar::days_365},
                                                                                 {"365_day", calendar::days_365},
                                                                                 {"all_leap", calendar::days_366},
                                                                                 {"366_day", calendar::days_366},
                                                                                 {"360_day", calendar::days_360}}};
    std::string lower;
    for (char const c : calendar_name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    auto const known = std::find_if(names.begin(), names.end(), [&](auto const& n) { return n.first == lower; });
    if (known == names.end()) return fail(errc::unsupported, "calendar '" + lower.substr(0, 40) + "' is not known");
    out.calendar_ = known->second;
    out.epoch_ = from_fields(out.year_, out.month_, out.day_, out.time_of_day_);
    return out;
}

instant cf_time::at(double value) const {
    double const us = std::round(value * unit_us_);
    if (!(std::abs(us) < 4e18)) return value > 0 ? open_end : open_start;
    if (calendar_ == calendar::gregorian) return epoch_ + static_cast<instant>(us);
    // Count days from year 0 in the model's calendar, then read the fields back off that count.
    auto month_length = [this](int month) {
        if (calendar_ == calendar::days_360) return 30;
        if (month == 2) return calendar_ == calendar::days_366 ? 29 : 28;
        return days_in(2001, month);
    };
    int const year_length = calendar_ == calendar::days_360 ? 360 : calendar_ == calendar::days_365 ? 365 : 366;
    double total = static_cast<double>(year_) * year_length + (day_ - 1);
    for (int m = 1; m < month_; ++m) total += month_length(m);
    double const moment = total * us_per_day + static_cast<double>(time_of_day_) + us;
    double const days = std::floor(moment / us_per_day);
    auto year = static_cast<int>(std::floor(days / year_length));
    int rest = static_cast<int>(days - static_cast<double>(year) * year_length);
    int month = 1;
    while (month < 12 && rest >= month_length(month)) rest -= month_length(month++);
    year = std::clamp(year, -9999, 9999);
    return from_fields(year, month, rest + 1, static_cast<instant>(moment - days * us_per_day));
}

}  // namespace fjord::stac
