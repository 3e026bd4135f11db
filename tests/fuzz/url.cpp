// URLs and queries from strangers: no crash, and what is accepted can be put together again.
#include "net/client.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    if (auto const url = fjord::net::parse_url(text)) {
        auto const again = fjord::net::parse_url(url->origin() + url->path + (url->query.empty() ? "" : "?" + url->query));
        if (!again || again->origin() != url->origin() || again->path != url->path) std::abort();
    }
    (void)fjord::net::query_list::parse(text);
    return 0;
}
