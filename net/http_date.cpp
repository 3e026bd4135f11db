#include "net/http_date.hpp"

#include "base/text.hpp"

#include <array>

namespace fjord::net {

namespace {

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<unsigned> month_named(std::string_view name) {
    for (unsigned i = 0; i < months.size(); ++i) {
        if (months[i] == name) return i + 1;
    }
    return std::nullopt;
}

std::optional<unsigned> number(std::string_view text) { return parse_unsigned<unsigned>(text); }

// Century of a two-digit year: within fifty years of now would need a clock; the POSIX pivot (69) is what peers use.
unsigned full_year(unsigned short_year) { return short_year < 69 ? 2000 + short_year : 1900 + short_year; }

std::optional<wall_time> assemble(std::optional<unsigned> year, std::optional<unsigned> month, std::optional<unsigned> day,
                                  std::string_view time) {
    if (!year || !month || !day || time.size() != 8 || time[2] != ':' || time[5] != ':') return std::nullopt;
    auto const h = number(time.substr(0, 2)), m = number(time.substr(3, 2)), s = number(time.substr(6, 2));
    if (!h || !m || !s || *h > 23 || *m > 59 || *s > 60) return std::nullopt;
    std::chrono::year_month_day const date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                           std::chrono::day(*day)};
    if (!date.ok()) return std::nullopt;
    return wall_time(std::chrono::sys_days(date)) + std::chrono::hours(*h) + std::chrono::minutes(*m) + seconds(*s);
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<wall_time> fixed_form(std::string_view t) {
    if (t.size() != 29 || t.substr(3, 2) != ", " || t[7] != ' ' || t[11] != ' ' || t[16] != ' ' || t.substr(25) != " GMT") {
        return std::nullopt;
    }
    return assemble(number(t.substr(12, 4)), month_named(t.substr(8, 3)), number(t.substr(5, 2)), t.substr(17, 8));
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<wall_time> rfc850_form(std::string_view t) {
    auto const comma = t.find(", ");
    if (comma == std::string_view::npos) return std::nullopt;
    t.remove_prefix(comma + 2);
    if (t.size() != 22 || t[2] != '-' || t[6] != '-' || t[9] != ' ' || t.substr(18) != " GMT") return std::nullopt;
    auto year = number(t.substr(7, 2));
    if (year) year = full_year(*year);
    return assemble(year, month_named(t.substr(3, 3)), number(t.substr(0, 2)), t.substr(10, 8));
}

// "Sun Nov  6 08:49:37 1994"
std::optional<wall_time> asctime_form(std::string_view t) {
    if (t.size() != 24 || t[3] != ' ' || t[7] != ' ' || t[10] != ' ' || t[19] != ' ') return std::nullopt;
    return assemble(number(t.substr(20, 4)), month_named(t.substr(4, 3)), number(trim(t.substr(8, 2))), t.substr(11, 8));
}

}  // namespace

std::optional<wall_time> parse_http_date(std::string_view text) noexcept {
    text = trim(text);
    if (auto t = fixed_form(text)) return t;
    if (auto t = rfc850_form(text)) return t;
    return asctime_form(text);
}

}  // namespace fjord::net
