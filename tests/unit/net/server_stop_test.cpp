// Graceful stop: new work is refused, work in flight is finished, and what does not end is cut and counted.
#include "tests/unit/net/harness.hpp"

#include <gtest/gtest.h>

#include <future>

namespace fjord::net::test {
namespace {

// A handler that waits until the test opens the gate.
struct gate {
    std::atomic<bool> open{false};

    handler make() {
        return [this](request&) { return wait(); };
    }
    asio::awaitable<response> wait() {
        while (!open) {
            auto const woke = co_await sleep_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(5));
            if (!woke) co_return problem(woke.error());
        }
        co_return text_response(200, "done");
    }
};

asio::awaitable<response> ok(request&) { co_return text_response(200, "ok"); }

bool wait_for_flight(test_server& s, std::int64_t n) {
    auto& busy = s.metrics.gauge("fjord_http_requests_in_flight", "");
    return eventually([&] { return busy.value() == n; });
}

TEST(server_stop, finishes_what_is_in_flight_and_closes_the_idle) {
    gate g;
    router r;
    r.add("GET", "/", ok);
    r.add("GET", "/slow", g.make());
    test_server s(std::move(r));
    raw_client idle(s.port()), slow(s.port());
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(idle.read().status, 200u);
    ASSERT_TRUE(wait_for_flight(s, 0));
    slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(wait_for_flight(s, 1));

    auto stopping = std::async(std::launch::async, [&] { return s.server.stop(std::chrono::seconds(10)); });
    EXPECT_TRUE(idle.at_end()) << "idle connections are closed at once";
    EXPECT_THROW(raw_client(s.port()), std::runtime_error) << "nobody listens any more";
    g.open = true;
    auto const out = slow.read();
    EXPECT_EQ(out.body, "done");
    EXPECT_EQ(out.header("Connection"), "close");
    EXPECT_EQ(stopping.get(), 0u);
}

TEST(server_stop, cuts_and_counts_what_outlives_the_grace) {
    gate g;
    router r;
    r.add("GET", "/slow", g.make(), {.time_limit = std::chrono::seconds(0)});
    test_server s(std::move(r), plain_options(), 2);
    raw_client one(s.port()), two(s.port());
    one.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    two.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(wait_for_flight(s, 2));
    EXPECT_EQ(s.server.stop(std::chrono::milliseconds(20)), 2u);
    EXPECT_EQ(one.read_to_end(), "");
    EXPECT_EQ(s.metrics.gauge("fjord_http_connections", "").value(), 0);
}

TEST(server_stop, works_before_the_runtime_runs_and_after_it_ended) {
    metrics_registry metrics;
    manual_clock time;
    io_runtime runtime(1);
    router r;
    r.add("GET", "/", ok);
    {
        http_server never_ran(runtime, plain_options(), r, metrics, time);
        ASSERT_THAT(never_ran.start(), IsOk());
        EXPECT_EQ(never_ran.stop(std::chrono::milliseconds(0)), 0u);
    }
    http_server outlived(runtime, plain_options(), r, metrics, time);
    ASSERT_THAT(outlived.start(), IsOk());
    runtime.start();
    raw_client c(outlived.endpoints()[0].port);
    c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(c.read().status, 200u);
    runtime.stop();
    EXPECT_EQ(outlived.stop(std::chrono::milliseconds(0)), 0u);
}

}  // namespace
}  // namespace fjord::net::test
