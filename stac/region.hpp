#pragma once
// A query's shape, prepared for many quick tests against bounds and convex outlines. Answers are given only when they are
// certain whatever the rounding (a margin of 1e-9 degree); the rest is for GEOS. Immutable; any thread.
#include "stac/outline.hpp"

#include <optional>
#include <vector>

namespace fjord::stac {

class region {
public:
    enum class relation {
        outside,   // nothing in the box meets the shape
        inside,    // the box lies within the shape's interior
        crossing,  // an edge of the shape is in or near the box
    };

    explicit region(geometry const& shape);

    relation to(box const& b) const;
    // A convex counter-clockwise polygon whose boundary lies within `error` of the exact one: true or false when that is
    // certain, nullopt when the exact geometry has to be asked.
    std::optional<bool> meets(std::span<point const> ring, double error) const;

    std::vector<box> const& bounds() const noexcept { return bounds_; }
    // The whole box lies in the shape, edges included; known for rectangles only.
    bool covers(box const& b) const noexcept { return rectangle_ && stac::covers(extent_, b); }
    bool is_collection() const noexcept { return collection_; }
    bool has_interior() const noexcept { return area_; }

private:
    struct edge {
        point a, b;
        double west, east;  // of the edge
    };
    std::size_t band_of(double y) const noexcept;
    bool holds(point p) const noexcept;  // for a point that is not near an edge
    template <class Visit>
    bool any_edge(double south, double north, Visit visit) const;

    std::vector<box> bounds_;
    box extent_;
    bool collection_ = false, area_ = false, rectangle_ = false;
    std::vector<edge> edges_;
    // Edges by bands of latitude: those of band i are order_[start_[i]] .. order_[start_[i + 1]].
    double band_height_ = 1;
    std::vector<std::uint32_t> start_, order_;
};

}  // namespace fjord::stac
