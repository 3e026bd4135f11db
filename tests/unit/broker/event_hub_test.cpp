#include "broker/event_hub.hpp"

#include "tests/support/run.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <thread>

namespace fjord::broker {
namespace {

namespace asio = boost::asio;
constexpr std::chrono::seconds never{60};

asio::awaitable<bool> wait_for(event_hub& hub, catalog::sequence seen) {
    event_hub::subscription s(hub, co_await asio::this_coro::executor);
    co_return co_await s.wait(seen, std::chrono::steady_clock::now() + never);
}

TEST(EventHub, AlreadyPastReturnsAtOnce) {
    event_hub hub;
    hub.notify(7);
    EXPECT_TRUE(test::run(wait_for(hub, 6)));
}

TEST(EventHub, NotifyFromAnotherThreadWakes) {
    event_hub hub;
    std::thread other([&hub] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        hub.notify(1);
    });
    EXPECT_TRUE(test::run(wait_for(hub, 0)));
    other.join();
}

TEST(EventHub, CloseEndsTheWait) {
    event_hub hub;
    std::thread other([&hub] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        hub.close();
    });
    EXPECT_FALSE(test::run(wait_for(hub, 0)));
    other.join();
}

}  // namespace
}  // namespace fjord::broker
