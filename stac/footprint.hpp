#pragma once
// From the border of a raster in longitude/latitude to a GeoJSON geometry: cut at the antimeridian (RFC 7946 section 3.1.9),
// closed over a pole it encloses, counter-clockwise, simplified, rounded to 7 decimals. Pure.
#include "stac/geometry.hpp"

#include <string>
#include <vector>

namespace fjord::stac {

struct lonlat {
    double lon = 0, lat = 0;
};

struct footprint {
    std::vector<std::vector<lonlat>> polygons;  // closed rings
    std::vector<double> bbox;                   // west > east when it crosses the antimeridian

    std::string geojson() const;
};

// `border`: the corners and points along the edges in order, not closed; longitudes in any turn (-180..180 or 0..360).
// `tolerance`: how far in degrees a left-out point may lie from the line. errc::invalid_argument for fewer than three points
// or coordinates that are not finite.
result<footprint> make_footprint(std::vector<lonlat> border, double tolerance);

}  // namespace fjord::stac
