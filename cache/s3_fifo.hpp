#pragma once
// Which extents to drop when the disk tier is full: S3-FIFO (SOSP'23) with exact limits. New extents enter a small queue
// (10 % of the bytes); those seen twice there, or remembered as recently dropped, live in the main queue.
//
//   S = small queue, M = main queue, G = fingerprints of what S dropped, freq = 2 bits, saturating at 3
//   hit(x):    freq++                                      (no queue move)
//   insert(x): while used + size > capacity: evict();  G.remove(x) ? M.push_head(x) : S.push_head(x)
//   evict():   S >= 10 % or M empty ? evict S : evict M
//   evict S:   t = tail; freq >= 2 ? M.push_head(t), freq = 0, and if M > 90 % evict M : drop t, remember it in G
//   evict M:   t = tail; freq >= 1 ? freq = min(freq, 3) - 1, push_head(t), next : drop t
//
// Ours adds two things. Extents grow block by block: giving an extent more bytes makes room like an insert but never drops
// that extent. Pinned extents (being sent or written) are passed over.
// Invariants: used() <= capacity() after every call; used() == small_bytes() + main_bytes(); a key is in one queue at most.
// Pure; one thread at a time.
#include "cache/types.hpp"

#include <cstddef>
#include <list>
#include <unordered_map>
#include <vector>

namespace fjord::cache {

class s3_fifo {
public:
    // `ghost_limit`: most fingerprints remembered; fewer when fewer extents fit.
    explicit s3_fifo(std::uint64_t capacity, std::size_t ghost_limit = 1u << 20);
    s3_fifo(s3_fifo const&) = delete;
    s3_fifo& operator=(s3_fifo const&) = delete;

    bool contains(extent_key x) const noexcept { return entries_.contains(x); }
    void hit(extent_key x) noexcept;

    // Gives `bytes` more to x, which enters the cache if it is not there. Appends what had to go to `dropped`, also when the
    // answer is false: no room can be made (everything else is pinned, or x alone would exceed the capacity).
    [[nodiscard]] bool grow(extent_key x, std::uint64_t bytes, std::vector<extent_key>& dropped);
    // Takes bytes away, e.g. of a corrupt block. An extent of zero bytes stays until removed or evicted.
    void shrink(extent_key x, std::uint64_t bytes) noexcept;
    // Takes x out without remembering it (purge).
    void remove(extent_key x) noexcept;
    // Puts an extent known from before a restart into the main queue; the caller calls trim() after the last one.
    void restore(extent_key x, std::uint64_t bytes);
    void trim(std::vector<extent_key>& dropped);

    void pin(extent_key x) noexcept;
    void unpin(extent_key x) noexcept;

    std::uint64_t capacity() const noexcept { return capacity_; }
    std::uint64_t used() const noexcept { return small_.bytes + main_.bytes; }
    std::uint64_t small_bytes() const noexcept { return small_.bytes; }
    std::uint64_t main_bytes() const noexcept { return main_.bytes; }
    std::size_t size() const noexcept { return entries_.size(); }
    std::size_t ghosts() const noexcept { return ghost_order_.size(); }
    unsigned frequency(extent_key x) const noexcept;
    std::uint64_t bytes(extent_key x) const noexcept;

private:
    struct entry {
        std::list<extent_key>::iterator at;
        std::uint64_t bytes = 0;
        std::uint32_t pins = 0;
        std::uint8_t freq = 0;
        bool in_main = false;
    };
    struct queue {
        std::list<extent_key> order;  // front = head (newest)
        std::uint64_t bytes = 0;
    };

    bool make_room(std::uint64_t bytes, std::vector<extent_key>& dropped);
    bool evict(std::vector<extent_key>& dropped);
    bool evict_small(std::vector<extent_key>& dropped);
    bool evict_main(std::vector<extent_key>& dropped);
    void push(queue& q, entry& e, extent_key x, bool main);
    void drop(queue& q, extent_key x, std::vector<extent_key>& dropped);
    void remember(extent_key x);
    bool recall(extent_key x);

    std::uint64_t capacity_;
    std::size_t ghost_limit_;
    queue small_, main_;
    std::unordered_map<extent_key, entry> entries_;
    std::list<extent_key> ghost_order_;  // front = newest
    std::unordered_map<extent_key, std::list<extent_key>::iterator> ghost_;
};

}  // namespace fjord::cache
