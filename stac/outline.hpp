#pragma once
// The footprint of an item as the index keeps it: enough to decide most spatial predicates without the document. Most scenes
// are convex rings of a few positions; those are kept, quantised to 1/65535 of their bounds (a few metres for a scene of 100 km)
// with the error known. Rings of many positions or with small dents are kept by the few that tell most. Anything else is `other`:
// the bounds prune, GEOS decides on the document. Pure; any thread.
#include "stac/geometry.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace fjord::stac {

struct point {
    double x = 0, y = 0;
};

struct outline {
    enum class kind : std::uint8_t {
        none,        // null geometry
        box,         // equals its bounds; points and axis-parallel lines are boxes too
        ring,        // a polygon without holes that is convex, but for dents within `error`
        other,       // a polygon, line or multi-geometry that is none of these
        collection,  // a GeometryCollection: some predicates are undefined for it
    };
    static constexpr std::size_t max_points = 15;

    kind type = kind::none;
    std::uint8_t size = 0;               // of a ring
    std::array<point, max_points> at{};  // counter-clockwise, the first position not repeated
    double error = 0;                    // of a ring: how far positions left out may lie from it, at most
};

// Of the positions of a closed ring as GeoJSON gives them.
outline outline_of_ring(std::span<point const> closed);

// Single-precision bounds that enclose the exact ones by one or two steps: [west, south, -east, -north], so that a test against
// a box is one comparison of four numbers. All infinite when there is no geometry.
struct alignas(16) box4 {
    float v[4];
    box as_box() const noexcept { return {v[0], v[1], -static_cast<double>(v[2]), -static_cast<double>(v[3])}; }
    bool empty() const noexcept { return v[0] > -v[2]; }
};
box4 enclosing(box const& b) noexcept;
box4 no_box() noexcept;
box4 join(box4 const& a, box4 const& b) noexcept;
// How far the exact bounds may lie inside of `b`, at most.
double slack_of(box const& b) noexcept;

// A vertex relative to the bounds of its ring.
struct packed_point {
    std::uint16_t x, y;
};
packed_point pack(point p, box const& within) noexcept;
point unpack(packed_point p, box const& within) noexcept;
// An error of a ring in the place of a vertex; never smaller when it comes back.
packed_point pack_error(double error, box const& within) noexcept;
double unpack_error(packed_point p, box const& within) noexcept;
// How far an unpacked vertex may lie from the exact one, at most.
double error_of(box const& within) noexcept;

}  // namespace fjord::stac
