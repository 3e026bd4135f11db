#pragma once
// Runs op; if the deadline passes first, cancels it, waits for it to end, and answers errc::timed_out.
// Call on op's context. An outcome that arrives together with the deadline is dropped, so what op acquires must be RAII.
#include "base/clock.hpp"
#include "base/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fjord::net {

namespace asio = boost::asio;

template <class T>
asio::awaitable<result<T>> with_deadline(asio::awaitable<result<T>> op, steady_time deadline) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, deadline);
    auto [order, failure, outcome, timer_error] =
        co_await asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(op), asio::deferred),
                                                         timer.async_wait(asio::deferred))
            .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (order[0] == 1 && !timer_error) co_return error(errc::timed_out, "the deadline passed");
    if (failure) std::rethrow_exception(failure);
    co_return std::move(outcome);
}

}  // namespace fjord::net
