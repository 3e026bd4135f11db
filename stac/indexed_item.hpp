#pragma once
// An item with its document, as pages show it and as conditions that columns cannot decide are tested on it.
#include "catalog/records.hpp"
#include "policies/policies.hpp"
#include "stac/cql2/evaluate.hpp"
#include "stac/datetime.hpp"
#include "stac/geometry.hpp"
#include "stac/search.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::stac {

// Immutable but for the geometry, which is built when it is first asked for. Any thread.
struct indexed_item {
    // A part of `document`; empty when the document has no such member.
    struct part {
        std::uint32_t begin = 0, end = 0;
    };
    collection_id collection;
    item_id id;
    std::string document;  // the exact bytes given
    std::string etag;      // hex sha-256 of `document`
    std::optional<instant> datetime;
    time_interval time;
    instant sort_time = 0;  // datetime, else the start of the range
    std::vector<box> boxes;
    std::array<double, 2> z{0, 0};
    part properties_at, geometry_at, links_at, assets_at, collection_at;
    std::string foreign_links;  // links of the document that are not the server's own, as elements of an array

    std::string_view slice(part p) const { return std::string_view(document).substr(p.begin, p.end - p.begin); }
    std::string_view properties() const { return slice(properties_at); }
    geometry const* shape() const;  // null without geometry

private:
    mutable std::once_flag built_;
    mutable std::optional<geometry> shape_;
};
using item_ptr = std::shared_ptr<indexed_item const>;

// errc::invalid_argument: the document lacks what an item must have (item_scan.hpp).
result<std::shared_ptr<indexed_item>> describe_item(catalog::item_record record);

// Links that say where a document is in this API: the server writes them itself.
bool is_server_link(std::string_view rel) noexcept;
// The others in an array of links, separated by commas.
std::string foreign_links_in(std::string_view links);

// The policy attributes of an item's properties as a JSON object text; "" for none. Equal texts give equal decisions.
std::string policy_attributes(std::string_view properties);

// The filter's view of an item.
class indexed_item_view final : public cql2::item_view {
public:
    explicit indexed_item_view(indexed_item const& i) : item_(i) {}
    cql2::value property(std::string_view name) const override;

private:
    indexed_item const& item_;
};

// What an item matches of a query, judged on its document; one per search, one thread. The query outlives it.
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
// Of a JSON value.
sort_value sort_value_of(std::string_view json);

}  // namespace fjord::stac
