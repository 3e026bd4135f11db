#pragma once
// An ordered key-value store with snapshots and atomic batches that carry the log. Engines: RocksDB (default), memory (tests);
// one conformance suite for all (tests/unit/catalog/store_conformance). All calls block: use them from a blocking_pool.
//
// A batch is one truth: the new state and its log entries become visible and durable together, under one sequence number.
#include "base/clock.hpp"
#include "base/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::catalog {

using sequence = std::uint64_t;  // grows by one per log entry, never reused

struct log_entry {
    sequence seq = 0;  // given by the store
    wall_time time{};
    std::string type;     // "item.created", "replica.available", ... (contract, events)
    std::string subject;  // "C/I/A", a rule id, ...
    std::string data;     // JSON object text
};

// Keys in [first, last) in byte order. last empty: to the end.
struct key_range {
    std::string first, last;
};

// Deletes and delete_ranges happen before puts: a key in both ends up put.
struct write_batch {
    struct put_op {
        std::string key, value;
    };
    struct precondition {
        std::string key;
        std::optional<std::string> expected;  // nullopt: must be absent; value: must be equal
    };
    std::vector<precondition> preconditions;
    std::vector<put_op> puts;
    std::vector<std::string> deletes;
    std::vector<log_entry> log;
    std::vector<key_range> empty_ranges;   // preconditions: no key in them once this batch is applied
    std::vector<key_range> delete_ranges;  // whatever is in them when the batch is applied, also keys nobody read before
};

// A consistent view at one sequence. Any thread; cheap to hold for seconds, not for hours.
class store_view {
public:
    virtual ~store_view() = default;
    virtual result<std::optional<std::string>> get(std::string_view key) const = 0;
    // Keys in [first, last) in byte order until `visit` returns false. last empty: to the end.
    virtual result<void> scan(std::string_view first, std::string_view last,
                              std::function<bool(std::string_view key, std::string_view value)> const& visit) const = 0;
    virtual sequence at() const noexcept = 0;  // the last log entry this view includes
};

class store {
public:
    virtual ~store() = default;
    // Views must go before their store.
    virtual std::unique_ptr<store_view> view() const = 0;
    // The newest value of one key; what a view made now would answer, cheaper.
    virtual result<std::optional<std::string>> get(std::string_view key) const { return view()->get(key); }
    // The newest values of many keys, in the order asked; cheaper than as many gets.
    virtual result<std::vector<std::optional<std::string>>> get_many(std::span<std::string const> keys) const {
        std::vector<std::optional<std::string>> values;
        for (auto const& key : keys) {
            auto value = get(key);
            if (!value) return value.error();
            values.push_back(std::move(*value));
        }
        return values;
    }
    // Durable when it returns, and visible only when durable; concurrent callers share one sync of the disk. Answers the
    // sequence of the last log entry (of this batch, when it has any). errc::conflict: a precondition failed (detail: the
    // key), nothing was written. errc::no_space, errc::unavailable: the write failed; the store takes no further writes
    // until it is opened again, because only recovery can tell how much of a failed write reached the disk.
    virtual result<sequence> apply(write_batch batch) = 0;
    virtual sequence last_sequence() const noexcept = 0;
    // Log entries with seq > since, oldest first, at most `max`. errc::not_found when entries after `since` were pruned
    // away or `since` is past the end of the log (a cursor of another store): the follower starts over from the state.
    virtual result<std::vector<log_entry>> read_log(sequence since, std::size_t max) const = 0;
    // Forgets log entries with seq < before; the newest entry always stays, so numbers go on after a restart.
    virtual result<void> prune_log(sequence before) = 0;
};

std::unique_ptr<store> make_memory_store(clock& time);
// Creates the directory when absent. errc::unavailable (in use by another process), errc::corrupt, errc::unsupported (written
// by a newer release), errc::denied, errc::no_space. The clock stamps log entries that carry no time.
result<std::unique_ptr<store>> open_rocksdb_store(std::string const& directory, clock& time);

}  // namespace fjord::catalog
