#include "stac/region.hpp"

#include <algorithm>
#include <cmath>

namespace fjord::stac {
namespace {

constexpr double margin = 1e-9;
constexpr std::size_t max_bands = 512;

double cross(point a, point b, point p) { return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x); }

// False only when the segment keeps clear of the box by the margin.
bool near(point a, point b, box const& q) {
    double const w = q.west - margin, s = q.south - margin, e = q.east + margin, n = q.north + margin;
    if (std::max(a.x, b.x) < w || std::min(a.x, b.x) > e || std::max(a.y, b.y) < s || std::min(a.y, b.y) > n) return false;
    double const length = std::abs(b.x - a.x) + std::abs(b.y - a.y), clear = margin * length;
    double const c[] = {cross(a, b, {w, s}), cross(a, b, {e, s}), cross(a, b, {e, n}), cross(a, b, {w, n})};
    auto const [low, high] = std::minmax_element(std::begin(c), std::end(c));
    return !(*low > clear || *high < -clear);
}

// The part of the segment on the inner side of every side of the ring moved outwards by `offset`: is there any?
bool clips(point a, point b, std::span<point const> ring, double offset) {
    double from = 0, to = 1;
    for (std::size_t i = 0; i < ring.size(); ++i) {
        auto const p = ring[i], q = ring[(i + 1) % ring.size()];
        double const length = std::hypot(q.x - p.x, q.y - p.y);
        if (length == 0) continue;
        double const at_a = cross(p, q, a) / length + offset, at_b = cross(p, q, b) / length + offset;
        if (at_a < 0 && at_b < 0) return false;
        if (at_a < 0) from = std::max(from, at_a / (at_a - at_b));
        if (at_b < 0) to = std::min(to, at_a / (at_a - at_b));
        if (from > to) return false;
    }
    return true;
}

box around(std::vector<box> const& boxes) {
    box all = boxes.empty() ? box{0, 0, -1, -1} : boxes[0];
    for (auto const& b : boxes) {
        all.west = std::min(all.west, b.west), all.east = std::max(all.east, b.east);
        all.south = std::min(all.south, b.south), all.north = std::max(all.north, b.north);
    }
    return all;
}

}  // namespace

region::region(geometry const& shape)
    : bounds_(shape.boxes()), extent_(around(bounds_)), collection_(shape.is_collection()), rectangle_(shape.is_box()) {
    bool lines = false;
    for (auto const& path : shape.paths()) {
        (path.ring ? area_ : lines) = true;
        for (std::size_t i = 0; i < path.at.size(); ++i) {
            auto const& a = path.at[i];
            auto const& b = path.at[std::min(i + 1, path.at.size() - 1)];
            if (i + 1 == path.at.size() && path.at.size() > 1) break;
            edges_.push_back({{a[0], a[1]}, {b[0], b[1]}, std::min(a[0], b[0]), std::max(a[0], b[0])});
        }
    }
    // The parts of a collection may overlap, so that counting edges does not tell inside from outside.
    if (lines || collection_) area_ = false;
    auto const bands = std::clamp<std::size_t>(edges_.size() / 2, 1, max_bands);
    band_height_ = std::max((extent_.north - extent_.south) / static_cast<double>(bands), 1e-12);
    start_.assign(bands + 1, 0);
    auto const each_band = [&](edge const& e, auto visit) {
        auto const [south, north] = std::minmax(e.a.y, e.b.y);
        for (auto i = band_of(south); i <= band_of(north); ++i) visit(i);
    };
    for (auto const& e : edges_) each_band(e, [&](std::size_t i) { ++start_[i + 1]; });
    for (std::size_t i = 0; i < bands; ++i) start_[i + 1] += start_[i];
    order_.resize(start_.back());
    auto next = start_;
    for (std::uint32_t i = 0; i < edges_.size(); ++i) each_band(edges_[i], [&](std::size_t band) { order_[next[band]++] = i; });
}

std::size_t region::band_of(double y) const noexcept {
    double const at = (y - extent_.south) / band_height_;
    auto const last = static_cast<double>(start_.size() - 2);
    return static_cast<std::size_t>(std::clamp(at, 0.0, last));
}

template <class Visit>
bool region::any_edge(double south, double north, Visit visit) const {
    auto const first = band_of(south - margin), last = band_of(north + margin);
    for (auto i = start_[first]; i < start_[last + 1]; ++i)
        if (visit(edges_[order_[i]])) return true;
    return false;
}

bool region::holds(point p) const noexcept {
    if (!area_) return false;
    bool odd = false;
    auto const band = band_of(p.y);
    for (auto i = start_[band]; i < start_[band + 1]; ++i) {
        auto const& e = edges_[order_[i]];
        if ((e.a.y > p.y) == (e.b.y > p.y) || e.east < p.x) continue;
        // The edge crosses the latitude of p: is p on its western side?
        bool const up = e.b.y > e.a.y;
        if ((cross(e.a, e.b, p) > 0) == up) odd = !odd;
    }
    return odd;
}

region::relation region::to(box const& b) const {
    if (b.west > extent_.east + margin || b.east < extent_.west - margin || b.south > extent_.north + margin ||
        b.north < extent_.south - margin)
        return relation::outside;
    auto const touches = [&](edge const& e) {
        return e.west <= b.east + margin && e.east >= b.west - margin && near(e.a, e.b, b);
    };
    if (any_edge(b.south, b.north, touches)) return relation::crossing;
    if (!area_) return collection_ ? relation::crossing : relation::outside;
    return holds({(b.west + b.east) / 2, (b.south + b.north) / 2}) ? relation::inside : relation::outside;
}

std::optional<bool> region::meets(std::span<point const> ring, double error) const {
    if (collection_) return std::nullopt;
    box around{ring[0].x, ring[0].y, ring[0].x, ring[0].y};
    for (auto const& p : ring) {
        around.west = std::min(around.west, p.x), around.east = std::max(around.east, p.x);
        around.south = std::min(around.south, p.y), around.north = std::max(around.north, p.y);
    }
    double const reach = error + margin;
    bool unsure = false;
    auto const decides = [&](edge const& e) {
        if (e.west > around.east + reach || e.east < around.west - reach) return false;
        if (!clips(e.a, e.b, ring, reach)) return false;
        if (clips(e.a, e.b, ring, -reach)) return true;
        unsure = true;
        return false;
    };
    if (any_edge(around.south - reach, around.north + reach, decides)) return true;
    if (unsure) return std::nullopt;
    return holds(ring[0]);
}

}  // namespace fjord::stac
