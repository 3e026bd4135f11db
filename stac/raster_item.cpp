#include "stac/raster_facts.hpp"

#include "base/dataset_uri.hpp"
#include "base/json.hpp"
#include "stac/document.hpp"
#include "stac/json_scan.hpp"
#include "stac/json_writer.hpp"

#include <algorithm>
#include <cmath>

namespace fjord::stac {
namespace {

std::string file_name(std::string const& path) { return path.substr(path.rfind('/') + 1); }

std::string stem(std::string const& path) {
    auto name = file_name(path);
    auto const dot = name.rfind('.');
    return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

void write_statistics(json_writer& w, value_statistics const& s) {
    w.open('{').key("minimum").number(s.minimum).key("maximum").number(s.maximum).key("mean").number(s.mean).key("stddev").number(
        s.stddev);
    if (s.valid_percent) w.key("valid_percent").number(*s.valid_percent);
    w.close('}');
}

// STAC 1.1 common metadata ("bands") or raster v1.1 ("raster:bands"), which differ in where scale and sampling stand.
void write_band(json_writer& w, raster_band const& b, std::string const& sampling, std::optional<double> resolution,
                bool current) {
    w.open('{');
    if (current) {
        w.key("name").text(b.name);
        if (!b.description.empty()) w.key("description").text(b.description);
    }
    w.key("data_type").text(b.data_type);
    if (b.nodata) w.key("nodata").number(*b.nodata);
    if (!b.unit.empty()) w.key("unit").text(b.unit);
    std::string const prefix = current ? "raster:" : "";
    if (b.scale) w.key(prefix + "scale").number(*b.scale);
    if (b.offset) w.key(prefix + "offset").number(*b.offset);
    if (!sampling.empty()) w.key(prefix + "sampling").text(sampling);
    if (resolution) w.key(prefix + "spatial_resolution").number(*resolution);
    if (b.statistics) {
        w.key("statistics");
        write_statistics(w, *b.statistics);
    }
    w.close('}');
}

std::vector<raster_band> bands_of(raster_facts const& f) {
    if (!f.bands.empty()) return f.bands;
    std::vector<raster_band> out;
    for (auto const& v : f.variables)
        if (!v.auxiliary) out.push_back(v.values);
    return out;
}

// In metres, for projected grids with square cells.
std::optional<double> resolution_of(raster_facts const& f) {
    if (!f.transform || !f.crs || !f.crs->metres) return std::nullopt;
    double const dx = std::hypot((*f.transform)[1], (*f.transform)[4]), dy = std::hypot((*f.transform)[2], (*f.transform)[5]);
    if (std::abs(dx - dy) > dx * 1e-6) return std::nullopt;
    return dx * *f.crs->metres;
}

bool has_current(raster_options const& o) { return o.generation != raster_generation::previous; }
bool has_previous(raster_options const& o) { return o.generation != raster_generation::current; }

void write_projection(json_writer& w, raster_facts const& f, raster_options const& o) {
    if (f.crs) {
        if (has_current(o)) {
            w.key("proj:code");
            f.crs->epsg ? w.text("EPSG:" + std::to_string(*f.crs->epsg)) : w.null();
        }
        if (has_previous(o)) {
            w.key("proj:epsg");
            f.crs->epsg ? w.integer(*f.crs->epsg) : w.null();
        }
        if (!f.crs->epsg && !f.crs->projjson.empty()) w.key("proj:projjson").raw(f.crs->projjson);
    }
    if (f.rows > 0) {
        w.key("proj:shape")
            .open('[')
            .integer(static_cast<std::int64_t>(f.rows))
            .integer(static_cast<std::int64_t>(f.columns))
            .close(']');
    }
    if (!f.transform) return;
    auto const& g = *f.transform;
    w.key("proj:transform").open('[');
    for (double const v : {g[1], g[2], g[0], g[4], g[5], g[3], 0.0, 0.0, 1.0}) w.number(v);
    w.close(']');
    double west = INFINITY, south = INFINITY, east = -INFINITY, north = -INFINITY;
    for (double const c : {0.0, static_cast<double>(f.columns)}) {
        for (double const r : {0.0, static_cast<double>(f.rows)}) {
            double const x = g[0] + c * g[1] + r * g[2], y = g[3] + c * g[4] + r * g[5];
            west = std::min(west, x), east = std::max(east, x), south = std::min(south, y), north = std::max(north, y);
        }
    }
    w.key("proj:bbox").open('[').number(west).number(south).number(east).number(north).close(']');
}

// "P1D", "PT3H", "PT90S" for an even spacing of times.
std::string duration_text(instant us) {
    if (us % 86'400'000'000 == 0) return "P" + std::to_string(us / 86'400'000'000) + "D";
    if (us % 3'600'000'000 == 0) return "PT" + std::to_string(us / 3'600'000'000) + "H";
    if (us % 60'000'000 == 0) return "PT" + std::to_string(us / 60'000'000) + "M";
    return "PT" + number_text(static_cast<double>(us) / 1e6) + "S";
}

void write_time_dimension(json_writer& w, cube_dimension const& d) {
    constexpr std::size_t most_values = 366;
    auto const [first, last] = std::minmax_element(d.times.begin(), d.times.end());
    w.key("type").text("temporal").key("extent").open('[').text(format_instant(*first)).text(format_instant(*last)).close(']');
    std::optional<instant> step;
    if (d.times.size() > 1) step = d.times[1] - d.times[0];
    for (std::size_t i = 1; step && i < d.times.size(); ++i)
        if (d.times[i] - d.times[i - 1] != *step) step.reset();
    w.key("step");
    step&&* step > 0 ? w.text(duration_text(*step)) : w.null();
    if (step || d.times.size() > most_values) return;
    w.key("values").open('[');
    for (auto const t : d.times) w.text(format_instant(t));
    w.close(']');
}

void write_spatial_dimension(json_writer& w, cube_dimension const& d, raster_facts const& f) {
    using kind = cube_dimension::kind;
    w.key("type").text("spatial").key("axis").text(d.type == kind::x ? "x" : d.type == kind::y ? "y" : "z");
    if (!d.values.empty()) {
        auto const [low, high] = std::minmax_element(d.values.begin(), d.values.end());
        w.key("extent").open('[').number(*low).number(*high).close(']');
        auto const step = d.step();
        w.key("step");
        step ? w.number(*step) : w.null();
    } else {
        w.key("extent").open('[').integer(0).integer(static_cast<std::int64_t>(d.size)).close(']');
    }
    if (!d.unit.empty()) w.key("unit").text(d.unit);
    if (!f.crs || d.type == kind::z || d.values.empty()) return;
    if (f.crs->epsg) {
        w.key("reference_system").integer(*f.crs->epsg);
    } else if (!f.crs->projjson.empty()) {
        w.key("reference_system").raw(f.crs->projjson);
    }
}

void write_other_dimension(json_writer& w, cube_dimension const& d) {
    constexpr std::size_t most_values = 100;
    w.key("type").text("other");
    if (!d.values.empty() && d.values.size() <= most_values) {
        w.key("values").open('[');
        for (double const v : d.values) w.number(v);
        w.close(']');
    } else {
        w.key("extent").open('[').integer(0).integer(static_cast<std::int64_t>(d.size)).close(']');
    }
    if (!d.unit.empty()) w.key("unit").text(d.unit);
}

void write_cube(json_writer& w, raster_facts const& f) {
    w.key("cube:dimensions").open('{');
    for (auto const& d : f.dimensions) {
        w.key(d.name).open('{');
        if (d.type == cube_dimension::kind::time && !d.times.empty()) {
            write_time_dimension(w, d);
        } else if (d.type == cube_dimension::kind::other || d.type == cube_dimension::kind::time) {
            write_other_dimension(w, d);
        } else {
            write_spatial_dimension(w, d, f);
        }
        w.close('}');
    }
    w.close('}').key("cube:variables").open('{');
    for (auto const& v : f.variables) {
        w.key(v.name).open('{').key("type").text(v.auxiliary ? "auxiliary" : "data").key("dimensions").open('[');
        for (auto const& d : v.dimensions) w.text(d);
        w.close(']').key("shape").open('[');
        for (auto const n : v.shape) w.integer(static_cast<std::int64_t>(n));
        w.close(']');
        if (!v.values.unit.empty()) w.key("unit").text(v.values.unit);
        if (!v.values.description.empty()) w.key("description").text(v.values.description);
        w.close('}');
    }
    w.close('}');
}

void write_time(json_writer& w, time_interval const& t) {
    if (t.start == t.end) {
        w.key("datetime").text(format_instant(t.start));
    } else {
        w.key("datetime")
            .null()
            .key("start_datetime")
            .text(format_instant(t.start))
            .key("end_datetime")
            .text(format_instant(t.end));
    }
}

result<time_interval> time_of(raster_facts const& f, raster_options const& o) {
    if (!o.datetime.empty()) {
        auto t = parse_datetime_parameter(o.datetime);
        if (t && (t->start == open_start || t->end == open_end))
            return fail(errc::invalid_argument, "datetime: both ends must be given");
        return t;
    }
    if (f.time) return *f.time;
    return fail(errc::invalid_argument, "the file does not say when; pass a datetime");
}

std::string properties_of(raster_facts const& f, time_interval const& t, raster_options const& o) {
    json_writer w;
    w.open('{');
    write_time(w, t);
    if (!o.title.empty()) w.key("title").text(o.title);
    if (auto const r = resolution_of(f)) w.key("gsd").number(*r);
    if (f.cloud_cover) w.key("eo:cloud_cover").number(*f.cloud_cover);
    write_projection(w, f, o);
    if (!f.dimensions.empty()) write_cube(w, f);
    auto out = w.close('}').take();
    return o.properties.empty() ? out : merge_patch(out, o.properties);
}

// What STAC 1.0 called bands; beside `bands` it would only repeat their names.
bool has_eo_bands(raster_facts const& f, raster_options const& o) { return !has_current(o) && !f.bands.empty(); }

std::string asset_of(std::string const& path, raster_facts const& f, raster_options const& o) {
    auto const bands = bands_of(f);
    auto const resolution = resolution_of(f);
    json_writer w;
    w.open('{').key("href").text(o.href.empty() ? encode_segment(file_name(path)) : o.href).key("type").text(f.media_type);
    w.key("roles").open('[').text("data").close(']');
    for (bool const current : {true, false}) {
        if (current ? !has_current(o) : !has_previous(o)) continue;
        w.key(current ? "bands" : "raster:bands").open('[');
        for (auto const& b : bands) write_band(w, b, f.sampling, resolution, current);
        w.close(']');
    }
    if (has_eo_bands(f, o)) {
        w.key("eo:bands").open('[');
        for (auto const& b : bands) {
            w.open('{').key("name").text(b.name);
            if (!b.description.empty()) w.key("description").text(b.description);
            w.close('}');
        }
        w.close(']');
    }
    return w.close('}').take();
}

void write_extensions(json_writer& w, raster_facts const& f, raster_options const& o) {
    // A schema is named in one version: the current one, unless only the previous members are there.
    bool const current = has_current(o);
    w.key("stac_extensions").open('[');
    w.text(std::string("https://stac-extensions.github.io/projection/") + (current ? "v2.0.0" : "v1.1.0") + "/schema.json");
    w.text(std::string("https://stac-extensions.github.io/raster/") + (current ? "v2.0.0" : "v1.1.0") + "/schema.json");
    if (!f.dimensions.empty()) w.text("https://stac-extensions.github.io/datacube/v2.3.0/schema.json");
    if (f.cloud_cover || has_eo_bands(f, o))
        w.text(std::string("https://stac-extensions.github.io/eo/") + (current ? "v2.0.0" : "v1.1.0") + "/schema.json");
    w.close(']');
}

// A cell in degrees, roughly: what a simplified border may deviate by.
double tolerance_of(raster_facts const& f) {
    double west = 1e9, east = -1e9, south = 90, north = -90;
    for (auto const& p : f.border)
        west = std::min(west, p.lon), east = std::max(east, p.lon), south = std::min(south, p.lat),
        north = std::max(north, p.lat);
    auto const cells = static_cast<double>(std::max<std::uint64_t>({f.rows, f.columns, 1}));
    return std::min(std::min(east - west, 360.0), north - south) / cells / 4;
}

}  // namespace

result<item_draft> make_raster_item(std::string const& path, raster_facts const& f, raster_options const& o) {
    if (f.border.empty() && !o.allow_unplaced) {
        return fail(errc::invalid_argument,
                    file_name(path) + " has " + (f.crs ? "no position" : "no coordinate reference system") +
                        "; allow an item without geometry, or add it to the file (gdal_edit.py -a_srs, -a_ullr)");
    }
    auto const time = time_of(f, o);
    if (!time) return error(time.error().code, file_name(path) + ": " + time.error().detail);
    if (!o.properties.empty()) {
        auto const extra = parse_json(o.properties);
        if (!extra || !extra->is_object()) return fail(errc::invalid_argument, "properties: must be a JSON object");
    }
    std::optional<footprint> where;
    if (!f.border.empty()) {
        auto made = make_footprint(f.border, tolerance_of(f));
        if (!made) return made.error();
        where = std::move(*made);
    }
    item_draft out;
    out.id = item_id(o.item.empty() ? stem(path) : o.item);
    json_writer w;
    w.open('{').key("type").text("Feature").key("stac_version").text(has_current(o) ? "1.1.0" : "1.0.0");
    write_extensions(w, f, o);
    w.key("id").text(out.id.str());
    if (!o.collection.empty()) w.key("collection").text(o.collection);
    w.key("geometry").raw(where ? where->geojson() : "null");
    if (where) {
        w.key("bbox").open('[');
        for (double const v : where->bbox) w.number(v);
        w.close(']');
    }
    w.key("properties").raw(properties_of(f, *time, o)).key("links").open('[').close(']');
    w.key("assets").open('{').key(o.asset).raw(asset_of(path, f, o)).close('}');
    out.document = w.close('}').take();
    out.assets.push_back({asset_key(o.asset), path, f.media_type});
    // What comes out must be what the catalog takes in.
    if (auto const ok = read_item(out.document); !ok) return ok.error();
    return out;
}

result<item_draft> describe_raster(std::string const& path, raster_options const& options) {
    auto const facts = read_raster(path, options);
    if (!facts) return facts.error();
    return make_raster_item(path, *facts, options);
}

}  // namespace fjord::stac
