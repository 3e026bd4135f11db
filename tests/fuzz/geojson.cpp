// GeoJSON from strangers into GEOS: nothing crashes, and every predicate answers something.
#include "base/json.hpp"
#include "stac/geometry.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using fjord::stac::geometry;
    auto const value = fjord::parse_json(std::string_view(reinterpret_cast<char const*>(data), size));
    if (!value) return 0;
    auto const shape = geometry::from_geojson(*value);
    if (!shape) return 0;
    auto const boxes = shape->boxes();
    if (boxes.empty()) std::abort();
    auto const bounds = geometry::from_boxes(boxes);
    auto const hit = shape->intersects(bounds);
    auto const apart = shape->disjoint(bounds);
    if (hit && apart && *hit == *apart) std::abort();
    (void)shape->equals(bounds), (void)shape->touches(bounds), (void)shape->within(bounds), (void)shape->overlaps(bounds);
    (void)shape->crosses(bounds), (void)shape->contains(bounds);
    return 0;
}
