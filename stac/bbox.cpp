#include "stac/geometry.hpp"

#include <cmath>

namespace fjord::stac {
namespace {

result<void> check_bounds(double west, double south, double east, double north) {
    if (std::abs(south) > 90 || std::abs(north) > 90) return fail(errc::invalid_argument, "bbox: a latitude is outside -90..90");
    if (std::abs(west) > 360 || std::abs(east) > 360) {
        return fail(errc::invalid_argument, "bbox: a longitude is outside -360..360");
    }
    if (south > north) return fail(errc::invalid_argument, "bbox: the southern edge lies north of the northern edge");
    return {};
}

double wrapped(double longitude) {
    if (longitude > 180) return longitude - 360;
    if (longitude < -180) return longitude + 360;
    return longitude;
}

}  // namespace

result<bbox_filter> make_bbox(std::span<double const> n) {
    if (n.size() != 4 && n.size() != 6) {
        return fail(errc::invalid_argument, "bbox: 4 or 6 numbers are needed, not " + std::to_string(n.size()));
    }
    for (double const v : n)
        if (!std::isfinite(v)) return fail(errc::invalid_argument, "bbox: every value must be a finite number");
    bool const flat = n.size() == 4;
    double west = n[0], south = n[1], east = flat ? n[2] : n[3], north = flat ? n[3] : n[4];
    if (auto ok = check_bounds(west, south, east, north); !ok) return ok.error();
    bbox_filter out;
    if (!flat) {
        if (n[2] > n[5]) return fail(errc::invalid_argument, "bbox: the lowest elevation is above the highest");
        out.z = {n[2], n[5]};
    }
    if (west <= east && east - west >= 360) {
        out.boxes = {{-180, south, 180, north}};
        return out;
    }
    // Longitudes beyond the antimeridian are the same meridians a turn away.
    if (west < -180 || east > 180 || west > 180 || east < -180) {
        west = wrapped(west);
        east = wrapped(east);
    }
    if (west <= east) {
        out.boxes = {{west, south, east, north}};
    } else {
        out.boxes = {{west, south, 180, north}, {-180, south, east, north}};
    }
    return out;
}

}  // namespace fjord::stac
