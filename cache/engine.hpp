#pragma once
// What all objects of one cache share: tiers, pool, clock, counters, background tasks. Held by shared_ptr by everything that
// may still run when the service goes.
#include "base/pool.hpp"
#include "cache/blame_list.hpp"
#include "cache/block_store.hpp"
#include "cache/sieve.hpp"
#include "cache/stats.hpp"
#include "cache/task_group.hpp"

#include <memory>
#include <mutex>

namespace fjord::cache {

// SIEVE behind a lock. Any thread.
class ram_tier {
public:
    explicit ram_tier(std::uint64_t capacity) : tier_(capacity) {}
    block_bytes find(file_id f) {
        std::lock_guard lock(mutex_);
        return tier_.find(f);
    }
    void insert(file_id f, block_bytes bytes) {
        std::lock_guard lock(mutex_);
        tier_.insert(f, std::move(bytes));
    }
    void erase(file_id f) {
        std::lock_guard lock(mutex_);
        tier_.erase(f);
    }
    std::uint64_t used() const {
        std::lock_guard lock(mutex_);
        return tier_.used();
    }
    std::uint64_t capacity() const noexcept { return tier_.capacity(); }

private:
    mutable std::mutex mutex_;
    sieve tier_;
};

struct engine {
    engine(std::unique_ptr<block_store> s, std::uint64_t memory, blocking_pool& p, clock& t, metrics_registry& metrics)
        : store(std::move(s)), ram(memory), pool(p), time(t), count(metrics) {}

    std::unique_ptr<block_store> store;
    ram_tier ram;
    blocking_pool& pool;
    clock& time;
    counters count;
    blame_list blamed;
    task_group tasks;
};

}  // namespace fjord::cache
