// Any bytes as a PROPFIND answer: a list or an error, never a crash or an entity.
#include "storage/multistatus.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    (void)fjord::storage::parse_multistatus({reinterpret_cast<char const*>(data), size},
                                            {.max_depth = 16, .max_text = 1024, .max_entries = 64});
    (void)fjord::storage::parse_dav_date({reinterpret_cast<char const*>(data), size});
    return 0;
}
