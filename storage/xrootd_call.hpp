#pragma once
// One request of XrdCl as an awaitable with a deadline. Included by xrootd*.cpp only: XrdCl's headers come along.
//
// XrdCl calls back on threads of its own, perhaps after nobody waits any more. So everything a request refers to (the file,
// buffers) is owned by the callback, the answer goes to a slot that callback and waiter share, and the waiter's context is
// touched only while the waiter is there. Requests are issued on the pool, because the first one to a host looks its name up.
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/pool.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <XrdCl/XrdClXRootDResponses.hh>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace fjord::storage {

// What an XRootD failure means; `what` names the request. errc as in driver.hpp.
error error_from_xrootd(std::string_view what, XrdCl::XRootDStatus const& status);

// Whole seconds until `deadline` for XrdCl, rounded up, at least 1.
std::uint16_t seconds_until(steady_time deadline);

struct no_answer {};  // of requests that only succeed or fail

// The slot.
template <class R>
class xrootd_answer : public std::enable_shared_from_this<xrootd_answer<R>> {
public:
    using outcome = result<std::unique_ptr<R>>;

    // Any thread, the first one counts.
    void deliver(outcome o) {
        std::lock_guard const lock(mutex_);
        if (outcome_) return;
        outcome_.emplace(std::move(o));
        if (wake_) asio::post(wake_->get_executor(), [self = this->shared_from_this()] { self->ring(); });
    }

    // errc::timed_out at the deadline (the request goes on; one may wait again), errc::cancelled when the coroutine is. The
    // answer is given out once.
    static asio::awaitable<outcome> wait(std::shared_ptr<xrootd_answer> self, std::string what, steady_time deadline) {
        asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
        listener const here(*self, timer);
        if (!self->arrived()) {
            boost::system::error_code stopped;
            co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
        }
        std::lock_guard const lock(self->mutex_);
        if (self->outcome_) co_return std::move(*self->outcome_);
        if (system_clock().steady() >= deadline) co_return fail(errc::timed_out, what + ": no answer before the deadline");
        co_return fail(errc::cancelled, what + ": given up");
    }

private:
    // From here on deliver() may post to the timer's context; when the frame goes, no more.
    class listener {
    public:
        listener(xrootd_answer& answer, asio::steady_timer& timer) : answer_(answer) { set(&timer); }
        ~listener() { set(nullptr); }
        listener(listener const&) = delete;

    private:
        void set(asio::steady_timer* timer) {
            std::lock_guard const lock(answer_.mutex_);
            answer_.wake_ = timer;
        }
        xrootd_answer& answer_;
    };

    bool arrived() {
        std::lock_guard const lock(mutex_);
        return outcome_.has_value();
    }
    void ring() {  // on the waiter's context
        std::lock_guard const lock(mutex_);
        if (wake_) wake_->cancel();
    }

    std::mutex mutex_;  // guards the two below
    std::optional<outcome> outcome_;
    asio::steady_timer* wake_ = nullptr;
};

// XrdCl's callback; deletes itself. `Start` holds what the request refers to.
template <class R, class Start>
class xrootd_handler final : public XrdCl::ResponseHandler {
public:
    xrootd_handler(std::shared_ptr<xrootd_answer<R>> answer, std::string what, Start holds)
        : answer_(std::move(answer)), what_(std::move(what)), holds_(std::move(holds)) {}

    void HandleResponse(XrdCl::XRootDStatus* status, XrdCl::AnyObject* response) override {
        std::unique_ptr<XrdCl::XRootDStatus> const told(status);
        std::unique_ptr<XrdCl::AnyObject> const object(response);
        answer_->deliver(read(*told, object.get()));
        delete this;
    }

private:
    typename xrootd_answer<R>::outcome read(XrdCl::XRootDStatus const& status, XrdCl::AnyObject* response) const {
        if (!status.IsOK()) return error_from_xrootd(what_, status);
        if constexpr (std::is_same_v<R, no_answer>) {
            return std::make_unique<no_answer>();
        } else {
            R* value = nullptr;
            if (response) response->Get(value);
            if (!value) return fail(errc::unavailable, what_ + ": the server's answer is empty");
            response->Set(static_cast<int*>(nullptr));  // it is ours now
            return std::unique_ptr<R>(value);
        }
    }

    std::shared_ptr<xrootd_answer<R>> answer_;
    std::string what_;
    Start holds_;
};

// Issues a request: `start(handler, timeout)` calls XrdCl and owns (by shared_ptr) all that the request refers to.
template <class R, class Start>
std::shared_ptr<xrootd_answer<R>> xrootd_begin(blocking_pool& pool, std::string what, steady_time deadline, Start start) {
    auto answer = std::make_shared<xrootd_answer<R>>();
    if (system_clock().steady() >= deadline) {
        answer->deliver(fail(errc::timed_out, what + ": no time left before it was sent"));
        return answer;
    }
    if (!pool.admit()) {
        answer->deliver(fail(errc::unavailable, "the server is busy: its work queue is full; try again shortly"));
        return answer;
    }
    auto issue = [&pool, answer, what = std::move(what), deadline, start = std::move(start)]() mutable {
        auto* handler = new xrootd_handler<R, Start>(answer, what, start);
        // The handler may be gone before this returns; `start` here keeps file and buffers for so long.
        XrdCl::XRootDStatus const issued = start(static_cast<XrdCl::ResponseHandler*>(handler), seconds_until(deadline));
        bool const nothing_to_do = issued.IsOK() && issued.code == XrdCl::suAlreadyDone;  // closing what is closed
        if (!issued.IsOK() || nothing_to_do) delete handler;
        if (!issued.IsOK()) answer->deliver(error_from_xrootd(what, issued));
        if (nothing_to_do) answer->deliver(std::make_unique<R>());
        pool.leave();
    };
    asio::post(pool.native(), std::move(issue));
    return answer;
}

template <class R, class Start>
asio::awaitable<result<std::unique_ptr<R>>> xrootd_call(blocking_pool& pool, std::string what, steady_time deadline,
                                                        Start start) {
    auto answer = xrootd_begin<R>(pool, what, deadline, std::move(start));
    co_return co_await xrootd_answer<R>::wait(std::move(answer), std::move(what), deadline);
}

}  // namespace fjord::storage
