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

// Hrefs below one base URL.
struct link_maker {
    std::string base;  // no trailing slash
    std::string root() const { return base + "/"; }
    std::string collection(collection_id const& c) const;
    std::string items(collection_id const& c) const;
    std::string item(collection_id const& c, item_id const& i) const;
};

std::string render_collection(indexed_collection const& c, link_maker const& to);
std::string render_item(indexed_item const& i, link_maker const& to, asset_renderer const& assets, principal const& caller,
                        std::optional<field_selection> const& fields = std::nullopt);

// {"type":"FeatureCollection","features":[...],"links":[...],"numberMatched":n,"numberReturned":m}
std::string feature_collection(std::vector<std::string> const& features, std::vector<std::string> const& links,
                               std::uint64_t matched);

std::string joined(std::vector<std::string> const& parts);  // with commas

}  // namespace fjord::stac
