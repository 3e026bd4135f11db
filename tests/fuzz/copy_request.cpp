// Header lines "Name: value" as a COPY request: accepted requests keep the rules, whatever was written.
#include "base/text.hpp"
#include "site/copy_request.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view text(reinterpret_cast<char const*>(data), size);
    fjord::net::header_list headers;
    while (!text.empty()) {
        auto line = fjord::take_until(text, '\n');
        auto const name = fjord::take_until(line, ':');
        if (!name.empty()) headers.add(name, fjord::trim(line));
    }
    auto const parsed = fjord::site::parse_copy_request(headers, {});
    if (!parsed) return 0;
    if (parsed->remote.scheme != "https" || parsed->remote.host.empty() || parsed->forwarded.items().size() > 3) std::abort();
    if (headers.count("Source") + headers.count("Destination") < 1) std::abort();
    return 0;
}
