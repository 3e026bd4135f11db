// The quick way's parser against the whole one: what it accepts, the other accepts and reads in the same way.
#include "net/quick_head.hpp"
#include "net/request_head.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const bytes(reinterpret_cast<char const*>(data), size);
    static fjord::net::quick_head quick;
    if (!fjord::net::read_quick_head(bytes, quick)) return 0;
    auto const whole = fjord::net::parse_message_for_test(bytes, {.tls = true});
    auto const must = [](bool holds) {
        if (!holds) std::abort();
    };
    must(whole.complete && !whole.refused && whole.body.empty());
    must(quick.size <= size && bytes.substr(0, quick.size).ends_with("\r\n\r\n"));
    must(whole.req.method == quick.req.method && whole.req.raw_path == quick.req.path && whole.req.raw_query.empty());
    std::string path;
    for (auto const& segment : whole.req.path.segments) path += "/" + segment;
    must(path == quick.req.path && !whole.req.path.trailing_slash);
    must(whole.req.headers.get("Authorization") == quick.req.authorization);
    must(whole.req.headers.get("X-Request-Id") == quick.request_id);
    must(whole.req.headers.items().size() == quick.req.fields.size());
    for (std::size_t i = 0; i < quick.req.fields.size(); ++i) {
        auto const& [name, value] = whole.req.headers.items()[i];
        must(name == quick.req.fields[i].name && value == quick.req.fields[i].value);
    }
    return 0;
}
