#pragma once
// The disk tier: which blocks of which objects are here, their checksums, what to drop when full. Bytes lie in sparse files
// data/<shard>/<file id>; the checksum of a block is its commit record: written after the data, bound to file and block, so a
// block whose data did not land, was overwritten or rotted never verifies and reads as missing. The RAM index here is
// authoritative; RocksDB follows within 50 ms (kill -9) and is synced within a second (power loss). No scan at start.
//
// Promise: what is accounted never exceeds the capacity, and room is made on disk (holes punched) before it is used again.
//
// Any thread; calls marked "blocks" do file I/O and belong on the pool.
#include "base/clock.hpp"
#include "cache/fd_cache.hpp"
#include "cache/fill.hpp"
#include "cache/record.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::cache {

struct store_options {
    std::string path;                   // folder; made when absent
    std::uint64_t capacity = 1u << 30;  // bytes of blocks; the index takes about 0.1 % more
    std::size_t max_open_files = 0;     // 0: half of what the process may open, at most 16384
};

struct store_stats {
    std::uint64_t objects = 0, extents = 0;
    std::uint64_t used = 0, capacity = 0;
    std::uint64_t corrupt_blocks = 0;  // found by checksum since start
    std::uint64_t evicted_extents = 0, evicted_bytes = 0;
    std::uint64_t failed_writes = 0;  // blocks not stored: disk full, I/O error
    std::uint64_t index_failures = 0;
};

// A stored object that somebody uses: while a lease lives, a purge hides the object but its bytes stay readable.
class object_lease;
using object_handle = std::shared_ptr<object_lease const>;

// Blocks that will not be evicted while this lives. `ready`: the file is open and every block was verified by this process.
class pinned_run {
public:
    pinned_run() = default;
    pinned_run(pinned_run&&) noexcept = default;
    pinned_run& operator=(pinned_run&&) noexcept = default;

    block_run run;
    bool ready = false;
    shared_fd fd;  // null until ready

private:
    friend class block_store;
    std::shared_ptr<void> pin_;
};

// A block that failed its checksum just now, and the checksum a good copy has.
struct read_fault {
    block_no block = 0;
    std::uint32_t crc = 0;
};

struct purge_counts {
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;
    std::vector<file_id> files;
};

struct extent_status {
    extent_no extent = 0;
    block_no blocks = 0;  // present
    unsigned frequency = 0;
};
struct object_status {
    file_id id = 0;
    object_meta meta;
    std::uint64_t bytes = 0;  // on disk
    std::vector<extent_status> extents;
};

class block_store {
public:
    // Blocks. errc::unavailable, errc::no_space, errc::denied: the folder cannot be used; errc::corrupt: the index is broken.
    static result<std::unique_ptr<block_store>> open(store_options options, clock& time);
    ~block_store();  // blocks: writes what is pending

    // The instance of a path in one version, or null.
    object_handle acquire(std::string const& path, std::string const& version);
    // The same, made when absent. errc::invalid_argument (size, path too long), errc::unavailable.
    result<object_handle> acquire_or_create(object_meta meta);
    // The newest instance of a path that was not superseded.
    std::optional<object_meta> latest(std::string const& path) const;

    disk_view view(object_handle const& object, block_run run) const;
    bool complete(object_handle const& object) const;
    bool usable(object_handle const& object) const;  // neither purged nor condemned
    bool condemned(object_handle const& object) const;
    unsigned frequency(object_handle const& object, block_no b) const;

    // The longest run of present blocks from `first`, up to `limit`, inside one extent. Nothing when `first` is absent or the
    // object is condemned. `touch` counts a hit for the eviction policy.
    std::optional<pinned_run> pin(object_handle const& object, block_no first, block_no limit, bool touch);
    // Keeps an extent from eviction as long as the answer lives; null when nothing of it is here.
    std::shared_ptr<void> hold(object_handle const& object, extent_no e);
    std::uint64_t capacity() const noexcept;
    // Blocks. Makes a run ready: opens the file and verifies what was not verified since start. A block that fails leaves the
    // store; the run is cut before it. errc::unavailable: no file descriptor.
    result<std::optional<read_fault>> prepare(object_handle const& object, pinned_run& run);
    // Blocks. A present block, verified; the fault when it was not good. errc::not_found: absent.
    struct block_read {
        block_bytes bytes;
        std::optional<read_fault> fault;
    };
    result<block_read> read(object_handle const& object, block_no b);

    // Blocks. Stores consecutive blocks; answers their checksums. All or none. errc::no_space (full of pinned extents, larger
    // than the tier, ENOSPC), errc::unavailable.
    result<std::vector<std::uint32_t>> write(object_handle const& object, block_no first, std::span<block_bytes const> blocks);
    // False for ten seconds after the disk was full: do not even try.
    bool accepting() const noexcept;

    void set_verified(object_handle const& object, bool verified);
    // The bytes are wrong: nothing of them is served from now on, and their space is freed.
    void condemn(object_handle const& object);
    // Instances of `path` other than `version` are no longer the latest.
    void supersede(std::string const& path, std::string const& version);
    // The same for a path and everything below it; an instance of `version` stays the latest.
    void supersede_below(std::string const& prefix, std::string const& version);
    purge_counts purge(std::function<bool(object_meta const&)> const& match);
    std::vector<object_status> describe(std::string const& path) const;

    std::optional<std::string> note(std::string const& key) const;
    void set_note(std::string const& key, std::string value);

    store_stats stats() const;
    // Blocks until what happened so far is in the index and synced, and what was purged is gone.
    result<void> flush();
    std::string path_of(object_handle const& object) const;  // of the block file

private:
    struct impl;
    friend class object_lease;
    explicit block_store(std::shared_ptr<impl> i);
    std::shared_ptr<impl> impl_;
};

class object_lease {
public:
    object_lease(std::shared_ptr<block_store::impl> store, file_id id, object_meta meta);
    ~object_lease();
    object_lease(object_lease const&) = delete;
    object_lease& operator=(object_lease const&) = delete;

    file_id id() const noexcept { return id_; }
    object_meta const& meta() const noexcept { return meta_; }  // as of acquire(); flags may have changed since

private:
    std::shared_ptr<block_store::impl> store_;
    file_id id_;
    object_meta meta_;
};

}  // namespace fjord::cache
