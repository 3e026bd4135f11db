#pragma once
// Reservations that were never committed, or long ago, are forgotten. Runs beside new reservations, at most every ten minutes, so
// that no timer is needed and a broker without uploads does nothing. Any thread; blocking.
#include "base/clock.hpp"
#include "catalog/catalog.hpp"

#include <mutex>

namespace fjord::broker {

class upload_sweep {
public:
    // Deletes expired reservations when it is time; a failure is logged and tried again next time.
    void run(catalog::catalog& cat, wall_time now);

private:
    std::mutex mutex_;
    wall_time last_{};  // guarded by mutex_
};

}  // namespace fjord::broker
