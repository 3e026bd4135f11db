// netCDF and HDF5 through GDAL's multidimensional model: dimensions with their coordinate variables, data variables, CF time.
#include "stac/cf_time.hpp"
#include "stac/raster_gdal.hpp"

#include <cpl_string.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace fjord::stac {

std::optional<double> cube_dimension::step() const {
    if (values.size() < 2) return std::nullopt;
    double const d = (values.back() - values.front()) / static_cast<double>(values.size() - 1);
    for (std::size_t i = 1; i < values.size(); ++i)
        if (std::abs(values[i] - values[i - 1] - d) > std::abs(d) * 1e-3) return std::nullopt;
    return d;
}

namespace gdal {
namespace {

constexpr std::uint64_t most_coordinates = 4'000'000;
constexpr std::size_t most_variables = 1024;

std::string text_attribute(GDALMDArrayH array, char const* name) {
    attribute const a(GDALMDArrayGetAttribute(array, name));
    auto const* text = a ? GDALAttributeReadAsString(a.get()) : nullptr;
    return text ? text : "";
}

struct dimension_list {
    std::size_t count = 0;
    GDALDimensionH* items;
    explicit dimension_list(GDALMDArrayH a) : items(GDALMDArrayGetDimensions(a, &count)) {}
    ~dimension_list() { GDALReleaseDimensions(items, count); }
    dimension_list(dimension_list const&) = delete;
};

// All values of a small array as doubles, scale and offset applied; empty when it is too large or not numeric.
std::vector<double> read_all(GDALMDArrayH array) {
    data_type const stored(GDALMDArrayGetDataType(array));
    std::uint64_t const n = GDALMDArrayGetTotalElementsCount(array);
    if (GDALExtendedDataTypeGetClass(stored.get()) != GEDTC_NUMERIC || n == 0 || n > most_coordinates) return {};
    dimension_list const dims(array);
    std::vector<GUInt64> start(dims.count, 0);
    std::vector<std::size_t> count;
    for (std::size_t i = 0; i < dims.count; ++i) count.push_back(static_cast<std::size_t>(GDALDimensionGetSize(dims.items[i])));
    std::vector<double> out(static_cast<std::size_t>(n));
    data_type const wanted(GDALExtendedDataTypeCreate(GDT_Float64));
    if (!GDALMDArrayRead(array, start.data(), count.data(), nullptr, nullptr, wanted.get(), out.data(), out.data(),
                         out.size() * sizeof(double))) {
        return {};
    }
    int has = 0;
    double const scale = GDALMDArrayGetScale(array, &has);
    double const factor = has ? scale : 1;
    double const offset = GDALMDArrayGetOffset(array, &has);
    double const shift = has ? offset : 0;
    for (double& v : out) v = v * factor + shift;
    return out;
}

bool is_degrees(std::string_view unit, std::string_view direction) {
    return unit == "degrees_" + std::string(direction) || unit == "degree_" + std::string(direction) ||
           unit == "degrees" + std::string(direction.substr(0, 1) == "e" ? "E" : "N");
}

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

cube_dimension::kind kind_of_dimension(GDALDimensionH d, std::string const& unit, std::string const& name) {
    using kind = cube_dimension::kind;
    std::string const type = GDALDimensionGetType(d);
    if (type == GDAL_DIM_TYPE_HORIZONTAL_X || is_degrees(unit, "east")) return kind::x;
    if (type == GDAL_DIM_TYPE_HORIZONTAL_Y || is_degrees(unit, "north")) return kind::y;
    if (type == GDAL_DIM_TYPE_TEMPORAL || unit.find(" since ") != std::string::npos) return kind::time;
    if (type == GDAL_DIM_TYPE_VERTICAL) return kind::z;
    if (one_of(name, {"lon", "longitude", "x", "easting"})) return kind::x;
    if (one_of(name, {"lat", "latitude", "y", "northing"})) return kind::y;
    return kind::other;
}

cube_dimension describe_dimension(GDALDimensionH d, GDALGroupH root, result<void>& time_failure) {
    cube_dimension out;
    out.name = GDALDimensionGetName(d);
    out.size = GDALDimensionGetSize(d);
    md_array coordinates(GDALDimensionGetIndexingVariable(d));
    // Zarr names its dimensions only; the array of the same name is their coordinates, as xarray has it.
    if (!coordinates) coordinates.reset(GDALGroupOpenMDArray(root, out.name.c_str(), nullptr));
    // A two-dimensional coordinate variable may stand here for a curvilinear grid; it is no axis.
    if (coordinates && GDALMDArrayGetTotalElementsCount(coordinates.get()) == out.size) {
        out.unit = GDALMDArrayGetUnit(coordinates.get());
        if (out.unit.empty()) out.unit = text_attribute(coordinates.get(), "units");
        out.values = read_all(coordinates.get());
    }
    out.type = kind_of_dimension(d, out.unit, out.name);
    if (out.type != cube_dimension::kind::time || out.values.empty()) return out;
    auto const axis = cf_time::parse(out.unit, text_attribute(coordinates.get(), "calendar"));
    if (!axis) {
        time_failure = axis.error();
        out.type = cube_dimension::kind::other;
        return out;
    }
    for (double const v : out.values)
        if (std::isfinite(v)) out.times.push_back(axis->at(v));
    return out;
}

std::optional<value_statistics> statistics_of(GDALMDArrayH array, GDALDatasetH file, std::uint64_t cells) {
    value_statistics out;
    GUInt64 valid = 0;
    if (GDALMDArrayGetStatistics(array, file, TRUE, TRUE, &out.minimum, &out.maximum, &out.mean, &out.stddev, &valid, nullptr,
                                 nullptr) != CE_None) {
        return std::nullopt;
    }
    if (cells > 0 && valid <= cells) out.valid_percent = 100.0 * static_cast<double>(valid) / static_cast<double>(cells);
    return out;
}

cube_variable describe_variable(GDALMDArrayH array, std::string name, GDALDatasetH file, bool statistics) {
    cube_variable out;
    out.name = std::move(name);
    dimension_list const dims(array);
    std::uint64_t cells = 1;
    for (std::size_t i = 0; i < dims.count; ++i) {
        out.dimensions.emplace_back(GDALDimensionGetName(dims.items[i]));
        out.shape.push_back(GDALDimensionGetSize(dims.items[i]));
        cells *= out.shape.back();
    }
    data_type const type(GDALMDArrayGetDataType(array));
    auto& band = out.values;
    band.name = out.name;
    band.description = text_attribute(array, "long_name");
    band.data_type = type_name(GDALExtendedDataTypeGetNumericDataType(type.get()));
    band.unit = GDALMDArrayGetUnit(array);
    int has = 0;
    double v = GDALMDArrayGetNoDataValueAsDouble(array, &has);
    if (has) band.nodata = v;
    v = GDALMDArrayGetScale(array, &has);
    if (has && v != 1) band.scale = v;
    v = GDALMDArrayGetOffset(array, &has);
    if (has && v != 0) band.offset = v;
    if (statistics) band.statistics = statistics_of(array, file, cells);
    return out;
}

// Reads one file; each step fills part of `out`.
class cube_reader {
public:
    cube_reader(GDALDatasetH file, raster_options const& options)
        : file_(file), options_(options), root_(GDALDatasetGetRootGroup(file)) {}

