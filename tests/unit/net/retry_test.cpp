#include "net/retry.hpp"

#include <gtest/gtest.h>

namespace fjord::net {
namespace {

using std::chrono::milliseconds;

client_request request(std::string method) {
    client_request r;
    r.method = std::move(method);
    return r;
}

result<client_response> answer(unsigned status, std::string_view retry_after = {}) {
    client_response r;
    r.status = status;
    if (!retry_after.empty()) r.headers.set("Retry-After", retry_after);
    return r;
}

TEST(Retry, PausesGrowUpToTheLongest) {
    retry_policy const p{10, milliseconds(200), milliseconds(1000)};
    auto const down = result<client_response>(fail(errc::unavailable));
    EXPECT_EQ(next_pause(p, 1, request("GET"), down, 1.0), milliseconds(200));
    EXPECT_EQ(next_pause(p, 2, request("GET"), down, 1.0), milliseconds(400));
    EXPECT_EQ(next_pause(p, 9, request("GET"), down, 1.0), milliseconds(1000));
    EXPECT_EQ(next_pause(p, 1, request("GET"), down, 0.0), milliseconds(100)) << "jitter takes at most half";
}

TEST(Retry, OnlyWhatMayBeRepeatedIsRepeated) {
    retry_policy const p;
    auto const down = result<client_response>(fail(errc::timed_out));
    for (auto const* method : {"GET", "HEAD", "PUT", "DELETE"})
        EXPECT_TRUE(next_pause(p, 1, request(method), down, 0.5)) << method;
    for (auto const* method : {"POST", "COPY", "MOVE", "PATCH"})
        EXPECT_FALSE(next_pause(p, 1, request(method), down, 0.5)) << method;
    auto streamed = request("PUT");
    streamed.upload = [](std::span<char>) -> asio::awaitable<result<std::size_t>> { co_return std::size_t(0); };
    EXPECT_FALSE(next_pause(p, 1, streamed, down, 0.5)) << "its bytes are gone";
}

TEST(Retry, OnlyFailuresThatMayPassAreTriedAgain) {
    retry_policy const p;
    for (unsigned status : {429u, 502u, 503u, 504u}) EXPECT_TRUE(next_pause(p, 1, request("GET"), answer(status), 0.5)) << status;
    for (unsigned status : {200u, 400u, 401u, 403u, 404u, 500u, 507u})
        EXPECT_FALSE(next_pause(p, 1, request("GET"), answer(status), 0.5)) << status;
    EXPECT_FALSE(next_pause(p, 1, request("GET"), result<client_response>(fail(errc::invalid_argument)), 0.5));
    EXPECT_FALSE(next_pause(p, 3, request("GET"), answer(503), 0.5)) << "the tries are used up";
}

TEST(Retry, RetryAfterIsHonouredWithinReason) {
    retry_policy const p;
    EXPECT_EQ(next_pause(p, 1, request("GET"), answer(503, "2"), 1.0), milliseconds(2000));
    EXPECT_FALSE(next_pause(p, 1, request("GET"), answer(503, "3600"), 1.0));
    EXPECT_EQ(next_pause(p, 1, request("GET"), answer(503, "Sat, 21 Nov 2026 02:05:00 GMT"), 1.0), milliseconds(200));
}

}  // namespace
}  // namespace fjord::net
