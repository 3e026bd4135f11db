// A request as bytes through the server's own parsing path: never a crash, and never a request whose path was not checked.
#include "net/request_head.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const bytes(reinterpret_cast<char const*>(data), size);
    auto const parsed = fjord::net::parse_message_for_test(bytes, {.tls = true, .trust_forwarded = true}, 4096);
    if (parsed.complete && parsed.refused) std::abort();
    if (!parsed.complete) return 0;
    for (auto const& segment : parsed.req.path.segments) {
        if (segment == ".." || segment == "." || segment.find('/') != std::string::npos) std::abort();
    }
    if (parsed.req.headers.count("Content-Length") > 0 && parsed.req.headers.count("Transfer-Encoding") > 0) std::abort();
    return 0;
}
