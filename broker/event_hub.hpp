#pragma once
// Wakes those who follow the log: a subscription is a timer on its own context that is cancelled when the log grows.
// notify() is called from the committing thread; everything else runs on the subscriber's context.
#include "base/clock.hpp"
#include "catalog/store.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace fjord::broker {

class event_hub {
public:
    // One follower. Wakes at once when the log is already past `seen`.
    class subscription {
    public:
        subscription(event_hub& hub, boost::asio::any_io_executor executor);
        // Until the log is past `seen`, `latest` has come, or the hub closes. True when the log is past `seen`.
        boost::asio::awaitable<bool> wait(catalog::sequence seen, steady_time latest);

    private:
        friend class event_hub;
        event_hub& hub_;
        std::shared_ptr<boost::asio::steady_timer> timer_;
    };

    void notify(catalog::sequence last);
    void close();  // wakes everybody for good: the server stops
    bool closed() const noexcept { return closed_.load(); }
    catalog::sequence last() const noexcept { return last_.load(); }

private:
    std::atomic<catalog::sequence> last_{0};
    std::atomic<bool> closed_{false};
    std::mutex mutex_;
    std::vector<std::weak_ptr<boost::asio::steady_timer>> sleepers_;  // guarded by mutex_
    void wake();
};

}  // namespace fjord::broker
