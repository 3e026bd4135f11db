#pragma once
// Inside of block_store, shared by block_store.cpp (the RAM index), block_store_load.cpp, block_store_io.cpp (bytes) and
// block_store_commit.cpp (what is written behind). Included by nobody else.
#include "base/log.hpp"
#include "cache/block_store.hpp"
#include "cache/index.hpp"
#include "cache/s3_fifo.hpp"

#include <atomic>
#include <bitset>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

namespace fjord::cache {

struct stored_extent {
    extent_record record;
    std::bitset<blocks_per_extent> verified;  // checked, or written, by this process
};

struct stored_object {
    file_id id = 0;
    object_meta meta;
    std::map<extent_no, stored_extent> extents;
    block_no present = 0;
    std::uint32_t leases = 0;
    bool condemned = false;  // hidden, and nothing of it may be served
};

// Bytes on disk that left the index and must be given back.
struct victim {
    file_id id = 0;
    byte_span span;
};

struct block_store::impl : std::enable_shared_from_this<block_store::impl> {
    impl(store_options o, clock& t, std::unique_ptr<index_db> db);

    result<void> load();  // block_store_load.cpp

    // block_store.cpp: the RAM index. Names ending in _locked want mutex held.
    stored_object* find_locked(file_id id);
    stored_object const* find_locked(file_id id) const;
    object_handle lease_locked(stored_object& object);
    void release(file_id id) noexcept;
    void hide_locked(stored_object& object);
    void clear_block_locked(stored_object& object, block_no b);
    std::optional<victim> take_out_locked(extent_key key);
    std::shared_ptr<void> pin_holder(extent_key key);
    void unpin(extent_key key) noexcept;

    // block_store_io.cpp
    result<void> reserve(file_id id, extent_no e, block_run blocks);
    void unreserve(file_id id, extent_no e, std::uint64_t bytes);
    void give_back(std::vector<victim> const& victims);
    result<std::vector<std::uint32_t>> write_in_extent(object_handle const& object, block_no first,
                                                       std::span<block_bytes const> blocks);
    static bool check_block(int fd, object_lease const& object, block_no b, std::uint32_t crc);

    // block_store_commit.cpp
    void start_committing();
    void stop_committing();
    void commit_loop();
    result<void> commit();
    void reclaim();
    void extend_ids_locked();
    std::vector<index_change> gather_locked();

    store_options const options;
    clock& time;
    logger const log{"cache"};
    fd_cache files;
    std::unique_ptr<index_db> const db;

    // Held while room is made and given back on disk, so that freed bytes are free before they are used again. Taken before
    // `mutex`; pool threads only.
    std::mutex reserve_mutex;

    mutable std::mutex mutex;  // guards what follows up to the next mark; never held over a system call
    std::unordered_map<file_id, stored_object> objects;
    std::unordered_map<std::string, std::vector<file_id>> by_path;
    s3_fifo policy;
    file_id next_id = 1;
    file_id ids_reserved = 1;  // ids below are ours to give out
    std::set<file_id> dirty_objects;
    std::set<extent_key> dirty_extents;
    std::map<std::string, std::string> notes;
    std::set<std::string> dirty_notes;
    std::set<file_id> reclaimable;
    store_stats counted;
    bool stopping = false;
    std::condition_variable wake;
    // end of what `mutex` guards

    std::mutex commit_mutex;                      // one commit at a time; taken before `mutex`
    std::atomic<std::int64_t> refusing_until{0};  // steady ns
    std::thread committer;
};

constexpr extent_no extent_no_of(block_no b) noexcept { return b / blocks_per_extent; }
constexpr block_no slot_of(block_no b) noexcept { return b % blocks_per_extent; }

// What a block takes on disk: whole pages.
constexpr std::uint64_t disk_bytes(block_no b, std::uint64_t size) noexcept {
    auto end = std::min<std::uint64_t>((b + std::uint64_t{1}) * block_size, size);
    return (end - b * block_size + 4095) / 4096 * 4096;
}

}  // namespace fjord::cache
