// CQL2 JSON: nothing crashes, and what parses prints JSON that parses to the same filter.
#include "base/json.hpp"
#include "stac/cql2/evaluate.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    namespace cql2 = fjord::stac::cql2;
    auto const value = fjord::parse_json(std::string_view(reinterpret_cast<char const*>(data), size));
    if (!value) return 0;
    auto const parsed = cql2::parse_json(*value);
    if (!parsed) return 0;
    auto const again = cql2::parse_json(cql2::to_json(*parsed));
    if (!again || cql2::to_text(*again) != cql2::to_text(*parsed)) std::abort();
    return 0;
}
