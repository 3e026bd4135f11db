#include "stac/geometry.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <geos_c.h>

#include <cmath>
#include <limits>

namespace fjord::stac {
namespace {

namespace json = boost::json;

// GEOS wants one context per thread. A geometry may be read and freed through any of them.
GEOSContextHandle_t context() {
    struct owner {
        GEOSContextHandle_t handle = GEOS_init_r();
        ~owner() { GEOS_finish_r(handle); }
    };
    thread_local owner const mine;
    return mine.handle;
}

struct geos_delete {
    void operator()(GEOSGeometry* g) const { GEOSGeom_destroy_r(context(), g); }
};
using geos_ptr = std::unique_ptr<GEOSGeometry, geos_delete>;

struct bounds {
    double west = std::numeric_limits<double>::infinity(), south = west, east = -west, north = -west;
    double low = west, high = -west;
    bool has_z = false;

    void add(double x, double y) {
        west = std::min(west, x), east = std::max(east, x);
        south = std::min(south, y), north = std::max(north, y);
    }
    void add_z(double z) {
        low = std::min(low, z), high = std::max(high, z);
        has_z = true;
    }
    bool empty() const { return !(west <= east); }
    box as_box() const { return {west, south, east, north}; }
};

error bad(std::string why) { return error(errc::invalid_argument, "geometry: " + std::move(why)); }

// Builds GEOS geometries from GeoJSON; `parts` collects the bounds of each simple part.
class builder {
public:
    explicit builder(geometry_limits const& limits) : limits_(limits) {}

    result<geos_ptr> build(json::value const& value, std::size_t depth = 0) {
        auto const* object = value.if_object();
        if (!object) return bad("must be a GeoJSON object");
        auto const* type = object->if_contains("type");
        if (!type || !type->is_string()) return bad("'type' is missing");
        std::string_view const name = type->get_string();
        if (name == "GeometryCollection") return collection(*object, depth);
        auto const* coordinates = object->if_contains("coordinates");
        auto const* list = coordinates ? coordinates->if_array() : nullptr;
        if (!list || list->empty())
            return bad("'coordinates' of a " + std::string(name.substr(0, 32)) + " must be a non-empty array");
        if (name == "Point") return point(*coordinates);
        if (name == "LineString") return line(*coordinates);
        if (name == "Polygon") return polygon(*coordinates);
        if (name == "MultiPoint") return multi(*list, GEOS_MULTIPOINT, &builder::point);
        if (name == "MultiLineString") return multi(*list, GEOS_MULTILINESTRING, &builder::line);
        if (name == "MultiPolygon") return multi(*list, GEOS_MULTIPOLYGON, &builder::polygon);
        return bad("unknown type '" + std::string(name.substr(0, 32)) + "'");
    }

    std::vector<bounds> parts;

private:
    using member = result<geos_ptr> (builder::*)(json::value const&);

    result<void> position(json::value const& value, GEOSCoordSequence* to, unsigned index) {
        auto const* p = value.if_array();
        if (!p || p->size() < 2 || p->size() > 4) return bad("a position has two or three numbers");
        double c[3] = {0, 0, 0};
        for (std::size_t i = 0; i < std::min<std::size_t>(p->size(), 3); ++i) {
            if (!(*p)[i].is_number()) return bad("a position holds something that is no number");
            c[i] = (*p)[i].to_number<double>();
            if (!std::isfinite(c[i])) return bad("a coordinate is not finite");
        }
        if (std::abs(c[1]) > 90) return bad("latitude " + std::to_string(c[1]) + " is outside -90..90");
        if (std::abs(c[0]) > limits_.max_longitude) {
            return bad("longitude " + std::to_string(c[0]) + " is outside +-" +
                       std::to_string(static_cast<int>(limits_.max_longitude)));
        }
        if (++vertices_ > limits_.max_vertices) {
            return error(errc::limit_exceeded, "geometry: more than " + std::to_string(limits_.max_vertices) + " positions");
        }
        parts.back().add(c[0], c[1]);
        if (p->size() > 2) parts.back().add_z(c[2]);
        GEOSCoordSeq_setXY_r(context(), to, index, c[0], c[1]);
        return {};
    }

    result<GEOSCoordSequence*> sequence(json::array const& positions) {
        auto* seq = GEOSCoordSeq_create_r(context(), static_cast<unsigned>(positions.size()), 2);
        for (unsigned i = 0; i < positions.size(); ++i) {
            if (auto ok = position(positions[i], seq, i); !ok) {
                GEOSCoordSeq_destroy_r(context(), seq);
                return ok.error();
            }
        }
        return seq;
    }

