#pragma once
// Every collection and item of the catalog, as columns in memory and ready to search; documents stay in the catalog and are read
// for the rows of a page. Kept current by the catalog's log, so a commit is visible to the next search. Each item has a
// visibility class (what a policy can tell apart); every read goes through a `visibility`, which asks the policy once per class:
// what the caller may not see is not there, in no list, no count and no cursor.
//
// Any thread. Readers work on an immutable state (index_state.hpp) and never wait for writers.
#include "catalog/records.hpp"
#include "stac/index_state.hpp"
#include "stac/index_writer.hpp"
#include "stac/indexed_item.hpp"
#include "stac/search.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::catalog {
class catalog;
}

namespace fjord::stac {

class tally;

struct index_options {
    index_limits limits;
    std::size_t cache_bytes = 64u << 20;    // documents kept at hand
    blocking_pool* pool = nullptr;          // merges run there; none: with the change that makes them due
    std::string directory;                  // checkpoints are kept here; empty: none
    std::size_t checkpoint_after = 20'000;  // changes; what a restart after a crash has to do again
};

// What values a property has, over the items a caller may see.
struct property_summary {
    std::string name;
    std::uint64_t numbers = 0, texts = 0, booleans = 0, arrays = 0, objects = 0;
};

// Bytes in memory, beside the documents in the catalog.
struct index_memory {
    std::uint64_t items = 0, segments = 0;
    std::uint64_t ids = 0, shapes = 0, columns = 0, other = 0;  // of segments
    std::uint64_t tails = 0, cache = 0;                         // documents
    std::uint64_t total() const noexcept { return ids + shapes + columns + other; }
};

class index {
public:
    explicit index(index_options options = {});
    ~index();

    // Follows `cat` from now on and reads what it holds: from a checkpoint and the log since, or else every item. Call once,
    // before the first commit. Blocks. The catalog must outlive its last commit only; the index may go first.
    result<void> follow(catalog::catalog& cat);
    // The same in two steps, so that a server can answer meanwhile: the first begins to follow and uses a checkpoint when there
    // is one (true: all is there), the second reads every item and writes a checkpoint. Changes in between wait for the second
    // step.
    result<bool> begin(catalog::catalog& cat);
    result<void> read_all(catalog::catalog& cat);
    void cancel() noexcept;                 // read_all() answers errc::cancelled soon
    bool ready() const noexcept;            // everything is there
    std::uint64_t loaded() const noexcept;  // items read so far by read_all()
    // Writes a checkpoint now, if anything has changed since the last one. Errors of the disk; nothing without a directory, nor
    // when a change could not be read from the catalog: then the next start reads everything.
    result<void> checkpoint();

    collection_ptr find_collection(collection_id const& id, visibility& v) const;  // null: absent or hidden
    item_ptr find_item(collection_id const& c, item_id const& i, visibility& v) const;
    std::vector<collection_ptr> collections(visibility& v) const;  // in id order
    result<search_page> search(search_query const& query, visibility& v) const;
    // Every visible match in no order, with its document, until `visit` returns false.
    result<void> each(search_query const& query, visibility& v, std::function<bool(indexed_item const&)> const& visit) const;
    // Counts every visible match, by columns as far as they tell.
    result<void> count(search_query const& query, visibility& v, std::span<tally* const> tallies) const;
    // Properties of the visible items of the given collections (all when empty), by name.
    std::vector<property_summary> properties(std::vector<collection_id> const& of, visibility& v) const;
    std::uint64_t size() const;
    index_memory memory() const;

    // What follow() does for each record; for tests. errc::invalid_argument: the document is no STAC. Without a catalog the
    // index keeps the documents itself.
    result<void> put(catalog::collection_record const& r);
    result<void> put(catalog::item_record const& r);
    void remove(collection_id const& c);
    void remove(collection_id const& c, item_id const& i);
    // Until merges under way have ended.
    void settle();

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace fjord::stac
