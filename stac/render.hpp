#pragma once
// Documents as they go out: the stored bytes with `links` (and rendered `assets`) put in place. Server-owned link relations of
// the stored document are replaced, others kept.
#include "stac/assets.hpp"
#include "stac/fields.hpp"
#include "stac/index.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::stac {

namespace media {
inline constexpr std::string_view json = "application/json";
inline constexpr std::string_view geojson = "application/geo+json";
inline constexpr std::string_view schema = "application/schema+json";
inline constexpr std::string_view openapi = "application/vnd.oai.openapi+json;version=3.0";
}  // namespace media

// One link object as JSON text.
std::string link(std::string_view rel, std::string_view href, std::string_view type, std::string_view title = {},
                 std::string_view method = {}, std::string_view body = {});

// Hrefs below one base URL, and the order of places, for one caller.
struct link_maker {
    std::string base;         // no trailing slash
    place_ranking rank = {};  // empty: by preference, then by name
    std::string root() const { return base + "/"; }
    std::string collection(collection_id const& c) const;
    std::string items(collection_id const& c) const;
    std::string item(collection_id const& c, item_id const& i) const;
};

std::string render_collection(indexed_collection const& c, link_maker const& to);

// Writes the items of one answer, one after the other: their bytes, with links, assets and collection put in place. What the
// links of a collection's items have in common is made once. One thread, one answer; the arguments outlive it.
class item_writer {
public:
    item_writer(link_maker const& to, asset_renderer const& assets, std::optional<field_selection> const& fields)
        : to_(to), assets_(assets), fields_(fields) {}

    void write(indexed_item const& item, std::string& out);
    // What distinguishes this answer from another one beside the query: of every item written, its version and rendered assets.
    std::string const& versions() const noexcept { return versions_; }

private:
    struct collection_links {
        collection_id id;
        std::string quoted_id;
        bool plain = false;         // assets go out as they are stored
        std::string before, after;  // of the item's own id in the list of links
    };
    collection_links const& links_of(collection_id const& c);
    void write_whole(indexed_item const& item, std::string& out);

    link_maker const& to_;
    asset_renderer const& assets_;
    std::optional<field_selection> const& fields_;
    std::vector<collection_links> known_;
    std::string versions_;
};

std::string render_item(indexed_item const& i, link_maker const& to, asset_renderer const& assets,
                        std::optional<field_selection> const& fields = std::nullopt);

std::string joined(std::vector<std::string> const& parts);  // with commas

}  // namespace fjord::stac