    result<geos_ptr> point(json::value const& coordinates) {
        parts.emplace_back();
        json::array const one{coordinates};
        auto seq = sequence(one);
        if (!seq) return seq.error();
        return geos_ptr(GEOSGeom_createPoint_r(context(), *seq));
    }

    result<geos_ptr> line(json::value const& coordinates) {
        parts.emplace_back();
        auto const* positions = coordinates.if_array();
        if (!positions || positions->size() < 2) return bad("a line needs two positions");
        auto seq = sequence(*positions);
        if (!seq) return seq.error();
        return geos_ptr(GEOSGeom_createLineString_r(context(), *seq));
    }

    result<geos_ptr> ring(json::value const& coordinates) {
        auto const* positions = coordinates.if_array();
        if (!positions || positions->size() < 4) return bad("a ring needs four positions");
        auto seq = sequence(*positions);
        if (!seq) return seq.error();
        double x[2] = {0, 0}, y[2] = {0, 0};
        GEOSCoordSeq_getXY_r(context(), *seq, 0, &x[0], &y[0]);
        GEOSCoordSeq_getXY_r(context(), *seq, static_cast<unsigned>(positions->size() - 1), &x[1], &y[1]);
        if (x[0] != x[1] || y[0] != y[1]) {
            GEOSCoordSeq_destroy_r(context(), *seq);
            return bad("a ring must end where it begins");
        }
        geos_ptr out(GEOSGeom_createLinearRing_r(context(), *seq));
        if (!out) return bad("a ring is not usable");
        return out;
    }

    result<geos_ptr> polygon(json::value const& coordinates) {
        parts.emplace_back();
        auto const* rings = coordinates.if_array();
        if (!rings || rings->empty()) return bad("a polygon needs a ring");
        std::vector<geos_ptr> built;
        for (auto const& r : *rings) {
            auto one = ring(r);
            if (!one) return one.error();
            built.push_back(std::move(*one));
        }
        std::vector<GEOSGeometry*> holes;
        for (std::size_t i = 1; i < built.size(); ++i) holes.push_back(built[i].release());
        return geos_ptr(
            GEOSGeom_createPolygon_r(context(), built[0].release(), holes.data(), static_cast<unsigned>(holes.size())));
    }

    result<geos_ptr> gather(std::vector<geos_ptr> members, int type) {
        std::vector<GEOSGeometry*> raw;
        for (auto& m : members) raw.push_back(m.release());
        return geos_ptr(GEOSGeom_createCollection_r(context(), type, raw.data(), static_cast<unsigned>(raw.size())));
    }

    result<geos_ptr> multi(json::array const& list, int type, member make) {
        std::vector<geos_ptr> members;
        for (auto const& v : list) {
            auto one = (this->*make)(v);
            if (!one) return one.error();
            members.push_back(std::move(*one));
        }
        return gather(std::move(members), type);
    }

    result<geos_ptr> collection(json::object const& object, std::size_t depth) {
        if (depth >= limits_.max_depth) return error(errc::limit_exceeded, "geometry: collections are nested too deeply");
        auto const* list = object.if_contains("geometries");
        if (!list || !list->is_array() || list->get_array().empty()) return bad("'geometries' must be a non-empty array");
        std::vector<geos_ptr> members;
        for (auto const& v : list->get_array()) {
            auto one = build(v, depth + 1);
            if (!one) return one.error();
            members.push_back(std::move(*one));
        }
        return gather(std::move(members), GEOS_GEOMETRYCOLLECTION);
    }

    geometry_limits const& limits_;
    std::size_t vertices_ = 0;
};

// Predicates on an invalid operand can throw inside GEOS; the repaired geometry covers the same ground.
geos_ptr repaired(geos_ptr g) {
    if (GEOSisValid_r(context(), g.get()) != 0) return g;
    geos_ptr fixed(GEOSMakeValid_r(context(), g.get()));
    return fixed ? std::move(fixed) : std::move(g);
}

std::optional<bool> answer(char c) {
    if (c == 2) return std::nullopt;
    return c == 1;
}

// Most predicates refuse a GeometryCollection; where its union is of one kind, that can stand in.
geos_ptr uniform(GEOSGeometry const* g) {
    geos_ptr merged(GEOSUnaryUnion_r(context(), g));
    if (!merged || GEOSGeomTypeId_r(context(), merged.get()) == GEOS_GEOMETRYCOLLECTION) return nullptr;
    return merged;
}

using predicate = char (*)(GEOSContextHandle_t, GEOSGeometry const*, GEOSGeometry const*);

std::optional<bool> ask(predicate p, GEOSGeometry const* a, GEOSGeometry const* b) {
    geos_ptr a_merged, b_merged;
    if (GEOSGeomTypeId_r(context(), a) == GEOS_GEOMETRYCOLLECTION) {
        a_merged = uniform(a);
        if (!a_merged) return std::nullopt;
        a = a_merged.get();
    }
    if (GEOSGeomTypeId_r(context(), b) == GEOS_GEOMETRYCOLLECTION) {
        b_merged = uniform(b);
        if (!b_merged) return std::nullopt;
        b = b_merged.get();
    }
    return answer(p(context(), a, b));
}

geos_ptr from_box(box const& b) {
    auto const h = context();
    bool const thin = b.west == b.east, low = b.south == b.north;
    if (thin && low) return geos_ptr(GEOSGeom_createPointFromXY_r(h, b.west, b.south));
    if (thin || low) {
        auto* seq = GEOSCoordSeq_create_r(h, 2, 2);
        GEOSCoordSeq_setXY_r(h, seq, 0, b.west, b.south);
        GEOSCoordSeq_setXY_r(h, seq, 1, b.east, b.north);
        return geos_ptr(GEOSGeom_createLineString_r(h, seq));
    }
    return geos_ptr(GEOSGeom_createRectangle_r(h, b.west, b.south, b.east, b.north));
}

}  // namespace

struct geometry::impl {
    geos_ptr geos;
    std::vector<box> boxes;
    std::array<double, 2> z{0, 0};
    bool rectangular = false;

