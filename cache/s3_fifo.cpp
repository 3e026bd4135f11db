#include "cache/s3_fifo.hpp"

namespace fjord::cache {

s3_fifo::s3_fifo(std::uint64_t capacity, std::size_t ghost_limit) : capacity_(capacity), ghost_limit_(ghost_limit) {}

void s3_fifo::hit(extent_key x) noexcept {
    auto it = entries_.find(x);
    if (it != entries_.end() && it->second.freq < 3) ++it->second.freq;
}

bool s3_fifo::grow(extent_key x, std::uint64_t bytes, std::vector<extent_key>& dropped) {
    if (bytes > capacity_) return false;
    // x must survive the room made for it.
    auto it = entries_.find(x);
    if (it != entries_.end()) ++it->second.pins;
    bool room = make_room(bytes, dropped);
    if (it != entries_.end()) --it->second.pins;
    if (!room) return false;
    if (it == entries_.end()) {
        it = entries_.try_emplace(x).first;
        bool seen_before = recall(x);
        push(seen_before ? main_ : small_, it->second, x, seen_before);
    }
    it->second.bytes += bytes;
    (it->second.in_main ? main_ : small_).bytes += bytes;
    return true;
}

void s3_fifo::shrink(extent_key x, std::uint64_t bytes) noexcept {
    auto it = entries_.find(x);
    if (it == entries_.end()) return;
    auto less = std::min(bytes, it->second.bytes);
    it->second.bytes -= less;
    (it->second.in_main ? main_ : small_).bytes -= less;
}

void s3_fifo::remove(extent_key x) noexcept {
    auto it = entries_.find(x);
    if (it == entries_.end()) return;
    queue& q = it->second.in_main ? main_ : small_;
    q.bytes -= it->second.bytes;
    q.order.erase(it->second.at);
    entries_.erase(it);
}

void s3_fifo::restore(extent_key x, std::uint64_t bytes) {
    auto [it, fresh] = entries_.try_emplace(x);
    if (fresh) push(main_, it->second, x, true);
    it->second.bytes += bytes;
    (it->second.in_main ? main_ : small_).bytes += bytes;
}

void s3_fifo::trim(std::vector<extent_key>& dropped) { make_room(0, dropped); }

void s3_fifo::pin(extent_key x) noexcept {
    auto it = entries_.find(x);
    if (it != entries_.end()) ++it->second.pins;
}

void s3_fifo::unpin(extent_key x) noexcept {
    auto it = entries_.find(x);
    if (it != entries_.end() && it->second.pins > 0) --it->second.pins;
}

unsigned s3_fifo::frequency(extent_key x) const noexcept {
    auto it = entries_.find(x);
    return it == entries_.end() ? 0 : it->second.freq;
}

std::uint64_t s3_fifo::bytes(extent_key x) const noexcept {
    auto it = entries_.find(x);
    return it == entries_.end() ? 0 : it->second.bytes;
}

bool s3_fifo::make_room(std::uint64_t bytes, std::vector<extent_key>& dropped) {
    while (used() + bytes > capacity_) {
        if (!evict(dropped)) return false;
    }
    return true;
}

bool s3_fifo::evict(std::vector<extent_key>& dropped) {
    bool small_first = small_.bytes * 10 >= capacity_ || main_.order.empty();
    // The other queue is the way out when all of the preferred one is pinned.
    if (small_first) return evict_small(dropped) || evict_main(dropped);
    return evict_main(dropped) || evict_small(dropped);
}

// True when something left the cache or moved on, so that the caller's loop makes progress.
bool s3_fifo::evict_small(std::vector<extent_key>& dropped) {
    for (auto left = small_.order.size(); left > 0; --left) {
        extent_key t = small_.order.back();
        entry& e = entries_.find(t)->second;
        if (e.pins > 0) {
            small_.order.splice(small_.order.begin(), small_.order, e.at);
            continue;
        }
        if (e.freq < 2) {
            drop(small_, t, dropped);
            remember(t);
            return true;
        }
        e.freq = 0;
        e.in_main = true;
        main_.order.splice(main_.order.begin(), small_.order, e.at);
        small_.bytes -= e.bytes;
        main_.bytes += e.bytes;
        if (main_.bytes * 10 > capacity_ * 9) evict_main(dropped);
        return true;
    }
    return false;
}

bool s3_fifo::evict_main(std::vector<extent_key>& dropped) {
    // Frequencies are at most 3, so after three rounds every extent that is not pinned has been offered.
    for (auto left = main_.order.size() * 4; left > 0; --left) {
        extent_key t = main_.order.back();
        entry& e = entries_.find(t)->second;
        if (e.pins == 0 && e.freq == 0) {
            drop(main_, t, dropped);
            return true;
        }
        if (e.pins == 0) --e.freq;
        main_.order.splice(main_.order.begin(), main_.order, e.at);
    }
    return false;
}

void s3_fifo::push(queue& q, entry& e, extent_key x, bool main) {
    q.order.push_front(x);
    e.at = q.order.begin();
    e.in_main = main;
}

void s3_fifo::drop(queue& q, extent_key x, std::vector<extent_key>& dropped) {
    auto it = entries_.find(x);
    q.bytes -= it->second.bytes;
    q.order.erase(it->second.at);
    entries_.erase(it);
    dropped.push_back(x);
}

void s3_fifo::remember(extent_key x) {
    // As many fingerprints as extents fit into the main queue: nine tenths of what the cache holds.
    auto limit = std::min(ghost_limit_, std::max<std::size_t>(1, (entries_.size() * 9 + 9) / 10));
    while (!ghost_order_.empty() && ghost_order_.size() >= limit) {
        ghost_.erase(ghost_order_.back());
        ghost_order_.pop_back();
    }
    ghost_order_.push_front(x);
    ghost_[x] = ghost_order_.begin();
}

bool s3_fifo::recall(extent_key x) {
    auto it = ghost_.find(x);
    if (it == ghost_.end()) return false;
    ghost_order_.erase(it->second);
    ghost_.erase(it);
    return true;
}

}  // namespace fjord::cache
