// Header fields and event streams as strangers write them.
#include "cache/freshness.hpp"
#include "cache/sse.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view text(reinterpret_cast<char const*>(data), size);
    auto control = fjord::cache::parse_cache_control(text);
    if (control.max_age && *control.max_age < fjord::seconds(0)) std::abort();
    (void)fjord::cache::is_strong_etag(text);
    (void)fjord::cache::parse_delta_seconds(text);
    // The same events in whatever pieces they come.
    fjord::cache::sse_parser whole, pieces;
    auto at_once = whole.feed(text);
    std::size_t in_pieces = 0;
    bool failed = false;
    for (std::size_t i = 0; i < size && !failed; i += 7) {
        auto some = pieces.feed(text.substr(i, 7));
        failed = !some;
        if (some) in_pieces += some->size();
    }
    if (at_once && !failed && at_once->size() != in_pieces) std::abort();
    return 0;
}
