#include "stac/item_scan.hpp"

#include "base/json.hpp"
#include "stac/json_scan.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace fjord::stac {
namespace {

error bad(std::string why) { return error(errc::invalid_argument, "item: " + std::move(why)); }

// A time that is absent, null, or a string without escapes. Unreadable ones are an error.
result<std::optional<instant>> time_in(std::string_view value) {
    if (value.empty() || kind_of(value) == json_kind::null) return std::optional<instant>();
    if (kind_of(value) != json_kind::string) return bad("a time is no string");
    auto const raw = value.substr(1, value.size() - 2);
    auto const t = raw.find('\\') == std::string_view::npos ? parse_instant(raw) : parse_instant(decode_string(value));
    if (!t) return bad(t.error().detail);
    return std::optional<instant>(*t);
}

result<void> read_times(item_scan& out) {
    std::string_view datetime, start, end;
    member_walk walk(out.properties);
    while (auto m = walk.next()) {
        if (m->is("datetime")) datetime = m->value;
        if (m->is("start_datetime")) start = m->value;
        if (m->is("end_datetime")) end = m->value;
    }
    auto const at = time_in(datetime), from = time_in(start), to = time_in(end);
    if (!at) return at.error();
    if (!from) return from.error();
    if (!to) return to.error();
    if (from->has_value() != to->has_value() || (!*at && !*from)) return bad("it has no time");
    out.datetime = *at;
    out.time = *from ? time_interval{**from, **to} : time_interval{**at, **at};
    out.sort_time = at->value_or(out.time.start);
    return {};
}

// Reads the positions of a Point, or of the rings of a Polygon: what nearly every scene is.
class position_scan {
public:
    explicit position_scan(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

    bool position(point& p) {
        double z = 0;
        if (!take('[') || !number(p.x) || !take(',') || !number(p.y)) return false;
        if (take(',')) {
            if (!number(z)) return false;
            z_low = std::min(z_low, z), z_high = std::max(z_high, z);
            while (take(','))
                if (!number(z)) return false;
        }
        return take(']');
    }
    bool ring(std::vector<point>& out) {
        out.clear();
        if (!take('[')) return false;
        do {
            if (!position(out.emplace_back())) return false;
        } while (take(','));
        return take(']');
    }
    bool take(char c) {
        skip();
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    double z_low = std::numeric_limits<double>::infinity(), z_high = -z_low;

private:
    void skip() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }
    bool number(double& to) {
        skip();
        auto const [stop, ec] = std::from_chars(at_, end_, to);
        at_ = stop;
        return ec == std::errc();
    }
    char const* at_;
    char const* end_;
};

void add_bounds(item_scan& out, std::vector<point> const& ring) {
    if (out.boxes.empty()) out.boxes.push_back({ring[0].x, ring[0].y, ring[0].x, ring[0].y});
    auto& b = out.boxes[0];
    for (auto const& p : ring) {
        b.west = std::min(b.west, p.x), b.east = std::max(b.east, p.x);
        b.south = std::min(b.south, p.y), b.north = std::max(b.north, p.y);
    }
}

bool read_point(item_scan& out, position_scan& in) {
    point p;
    if (!in.position(p)) return false;
    out.boxes.push_back({p.x, p.y, p.x, p.y});
    out.shape.type = outline::kind::box;
    return true;
}

bool read_polygon(item_scan& out, position_scan& in) {
    thread_local std::vector<point> ring;
    if (!in.take('[')) return false;
    std::size_t rings = 0;
    do {
        if (!in.ring(ring)) return false;
        add_bounds(out, ring);
        if (rings++ == 0) out.shape = outline_of_ring(ring);
    } while (in.take(','));
    if (rings > 1) out.shape = {.type = outline::kind::other};
    return in.take(']');
}

// Every other geometry the way documents are checked.
result<void> read_any(item_scan& out) {
    auto const value = parse_json(out.geometry);
    if (!value) return bad("its geometry is unreadable");
    auto const made = geometry::from_geojson(*value);
    if (!made) return made.error();
    out.boxes = made->boxes();
    out.z = made->z_range();
    out.shape.type = made->is_collection() ? outline::kind::collection : outline::kind::other;
    return {};
}

result<void> read_shape(item_scan& out) {
    if (kind_of(out.geometry) == json_kind::null) return {};
    std::string_view type, coordinates;
    member_walk walk(out.geometry);
    while (auto m = walk.next()) {
        if (m->is("type")) type = m->value;
        if (m->is("coordinates")) coordinates = m->value;
    }
    position_scan in(coordinates);
    bool const point = type == "\"Point\"", polygon = type == "\"Polygon\"";
    if ((point && read_point(out, in)) || (polygon && read_polygon(out, in))) {
        if (in.z_low <= in.z_high) out.z = {in.z_low, in.z_high};
        return {};
    }
    out.boxes.clear();
    out.shape = {};
    return read_any(out);
}

}  // namespace

result<item_scan> scan_item(std::string_view document) {
    item_scan out;
    member_walk walk(document);
    while (auto m = walk.next()) {
        if (m->is("properties")) out.properties = m->value;
        if (m->is("geometry")) out.geometry = m->value;
        if (m->is("links")) out.links = m->value;
        if (m->is("assets")) out.assets = m->value;
        if (m->is("collection")) out.collection = m->value;
    }
    if (kind_of(out.properties) != json_kind::object) return bad("'properties' must be an object");
    if (out.geometry.empty()) return bad("'geometry' is required; null is allowed");
    if (auto ok = read_times(out); !ok) return ok.error();
    if (auto ok = read_shape(out); !ok) return ok.error();
    return out;
}

}  // namespace fjord::stac
