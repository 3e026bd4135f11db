// Times and durations that are accepted mean the same after printing.
#include "base/clock.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    if (auto const t = fjord::parse_rfc3339(text)) {
        auto const printed = fjord::format_rfc3339(*t);
        // An offset can move the first and last day of the calendar out of the four digits of RFC 3339.
        bool const in_calendar = printed.size() >= 20 && printed[0] != '-' && printed[4] == '-';
        auto const again = fjord::parse_rfc3339(printed);
        if (in_calendar && (!again || *again != *t)) std::abort();
    }
    if (auto const d = fjord::parse_duration(text)) {
        auto const again = fjord::parse_duration(fjord::format_duration(*d));
        if (!again || *again != *d) std::abort();
    }
    return 0;
}
