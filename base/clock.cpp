#include "base/clock.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <array>
#include <cstdio>

namespace fjord {

namespace {

namespace chrono = std::chrono;

class machine_clock final : public clock {
public:
    wall_time now() const override { return chrono::floor<milliseconds>(chrono::system_clock::now()); }
    steady_time steady() const override { return chrono::steady_clock::now(); }
};

struct civil_time {
    chrono::year_month_day date;
    chrono::hh_mm_ss<milliseconds> time;
    unsigned weekday;
};

civil_time civil(wall_time t) {
    auto const day = chrono::floor<chrono::days>(t);
    return {chrono::year_month_day{day}, chrono::hh_mm_ss{t - day}, chrono::weekday{day}.c_encoding()};
}

template <class... Args>
std::string print(char const* format, Args... args) {
    std::array<char, 64> buffer;
    auto const n = std::snprintf(buffer.data(), buffer.size(), format, args...);
    return {buffer.data(), static_cast<std::size_t>(n)};
}

error bad_time(std::string_view text, std::string_view why) {
    return fail(errc::invalid_argument,
                "'" + std::string(text.substr(0, 64)) + "' is not an RFC 3339 date-time: " + std::string(why));
}

// Reads fixed-width fields from the front of a text.
class field_reader {
public:
    explicit field_reader(std::string_view text) : rest_(text) {}

    // `width` digits; -1 when they are not there.
    int digits(std::size_t width) {
        if (rest_.size() < width) return -1;
        int value = 0;
        for (char c : rest_.substr(0, width)) {
            if (!is_digit(c)) return -1;
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(width);
        return value;
    }

    bool literal(char c) {
        if (rest_.empty() || ascii_lower(rest_.front()) != c) return false;
        rest_.remove_prefix(1);
        return true;
    }

    // One or more digits after the point, cut to milliseconds; -1 when there are none.
    int fraction_ms() {
        if (rest_.empty() || !is_digit(rest_.front())) return -1;
        int value = 0;
        int weight = 100;
        while (!rest_.empty() && is_digit(rest_.front())) {
            value += (rest_.front() - '0') * weight;
            weight /= 10;
            rest_.remove_prefix(1);
        }
        return value;
    }

    bool at_end() const noexcept { return rest_.empty(); }

private:
    std::string_view rest_;
};

// time-offset of RFC 3339 section 5.6; nullopt when malformed.
std::optional<chrono::minutes> read_offset(field_reader& in) {
    if (in.literal('z')) return chrono::minutes{0};
    int const sign = in.literal('+') ? 1 : in.literal('-') ? -1 : 0;
    if (sign == 0) return std::nullopt;
    int const hours = in.digits(2);
    if (hours < 0 || hours > 23 || !in.literal(':')) return std::nullopt;
    int const minutes = in.digits(2);
    if (minutes < 0 || minutes > 59) return std::nullopt;
    return chrono::minutes{sign * (hours * 60 + minutes)};
}

}  // namespace

clock& system_clock() {
    static machine_clock instance;
    return instance;
}

manual_clock::manual_clock(wall_time start) : wall_ms_(start.time_since_epoch().count()) {}
wall_time manual_clock::now() const { return wall_time{milliseconds{wall_ms_.load()}}; }
// Starts a day after the epoch, so that deadlines some time in the past can be written down.
steady_time manual_clock::steady() const { return steady_time{chrono::hours{24} + milliseconds{steady_ms_.load()}}; }
void manual_clock::advance(milliseconds by) {
    wall_ms_.fetch_add(by.count());
    steady_ms_.fetch_add(by.count());
}

std::string format_rfc3339(wall_time t) {
    auto const c = civil(t);
    auto out = print("%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(c.date.year()), static_cast<unsigned>(c.date.month()),
                     static_cast<unsigned>(c.date.day()), static_cast<int>(c.time.hours().count()),
                     static_cast<int>(c.time.minutes().count()), static_cast<int>(c.time.seconds().count()));
    if (auto const ms = c.time.subseconds().count(); ms != 0) out += print(".%03d", static_cast<int>(ms));
    return out + "Z";
}

std::string format_http_date(wall_time t) {
    static constexpr char const* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr char const* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const c = civil(t);
    return print("%s, %02u %s %04d %02d:%02d:%02d GMT", days[c.weekday], static_cast<unsigned>(c.date.day()),
                 months[static_cast<unsigned>(c.date.month()) - 1], static_cast<int>(c.date.year()),
                 static_cast<int>(c.time.hours().count()), static_cast<int>(c.time.minutes().count()),
                 static_cast<int>(c.time.seconds().count()));
}

result<wall_time> parse_rfc3339(std::string_view text) {
    field_reader in(text);
    int const year = in.digits(4);
    bool shape = year >= 0 && in.literal('-');
    int const month = shape ? in.digits(2) : -1;
    shape = month >= 0 && in.literal('-');
    int const day = shape ? in.digits(2) : -1;
    if (day < 0) return bad_time(text, "it must start with YYYY-MM-DD");
    if (!in.literal('t')) return bad_time(text, "a time of day after 'T' is needed");
    int const hour = in.digits(2);
    shape = hour >= 0 && in.literal(':');
    int const minute = shape ? in.digits(2) : -1;
    shape = minute >= 0 && in.literal(':');
    int const second = shape ? in.digits(2) : -1;
    if (second < 0) return bad_time(text, "the time must read HH:MM:SS");
    int const ms = in.literal('.') ? in.fraction_ms() : 0;
    if (ms < 0) return bad_time(text, "digits must follow the decimal point");
    auto const offset = read_offset(in);
    if (!offset || !in.at_end()) return bad_time(text, "it must end with 'Z' or an offset such as +01:00");

    auto const date = chrono::year{year} / month / day;
    if (!date.ok()) return bad_time(text, "there is no such day");
    if (hour > 23 || minute > 59 || second > 60) return bad_time(text, "there is no such time of day");
    auto const whole = chrono::sys_days{date} + chrono::hours{hour} + chrono::minutes{minute} - *offset;
    // A leap second is the 61st second of a UTC day's last minute (RFC 3339 section 5.7); it reads as the second after it.
    auto const next_minute = whole + chrono::minutes{1};
    if (second == 60 && chrono::floor<chrono::days>(next_minute) != next_minute)
        return bad_time(text, "there is no leap second here");
    return wall_time{whole + chrono::seconds{second} + milliseconds{ms}};
}

}  // namespace fjord
