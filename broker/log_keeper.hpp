#pragma once
// Lets the log be as long as followers may stay away, and no longer: now and then entries older than that are forgotten. A
// follower who comes later still is told to start from the state (410).
#include "base/clock.hpp"
#include "catalog/catalog.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace fjord::broker {

// Forgets entries from before `oldest`. Blocks. Errors of the store.
result<void> forget_before(catalog::catalog& cat, wall_time oldest);

// A thread of its own, because it reads and writes the store. The arguments outlive it.
class log_keeper {
public:
    log_keeper(catalog::catalog& cat, clock& time, seconds keep);  // keep 0: for ever, and no thread
    ~log_keeper();

private:
    void watch(std::stop_token stop);

    catalog::catalog& cat_;
    clock& time_;
    seconds keep_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;
};

}  // namespace fjord::broker
