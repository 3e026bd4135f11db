#pragma once
// Every collection and item of the catalog, in memory and ready to search. Rebuilt at start by a scan, kept current by the
// catalog's log, so a commit is visible to the next search. Each entry has a visibility class (what a policy can tell apart);
// every read goes through a `visibility`, which asks the policy once per class: what the caller may not see is not there, in
// no list, no count and no cursor.
//
// Any thread. Readers share a lock, writers take it alone for one entry. Entries are immutable and outlive their removal.
#include "catalog/records.hpp"
#include "policies/policies.hpp"
#include "stac/cql2/evaluate.hpp"
#include "stac/datetime.hpp"
#include "stac/geometry.hpp"
#include "stac/search.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::catalog {
class catalog;
struct log_entry;
}  // namespace fjord::catalog

namespace fjord::stac {

using class_id = std::uint32_t;

struct indexed_collection {
    collection_id id;
    std::string document;  // the exact bytes given
    std::string etag;      // hex sha-256 of `document`
    std::vector<box> boxes;
    std::vector<time_interval> intervals;
    policies::resource resource;
    class_id visible_as = 0;
};
using collection_ptr = std::shared_ptr<indexed_collection const>;

struct indexed_item {
    collection_id collection;
    item_id id;
    std::string document;
    std::string etag;
    std::optional<instant> datetime;
    time_interval time;
    instant sort_time = 0;  // datetime, else the start of the range
    std::optional<geometry> shape;
    std::vector<box> boxes;
    std::array<double, 2> z{0, 0};
    std::uint32_t properties_begin = 0, properties_end = 0;  // of the `properties` object in `document`
    class_id visible_as = 0;

    std::string_view properties() const {
        return std::string_view(document).substr(properties_begin, properties_end - properties_begin);
    }
};

// An item outside the index, as the index would hold it; its class is not set.
struct item_facts;
std::shared_ptr<indexed_item> describe_item(catalog::item_record const& record, item_facts facts);

// The filter's view of an indexed item.
class indexed_item_view final : public cql2::item_view {
public:
    explicit indexed_item_view(indexed_item const& i) : item_(i) {}
    cql2::value property(std::string_view name) const override;

private:
    indexed_item const& item_;
};

// One request's eyes: remembers the answer per class. While some rule selects on single datasets, a class says too little and
// every item is asked for by name (`per_item`). One thread.
class visibility {
public:
    using permits = std::function<bool(policies::resource const&)>;
    explicit visibility(permits p, bool per_item = false) : permits_(std::move(p)), per_item_(per_item) {}
    bool sees(class_id c, policies::resource const& r);
    bool sees(indexed_item const& item, policies::resource const& r);
    bool per_item() const noexcept { return per_item_; }

private:
    permits permits_;
    bool per_item_;
    std::vector<signed char> known_;  // by class: -1 not asked
};

// What values a property has, over the items a caller may see.
struct property_summary {
    std::string name;
    std::uint64_t numbers = 0, texts = 0, booleans = 0, arrays = 0, objects = 0;
};

class index {
public:
    index();
    ~index();

    // Follows `cat` from now on and reads what it holds. Call once, before the first commit. Blocks. The catalog must outlive
    // its last commit only; the index may go first.
    result<void> follow(catalog::catalog& cat);

    collection_ptr find_collection(collection_id const& id, visibility& v) const;  // null: absent or hidden
    item_ptr find_item(collection_id const& c, item_id const& i, visibility& v) const;
    std::vector<collection_ptr> collections(visibility& v) const;  // in id order
    search_page search(search_query const& query, visibility& v) const;
    // Properties of the visible items of the given collections (all when empty), by name.
    std::vector<property_summary> properties(std::vector<collection_id> const& of, visibility& v) const;
    std::uint64_t size() const;

    // What follow() does for each record; for tests and bulk loads. errc::invalid_argument: the document is no STAC.
    result<void> put(catalog::collection_record const& r);
    result<void> put(catalog::item_record const& r);
    void remove(collection_id const& c);
    void remove(collection_id const& c, item_id const& i);

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace fjord::stac
