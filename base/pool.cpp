#include "base/pool.hpp"

#include <algorithm>

namespace fjord {

// What runs and what waits is counted together, so the limit is the queue plus one job per thread.
blocking_pool::blocking_pool(std::size_t threads, std::size_t queue_limit)
    : pool_(std::max<std::size_t>(threads, 1)), limit_(std::max<std::size_t>(threads, 1) + queue_limit) {}

blocking_pool::~blocking_pool() { join(); }

bool blocking_pool::admit() noexcept {
    if (jobs_.fetch_add(1, std::memory_order_relaxed) < limit_) return true;
    leave();
    return false;
}

void blocking_pool::leave() noexcept { jobs_.fetch_sub(1, std::memory_order_relaxed); }

void blocking_pool::join() { pool_.join(); }

}  // namespace fjord
