// Lines of a stream, cut at every place the input itself names: the same lines come out as from the whole, none over the limit.
#include "base/line_framer.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace {

constexpr std::size_t max_line = 32;

void collect(fjord::line_framer& f, std::vector<std::pair<std::uint64_t, std::string>>& into) {
    auto const batch = f.take();
    for (auto const& l : batch.lines) {
        if (l.begin > l.end || l.end > batch.text.size() || l.end - l.begin > max_line) std::abort();
        if (l.too_long != (l.begin == l.end)) std::abort();
        into.emplace_back(l.number, std::string(batch.of(l)));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    std::vector<std::pair<std::uint64_t, std::string>> at_once, in_pieces;
    fjord::line_framer whole(max_line), pieces(max_line);
    whole.put(text);
    whole.finish();
    collect(whole, at_once);
    for (std::size_t at = 0; at < size;) {
        auto const n = std::min<std::size_t>(1 + data[at] % 40, size - at);
        pieces.put(text.substr(at, n));
        if (data[at] & 0x40) collect(pieces, in_pieces);
        at += n;
    }
    pieces.finish();
    collect(pieces, in_pieces);
    if (at_once != in_pieces) std::abort();
    return 0;
}
