#pragma once
// Runs one coroutine of a test to its end on an io_context of the calling thread. A coroutine that hangs fails the test after
// `limit` instead of stalling the whole run; an exception that leaves it is rethrown here.
//
//   auto answer = run(client.get(url));
//   run(context, session());             // on a context the test owns, e.g. when sockets live there
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace fjord::test {

inline constexpr std::chrono::seconds run_limit{10};

namespace detail {

// Drives the context until `done`, in short steps so that the end is seen although other work keeps the context busy.
template <class Done>
void drive(boost::asio::io_context& context, Done const& done, std::chrono::milliseconds limit) {
    auto const end = std::chrono::steady_clock::now() + limit;
    context.restart();
    while (!done() && std::chrono::steady_clock::now() < end) {
        if (context.run_one_until(end) == 0) break;
    }
    if (!done()) throw std::runtime_error("the coroutine did not finish within the time limit of the test");
}

}  // namespace detail

template <class T>
T run(boost::asio::io_context& context, boost::asio::awaitable<T> work, std::chrono::milliseconds limit = run_limit) {
    std::exception_ptr failure;
    if constexpr (std::is_void_v<T>) {
        bool finished = false;
        auto on_end = [&](std::exception_ptr e) { failure = e, finished = true; };
        boost::asio::co_spawn(context, std::move(work), on_end);
        detail::drive(
            context, [&] { return finished; }, limit);
        if (failure) std::rethrow_exception(failure);
    } else {
        std::optional<T> outcome;
        auto on_end = [&](std::exception_ptr e, T value) {
            failure = e;
            outcome.emplace(std::move(value));
        };
        boost::asio::co_spawn(context, std::move(work), on_end);
        detail::drive(
            context, [&] { return outcome.has_value(); }, limit);
        if (failure) std::rethrow_exception(failure);
        return std::move(*outcome);
    }
}

template <class T>
T run(boost::asio::awaitable<T> work, std::chrono::milliseconds limit = run_limit) {
    boost::asio::io_context context(1);
    return run(context, std::move(work), limit);
}

}  // namespace fjord::test