    result<raster_facts> read() {
        if (!root_) return fail(errc::corrupt, "the file has no group of variables");
        std::string const driver = GDALGetDriverShortName(GDALGetDatasetDriver(file_));
        out_.media_type = driver == "netCDF" ? "application/netcdf"
                          : driver == "Zarr" ? "application/vnd+zarr; version=2"
                                             : "application/x-hdf5";
        if (auto ok = read_variables(); !ok) return ok.error();
        if (out_.variables.empty()) return fail(errc::unsupported, "the file has no variable of two or more dimensions");
        find_time();
        if (auto ok = find_border(); !ok) return ok.error();
        find_grid();
        return std::move(out_);
    }

private:
    result<void> read_variables() {
        std::unique_ptr<char*, releaser<CSLDestroy>> const names(GDALGroupGetMDArrayNames(root_.get(), nullptr));
        if (CSLCount(names.get()) > static_cast<int>(most_variables))
            return fail(errc::limit_exceeded, "more than 1024 variables");
        for (char** n = names.get(); n && *n; ++n) {
            md_array array(GDALGroupOpenMDArray(root_.get(), *n, nullptr));
            if (array) take(std::move(array), *n);
        }
        return time_failure_;
    }

    void take(md_array array, std::string const& name) {
        dimension_list const dims(array.get());
        data_type const type(GDALMDArrayGetDataType(array.get()));
        bool const bounds = name.ends_with("_bnds") || name.ends_with("_bounds");
        if (dims.count < 2 || bounds || GDALExtendedDataTypeGetClass(type.get()) != GEDTC_NUMERIC) return;
        std::string const unit = GDALMDArrayGetUnit(array.get());
        bool const is_lon = is_degrees(unit, "east"), is_lat = is_degrees(unit, "north");
        auto variable = describe_variable(array.get(), name, file_, options_.statistics && !is_lon && !is_lat);
        variable.auxiliary = dims.count == 2 && (is_lon || is_lat);
        if (!variable.auxiliary) {
            for (std::size_t i = 0; i < dims.count; ++i) add_dimension(dims.items[i]);
        }
        out_.variables.push_back(std::move(variable));
        if (dims.count == 2 && is_lon && !longitudes_)
            longitudes_ = std::move(array);
        else if (dims.count == 2 && is_lat && !latitudes_)
            latitudes_ = std::move(array);
        else if (!first_ && !is_lon && !is_lat)
            first_ = std::move(array);
    }

    void add_dimension(GDALDimensionH d) {
        std::string const name = GDALDimensionGetName(d);
        auto const known = [&](auto const& k) { return k.name == name; };
        if (std::none_of(out_.dimensions.begin(), out_.dimensions.end(), known)) {
            out_.dimensions.push_back(describe_dimension(d, root_.get(), time_failure_));
        }
    }

