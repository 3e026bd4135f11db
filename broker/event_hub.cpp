#include "broker/event_hub.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace fjord::broker {

namespace asio = boost::asio;

event_hub::subscription::subscription(event_hub& hub, asio::any_io_executor executor)
    : hub_(hub), timer_(std::make_shared<asio::steady_timer>(std::move(executor))) {
    std::lock_guard lock(hub_.mutex_);
    std::erase_if(hub_.sleepers_, [](auto const& w) { return w.expired(); });
    hub_.sleepers_.push_back(timer_);
}

asio::awaitable<bool> event_hub::subscription::wait(catalog::sequence seen, steady_time latest) {
    // The timer is armed before the check, so that a notify between check and wait still finds a timer to cancel; a cancel
    // posted to this context runs only after async_wait has been started by this same context.
    timer_->expires_at(latest);
    if (hub_.last() > seen || hub_.closed()) co_return hub_.last() > seen;
    boost::system::error_code ignored;
    co_await timer_->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return hub_.last() > seen;
}

void event_hub::notify(catalog::sequence last) {
    last_.store(last);
    wake();
}

void event_hub::close() {
    closed_.store(true);
    wake();
}

void event_hub::wake() {
    std::lock_guard lock(mutex_);
    for (auto const& weak : sleepers_) {
        auto timer = weak.lock();
        if (!timer) continue;
        auto executor = timer->get_executor();
        asio::post(executor, [timer = std::move(timer)] { timer->cancel(); });
    }
}

}  // namespace fjord::broker
