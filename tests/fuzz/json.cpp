// parse_json never crashes, and what it accepts it also accepts after printing, as the same value.
#include "base/json.hpp"

#include <boost/json/serialize.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const value = fjord::parse_json(text, {.max_bytes = 1u << 16, .max_depth = 32});
    if (!value) return 0;
    auto const again = fjord::parse_json(boost::json::serialize(*value));
    if (!again || *again != *value) std::abort();
    fjord::object_reader in(*value, "input");
    in.string("a", "");
    in.integer("b", 0, 10, 1);
    static_cast<void>(in.done());
    return 0;
}