    cube_dimension const* find(cube_dimension::kind type) const {
        for (auto const& d : out_.dimensions)
            if (d.type == type) return &d;
        return nullptr;
    }

    void find_time() {
        auto const* time = find(cube_dimension::kind::time);
        if (!time || time->times.empty()) return;
        auto const [first, last] = std::minmax_element(time->times.begin(), time->times.end());
        out_.time = time_interval{*first, *last};
    }

    // CRS units per axis unit: GDAL gives projected systems in metres, while axes may count kilometres.
    double factor_of(cube_dimension const& d) const {
        bool const kilometres = one_of(d.unit, {"km", "kilometer", "kilometers", "kilometre", "kilometres"});
        return kilometres && out_.crs && out_.crs->metres == 1 ? 1000 : 1;
    }

    // Rows, columns, and where both axes are even the transform.
    void find_grid() {
        auto const *x = find(cube_dimension::kind::x), *y = find(cube_dimension::kind::y);
        if (!x || !y) return;
        out_.columns = x->size;
        out_.rows = y->size;
        auto const dx = x->step(), dy = y->step();
        if (!dx || !dy) return;
        double const fx = factor_of(*x), fy = factor_of(*y);
        out_.transform = {(x->values[0] - *dx / 2) * fx, *dx * fx, 0, (y->values[0] - *dy / 2) * fy, 0, *dy * fy};
    }

    result<void> find_border() {
        auto const *x = find(cube_dimension::kind::x), *y = find(cube_dimension::kind::y);
        spatial_reference srs(first_ ? GDALMDArrayGetSpatialRef(first_.get()) : nullptr);
        bool const degrees = x && y && is_degrees(x->unit, "east") && is_degrees(y->unit, "north");
        if (!srs && degrees) {
            srs.reset(OSRNewSpatialReference(nullptr));
            OSRImportFromEPSG(srs.get(), 4326);
        }
        if (srs) out_.crs = describe(srs.get());
        // Fill values fit no grid; such an axis says nothing about where the cells are.
        auto const usable = [](cube_dimension const* d) {
            return d && !d->values.empty() && std::all_of(d->values.begin(), d->values.end(), [](double v) {
                       return std::isfinite(v) && std::abs(v) < 1e15;
                   });
        };
        if (srs && usable(x) && usable(y)) return border_of_axes(srs.get(), *x, *y);
        if (longitudes_ && latitudes_) border_of_curves();
        return {};
    }

    // The outer edges of the first and last cell of an axis.
    static std::pair<double, double> edges(cube_dimension const& d) {
        auto const [low, high] = std::minmax_element(d.values.begin(), d.values.end());
        double const half = d.values.size() > 1 ? (*high - *low) / static_cast<double>(d.values.size() - 1) / 2 : 0.5;
        return {*low - half, *high + half};
    }

    result<void> border_of_axes(OGRSpatialReferenceH srs, cube_dimension const& x, cube_dimension const& y) {
        auto [west, east] = edges(x);
        auto [south, north] = edges(y);
        if (out_.crs->geographic) {
            south = std::max(south, -90.0), north = std::min(north, 90.0);
            if (east - west > 359.99) west = -180, east = 180;
        }
        std::vector<double> xs, ys;
        double const fx = factor_of(x), fy = factor_of(y);
        walk_edge(1, 1, [&, w = west, e = east, s = south, n = north](double c, double r) {
            xs.push_back((w + c * (e - w)) * fx);
            ys.push_back((s + r * (n - s)) * fy);
        });
        if (out_.crs->geographic) {
            for (std::size_t i = 0; i < xs.size(); ++i) out_.border.push_back({xs[i], ys[i]});
            return {};
        }
        auto border = to_lonlat(srs, std::move(xs), std::move(ys));
        if (!border) return border.error();
        out_.border = std::move(*border);
        return {};
    }

    // Two-dimensional coordinate variables: the cells along the edge, centre by centre.
    void border_of_curves() {
        auto const lon = read_all(longitudes_.get()), lat = read_all(latitudes_.get());
        dimension_list const dims(longitudes_.get());
        auto const rows = GDALDimensionGetSize(dims.items[0]), columns = GDALDimensionGetSize(dims.items[1]);
        if (lon.size() != lat.size() || lon.size() != rows * columns || rows < 2 || columns < 2) return;
        walk_edge(static_cast<double>(columns - 1), static_cast<double>(rows - 1), [&](double c, double r) {
            auto const at = static_cast<std::size_t>(std::lround(r)) * columns + static_cast<std::size_t>(std::lround(c));
            if (std::abs(lon[at]) <= 720 && std::abs(lat[at]) <= 90) out_.border.push_back({lon[at], lat[at]});
        });
    }

    GDALDatasetH file_;
    raster_options const& options_;
    group root_;
    raster_facts out_;
    result<void> time_failure_;
    md_array first_, longitudes_, latitudes_;
};

}  // namespace

result<raster_facts> read_cube(GDALDatasetH file, raster_options const& options) { return cube_reader(file, options).read(); }

}  // namespace gdal
}  // namespace fjord::stac
