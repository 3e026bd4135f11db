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
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace fjord::test {

inline constexpr std::chrono::seconds run_limit{10};

namespace detail {

// A context whose pending work is destroyed at the end of its scope, like that of any context, but whose memory stays: a
// pool thread that has just posted an answer may still be inside post() when the coroutine that got it is done.
class lasting_context {
public:
    lasting_context() : context_(new stoppable) {}
    ~lasting_context() {
        context_->abandon();
        static std::mutex lock;
        static auto& kept = *new std::vector<std::unique_ptr<stoppable>>;
        std::lock_guard const guard(lock);
        kept.emplace_back(context_);
    }
    lasting_context(lasting_context const&) = delete;
    lasting_context& operator=(lasting_context const&) = delete;
    boost::asio::io_context& get() noexcept { return *context_; }

private:
    struct stoppable final : boost::asio::io_context {
        stoppable() : boost::asio::io_context(1) {}
        void abandon() { shutdown(); }
    };
    stoppable* context_;
};

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
    detail::lasting_context context;
    return run(context.get(), std::move(work), limit);
}

}  // namespace fjord::test
