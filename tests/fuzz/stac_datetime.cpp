// Instants and intervals: nothing crashes, and an instant formats to a text of the same instant.
#include "stac/datetime.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace fjord::stac;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    if (auto const interval = parse_datetime_parameter(text); interval && interval->start > interval->end) std::abort();
    auto const t = parse_instant(text);
    if (!t) return 0;
    // An offset can carry the first and last day out of the four-digit years.
    auto const written = format_instant(*t);
    if (written.size() < 20 || written.front() == '-' || written[4] != '-') return 0;
    auto const again = parse_instant(written);
    if (!again || *again != *t) std::abort();
    return 0;
}
