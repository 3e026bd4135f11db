// scrub() and json_quote() take any bytes, and a token cannot hide behind what surrounds it.
#include "base/json.hpp"
#include "base/log.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const text(reinterpret_cast<char const*>(data), size);
    auto const hidden = fjord::scrub(text + "&authz=Zm9yZ2V0LW1l");
    if (hidden.find("Zm9yZ2V0LW1l") != std::string::npos) std::abort();
    // The cheap look misses nothing: the blank makes scrub() take its time.
    if (!fjord::needs_scrubbing(text) && fjord::scrub(text + " ") != text + " ") std::abort();
    if (!fjord::parse_json(fjord::json_quote(text))) std::abort();
    return 0;
}
