#pragma once
// The one who changes the index: takes changes in batches, seals the newest items into segments, merges small segments, and
// publishes a new state after each step. Readers never wait. Any thread; changes are taken one batch at a time.
#include "base/pool.hpp"
#include "stac/index_state.hpp"
#include "stac/segment_builder.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <variant>
#include <vector>

namespace fjord::stac {

struct index_limits {
    segment_limits segments;
    std::size_t tail_rows = 256;     // newest items of a collection that are kept whole
    std::size_t all_tails = 8192;    // of all collections together
    std::size_t merge_segments = 8;  // of about the same size, before they become one
};

struct removed_collection {
    collection_id id;
};
struct removed_item {
    collection_id collection;
    item_id id;
};
using index_change = std::variant<catalog::collection_record, catalog::item_record, removed_collection, removed_item>;

class index_writer : public std::enable_shared_from_this<index_writer> {
public:
    // Merges on the pool, or at once when there is none. The pool outlives the writer's last reference.
    explicit index_writer(index_limits limits = {}, blocking_pool* pool = nullptr);

    state_ptr state() const;

    // Applies in order and publishes once. A change that cannot be applied is left out and reported, and the item it names is
    // not indexed any more: errc::invalid_argument (no STAC), errc::not_found (no such collection).
    using failure = std::function<void(index_change const&, error const&)>;
    void apply(std::vector<index_change> changes, catalog::sequence at, failure const& failed);

    // What put_collection would say to it.
    result<void> check(catalog::collection_record const& r) const;
    // Sealed segments of items that the collection does not have yet. errc::not_found without the collection.
    result<void> add_segments(collection_id const& c, std::vector<std::shared_ptr<segment const>> segments);
    // Puts a whole state in place; `state->classes` may be empty, classes are made anew.
    struct restored_segment {
        std::shared_ptr<segment const> data;
        std::shared_ptr<row_set const> dead;
    };
    struct restored_collection {
        catalog::collection_record record;
        std::vector<restored_segment> segments;
        std::vector<catalog::item_record> tail;
    };
    result<void> restore(std::vector<restored_collection> collections, catalog::sequence at);

    // Waits until no merge is under way; for tests and benchmarks.
    void settle();

private:
    struct batch;
    class_id class_of(policies::resource const& r);
    segment_ref ref_of(collection_state const& c, std::shared_ptr<segment const> data, std::shared_ptr<row_set const> dead);
    result<void> put_collection(batch& b, catalog::collection_record const& r);
    void flush(batch& b, collection_id const& id, failure const& failed);
    void kill(collection_state& c, std::vector<std::string_view> const& ids);
    void add_to_tail(collection_state& c, catalog::item_record record, failure const& failed);
    void seal_tail(collection_state& c);
    void seal_tails(batch& b);
    void publish(batch& b, catalog::sequence at);

    struct merge_job {
        collection_id collection;
        std::vector<segment_ref> inputs;
    };
    std::optional<merge_job> find_merge() const;
    struct merged {
        std::shared_ptr<segment const> data;  // null: nothing was alive
        std::vector<std::uint32_t> places;    // of the inputs' live rows, one input after the other
    };
    merged merge(merge_job const& job) const;
    void replace(merge_job const& job, merged by);
    void schedule_merges(std::unique_lock<std::mutex>& lock);
    void run_merges();

    index_limits limits_;
    blocking_pool* pool_;
    std::mutex writing_;          // held over one batch; guards class_ids_, new_classes_, merging_
    mutable std::mutex reading_;  // guards state_, for as long as copying a pointer takes
    state_ptr state_;
    std::unordered_map<std::string, class_id> class_ids_;
    decltype(index_state::classes) new_classes_;  // those of the state in the making
    bool merging_ = false;
    std::condition_variable settled_;
};

}  // namespace fjord::stac
