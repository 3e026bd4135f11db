#pragma once
// The keys of one issuer, shared by all contexts: one fetch at a time, everybody else waits for it on their own context.
#include "auth/auth.hpp"
#include "auth/key_ring.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace fjord::auth {

// Any thread. Made by make_shared; a fetch under way keeps it alive. A caller's executor is one context run by one thread.
class key_cache : public std::enable_shared_from_this<key_cache> {
public:
    // `on_change` is called when other keys have arrived, on the context that fetched them.
    key_cache(issuer_options issuer, std::shared_ptr<key_source> source, clock& time, std::function<void()> on_change = {});

    // Keys that hold `kid`. errc::unknown_key, errc::keys_unavailable.
    asio::awaitable<result<std::shared_ptr<key_set const>>> holding(std::string kid);

    // True while `keys` are the current ones and fresh: what was verified with them still counts.
    bool is_current(key_set const* keys) const;
    issuer_options const& issuer() const noexcept { return issuer_; }

private:
    class flight;
    struct answer {
        key_ring::advice advice;
        std::shared_ptr<key_set const> keys;
    };
    answer ask(std::string_view kid);
    void begin_fetch(asio::any_io_executor on);
    static asio::awaitable<void> fetch(std::shared_ptr<key_cache> self);
    asio::awaitable<void> wait_for_flight();
    void settle(result<key_source::keys> fetched);
    void wake_all();

    issuer_options const issuer_;
    std::shared_ptr<key_source> const source_;
    clock& time_;
    std::function<void()> const on_change_;

    mutable std::mutex mutex_;                                // never held over co_await
    key_ring ring_;                                           // guarded by mutex_
    std::string document_;                                    // guarded by mutex_; what ring_'s keys were read from
    std::vector<std::weak_ptr<asio::steady_timer>> waiting_;  // guarded by mutex_; each timer belongs to its waiter's context
};

}  // namespace fjord::auth
