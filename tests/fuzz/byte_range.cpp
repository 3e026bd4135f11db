// Whatever a Range field says, the spans lie inside the representation, are not empty and do not overlap.
#include "base/byte_range.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const field(reinterpret_cast<char const*>(data), size);
    for (std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
        auto const answer = fjord::resolve_ranges(field, length);
        bool const partial = answer.verdict == fjord::range_verdict::partial;
        if (partial == answer.spans.empty() || answer.spans.size() > fjord::max_ranges) std::abort();
        std::uint64_t total = 0;
        for (auto const& span : answer.spans) {
            if (span.empty() || span.end > length) std::abort();
            if (span.size() > length - total) std::abort();
            total += span.size();
        }
    }
    return 0;
}
