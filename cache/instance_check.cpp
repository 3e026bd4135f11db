// Hashing an object along its fill: blocks in order, read back from the page cache on the pool, a batch per job.
#include "cache/instance.hpp"

#include <boost/asio/this_coro.hpp>

namespace fjord::cache {

namespace {
constexpr block_no hash_batch = 64;  // blocks per job, so that checking a huge object does not hog a thread
constexpr auto busy_pause = std::chrono::milliseconds(5);
}  // namespace

void instance::advance_check_locked(asio::any_io_executor executor) {
    if (!object_ || !info_->sha256 || hashing_ || check_.state() != verdict::unknown) return wake_certifiers_locked();
    auto next = check_.next();
    bool here = check_.done() || engine_->store->view(object_, {next, next + 1}).has(next);
    if (!here || table_.state(next, {}) == block_state::in_flight) return wake_certifiers_locked();
    auto self = shared_from_this();
    hashing_ = engine_->tasks.spawn(executor, self->hash_along());
    if (!hashing_) wake_certifiers_locked();
}

result<block_no> instance::hash_some(block_no from, std::shared_ptr<digester> hash) {
    auto b = from;
    for (; b < table_.blocks() && b - from < hash_batch; ++b) {
        auto read = engine_->store->read(object_, b);
        if (!read) break;
        if (read->fault) {
            found_bad(*read->fault);
            break;
        }
        hash->update(*read->bytes);
    }
    return b;
}

asio::awaitable<void> instance::hash_along() {
    auto self = shared_from_this();
    auto executor = co_await asio::this_coro::executor;
    bool pause = false;
    for (;;) {
        if (std::exchange(pause, false)) {
            asio::steady_timer timer(executor, busy_pause);
            co_await timer.async_wait(asio::use_awaitable);
        }
        auto part = next_part();
        if (!part.hash) co_return;
        auto job = [self, part] { return self->hash_some(part.next, part.hash); };
        auto reached = co_await on_pool(engine_->pool, std::move(job));
        if (!reached)
            pause = true;  // the pool is full
        else if (!hashed_up_to(part, *reached, pause))
            co_return;
    }
}

// What to hash now; nothing when the verdict was reached some other way.
instance::hash_part instance::next_part() {
    std::lock_guard lock(mutex_);
    if (check_.state() != verdict::unknown) {
        stop_hashing_locked();
        return {};
    }
    if (hash_epoch_ != check_.epoch()) {
        hash_ = std::make_shared<digester>(std::initializer_list<digest_algorithm>{digest_algorithm::sha256});
        hash_epoch_ = check_.epoch();
    }
    return {hash_, hash_epoch_, check_.next()};
}

// True when there is more to do at once. The decision to end and hashing_ = false are one step: a block that is settled after
// it starts a new task.
bool instance::hashed_up_to(hash_part const& part, block_no reached, bool& pause) {
    std::lock_guard lock(mutex_);
    if (check_.state() != verdict::unknown || check_.epoch() != part.epoch) return true;
    check_.hashed(part.epoch, reached);
    if (check_.done()) {
        hashing_ = false;
        conclude_locked(part.epoch, part.hash->finish().sha256 == info_->sha256);
        return false;
    }
    if (reached > part.next) return true;
    pause = engine_->store->view(object_, {reached, reached + 1}).has(reached);
    if (!pause) stop_hashing_locked();
    return pause;
}

void instance::stop_hashing_locked() {
    hashing_ = false;
    wake_certifiers_locked();
}

}  // namespace fjord::cache
