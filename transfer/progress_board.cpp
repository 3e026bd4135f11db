#include "transfer/progress_board.hpp"

#include <algorithm>

namespace fjord::transfer {

void progress_board::put(transfer_progress entry) {
    std::lock_guard guard(mutex_);
    by_target_[entry.target] = entry.id;
    auto id = entry.id;
    entries_.insert_or_assign(std::move(id), std::move(entry));
}

void progress_board::erase(transfer_id const& id) {
    std::lock_guard guard(mutex_);
    auto found = entries_.find(id);
    if (found == entries_.end()) return;
    by_target_.erase(found->second.target);
    entries_.erase(found);
}

std::optional<transfer_progress> progress_board::advance(transfer_id const& id, std::uint64_t bytes, steady_time now) {
    std::lock_guard guard(mutex_);
    auto found = entries_.find(id);
    if (found == entries_.end()) return std::nullopt;
    auto& entry = found->second;
    entry.bytes = std::min(bytes, entry.total);
    auto seconds_passed = std::chrono::duration<double>(now - entry.started).count();
    if (seconds_passed > 0) entry.bytes_per_second = static_cast<double>(entry.bytes) / seconds_passed;
    return entry;
}

std::optional<transfer_progress> progress_board::find(transfer_id const& id) const {
    std::lock_guard guard(mutex_);
    auto found = entries_.find(id);
    return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<transfer_progress> progress_board::find(copy_key const& target) const {
    std::lock_guard guard(mutex_);
    auto found = by_target_.find(target);
    return found == by_target_.end() ? std::nullopt : std::optional(entries_.at(found->second));
}

std::vector<transfer_progress> progress_board::all() const {
    std::lock_guard guard(mutex_);
    std::vector<transfer_progress> out;
    for (auto const& [id, entry] : entries_) out.push_back(entry);
    return out;
}

void progress_board::completed(std::uint64_t bytes, milliseconds took) {
    double rate = static_cast<double>(bytes) * 1000.0 / static_cast<double>(std::max<std::int64_t>(took.count(), 1));
    std::lock_guard guard(mutex_);
    single_rate_ = single_rate_ == 0 ? rate : 0.8 * single_rate_ + 0.2 * rate;
}

double progress_board::rate() const {
    std::lock_guard guard(mutex_);
    auto running = std::count_if(entries_.begin(), entries_.end(),
                                 [](auto const& e) { return e.second.state != catalog::transfer_state::queued; });
    return single_rate_ * static_cast<double>(std::max<std::ptrdiff_t>(running, 1));
}

}  // namespace fjord::transfer
