#pragma once
// Where blocking work goes: RocksDB, cold file I/O, checksums, signatures. A bounded number of threads and a bounded queue;
// a full queue is an answer (errc::unavailable), never a wait.
//
//   auto read = [&store, key] { return store.get(key); };       // name the lambda first (g++ 12 trap, style.md section 12)
//   auto value = co_await on_pool(pool, std::move(read));       // result<T>, resumed on the caller's own context
#include "base/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <cstddef>
#include <type_traits>

namespace fjord {

namespace asio = boost::asio;

// Any thread. join() (or destruction) finishes what was admitted.
class blocking_pool {
public:
    blocking_pool(std::size_t threads, std::size_t queue_limit);
    ~blocking_pool();

    // Counts one job in; false when the queue is full.
    bool admit() noexcept;
    void leave() noexcept;
    asio::thread_pool& native() noexcept { return pool_; }
    std::size_t waiting() const noexcept { return jobs_.load(std::memory_order_relaxed); }
    void join();

private:
    asio::thread_pool pool_;
    std::size_t limit_;
    std::atomic<std::size_t> jobs_{0};
};

namespace detail {

template <class R, class F>
asio::awaitable<R> run_on(blocking_pool& pool, F work) {
    auto start = [&pool](auto handler, F job) {
        auto home = asio::make_work_guard(asio::get_associated_executor(handler));
        auto run = [&pool, home = std::move(home), handler = std::move(handler), job = std::move(job)]() mutable {
            auto const executor = home.get_executor();
            // The guard goes home with the answer: once that is under way, the context may end before this thread goes on.
            auto finish = [home = std::move(home), handler = std::move(handler), value = job()]() mutable {
                std::move(handler)(std::move(value));
            };
            pool.leave();
            asio::dispatch(executor, std::move(finish));
        };
        asio::post(pool.native(), std::move(run));
    };
    co_return co_await asio::async_initiate<asio::use_awaitable_t<> const, void(R)>(std::move(start), asio::use_awaitable,
                                                                                    std::move(work));
}

}  // namespace detail

// Runs work() on the pool. `work` returns result<T>, must not throw, and cannot be cancelled: it needs its own time limit.
// errc::unavailable when the queue is full. All that `work` refers to must outlive it, and the caller's context must outlive
// the pool (a pool thread posts to it).
template <class F>
asio::awaitable<std::invoke_result_t<F&>> on_pool(blocking_pool& pool, F work) {
    using R = std::invoke_result_t<F&>;
    if (!pool.admit()) co_return R(fail(errc::unavailable, "the server is busy: its work queue is full; try again shortly"));
    co_return co_await detail::run_on<R, F>(pool, std::move(work));
}

}  // namespace fjord
