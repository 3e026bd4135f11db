#pragma once
// Brings the catalog's content into an index_writer: all of it at start, then the log. Private to the index.
#include "catalog/catalog.hpp"
#include "stac/checkpoint.hpp"
#include "stac/index_writer.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace fjord::stac {

class index_feed {
public:
    index_feed(std::shared_ptr<index_writer> writer, segment_limits limits) : writer_(std::move(writer)), limits_(limits) {}

    // From the observer of the catalog: applied at once, or kept until begin_live() was called. One thread at a time.
    void observe(catalog::catalog const& cat, std::vector<catalog::log_entry> const& entries);
    // Puts a checkpoint in place and applies the log since. errc::corrupt, errc::not_found: it does not belong to this catalog,
    // or the log no longer reaches back to it.
    result<void> restore(catalog::catalog const& cat, loaded_checkpoint from);
    // What tells this catalog's log from another's at that entry; empty at 0.
    static result<std::string> mark_of(catalog::catalog const& cat, catalog::sequence at);
    // Reads every collection and item of the catalog. Errors of the store; documents that are no STAC are logged and left out.
    result<void> load(catalog::catalog const& cat);
    // Applies what the log holds after `since`. errc::not_found: it does not reach back so far.
    result<void> replay(catalog::catalog const& cat, catalog::sequence since);
    void cancel() noexcept { cancelled_.store(true); }  // ends load() with errc::cancelled
    // Applies what was observed meanwhile; from now on changes are applied as they come.
    void begin_live(catalog::catalog const& cat);

    std::uint64_t loaded() const noexcept { return loaded_.load(std::memory_order_relaxed); }
    std::uint64_t applied() const noexcept { return applied_.load(std::memory_order_relaxed); }  // changes since the start
    // A change could not be read from the catalog: what is in the index is not all there is.
    bool missed() const noexcept { return missed_.load(); }

private:
    void apply(catalog::catalog const& cat, std::vector<catalog::log_entry> const& entries);
    result<void> load_items(catalog::catalog const& cat, collection_id const& c);

    std::shared_ptr<index_writer> writer_;
    segment_limits limits_;
    std::mutex mutex_;  // guards live_ and early_
    bool live_ = false;
    std::vector<catalog::log_entry> early_;
    std::atomic<std::uint64_t> loaded_{0}, applied_{0};
    std::atomic<bool> cancelled_{false}, missed_{false};
};

}  // namespace fjord::stac
