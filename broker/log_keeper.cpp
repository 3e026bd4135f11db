#include "broker/log_keeper.hpp"

#include "base/log.hpp"

namespace fjord::broker {
namespace {

logger const log("broker");
constexpr std::chrono::minutes between_looks{10};

}  // namespace

// Times in the log do not fall (but for a clock that was set back, which keeps entries longer, not shorter), so the place is
// found by halving.
result<void> forget_before(catalog::catalog& cat, wall_time oldest) {
    catalog::sequence low = 0, high = cat.last_sequence();  // the first entry to keep is in (low, high + 1]
    while (low < high) {
        auto const middle = low + (high - low) / 2;
        auto const entry = cat.read_log(middle, 1);
        if (!entry && entry.error().code != make_error_code(errc::not_found)) return entry.error();
        bool const old = !entry || entry->empty() || entry->front().time < oldest;  // no entry: forgotten before
        (old ? low : high) = old ? middle + 1 : middle;
    }
    return low == 0 ? result<void>() : cat.prune_log(low + 1);
}

log_keeper::log_keeper(catalog::catalog& cat, clock& time, seconds keep) : cat_(cat), time_(time), keep_(keep) {
    if (keep_ > seconds(0)) thread_ = std::jthread([this](std::stop_token stop) { watch(std::move(stop)); });
}

log_keeper::~log_keeper() = default;

void log_keeper::watch(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        if (auto ok = forget_before(cat_, time_.now() - keep_); !ok)
            log.warn("the log was not shortened", {{"reason", ok.error().message()}});
        wake_.wait_for(lock, stop, between_looks, [] { return false; });
    }
}

}  // namespace fjord::broker
