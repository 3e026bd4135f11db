#include "auth/key_cache.hpp"

#include "base/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fjord::auth {
namespace {

logger const log("auth");
constexpr seconds longest_wait{20};  // sources have their own, shorter time limits
constexpr int rounds = 4;            // first keys, one refetch for an unknown kid, and a fetch of somebody else's on the way

}  // namespace

// Ends the flight in every case, also when the fetching coroutine is destroyed with its context.
class key_cache::flight {
public:
    explicit flight(std::shared_ptr<key_cache> owner) : owner_(std::move(owner)) {}
    flight(flight const&) = delete;
    flight& operator=(flight const&) = delete;
    ~flight() {
        if (owner_) owner_->settle(fail(errc::keys_unavailable, "the fetch was cut short"));
    }
    void land(result<key_source::keys> fetched) { std::exchange(owner_, nullptr)->settle(std::move(fetched)); }

private:
    std::shared_ptr<key_cache> owner_;
};

key_cache::key_cache(issuer_options issuer, std::shared_ptr<key_source> source, clock& time, std::function<void()> on_change)
    : issuer_(std::move(issuer)), source_(std::move(source)), time_(time), on_change_(std::move(on_change)) {}

bool key_cache::is_current(key_set const* keys) const {
    std::lock_guard lock(mutex_);
    return ring_.keys().get() == keys && ring_.is_fresh(time_.steady());
}

key_cache::answer key_cache::ask(std::string_view kid) {
    std::lock_guard lock(mutex_);
    auto advice = ring_.ask(kid, time_.steady());
    return {advice, ring_.keys()};
}

asio::awaitable<result<std::shared_ptr<key_set const>>> key_cache::holding(std::string kid) {
    auto executor = co_await asio::this_coro::executor;
    for (int round = 0; round < rounds; ++round) {
        auto [advice, keys] = ask(kid);
        switch (advice) {
            case key_ring::advice::use:
                co_return keys;
            case key_ring::advice::use_and_refresh:
                begin_fetch(executor);
                co_return keys;
            case key_ring::advice::refuse_key:
                co_return fail(errc::unknown_key, "the token's key is not one of its issuer's keys");
            case key_ring::advice::refuse_all:
                co_return fail(errc::keys_unavailable, "the keys of the token's issuer cannot be had now; try again shortly");
            case key_ring::advice::fetch:
                begin_fetch(executor);
                break;
            case key_ring::advice::wait:
                break;
        }
        co_await wait_for_flight();
    }
    co_return fail(errc::keys_unavailable, "the keys of the token's issuer did not arrive in time; try again shortly");
}

void key_cache::begin_fetch(asio::any_io_executor on) {
    auto report = [self = shared_from_this()](std::exception_ptr failure) {
        if (failure) log.error("fetching keys ended with an exception", {{"issuer", self->issuer_.url}});
    };
    asio::co_spawn(on, fetch(shared_from_this()), std::move(report));
}

asio::awaitable<void> key_cache::fetch(std::shared_ptr<key_cache> self) {
    flight current(self);
    auto fetched = co_await self->source_->fetch(self->issuer_);
    current.land(std::move(fetched));
}

// A timer on the waiter's own context is the condition variable; waking is posted there, never run from the fetching context.
asio::awaitable<void> key_cache::wait_for_flight() {
    auto executor = co_await asio::this_coro::executor;
    auto timer = std::make_shared<asio::steady_timer>(executor, longest_wait);
    {
        std::lock_guard lock(mutex_);
        if (!ring_.is_fetching()) co_return;
        waiting_.push_back(timer);
    }
    co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
}

void key_cache::settle(result<key_source::keys> fetched) {
    auto keys = fetched ? parse_jwks(fetched->jwks) : result<key_set>(fetched.error());
    auto now = time_.steady();
    if (keys)
        log.info("issuer keys fetched", {{"issuer", issuer_.url}, {"keys", static_cast<std::uint64_t>(keys->size())}});
    else
        log.warn("issuer keys cannot be had", {{"issuer", issuer_.url}, {"reason", keys.error().message()}});
    bool changed = false;
    {
        std::lock_guard lock(mutex_);
        if (keys) {
            // The same document is the same keys: what was verified with them goes on to count.
            changed = !ring_.keys() || fetched->jwks != document_;
            auto current = changed ? std::make_shared<key_set const>(std::move(*keys)) : ring_.keys();
            document_ = std::move(fetched->jwks);
            ring_.arrived(std::move(current), {fetched->max_age, fetched->lifetime, fetched->second_hand}, now);
        } else {
            ring_.failed(now);
        }
    }
    if (changed && on_change_) on_change_();
    wake_all();
}

void key_cache::wake_all() {
    std::vector<std::weak_ptr<asio::steady_timer>> waiting;
    {
        std::lock_guard lock(mutex_);
        waiting.swap(waiting_);
    }
    for (auto const& weak : waiting) {
        auto timer = weak.lock();
        if (!timer) continue;
        auto executor = timer->get_executor();
        asio::post(executor, [timer = std::move(timer)] { timer->cancel(); });
    }
}

}  // namespace fjord::auth
