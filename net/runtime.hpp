#pragma once
// One io_context per core, each run by exactly one thread. A session lives on one context; that thread is its strand.
#include "base/clock.hpp"
#include "base/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <memory>

namespace fjord::net {

namespace asio = boost::asio;

class io_runtime {
public:
    explicit io_runtime(std::size_t contexts = 0);  // 0: one per core
    ~io_runtime();                                  // stop() if still running

    std::size_t size() const noexcept;
    asio::io_context& context(std::size_t i) noexcept;
    void start();  // threads begin; contexts stay alive until stop()
    bool running() const noexcept;
    void stop();  // ends the loops and joins; whoever needs a graceful end stops its own parts first

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

// Runs one awaitable to its end on a context of a started runtime and gives its result; for start-up, command lines and tests.
template <class T>
T run_blocking(asio::io_context& context, asio::awaitable<T> work);

// Waits until `when`; errc::cancelled when the coroutine is cancelled.
asio::awaitable<result<void>> sleep_until(steady_time when);

}  // namespace fjord::net

#include "net/runtime_impl.hpp"
