#pragma once
// What is known of the open transfers right now: bytes that markers told, what a waiting one waits for, the rate of late.
// In memory only. Any thread; the lock is never held over a wait.
#include "catalog/records.hpp"
#include "transfer/evaluator.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace fjord::transfer {

struct transfer_progress {
    transfer_id id;
    copy_key target;
    site_id from;
    catalog::transfer_state state = catalog::transfer_state::queued;
    std::uint32_t attempt = 0;
    std::uint64_t bytes = 0, total = 0;
    double bytes_per_second = 0;  // of this attempt
    std::string reason;           // why it waits
    std::optional<wall_time> not_before;
    steady_time started{};  // of the attempt
};

class progress_board {
public:
    void put(transfer_progress entry);
    void erase(transfer_id const& id);
    // Notes bytes of a running attempt; the entry after the change, nullopt when it is not known.
    std::optional<transfer_progress> advance(transfer_id const& id, std::uint64_t bytes, steady_time now);
    std::optional<transfer_progress> find(transfer_id const& id) const;
    std::optional<transfer_progress> find(copy_key const& target) const;
    std::vector<transfer_progress> all() const;

    // A copy of so many bytes took so long.
    void completed(std::uint64_t bytes, milliseconds took);
    // Bytes per second of all running copies together, 0 when nothing was measured yet.
    double rate() const;

private:
    mutable std::mutex mutex_;
    std::map<transfer_id, transfer_progress> entries_;
    std::map<copy_key, transfer_id> by_target_;
    double single_rate_ = 0;  // of one copy, exponentially weighted
};

}  // namespace fjord::transfer
