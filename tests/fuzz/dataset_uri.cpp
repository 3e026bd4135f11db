// Names that pass the parsers are safe as path components, and a URI survives being printed and read again.
#include "base/dataset_uri.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void demand(bool holds) {
    if (!holds) std::abort();
}

void check_uri(std::string_view text) {
    auto const uri = fjord::dataset_uri::parse(text);
    if (!uri) return;
    auto const again = fjord::dataset_uri::parse(uri->str());
    demand(again.has_value());
    demand(again->host == uri->host && again->collection == uri->collection && again->item == uri->item);
    demand(again->asset == uri->asset && again->member == uri->member && again->version == uri->version);
    demand(again->str() == uri->str());
}

void check_path(std::string_view text) {
    auto const path = fjord::decode_path(text);
    if (!path) return;
    for (auto const& segment : path->segments) {
        demand(!segment.empty() && segment != "." && segment != "..");
        demand(segment.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos);
        demand(fjord::percent_decode(fjord::encode_segment(segment)).value() == segment);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    check_uri(text);
    check_path(text);
    return 0;
}
