#include "cache/sieve.hpp"

#include <iterator>

namespace fjord::cache {

block_bytes sieve::find(file_id key) noexcept {
    auto it = entries_.find(key);
    if (it == entries_.end()) return nullptr;
    it->second->visited = true;
    return it->second->value;
}

bool sieve::insert(file_id key, block_bytes value) {
    erase(key);
    auto cost = value->size() + overhead;
    if (cost > capacity_) return false;
    while (used_ + cost > capacity_) evict();
    queue_.push_front({key, std::move(value)});
    entries_[key] = queue_.begin();
    used_ += cost;
    return true;
}

bool sieve::erase(file_id key) noexcept {
    auto it = entries_.find(key);
    if (it == entries_.end()) return false;
    unlink(it->second);
    return true;
}

void sieve::evict() {
    auto towards_head = [this](position p) { return p == queue_.begin() ? std::prev(queue_.end()) : std::prev(p); };
    position h = hand_ == queue_.end() ? std::prev(queue_.end()) : hand_;
    while (h->visited) {
        h->visited = false;
        h = towards_head(h);
    }
    hand_ = h;
    unlink(h);
}

// The hand never points at a dropped entry: it moves on towards the head, or back to the tail.
void sieve::unlink(position at) {
    if (hand_ == at) hand_ = at == queue_.begin() ? queue_.end() : std::prev(at);
    used_ -= at->value->size() + overhead;
    entries_.erase(at->key);
    queue_.erase(at);
}

}  // namespace fjord::cache
