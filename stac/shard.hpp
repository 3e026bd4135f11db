#pragma once
// The entries of one collection inside the index, in their default order, with counts per visibility class. Not thread-safe:
// the index guards it.
#include "stac/index.hpp"

#include <map>
#include <set>
#include <unordered_map>

namespace fjord::stac {

// A place in the default order of a shard: before, at, or after the ids of one time.
struct shard_position {
    instant time = 0;
    int side = 0;  // -1 before every id, 0 at `id`, 1 after every id
    std::string_view id;
};

// Newest first, then by id.
struct newest_first {
    using is_transparent = void;
    bool operator()(item_ptr const& a, item_ptr const& b) const;
    bool operator()(item_ptr const& a, shard_position const& b) const;
    bool operator()(shard_position const& a, item_ptr const& b) const;
};

struct class_contents {
    std::uint64_t items = 0;
    std::map<std::string, property_summary, std::less<>> properties;
    void count(indexed_item const& item, int by);
};

class shard {
public:
    using order = std::set<item_ptr, newest_first>;

    collection_ptr collection;

    void put(item_ptr item);  // replaces one of the same id
    void remove(item_id const& id);
    item_ptr find(item_id const& id) const;
    order const& items() const noexcept { return order_; }
    std::map<class_id, class_contents> const& classes() const noexcept { return classes_; }

private:
    void count(indexed_item const& item, int by);  // in its class

    order order_;
    std::unordered_map<item_id, item_ptr> by_id_;
    std::map<class_id, class_contents> classes_;
};

// What an item matches of a query; one per search, one thread.
class row_test {
public:
    explicit row_test(search_query const& q);
    bool matches(indexed_item const& item);

private:
    bool matches_space(indexed_item const& item);

    search_query const& query_;
    std::optional<prepared_geometry> box_shape_, shape_;
    std::vector<cql2::evaluator> filters_;
};

std::vector<sort_value> sort_values(indexed_item const& item, std::vector<sort_field> const& sort);

}  // namespace fjord::stac