    // The parts of a collection may live under different GEOS types, so intersects goes part by part.
    static std::optional<bool> intersects(GEOSGeometry const* a, GEOSGeometry const* b) {
        if (GEOSGeomTypeId_r(context(), a) == GEOS_GEOMETRYCOLLECTION) return any_part(a, b, false);
        if (GEOSGeomTypeId_r(context(), b) == GEOS_GEOMETRYCOLLECTION) return any_part(b, a, true);
        return answer(GEOSIntersects_r(context(), a, b));
    }
    static std::optional<bool> any_part(GEOSGeometry const* collection, GEOSGeometry const* other, bool swapped) {
        int const n = GEOSGetNumGeometries_r(context(), collection);
        bool unknown = false;
        for (int i = 0; i < n; ++i) {
            auto const* part = GEOSGetGeometryN_r(context(), collection, i);
            auto const hit = swapped ? intersects(other, part) : intersects(part, other);
            if (hit && *hit) return true;
            unknown = unknown || !hit;
        }
        if (unknown) return std::nullopt;
        return false;
    }
};

namespace {

std::vector<box> boxes_of(std::vector<bounds> const& parts) {
    bounds west_side, east_side;
    bool at_minus = false, at_plus = false, one_sided = true;
    for (auto const& p : parts) {
        if (p.empty()) continue;
        at_minus = at_minus || p.west <= -180;
        at_plus = at_plus || p.east >= 180;
        one_sided = one_sided && (p.east <= 0 || p.west >= 0);
        auto& side = p.west >= 0 ? east_side : west_side;
        side.add(p.west, p.south);
        side.add(p.east, p.north);
    }
    if (at_minus && at_plus && one_sided) return {east_side.as_box(), west_side.as_box()};
    bounds all;
    for (auto const& p : parts)
        if (!p.empty()) all.add(p.west, p.south), all.add(p.east, p.north);
    if (all.empty()) return {};
    return {all.as_box()};
}

}  // namespace

result<geometry> geometry::from_geojson(json::value const& value, geometry_limits const& limits) {
    builder b(limits);
    auto built = b.build(value);
    if (!built) return built.error();
    if (!*built) return bad("GEOS cannot build it");
    auto made = std::make_shared<impl>();
    made->geos = repaired(std::move(*built));
    made->boxes = boxes_of(b.parts);
    bounds z;
    for (auto const& p : b.parts)
        if (p.has_z) z.add_z(p.low), z.add_z(p.high);
    if (z.has_z) made->z = {z.low, z.high};
    if (made->boxes.size() == 1) {
        auto const rectangle = from_box(made->boxes[0]);
        made->rectangular = GEOSEquals_r(context(), made->geos.get(), rectangle.get()) == 1;
    }
    // GEOS computes envelopes lazily; asking now makes later reads from several threads pure.
    double ignored = 0;
    GEOSGeom_getXMin_r(context(), made->geos.get(), &ignored);
    return geometry(std::move(made));
}

geometry geometry::from_boxes(std::span<box const> boxes) {
    auto made = std::make_shared<impl>();
    std::vector<GEOSGeometry*> parts;
    for (auto const& b : boxes) parts.push_back(from_box(b).release());
    if (parts.size() == 1) {
        made->geos.reset(parts[0]);
    } else {
        made->geos.reset(
            GEOSGeom_createCollection_r(context(), GEOS_GEOMETRYCOLLECTION, parts.data(), static_cast<unsigned>(parts.size())));
        if (auto merged = uniform(made->geos.get())) made->geos = std::move(merged);
    }
    made->boxes.assign(boxes.begin(), boxes.end());
    made->rectangular = boxes.size() == 1;
    double ignored = 0;
    GEOSGeom_getXMin_r(context(), made->geos.get(), &ignored);
    return geometry(std::move(made));
}

namespace {

void add_path(std::vector<geometry::path>& out, GEOSGeometry const* g, bool ring) {
    auto const* seq = GEOSGeom_getCoordSeq_r(context(), g);
    unsigned n = 0;
    if (!seq || GEOSCoordSeq_getSize_r(context(), seq, &n) == 0 || n == 0) return;
    auto& path = out.emplace_back();
    path.ring = ring;
    path.at.resize(n);
    for (unsigned i = 0; i < n; ++i) GEOSCoordSeq_getXY_r(context(), seq, i, &path.at[i][0], &path.at[i][1]);
}

void add_paths(std::vector<geometry::path>& out, GEOSGeometry const* g) {
    switch (GEOSGeomTypeId_r(context(), g)) {
        case GEOS_POINT:
        case GEOS_LINESTRING:
        case GEOS_LINEARRING:
            return add_path(out, g, false);
        case GEOS_POLYGON:
            if (GEOSisEmpty_r(context(), g) == 1) return;
            add_path(out, GEOSGetExteriorRing_r(context(), g), true);
            for (int i = 0; i < GEOSGetNumInteriorRings_r(context(), g); ++i)
                add_path(out, GEOSGetInteriorRingN_r(context(), g, i), true);
            return;
        default:
            for (int i = 0; i < GEOSGetNumGeometries_r(context(), g); ++i) add_paths(out, GEOSGetGeometryN_r(context(), g, i));
    }
}

}  // namespace

std::vector<geometry::path> geometry::paths() const {
    std::vector<path> out;
    add_paths(out, impl_->geos.get());
    return out;
}
bool geometry::is_collection() const { return GEOSGeomTypeId_r(context(), impl_->geos.get()) == GEOS_GEOMETRYCOLLECTION; }

std::vector<box> geometry::boxes() const { return impl_->boxes; }
std::array<double, 2> geometry::z_range() const { return impl_->z; }
bool geometry::is_box() const { return impl_->rectangular; }

std::optional<bool> geometry::intersects(geometry const& o) const {
    return impl::intersects(impl_->geos.get(), o.impl_->geos.get());
}
std::optional<bool> geometry::disjoint(geometry const& o) const {
    auto const hit = intersects(o);
    if (!hit) return std::nullopt;
    return !*hit;
}
std::optional<bool> geometry::equals(geometry const& o) const {
    return ask(GEOSEquals_r, impl_->geos.get(), o.impl_->geos.get());
}
std::optional<bool> geometry::touches(geometry const& o) const {
    return ask(GEOSTouches_r, impl_->geos.get(), o.impl_->geos.get());
}
std::optional<bool> geometry::within(geometry const& o) const {
    return ask(GEOSWithin_r, impl_->geos.get(), o.impl_->geos.get());
}
std::optional<bool> geometry::overlaps(geometry const& o) const {
    return ask(GEOSOverlaps_r, impl_->geos.get(), o.impl_->geos.get());
}
std::optional<bool> geometry::crosses(geometry const& o) const {
    return ask(GEOSCrosses_r, impl_->geos.get(), o.impl_->geos.get());
}
std::optional<bool> geometry::contains(geometry const& o) const {
    return ask(GEOSContains_r, impl_->geos.get(), o.impl_->geos.get());
}

struct prepared_geometry::impl {
    GEOSPreparedGeometry const* prepared = nullptr;
    ~impl() {
        if (prepared) GEOSPreparedGeom_destroy_r(context(), prepared);
    }
};

prepared_geometry::prepared_geometry(geometry g) : geometry_(std::move(g)), impl_(std::make_unique<impl>()) {
    auto const* geos = geometry_.impl_->geos.get();
    if (GEOSGeomTypeId_r(context(), geos) != GEOS_GEOMETRYCOLLECTION) impl_->prepared = GEOSPrepare_r(context(), geos);
}
prepared_geometry::~prepared_geometry() = default;
prepared_geometry::prepared_geometry(prepared_geometry&&) noexcept = default;
prepared_geometry& prepared_geometry::operator=(prepared_geometry&&) noexcept = default;

std::optional<bool> prepared_geometry::intersects(geometry const& other) const {
    auto const* geos = other.impl_->geos.get();
    if (!impl_->prepared || GEOSGeomTypeId_r(context(), geos) == GEOS_GEOMETRYCOLLECTION) return geometry_.intersects(other);
    return answer(GEOSPreparedIntersects_r(context(), impl_->prepared, geos));
}

}  // namespace fjord::stac
