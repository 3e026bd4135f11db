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
#include <string>
#include <string_view>
#include <vector>

namespace fjord::catalog {

using sequence = std::uint64_t;  // grows by one per log entry, never reused

struct log_entry {
    sequence seq = 0;      // given by the store
    wall_time time{};
    std::string type;      // "item.created", "replica.available", ... (contract, events)
    std::string subject;   // "C/I/A", a rule id, ...
    std::string data;      // JSON object text
};

struct write_batch {
    struct put_op { std::string key, value; };
    struct precondition {
        std::string key;
        std::optional<std::string> expected;  // nullopt: must be absent; value: must be equal
    };
    std::vector<precondition> preconditions;
    std::vector<put_op> puts;
    std::vector<std::string> deletes;
    std::vector<log_entry> log;
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
    virtual std::unique_ptr<store_view> view() const = 0;
    // Durable when it returns. errc::conflict: a precondition failed (detail: the key); nothing was written.
    virtual result<sequence> apply(write_batch batch) = 0;
    virtual sequence last_sequence() const noexcept = 0;
    // Log entries with seq > since, oldest first, at most `max`. errc::not_found when `since` was pruned away.
    virtual result<std::vector<log_entry>> read_log(sequence since, std::size_t max) const = 0;
};

std::unique_ptr<store> make_memory_store(clock& time);
// Creates the directory when absent. errc::unavailable (locked by another process), errc::corrupt.
result<std::unique_ptr<store>> open_rocksdb_store(std::string const& directory, clock& time);

}  // namespace fjord::catalog
