#include "stac/outline.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

namespace fjord::stac {
namespace {

constexpr std::size_t most_thinned = 200;  // positions; thinning takes the square of it
constexpr double most_error = 0.02;        // of the size of a ring
constexpr double flat = 1e-6;              // the sine of a turn that is none

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
        int const now = t > flat * length ? 1 : t < -flat * length ? -1 : 0;
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

// A ring that loses positions. Between two that are kept, what is lost lies close to the line from one to the other, so the ring
// before winds around every other place as the ring now does.
class thinning_ring {
public:
    explicit thinning_ring(std::span<point const> ring) : kept_(ring.begin(), ring.end()), lost_(ring.size()) {}

    std::vector<point> const& kept() const noexcept { return kept_; }
    double error() const noexcept { return std::sqrt(error_); }

    // Takes out what turns the other way than the whole, or hardly at all.
    void fill_dents() {
        double area = 0;
        for (std::size_t i = 0; i < kept_.size(); ++i) area += cross(kept_[0], kept_[i], kept_[after(i)]);
        std::size_t clean = 0;
        for (std::size_t i = 0; kept_.size() > 3 && clean < kept_.size();) {
            i %= kept_.size();
            auto const a = kept_[before(i)], b = kept_[i], c = kept_[after(i)];
            double const length = std::hypot(b.x - a.x, b.y - a.y) * std::hypot(c.x - b.x, c.y - b.y);
            if (cross(a, b, c) * (area < 0 ? -1 : 1) > flat * length) {
                ++i, ++clean;
                continue;
            }
            drop(i, cost(i));
            i = i == 0 ? 0 : i - 1;
            clean = 0;
        }
    }
    // Takes out what costs least until `most` are left.
    void thin(std::size_t most) {
        while (kept_.size() > most) {
            std::size_t best = 0;
            double least = std::numeric_limits<double>::infinity();
            for (std::size_t i = 0; i < kept_.size(); ++i)
                if (double const c = cost(i); c < least) least = c, best = i;
            drop(best, least);
        }
    }

private:
    std::size_t before(std::size_t i) const noexcept { return (i + kept_.size() - 1) % kept_.size(); }
    std::size_t after(std::size_t i) const noexcept { return (i + 1) % kept_.size(); }
    // How far the farthest of what would be lost here lies from the new side, squared.
    double cost(std::size_t i) const {
        auto const a = kept_[before(i)], b = kept_[after(i)];
        double far = distance(kept_[i], a, b);
        for (auto const* lost : {&lost_[i], &lost_[after(i)]})
            for (auto const& p : *lost) far = std::max(far, distance(p, a, b));
        return far;
    }
    void drop(std::size_t i, double cost) {
        error_ = std::max(error_, cost);
        auto& to = lost_[after(i)];
        to.insert(to.end(), lost_[i].begin(), lost_[i].end());
        to.push_back(kept_[i]);
        kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
        lost_.erase(lost_.begin() + static_cast<std::ptrdiff_t>(i));
    }

    std::vector<point> kept_;
    std::vector<std::vector<point>> lost_;  // between the position before and this one
    double error_ = 0;                      // squared
};

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
    int turn = convex_turn(ring);
    if (turn != 0 && is_rectangle(ring)) {
        out.type = outline::kind::box;
        return out;
    }
    std::vector<point> kept;
    if (turn == 0 || ring.size() > outline::max_points) {
        thinning_ring few(ring);
        if (turn == 0) few.fill_dents();
        few.thin(outline::max_points);
        kept = few.kept();
        ring = kept;
        turn = convex_turn(ring);
        auto const [west, east] = std::minmax_element(ring.begin(), ring.end(), [](point a, point b) { return a.x < b.x; });
        auto const [south, north] = std::minmax_element(ring.begin(), ring.end(), [](point a, point b) { return a.y < b.y; });
        out.error = few.error();
        if (turn == 0 || out.error > most_error * std::hypot(east->x - west->x, north->y - south->y)) return {.type = out.type};
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
