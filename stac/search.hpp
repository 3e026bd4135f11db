#pragma once
// What a search asks and what it gives. Plain values; index.hpp answers.
#include "base/strong_id.hpp"
#include "stac/cql2/expression.hpp"
#include "stac/datetime.hpp"
#include "stac/geometry.hpp"

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fjord::stac {

struct indexed_item;
using item_ptr = std::shared_ptr<indexed_item const>;

// "datetime", "id", "collection", or a property name without "properties.".
struct sort_field {
    std::string name;
    bool descending = false;
};

using sort_value = std::variant<std::monostate, bool, double, std::string, instant>;

// Where an item stands in an order: its values for the sort fields, then collection and id, which make the order total.
struct sort_key {
    std::vector<sort_value> values;
    collection_id collection;
    item_id id;
};

// All conditions hold together. Empty lists mean no condition.
struct search_query {
    std::vector<collection_id> collections;
    std::vector<item_id> ids;
    std::optional<bbox_filter> bbox;
    std::optional<geometry> intersects;
    std::optional<time_interval> datetime;
    std::vector<std::shared_ptr<cql2::node const>> filters;
    bool shapeless_match = false;  // items without geometry pass the bbox (OGC API Features; not item search)
    std::vector<sort_field> sort;  // empty: datetime, newest first
    std::size_t limit = 10;
    std::optional<sort_key> from;  // the page begins after this key, or ends before it when `backwards`
    bool backwards = false;
};

struct search_page {
    std::vector<item_ptr> items;
    std::uint64_t matched = 0;               // exact, over all pages
    std::optional<sort_key> next, previous;  // the keys at the edges, where there is more beyond them
};

// Order of two values upwards: numbers, times, texts, booleans, then nothing.
std::strong_ordering compare(sort_value const& a, sort_value const& b) noexcept;
// Order of two keys under `sort`: each value up or down, nothing last both ways; ties by collection and id, upwards.
std::strong_ordering order_of(sort_key const& a, sort_key const& b, std::vector<sort_field> const& sort);

}  // namespace fjord::stac
