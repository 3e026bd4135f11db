#pragma once
// One object in one version while somebody reads or fills it: the fill table with its waiters, the places it can be fetched
// from, and whether its whole has been checked. Any thread; the mutex is never held over co_await.
// Lock order: instance, then block_store.
#include "cache/engine.hpp"
#include "cache/signal.hpp"
#include "cache/source.hpp"
#include "cache/whole_check.hpp"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <set>

namespace fjord::cache {

class instance : public std::enable_shared_from_this<instance> {
public:
    // `object` is null when nothing can be stored for it.
    instance(std::shared_ptr<engine> e, object_source& source, object_key key, std::shared_ptr<object_info const> info,
             object_handle object);

    std::shared_ptr<object_info const> info() const;
    void update(std::shared_ptr<object_info const> info);  // newer places of the same version
    object_handle const& object() const noexcept { return object_; }
    std::uint64_t size() const noexcept { return size_; }
    engine& core() noexcept { return *engine_; }
    object_source& source() noexcept { return source_; }
    object_key const& key() const noexcept { return key_; }

    // What a reader that needs block b gets.
    struct step {
        block_bytes bytes;     // just arrived
        bool present = false;  // on disk
        bool direct = false;   // nothing is stored (disk full, too large): read from the source yourself
    };
    // Waits until block b is at hand, starting a fetch when nobody has. `limit`: first block the reader will not need.
    // errc::unavailable (no place delivered), errc::corrupt (what was delivered is wrong), errc::cancelled.
    asio::awaitable<result<step>> need(block_no b, block_no limit, block_no window);

    struct survey {
        block_no present = 0, in_flight = 0, absent = 0;
        bool others_fetch = false;  // the first block that is not here is being fetched already
    };
    survey look(block_run run) const;

    void found_bad(read_fault fault);  // a stored block failed its checksum
    bool passing_through() const;      // set once something could not be stored

    // Certification of a response that carries the whole object.
    struct whole_start {
        std::uint64_t epoch = 0;
        bool direct = false;  // cannot be certified through the store: read from the source and hash on the way
    };
    whole_start begin_whole();
    // Waits for the verdict of that epoch. errc::corrupt: the object is wrong and was dropped; errc::unavailable: the copy
    // changed under the response and nobody can tell. Either way the response must not be completed.
    asio::awaitable<result<void>> certify(std::uint64_t epoch);
    bool checked() const;  // the verdict is "good"

    // Places for a fetch: best first, those that failed lately last. Tokens that are about to expire are left out.
    std::vector<place> places() const;
    void blame(place const& p);
    void learn(place const& p, std::string etag);
    asio::awaitable<result<void>> refresh_places();

    // Called by the fetch (fetch.cpp).
    void arrived(fetch_id fetch, block_no b, block_bytes bytes);
    void settled(fetch_id fetch, block_run run, std::vector<std::uint32_t> const* checksums, asio::any_io_executor executor);
    void ended(fetch_id fetch, result<void> outcome, asio::any_io_executor executor);
    void cannot_store();        // from now on readers read from the source themselves
    void judged(bool matches);  // the fetch itself compared the digest (objects of one block)

private:
    struct waiter {
        std::shared_ptr<signal> wake;
        block_bytes bytes;
        std::optional<error> failure;
    };

    void wake_locked(std::vector<waiter_id> const& ids, block_bytes bytes, std::optional<error> const& failure);
    void wake_certifiers_locked();
    void restart_check_locked();
    bool keeps_bytes_locked(block_run run) const;
    // Starts hashing when the next block is here; else lets certifiers look again.
    void advance_check_locked(asio::any_io_executor executor);
    struct hash_part {
        std::shared_ptr<digester> hash;
        std::uint64_t epoch = 0;
        block_no next = 0;
    };
    asio::awaitable<void> hash_along();
    hash_part next_part();
    bool hashed_up_to(hash_part const& part, block_no reached, bool& pause);
    void stop_hashing_locked();
    result<block_no> hash_some(block_no from, std::shared_ptr<digester> hash);
    void conclude_locked(std::uint64_t epoch, bool matches);

    std::shared_ptr<engine> engine_;
    object_source& source_;
    object_key const key_;
    object_handle const object_;
    std::uint64_t const size_;

    mutable std::mutex mutex_;  // guards what follows
    std::shared_ptr<object_info const> info_;
    fill_table table_;
    std::map<waiter_id, std::shared_ptr<waiter>> waiters_;
    whole_check check_;
    bool hashing_ = false;            // a task owns hash_ now
    std::shared_ptr<digester> hash_;  // has seen the blocks before check_.next()
    std::uint64_t hash_epoch_ = 0;
    std::vector<std::shared_ptr<signal>> certifiers_;
    bool pass_through_ = false;
    bool hash_on_the_way_ = false;              // certification through the store failed once
    std::map<std::string, std::string> etags_;  // by URL of places that delivered
};

// Fetches one run of blocks, failing over between places; runs as a background task on the reader's context.
asio::awaitable<void> run_fetch(std::shared_ptr<instance> object, fetch_claim claim);

}  // namespace fjord::cache
