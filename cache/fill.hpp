#pragma once
// Who fetches which block of one object, and who waits for it: the single-flight table. Each block is
//
//   absent     not on disk, nobody fetches it            (the default; takes no memory)
//   in flight  one fetch owns it; its bytes may have arrived but are not settled on disk yet
//   present    on disk (the block store knows; asked through `disk_view`)
//   bad        was on disk and failed its checksum: like absent, and the refetched bytes must have the checksum on record
//
// A block has at most one fetch at a time, so N readers of a cold object cost its source one copy. Waiters are numbers; the
// caller maps them to whatever it must wake. Pure: no clock, no I/O; one thread at a time.
#include "cache/types.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace fjord::cache {

using fetch_id = std::uint64_t;   // 1..
using waiter_id = std::uint64_t;  // 1..

enum class block_state { absent, in_flight, present, bad };

// What is on disk around a place: bit i stands for block first + i. Blocks outside read as absent.
struct disk_view {
    block_no first = 0;
    std::vector<bool> bits;
    bool has(block_no b) const noexcept { return b >= first && b - first < bits.size() && bits[b - first]; }
};

struct fetch_claim {
    fetch_id id = 0;
    block_run run;
};

class fill_table {
public:
    explicit fill_table(block_no blocks) : blocks_(blocks) {}

    block_state state(block_no b, disk_view const& disk) const;
    block_bytes arrived_bytes(block_no b) const;  // null unless in flight and arrived

    // The next fetch worth starting for a reader that stands at b, reads to `limit` and has earned `window` blocks of
    // read-ahead. Nothing when the way ahead is covered for at least half a window; the run covers absent and bad blocks
    // only and stops at the first that is present or in flight. What is returned is marked as in flight.
    std::optional<fetch_claim> claim(block_no b, block_no limit, block_no window, disk_view const& disk);

    // The bytes of a block are here; answers who waits for it. Ignored when that fetch does not own the block.
    std::vector<waiter_id> arrive(fetch_id fetch, block_no b, block_bytes bytes);
    // The block is on disk, or could not be stored: it leaves the table.
    void settle(fetch_id fetch, block_no b);
    // The fetch is over, well or badly: what it still owns is absent again; answers who waited for those blocks.
    std::vector<waiter_id> end(fetch_id fetch);

    waiter_id wait(block_no b);
    void forget(waiter_id w);  // the reader went away; harmless for others

    // A stored block failed its checksum `crc`; answers the checksum a refetched block must have.
    void mark_bad(block_no b, std::uint32_t crc) { bad_[b] = crc; }
    std::optional<std::uint32_t> expected_crc(block_no b) const;
    void heal(block_no b) { bad_.erase(b); }

    bool any_in_flight(block_run run) const;
    std::size_t in_flight() const noexcept { return flights_.size(); }
    std::size_t waiting() const noexcept { return waiters_.size(); }
    block_no blocks() const noexcept { return blocks_; }

private:
    struct flight {
        fetch_id fetch = 0;
        block_bytes bytes;
    };
    std::vector<waiter_id> take_waiters(block_no b);

    block_no blocks_;
    fetch_id next_fetch_ = 1;
    waiter_id next_waiter_ = 1;
    std::map<block_no, flight> flights_;
    std::unordered_map<block_no, std::uint32_t> bad_;
    std::multimap<block_no, waiter_id> waiters_;
};

// How far ahead one reader may fetch: 1 MiB at first, doubled for every window read in sequence, at most 8 MiB.
class readahead {
public:
    static constexpr block_no smallest = (1u << 20) / block_size;
    static constexpr block_no largest = (8u << 20) / block_size;

    block_no window() const noexcept { return window_; }
    void advance(block_no read);  // that many blocks were read in sequence

private:
    block_no window_ = smallest;
    block_no since_growth_ = 0;
};

}  // namespace fjord::cache
