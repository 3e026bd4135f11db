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
    for (;;) {
        std::shared_ptr<digester> hash;
        std::uint64_t epoch = 0;
        block_no next = 0;
        {
            std::lock_guard lock(mutex_);
            if (hash_epoch_ != check_.epoch()) hash_ = std::make_shared<digester>();
            hash_epoch_ = epoch = check_.epoch();
            next = check_.next();
            hash = hash_;
        }
        auto job = [self, next, hash] { return self->hash_some(next, hash); };
        auto reached = co_await on_pool(engine_->pool, std::move(job));
        if (!reached) {  // the pool is full
            asio::steady_timer pause(executor, busy_pause);
            co_await pause.async_wait(asio::use_awaitable);
            continue;
        }
        std::lock_guard lock(mutex_);
        if (check_.epoch() != epoch) continue;
        check_.hashed(epoch, *reached);
        if (check_.done()) {
            hashing_ = false;
            conclude_locked(epoch, hash->finish().sha256 == info_->sha256);
            co_return;
        }
        // The next block may have come between the job's end and this lock; then nobody else would start over.
        if (*reached > next || engine_->store->view(object_, {*reached, *reached + 1}).has(*reached)) continue;
        hashing_ = false;
        wake_certifiers_locked();
        co_return;
    }
}

}  // namespace fjord::cache
