#include "stac/outline.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

namespace fjord::stac {
namespace {

constexpr std::size_t most_thinned = 200;  // positions; thinning takes the square of it

double cross(point a, point b, point c) { return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x); }

// A convex ring goes left, then right, once: a star that always turns the same way does so more often.
bool turns_once(std::span<point const> ring) {
    int changes = 0, direction = 0;
    for (std::size_t i = 0; i <= ring.size(); ++i) {
        double const step = ring[(i + 1) % ring.size()].x - ring[i % ring.size()].x;
        int const now = step > 0 ? 1 : step < 0 ? -1 : 0;
        if (now == 0) continue;
        changes += direction != 0 && now != direction;
        direction = now;
    }
    return changes <= 2;
}

// +1 counter-clockwise, -1 clockwise, 0 when it is not convex or nearly flat somewhere.
int convex_turn(std::span<point const> ring) {
    int turn = 0;
    for (std::size_t i = 0; i < ring.size(); ++i) {
        auto const a = ring[i], b = ring[(i + 1) % ring.size()], c = ring[(i + 2) % ring.size()];
        double const t = cross(a, b, c), length = std::hypot(b.x - a.x, b.y - a.y) * std::hypot(c.x - b.x, c.y - b.y);
        int const now = t > 1e-6 * length ? 1 : t < -1e-6 * length ? -1 : 0;
        if (now == 0 || (turn != 0 && now != turn)) return 0;
        turn = now;
    }
    return turns_once(ring) ? turn : 0;
}

bool is_rectangle(std::span<point const> ring) {
    if (ring.size() != 4) return false;
    auto const [a, b, c, d] = std::tie(ring[0], ring[1], ring[2], ring[3]);
    return (a.x == b.x && b.y == c.y && c.x == d.x && d.y == a.y) || (a.y == b.y && b.x == c.x && c.y == d.y && d.x == a.x);
}

// Squared, from the line between a and b.
double distance(point p, point a, point b) {
    double const dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    double const t = square == 0 ? 0 : std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / square, 0.0, 1.0);
    double const x = p.x - (a.x + t * dx), y = p.y - (a.y + t * dy);
    return x * x + y * y;
}

// Leaves positions of a convex ring out until `most` are kept, those first that lie closest to the line between what is kept
// beside them. How far any of them lies from the ring that is left, at most.
double thin(std::vector<point>& ring, std::size_t most) {
    // The positions left out before each one that is kept.
    std::vector<std::vector<point>> out(ring.size());
    double error = 0;
    while (ring.size() > most) {
        std::size_t best = 0;
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t i = 0; i < ring.size(); ++i) {
            auto const next = (i + 1) % ring.size();
            auto const a = ring[(i + ring.size() - 1) % ring.size()], b = ring[next];
            double far = distance(ring[i], a, b);
            for (auto const* lost : {&out[i], &out[next]})
                for (auto const& p : *lost) far = std::max(far, distance(p, a, b));
            if (far < least) least = far, best = i;
        }
        error = std::max(error, least);
        auto const next = (best + 1) % ring.size();
        out[next].insert(out[next].end(), out[best].begin(), out[best].end());
        out[next].push_back(ring[best]);
        ring.erase(ring.begin() + static_cast<std::ptrdiff_t>(best));
        out.erase(out.begin() + static_cast<std::ptrdiff_t>(best));
    }
    return std::sqrt(error);
}

float below(double x) noexcept {
    auto f = static_cast<float>(x);
    if (static_cast<double>(f) > x) f = std::nextafterf(f, -std::numeric_limits<float>::infinity());
    // One step more: the documents' numbers may have been read with an error in the last place.
    return std::nextafterf(f, -std::numeric_limits<float>::infinity());
}

std::uint16_t packed(double v, double low, double high) noexcept {
    if (high <= low) return 0;
    return static_cast<std::uint16_t>(std::clamp(std::round((v - low) / (high - low) * 65535.0), 0.0, 65535.0));
}

double unpacked(std::uint16_t v, double low, double high) noexcept { return low + (high - low) * (v / 65535.0); }

}  // namespace

outline outline_of_ring(std::span<point const> closed) {
    outline out{.type = outline::kind::other};
    if (closed.size() < 4) return out;
    auto ring = closed.first(closed.size() - 1);
    if (ring.size() > most_thinned) return out;
    int const turn = convex_turn(ring);
    if (turn == 0) return out;
    if (is_rectangle(ring)) {
        out.type = outline::kind::box;
        return out;
    }
    std::vector<point> few;
    if (ring.size() > outline::max_points) {
        few.assign(ring.begin(), ring.end());
        out.error = thin(few, outline::max_points);
        ring = few;
    }
    out.type = outline::kind::ring;
    out.size = static_cast<std::uint8_t>(ring.size());
    std::copy(ring.begin(), ring.end(), out.at.begin());
    if (turn < 0) std::reverse(out.at.begin(), out.at.begin() + out.size);
    return out;
}

box4 enclosing(box const& b) noexcept { return {{below(b.west), below(b.south), below(-b.east), below(-b.north)}}; }

box4 no_box() noexcept {
    auto const inf = std::numeric_limits<float>::infinity();
    return {{inf, inf, inf, inf}};
}

box4 join(box4 const& a, box4 const& b) noexcept {
    box4 out;
    for (int i = 0; i < 4; ++i) out.v[i] = std::min(a.v[i], b.v[i]);
    return out;
}

double slack_of(box const& b) noexcept {
    auto const most =
        static_cast<float>(std::max({std::abs(b.west), std::abs(b.east), std::abs(b.south), std::abs(b.north), 1e-30}));
    return 4.0 * (static_cast<double>(std::nextafterf(most, std::numeric_limits<float>::infinity())) - most);
}

packed_point pack(point p, box const& within) noexcept {
    return {packed(p.x, within.west, within.east), packed(p.y, within.south, within.north)};
}

point unpack(packed_point p, box const& within) noexcept {
    return {unpacked(p.x, within.west, within.east), unpacked(p.y, within.south, within.north)};
}

packed_point pack_error(double error, box const& within) noexcept {
    double const size = std::hypot(within.east - within.west, within.north - within.south);
    double const steps = size > 0 ? std::ceil(error / size * 65535.0) : 0.0;
    return {static_cast<std::uint16_t>(std::clamp(steps + 1, 0.0, 65535.0)), 0};
}

double unpack_error(packed_point p, box const& within) noexcept {
    return std::hypot(within.east - within.west, within.north - within.south) * (p.x / 65535.0);
}

// Half a step each way, twice that to be on the safe side of every rounding here.
double error_of(box const& within) noexcept {
    return std::hypot(within.east - within.west, within.north - within.south) / 65535.0 + 1e-9;
}

}  // namespace fjord::stac
