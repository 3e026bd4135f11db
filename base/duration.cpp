// ISO 8601 durations, the part whose length is fixed.
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <limits>

namespace fjord {

namespace {

struct unit {
    char letter;
    bool after_t;
    std::int64_t length;
};
// In the order in which they must appear.
constexpr unit units[] = {{'W', false, 604'800}, {'D', false, 86'400}, {'H', true, 3'600}, {'M', true, 60}, {'S', true, 1}};

// Far beyond any use; times the longest unit it still fits 63 bits.
constexpr std::int64_t longest = 100'000LL * 366 * 86'400;

error bad_duration(std::string_view text, std::string_view why) {
    return fail(errc::invalid_argument,
                "'" + std::string(text.substr(0, 64)) + "' is not a duration such as P30D, PT6H or P1DT12H: " + std::string(why));
}

}  // namespace

result<seconds> parse_duration(std::string_view text) {
    if (text.size() < 3 || text.front() != 'P') return bad_duration(text, "it starts with P and names at least one unit");
    std::string_view rest = text.substr(1);
    std::int64_t total = 0;
    bool after_t = false;
    std::size_t next_unit = 0;
    while (!rest.empty()) {
        if (rest.front() == 'T' && !after_t && rest.size() > 1) {
            after_t = true;
            rest.remove_prefix(1);
            continue;
        }
        auto const width = rest.find_first_not_of("0123456789");
        if (width == 0 || width == std::string_view::npos) return bad_duration(text, "each part is a whole number and a unit");
        auto const number = parse_unsigned<std::uint64_t>(rest.substr(0, width));
        char const letter = rest[width];
        if (letter == 'Y' || (letter == 'M' && !after_t)) return bad_duration(text, "years and months vary in length; use days");
        while (next_unit < std::size(units) && (units[next_unit].letter != letter || units[next_unit].after_t != after_t))
            ++next_unit;
        if (next_unit == std::size(units))
            return bad_duration(text, "units are W, D and after T: H, M, S, in this order, once each");
        if (!number || *number > static_cast<std::uint64_t>(longest)) return bad_duration(text, "it is too long");
        total += static_cast<std::int64_t>(*number) * units[next_unit].length;
        if (total > longest) return bad_duration(text, "it is too long");
        ++next_unit;
        rest.remove_prefix(width + 1);
    }
    return seconds{total};
}

std::string format_duration(seconds d) {
    auto left = d.count();
    std::string out = left < 0 ? "-P" : "P";
    left = left < 0 ? -left : left;
    if (auto const days = left / 86'400; days != 0) out += std::to_string(days) + "D";
    left %= 86'400;
    if (left == 0) return d.count() == 0 ? "PT0S" : out;
    out += "T";
    if (left / 3'600 != 0) out += std::to_string(left / 3'600) + "H";
    if (left / 60 % 60 != 0) out += std::to_string(left / 60 % 60) + "M";
    if (left % 60 != 0) out += std::to_string(left % 60) + "S";
    return out;
}

}  // namespace fjord
