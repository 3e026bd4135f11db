// Any text as a root URL and as a path below one: parts that say what was meant, or a refusal. What is parsed can be parsed
// again.
#include "storage/root_url.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const url = fjord::storage::parse_root_url(text);
    if (url) {
        auto const again = fjord::storage::parse_root_url(url->endpoint());
        if (!again || again->authority() != url->authority() || url->path.find("/../") != std::string::npos) std::abort();
    }
    fjord::storage::root_url site;
    site.host = "h";
    site.path = "/data";
    auto const path = fjord::storage::root_path(site, text);
    if (path && (!path->starts_with("/data") || path->find('?') != std::string::npos || path->find('\n') != std::string::npos))
        std::abort();
    return 0;
}
