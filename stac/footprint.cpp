#include "stac/footprint.hpp"

#include "stac/json_writer.hpp"

#include <algorithm>
#include <cmath>

namespace fjord::stac {
namespace {

using ring = std::vector<lonlat>;

double cross(lonlat const& a, lonlat const& b, lonlat const& p) {
    return (b.lon - a.lon) * (p.lat - a.lat) - (b.lat - a.lat) * (p.lon - a.lon);
}

// Makes the longitudes continuous, whatever turn each was given in; gives the change over the whole way round.
double unwrap(ring& r) {
    double offset = 0;
    auto step = [](double from, double to) {
        double d = to - from;
        while (d > 180) d -= 360;
        while (d < -180) d += 360;
        return d;
    };
    double previous = r.front().lon;
    double const first = previous;
    for (std::size_t i = 1; i < r.size(); ++i) {
        double const given = r[i].lon;
        offset += step(previous, given);
        previous = given;
        r[i].lon = first + offset;
    }
    return offset + step(previous, first);
}

// A ring that goes once round the globe encloses a pole: it is closed along that pole.
void close_over_pole(ring& r, double turn) {
    double mean = 0;
    for (auto const& p : r) mean += p.lat / static_cast<double>(r.size());
    double const pole = mean >= 0 ? 90 : -90;
    auto const first = r.front();
    r.push_back({first.lon + turn, first.lat});
    r.push_back({first.lon + turn, pole});
    r.push_back({first.lon, pole});
}

// The part of a ring on one side of a meridian (Sutherland-Hodgman).
ring clip(ring const& in, double meridian, bool keep_east) {
    auto inside = [&](lonlat const& p) { return keep_east ? p.lon >= meridian : p.lon <= meridian; };
    ring out;
    for (std::size_t i = 0; i < in.size(); ++i) {
        auto const& a = in[i];
        auto const& b = in[(i + 1) % in.size()];
        if (inside(a)) out.push_back(a);
        if (inside(a) != inside(b) && a.lon != b.lon) {
            double const t = (meridian - a.lon) / (b.lon - a.lon);
            out.push_back({meridian, a.lat + t * (b.lat - a.lat)});
        }
    }
    return out;
}

// Douglas-Peucker between two kept points.
void keep_far_points(ring const& r, std::size_t from, std::size_t to, double tolerance, std::vector<bool>& keep) {
    double far = 0;
    std::size_t at = from;
    double const length = std::hypot(r[to].lon - r[from].lon, r[to].lat - r[from].lat);
    for (std::size_t i = from + 1; i < to; ++i) {
        double const d = length > 0 ? std::abs(cross(r[from], r[to], r[i])) / length
                                    : std::hypot(r[i].lon - r[from].lon, r[i].lat - r[from].lat);
        if (d > far) far = d, at = i;
    }
    if (far <= tolerance || at == from) return;
    keep[at] = true;
    keep_far_points(r, from, at, tolerance, keep);
    keep_far_points(r, at, to, tolerance, keep);
}

ring simplified(ring r, double tolerance) {
    r.push_back(r.front());
    std::vector<bool> keep(r.size());
    keep.front() = keep.back() = true;
    // The point farthest from the first splits the ring into two lines.
    auto const distance = [&](lonlat const& p) { return std::hypot(p.lon - r.front().lon, p.lat - r.front().lat); };
    auto const far = static_cast<std::size_t>(
        std::max_element(r.begin(), r.end(), [&](auto const& a, auto const& b) { return distance(a) < distance(b); }) -
        r.begin());
    keep[far] = true;
    keep_far_points(r, 0, far, tolerance, keep);
    keep_far_points(r, far, r.size() - 1, tolerance, keep);
    ring out;
    for (std::size_t i = 0; i + 1 < r.size(); ++i)
        if (keep[i]) out.push_back(r[i]);
    return out;
}

double rounded(double v) {
    double const r = std::round(v * 1e7) / 1e7;
    return r == 0 ? 0 : r;
}

// Rounded, without repeats, counter-clockwise, closed; empty when nothing of an area is left.
ring finished(ring r) {
    ring out;
    for (auto p : r) {
        p = {rounded(std::clamp(p.lon, -180.0, 180.0)), rounded(std::clamp(p.lat, -90.0, 90.0))};
        if (out.empty() || out.back().lon != p.lon || out.back().lat != p.lat) out.push_back(p);
    }
    while (out.size() > 1 && out.back().lon == out.front().lon && out.back().lat == out.front().lat) out.pop_back();
    if (out.size() < 3) return {};
    double area = 0;
    for (std::size_t i = 0; i < out.size(); ++i) area += cross({0, 0}, out[i], out[(i + 1) % out.size()]);
    if (area == 0) return {};
    if (area < 0) std::reverse(out.begin(), out.end());
    out.push_back(out.front());
    return out;
}

std::vector<double> bbox_of(std::vector<ring> const& polygons) {
    double west = 180, east = -180, south = 90, north = -90;
    bool touches_west = false, touches_east = false;
    for (auto const& r : polygons) {
        for (auto const& p : r) {
            west = std::min(west, p.lon), east = std::max(east, p.lon);
            south = std::min(south, p.lat), north = std::max(north, p.lat);
            touches_west = touches_west || p.lon == -180, touches_east = touches_east || p.lon == 180;
        }
    }
    if (polygons.size() < 2 || !touches_west || !touches_east) return {west, south, east, north};
    // Two parts that meet at the antimeridian: from the west of the eastern part to the east of the western one.
    double eastern_part = 180, western_part = -180;
    for (auto const& r : polygons) {
        auto const [low, high] =
            std::minmax_element(r.begin(), r.end(), [](auto const& a, auto const& b) { return a.lon < b.lon; });
        if (high->lon == 180) eastern_part = std::min(eastern_part, low->lon);
        if (low->lon == -180) western_part = std::max(western_part, high->lon);
    }
    if (eastern_part <= western_part) return {-180, south, 180, north};
    return {eastern_part, south, western_part, north};
}

}  // namespace

result<footprint> make_footprint(ring border, double tolerance) {
    if (border.size() < 3) return fail(errc::invalid_argument, "footprint: fewer than three border points");
    for (auto const& p : border) {
        if (!std::isfinite(p.lon) || !std::isfinite(p.lat) || std::abs(p.lat) > 90.0001 || std::abs(p.lon) > 1080) {
            return fail(errc::invalid_argument, "footprint: a border point has no longitude and latitude");
        }
    }
    double const turn = unwrap(border);
    if (std::abs(turn) > 180) close_over_pole(border, turn);
    footprint out;
    auto const [low, high] =
        std::minmax_element(border.begin(), border.end(), [](auto const& a, auto const& b) { return a.lon < b.lon; });
    // Windows of one turn each, moved home.
    auto const first = static_cast<int>(std::floor((low->lon + 180) / 360)),
               last = static_cast<int>(std::ceil((high->lon + 180) / 360)) - 1;
    for (int window = first; window <= std::max(first, last); ++window) {
        double const west = window * 360.0 - 180;
        auto part = clip(clip(border, west, true), west + 360, false);
        if (part.size() < 3) continue;
        for (auto& p : part) p.lon -= window * 360.0;
        auto done = finished(simplified(std::move(part), tolerance));
        if (!done.empty()) out.polygons.push_back(std::move(done));
    }
    if (out.polygons.empty()) return fail(errc::invalid_argument, "footprint: the border encloses no area");
    out.bbox = bbox_of(out.polygons);
    return out;
}

std::string footprint::geojson() const {
    auto write_ring = [](json_writer& w, ring const& r) {
        w.open('[').open('[');
        for (auto const& p : r) w.open('[').number(p.lon).number(p.lat).close(']');
        w.close(']').close(']');
    };
    json_writer w;
    w.open('{').key("type").text(polygons.size() == 1 ? "Polygon" : "MultiPolygon").key("coordinates");
    if (polygons.size() == 1) {
        write_ring(w, polygons[0]);
    } else {
        w.open('[');
        for (auto const& r : polygons) write_ring(w, r);
        w.close(']');
    }
    return w.close('}').take();
}

}  // namespace fjord::stac
