#pragma once
// What the index holds at one moment: an immutable tree of shared parts. Writers make a new one that shares what did not
// change; readers keep the one they began with. Any thread.
#include "catalog/store.hpp"
#include "policies/policies.hpp"
#include "stac/indexed_item.hpp"
#include "stac/segment.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::stac {

using class_id = std::uint32_t;

struct indexed_collection {
    collection_id id;
    std::string document;  // the exact bytes given
    std::string etag;      // hex sha-256 of `document`
    std::vector<box> boxes;
    std::vector<time_interval> intervals;
    boost::json::object attributes;  // its members that policies select on
    policies::resource resource;
    class_id visible_as = 0;
};
using collection_ptr = std::shared_ptr<indexed_collection const>;

// What policies see of an item with these attributes (policy_attributes() of its properties).
policies::resource resource_of_item(indexed_collection const& c, std::string_view item, std::string_view attributes);

// A sealed segment with what has happened to its rows since.
struct segment_ref {
    std::shared_ptr<segment const> data;
    std::shared_ptr<row_set const> dead;  // null: none
    std::size_t live = 0;
    std::vector<class_id> classes;  // visibility classes of data->classes(), in order
};

// The newest items, few: whole, in no order.
struct tail_row {
    item_ptr item;
    std::string attributes;  // policy_attributes()
    class_id visible_as = 0;
};

struct collection_state {
    collection_ptr collection;
    std::vector<segment_ref> segments;
    std::vector<tail_row> tail;
    std::uint64_t items() const noexcept;
};

struct index_state {
    std::vector<std::shared_ptr<collection_state const>> collections;  // by id
    // By class_id: what policies see of the class.
    std::shared_ptr<std::vector<std::shared_ptr<policies::resource const>> const> classes;
    catalog::sequence at = 0;  // the last log entry that is in it, when it follows a catalog

    collection_state const* find(collection_id const& id) const noexcept;
    std::uint64_t items() const noexcept;
};
using state_ptr = std::shared_ptr<index_state const>;

// Where a live item is.
struct item_place {
    tail_row const* tail = nullptr;
    segment_ref const* segment = nullptr;
    std::size_t row = 0;
    explicit operator bool() const noexcept { return tail || segment; }
};
item_place locate(collection_state const& c, std::string_view id) noexcept;

// One request's eyes: asks the policy once per class and remembers. Items that some rule names are asked for one by one. One
// thread.
class visibility {
public:
    using permits = std::function<bool(policies::resource const&)>;
    using names = std::shared_ptr<std::vector<std::string> const>;  // sorted; null: none
    explicit visibility(permits p, names named_items = nullptr) : permits_(std::move(p)), named_(std::move(named_items)) {}

    bool sees(class_id c, policies::resource const& r);                              // a collection
    bool sees_items(class_id c, policies::resource const& r);                        // items that no rule names
    bool sees_item(class_id c, policies::resource const& r, std::string_view item);  // this one
    bool permits_now(policies::resource const& r) { return permits_(r); }            // of no known class
    std::span<std::string const> named_items() const noexcept;
    std::vector<std::uint64_t> const& named_hashes();  // id_list::hash() of each

private:
    bool ask(policies::resource r, std::string_view item);

    permits permits_;
    names named_;
    std::vector<std::uint64_t> hashes_;
    std::vector<signed char> collections_, items_;  // by class: -1 not asked
};

// Live rows of a segment that `v` sees. A set operation per class of the segment at most; none when all are seen.
row_set visible_rows(segment_ref const& s, index_state const& state, visibility& v);

}  // namespace fjord::stac
