#pragma once
// Wakes one coroutine from any thread: the notifier posts to the waiter's own context, so nobody resumes a foreign coroutine.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace fjord::cache {

namespace asio = boost::asio;

// One use. Made and awaited on one context.
class signal : public std::enable_shared_from_this<signal> {
public:
    explicit signal(asio::any_io_executor executor) : timer_(executor, asio::steady_timer::time_point::max()) {}

    // True when notified, false when the coroutine was cancelled.
    asio::awaitable<bool> wait() {
        auto self = shared_from_this();
        if (!done_) co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        co_return done_;
    }

    void notify() {  // any thread, any number of times
        auto wake = [self = shared_from_this()] {
            self->done_ = true;
            self->timer_.cancel();
        };
        asio::post(timer_.get_executor(), std::move(wake));
    }

private:
    asio::steady_timer timer_;
    bool done_ = false;  // context only
};

}  // namespace fjord::cache
