#include "net/deadline.hpp"
#include "net/runtime.hpp"

#include "tests/support/matchers.hpp"
#include "tests/support/run.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace fjord::net {
namespace {

using namespace fjord::test;

steady_time in(std::chrono::milliseconds d) { return std::chrono::steady_clock::now() + d; }

asio::awaitable<result<int>> at_once(int value) { co_return value; }
asio::awaitable<result<int>> fails() { co_return fail(errc::conflict, "no"); }
asio::awaitable<result<int>> slow(bool& cancelled) {
    auto const woke = co_await sleep_until(in(std::chrono::seconds(60)));
    cancelled = !woke;
    co_return 1;
}

TEST(with_deadline, gives_what_comes_in_time) {
    EXPECT_THAT(run(with_deadline(at_once(7), in(std::chrono::seconds(5)))), IsOkAnd(7));
    EXPECT_THAT(run(with_deadline(fails(), in(std::chrono::seconds(5)))), HasErrc(errc::conflict));
}

TEST(with_deadline, cancels_what_does_not) {
    bool cancelled = false;
    EXPECT_THAT(run(with_deadline(slow(cancelled), in(std::chrono::milliseconds(5)))), HasErrc(errc::timed_out));
    EXPECT_TRUE(cancelled) << "the operation must have ended before the answer is given";
}

asio::awaitable<std::thread::id> my_thread() { co_return std::this_thread::get_id(); }

TEST(io_runtime, runs_each_context_on_a_thread_of_its_own) {
    io_runtime runtime(2);
    EXPECT_FALSE(runtime.running());
    runtime.start();
    std::set<std::thread::id> threads{std::this_thread::get_id()};
    for (std::size_t i = 0; i < runtime.size(); ++i) threads.insert(run_blocking(runtime.context(i), my_thread()));
    EXPECT_EQ(threads.size(), 3u);
    EXPECT_THAT(run_blocking(runtime.context(0), at_once(3)), IsOkAnd(3));
    runtime.stop();
    EXPECT_FALSE(runtime.running());
}

}  // namespace
}  // namespace fjord::net
