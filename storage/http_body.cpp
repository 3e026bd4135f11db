#include "storage/http_body.hpp"

#include "base/text.hpp"
#include "storage/webdav_status.hpp"

#include <algorithm>
#include <limits>

namespace fjord::storage {

namespace {

// What is left of the first `skip` bytes of a body is dropped; at most `take` bytes pass.
struct byte_window {
    std::uint64_t skip, take;

    std::string_view pass(std::string_view bytes) {
        auto const dropped = std::min<std::uint64_t>(skip, bytes.size());
        skip -= dropped;
        bytes.remove_prefix(dropped);
        bytes = bytes.substr(0, take);
        take -= bytes.size();
        return bytes;
    }
};

std::string beyond_end(std::uint64_t size) {
    return "the range lies beyond the end of the file, which has " + std::to_string(size) + " bytes";
}

// 206 must be the very range asked for; 200 is the whole.
result<byte_window> window_of(net::client_response const& head, std::optional<byte_span> span) {
    if (!span) return byte_window{0, std::numeric_limits<std::uint64_t>::max()};
    if (head.status == 200) {
        auto const whole = parse_unsigned<std::uint64_t>(head.headers.get("Content-Length"));
        if (whole && *whole < span->end) return fail(errc::invalid_argument, beyond_end(*whole));
        return byte_window{span->begin, span->size()};
    }
    auto const field = head.headers.get("Content-Range");
    auto const expected = "bytes " + std::to_string(span->begin) + "-" + std::to_string(span->end - 1) + "/";
    auto const whole = parse_unsigned<std::uint64_t>(field.substr(std::min(field.size(), field.rfind('/') + 1)));
    if (whole && *whole < span->end) return fail(errc::invalid_argument, beyond_end(*whole));
    if (!field.starts_with(expected))
        return fail(errc::corrupt, "the site answered another range than asked: " + tidy_reason(field, 80));
    return byte_window{0, span->size()};
}

}  // namespace

asio::awaitable<result<void>> pour_body(net::client_stream& stream, std::string what, std::optional<byte_span> span,
                                        byte_sink sink, steady_time deadline) {
    auto window = window_of(stream.head(), span);
    if (!window) co_return error(window.error().code, what + ": " + window.error().message());
    std::vector<char> buffer(256u << 10);
    while (window->take > 0) {
        if (system_clock().steady() > deadline) co_return fail(errc::timed_out, what + ": the deadline passed in mid body");
        auto const got = co_await stream.read_some(buffer);
        if (!got) co_return error(got.error().code, what + ": " + got.error().message());
        if (*got == 0) break;
        auto const bytes = window->pass({buffer.data(), *got});
        if (bytes.empty()) continue;
        if (auto taken = co_await sink(bytes); !taken) co_return taken.error();
    }
    if (span && window->take > 0) co_return fail(errc::corrupt, what + ": the body is shorter than the range asked for");
    co_return result<void>{};
}

}  // namespace fjord::storage
