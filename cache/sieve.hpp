#pragma once
// The RAM tier for small objects: SIEVE (NSDI'24). One queue, one visited bit, a hand that moves from tail to head.
//
//   hit(x):    visited = true                                 (no queue move)
//   insert(x): while full: evict();  push x at the head, not visited
//   evict():   from the hand (or the tail) towards the head: clear visited bits, drop the first one that is clear
//
// SIEVE is not scan resistant, so the caller admits an object only at its second request.
// Invariant: used() <= capacity() after every call. Pure; one thread at a time.
#include "cache/types.hpp"

#include <cstddef>
#include <list>
#include <unordered_map>

namespace fjord::cache {

class sieve {
public:
    static constexpr std::uint64_t overhead = 160;  // bytes charged per entry beside its content

    explicit sieve(std::uint64_t capacity) : capacity_(capacity), hand_(queue_.end()) {}
    sieve(sieve const&) = delete;
    sieve& operator=(sieve const&) = delete;

    block_bytes find(file_id key) noexcept;  // null when absent; marks as visited
    // False when the value alone is larger than the capacity. Replaces what is there.
    bool insert(file_id key, block_bytes value);
    bool erase(file_id key) noexcept;

    std::uint64_t used() const noexcept { return used_; }
    std::uint64_t capacity() const noexcept { return capacity_; }
    std::size_t size() const noexcept { return entries_.size(); }

private:
    struct node {
        file_id key;
        block_bytes value;
        bool visited = false;
    };
    using position = std::list<node>::iterator;

    void evict();
    void unlink(position at);

    std::uint64_t capacity_;
    std::uint64_t used_ = 0;
    std::list<node> queue_;  // front = head (newest)
    position hand_;          // end(): start at the tail
    std::unordered_map<file_id, position> entries_;
};

}  // namespace fjord::cache
