#include "cache/fill.hpp"

namespace fjord::cache {

block_state fill_table::state(block_no b, disk_view const& disk) const {
    if (flights_.contains(b)) return block_state::in_flight;
    if (disk.has(b)) return block_state::present;
    return bad_.contains(b) ? block_state::bad : block_state::absent;
}

block_bytes fill_table::arrived_bytes(block_no b) const {
    auto it = flights_.find(b);
    return it == flights_.end() ? nullptr : it->second.bytes;
}

std::optional<fetch_claim> fill_table::claim(block_no b, block_no limit, block_no window, disk_view const& disk) {
    limit = std::min(limit, blocks_);
    auto missing = [&](block_no x) { return !disk.has(x) && !flights_.contains(x); };
    // Covered for half a window: starting now would only cut the object into crumbs, one block per block read.
    auto horizon = static_cast<block_no>(std::min<std::uint64_t>(limit, b + std::uint64_t{std::max<block_no>(window / 2, 1)}));
    block_no first = b;
    while (first < horizon && !missing(first)) ++first;
    if (first >= horizon) return std::nullopt;
    auto stop = static_cast<block_no>(std::min<std::uint64_t>(limit, first + std::uint64_t{std::max<block_no>(window, 1)}));
    block_no end = first;
    auto id = next_fetch_++;
    while (end < stop && missing(end)) flights_[end++].fetch = id;
    return fetch_claim{id, {first, end}};
}

std::vector<waiter_id> fill_table::arrive(fetch_id fetch, block_no b, block_bytes bytes) {
    auto it = flights_.find(b);
    if (it == flights_.end() || it->second.fetch != fetch) return {};
    it->second.bytes = std::move(bytes);
    return take_waiters(b);
}

void fill_table::settle(fetch_id fetch, block_no b) {
    auto it = flights_.find(b);
    if (it != flights_.end() && it->second.fetch == fetch) flights_.erase(it);
}

std::vector<waiter_id> fill_table::end(fetch_id fetch) {
    std::vector<waiter_id> woken;
    for (auto it = flights_.begin(); it != flights_.end();) {
        if (it->second.fetch != fetch) {
            ++it;
            continue;
        }
        auto of_block = take_waiters(it->first);
        woken.insert(woken.end(), of_block.begin(), of_block.end());
        it = flights_.erase(it);
    }
    return woken;
}

waiter_id fill_table::wait(block_no b) {
    auto id = next_waiter_++;
    waiters_.emplace(b, id);
    return id;
}

void fill_table::forget(waiter_id w) {
    std::erase_if(waiters_, [w](auto const& entry) { return entry.second == w; });
}

std::optional<std::uint32_t> fill_table::expected_crc(block_no b) const {
    auto it = bad_.find(b);
    return it == bad_.end() ? std::nullopt : std::optional(it->second);
}

bool fill_table::any_in_flight(block_run run) const {
    auto it = flights_.lower_bound(run.first);
    return it != flights_.end() && it->first < run.end;
}

std::vector<waiter_id> fill_table::take_waiters(block_no b) {
    std::vector<waiter_id> ids;
    auto [from, to] = waiters_.equal_range(b);
    for (auto it = from; it != to; ++it) ids.push_back(it->second);
    waiters_.erase(from, to);
    return ids;
}

void readahead::advance(block_no read) {
    since_growth_ += read;
    while (since_growth_ >= window_ && window_ < largest) {
        since_growth_ -= window_;
        window_ *= 2;
    }
}

}  // namespace fjord::cache
