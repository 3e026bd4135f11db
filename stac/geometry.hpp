#pragma once
// Planar geometry in CRS84 longitude/latitude degrees, with the semantics of GEOS (so of PostGIS, QGIS and Shapely): edges are
// straight in degrees, what crosses the antimeridian comes split (RFC 7946 section 3.1.9). Elevation is kept for z filters only.
// GEOS itself stays in geometry_geos.cpp.
#include "base/error.hpp"

#include <boost/json/value.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fjord::stac {

// One axis-aligned rectangle; never crosses the antimeridian. May be a line or a point.
struct box {
    double west = 0, south = 0, east = 0, north = 0;
    friend bool operator==(box const&, box const&) = default;
};
inline bool intersects(box const& a, box const& b) noexcept {
    return a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north;
}
inline bool covers(box const& outer, box const& inner) noexcept {
    return outer.west <= inner.west && inner.east <= outer.east && outer.south <= inner.south && inner.north <= outer.north;
}

// A `bbox` as clients write it: 4 or 6 numbers. west > east crosses the antimeridian; a longitude beyond +-180 wraps.
struct bbox_filter {
    std::vector<box> boxes;                  // one, or two when it crosses
    std::optional<std::array<double, 2>> z;  // 6 numbers: [minz, maxz]
};
// errc::invalid_argument: count, order of latitudes or elevations, not finite, latitude outside +-90, longitude outside +-360.
result<bbox_filter> make_bbox(std::span<double const> numbers);

struct geometry_limits {
    double max_longitude = 360;  // 180 for filter literals; data in the wild reaches a little over +-180
    std::size_t max_vertices = 1'000'000;
    std::size_t max_depth = 8;  // of nested GeometryCollections
};

// Immutable and cheap to copy. Any thread.
class geometry {
public:
    // RFC 7946 geometry object. Rings must be closed and have four positions; an invalid polygon (self-intersection) is made
    // valid for the predicates. errc::invalid_argument, errc::limit_exceeded.
    static result<geometry> from_geojson(boost::json::value const& value, geometry_limits const& limits = {});
    static geometry from_boxes(std::span<box const> boxes);

    std::vector<box> boxes() const;         // bounds; two when the parts lie on both sides of the antimeridian only
    std::array<double, 2> z_range() const;  // [0, 0] without elevations
    bool is_box() const;                    // equals its own bounds
    bool is_collection() const;             // a GeometryCollection
    // Its positions: each ring of a polygon (closed), each line, each point.
    struct path {
        bool ring = false;
        std::vector<std::array<double, 2>> at;
    };
    std::vector<path> paths() const;

    // nullopt: GEOS cannot answer for these operands (mixed collections under some predicates).
    std::optional<bool> intersects(geometry const& other) const;
    std::optional<bool> equals(geometry const& other) const;
    std::optional<bool> disjoint(geometry const& other) const;
    std::optional<bool> touches(geometry const& other) const;
    std::optional<bool> within(geometry const& other) const;
    std::optional<bool> overlaps(geometry const& other) const;
    std::optional<bool> crosses(geometry const& other) const;
    std::optional<bool> contains(geometry const& other) const;

private:
    friend class prepared_geometry;
    struct impl;
    explicit geometry(std::shared_ptr<impl const> i) : impl_(std::move(i)) {}
    std::shared_ptr<impl const> impl_;
};

// A geometry asked many times over. One thread.
class prepared_geometry {
public:
    explicit prepared_geometry(geometry g);
    ~prepared_geometry();
    prepared_geometry(prepared_geometry&&) noexcept;
    prepared_geometry& operator=(prepared_geometry&&) noexcept;
    std::optional<bool> intersects(geometry const& other) const;
    geometry const& original() const noexcept { return geometry_; }

private:
    geometry geometry_;
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace fjord::stac
