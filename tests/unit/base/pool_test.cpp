#include "base/pool.hpp"

#include "tests/support/matchers.hpp"
#include "tests/support/run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

using namespace fjord;
using namespace fjord::test;

namespace {

struct visit {
    std::thread::id before, at_work, after;
};

asio::awaitable<visit> visit_pool(blocking_pool& pool) {
    visit seen;
    seen.before = std::this_thread::get_id();
    auto work = []() -> result<std::thread::id> { return std::this_thread::get_id(); };
    auto const there = co_await on_pool(pool, std::move(work));
    seen.at_work = there.value();
    seen.after = std::this_thread::get_id();
    co_return seen;
}

TEST(OnPool, WorksElsewhereAndResumesOnTheCallersContext) {
    blocking_pool pool(1, 4);
    auto const seen = run(visit_pool(pool));
    EXPECT_NE(seen.at_work, seen.before);
    EXPECT_EQ(seen.after, seen.before);
    EXPECT_EQ(seen.before, std::this_thread::get_id());
}

asio::awaitable<result<std::string>> ask(blocking_pool& pool, result<std::string> answer) {
    auto work = [answer = std::move(answer)] { return answer; };
    co_return co_await on_pool(pool, std::move(work));
}

TEST(OnPool, CarriesValueAndFailureBack) {
    blocking_pool pool(2, 4);
    EXPECT_THAT(run(ask(pool, std::string("x"))), IsOkAnd(std::string("x")));
    EXPECT_THAT(run(ask(pool, fail(errc::corrupt, "bad block"))), FailsWith(errc::corrupt, "bad block"));
    EXPECT_EQ(pool.waiting(), 0u);
}

TEST(OnPool, RefusesWhenTheQueueIsFullAndServesAgainAfterwards) {
    asio::io_context context(1);  // outlives the pool, whose threads post to it
    blocking_pool pool(1, 1);
    std::promise<void> gate;
    auto opened = gate.get_future().share();
    auto hold = [opened]() -> result<int> {
        opened.wait();
        return 1;
    };
    int finished = 0;
    auto on_end = [&finished](std::exception_ptr, result<int> r) { finished += r ? 1 : 0; };
    for (int i = 0; i < 2; ++i) asio::co_spawn(context, on_pool(pool, hold), on_end);
    context.poll();  // one job runs, one waits
    EXPECT_THAT(run(ask(pool, std::string("x"))), HasErrc(errc::unavailable));
    gate.set_value();
    context.restart();
    context.run_for(std::chrono::seconds(10));
    EXPECT_EQ(finished, 2);
    EXPECT_THAT(run(ask(pool, std::string("x"))), IsOk());
}

TEST(BlockingPool, FinishesWhatItAdmittedBeforeItEnds) {
    std::atomic<int> done{0};
    asio::io_context context(1);
    {
        blocking_pool pool(2, 100);
        auto work = [&done]() -> result<int> { return ++done; };
        auto on_end = [](std::exception_ptr, result<int>) {};
        for (int i = 0; i < 50; ++i) asio::co_spawn(context, on_pool(pool, work), on_end);
        context.run_for(std::chrono::seconds(10));
    }
    EXPECT_EQ(done.load(), 50);
}

asio::awaitable<int> hang() {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
    co_return 1;
}

TEST(RunHelper, FailsATestThatHangs) { EXPECT_THROW(run(hang(), std::chrono::milliseconds(20)), std::runtime_error); }

}  // namespace
