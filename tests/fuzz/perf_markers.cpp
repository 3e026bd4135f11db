// Any bytes in any pieces: no crash, and success never without the word.
#include "storage/perf_markers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view text(reinterpret_cast<char const*>(data) + 1, size - 1);
    std::size_t const piece = data[0] + 1u;
    fjord::storage::perf_marker_parser whole, cut;
    bool const fine = whole.feed(text).has_value() && whole.finish().has_value();
    bool cut_fine = true;
    for (std::size_t at = 0; at < text.size() && cut_fine; at += piece) cut_fine = cut.feed(text.substr(at, piece)).has_value();
    cut_fine = cut_fine && cut.finish().has_value();
    // How the bytes were cut must not matter.
    if (fine != cut_fine || whole.verdict() != cut.verdict() || whole.reason() != cut.reason()) std::abort();
    if (whole.take_markers().size() != cut.take_markers().size()) std::abort();
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (whole.verdict() == fjord::storage::copy_verdict::success && lower.find("success") == std::string::npos) std::abort();
    fjord::storage::classify_copy_failure(whole.reason());
    return 0;
}
