// Index records: what decodes must encode to the same bytes again, whatever was on disk.
#include "cache/record.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<char const*>(data), size);
    if (auto object = fjord::cache::decode_object(bytes); object && fjord::cache::encode(*object) != bytes) std::abort();
    if (auto extent = fjord::cache::decode_extent(bytes); extent && fjord::cache::encode(*extent) != bytes) std::abort();
    (void)fjord::cache::decode_id(bytes);
    return 0;
}
