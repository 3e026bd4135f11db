// GeoTIFF and COG through GDAL's classic raster model. proj:shape and proj:transform are computed from the geotransform here:
// GDAL 3.6's own "stac" output has both in the wrong order.
#include "stac/raster_gdal.hpp"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_string.h>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <mutex>

namespace fjord::stac {
namespace gdal {

std::string type_name(GDALDataType t) {
    switch (t) {
        case GDT_Byte:
            return "uint8";
        case GDT_UInt16:
            return "uint16";
        case GDT_Int16:
            return "int16";
        case GDT_UInt32:
            return "uint32";
        case GDT_Int32:
            return "int32";
        case GDT_UInt64:
            return "uint64";
        case GDT_Int64:
            return "int64";
        case GDT_Float32:
            return "float32";
        case GDT_Float64:
            return "float64";
        case GDT_CInt16:
            return "cint16";
        case GDT_CInt32:
            return "cint32";
        case GDT_CFloat32:
            return "cfloat32";
        case GDT_CFloat64:
            return "cfloat64";
        default:
            return "other";
    }
}

crs_facts describe(OGRSpatialReferenceH srs) {
    crs_facts out;
    auto const* authority = OSRGetAuthorityName(srs, nullptr);
    auto const* code = OSRGetAuthorityCode(srs, nullptr);
    if (authority && code && std::strcmp(authority, "EPSG") == 0) out.epsg = std::atoi(code);
    out.geographic = OSRIsGeographic(srs) != 0;
    if (OSRIsProjected(srs)) out.metres = OSRGetLinearUnits(srs, nullptr);
    char* text = nullptr;
    char const* const plain[] = {"MULTILINE=NO", nullptr};
    if (OSRExportToPROJJSON(srs, &text, plain) == OGRERR_NONE && text) out.projjson = text;
    CPLFree(text);
    return out;
}

result<std::vector<lonlat>> to_lonlat(OGRSpatialReferenceH srs, std::vector<double> x, std::vector<double> y) {
    spatial_reference from(OSRClone(srs)), to(OSRNewSpatialReference(nullptr));
    OSRSetFromUserInput(to.get(), "OGC:CRS84");
    // x before y on both sides, whatever order the authority gives its axes.
    OSRSetAxisMappingStrategy(from.get(), OAMS_TRADITIONAL_GIS_ORDER);
    OSRSetAxisMappingStrategy(to.get(), OAMS_TRADITIONAL_GIS_ORDER);
    std::unique_ptr<void, releaser<OCTDestroyCoordinateTransformation>> const transform(
        OCTNewCoordinateTransformation(from.get(), to.get()));
    if (!transform)
        return fail(errc::invalid_argument,
                    std::string("no way from the file's CRS to longitude/latitude: ") + CPLGetLastErrorMsg());
    std::vector<int> ok(x.size());
    OCTTransformEx(transform.get(), static_cast<int>(x.size()), x.data(), y.data(), nullptr, ok.data());
    std::vector<lonlat> out;
    for (std::size_t i = 0; i < x.size(); ++i)
        if (ok[i]) out.push_back({x[i], y[i]});
    // A border point beyond the projection's range (a corner of a polar grid, say) may be left out, most may not.
    if (out.size() * 2 < x.size()) return fail(errc::invalid_argument, "the raster's border lies outside its CRS");
    return out;
}

}  // namespace gdal

namespace {

using gdal::dataset;

// GDAL's settings for the time of one call, for this thread only.
class quiet_settings {
public:
    quiet_settings() {
        CPLPushErrorHandler(CPLQuietErrorHandler);
        CPLErrorReset();
        for (auto const& [key, value] : settings) CPLSetThreadLocalConfigOption(key, value);
    }
    ~quiet_settings() {
        for (auto const& [key, value] : settings) CPLSetThreadLocalConfigOption(key, nullptr);
        CPLPopErrorHandler();
    }
    quiet_settings(quiet_settings const&) = delete;

private:
    static constexpr std::pair<char const*, char const*> settings[] = {
        {"GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR"},  // no .tfw, .ovr, .aux.xml beside the file
        {"GDAL_PAM_ENABLED", "NO"},                     // neither read nor written
        {"CPL_VSIL_CURL_ALLOWED_EXTENSIONS", "{none}"},
        {"GTIFF_POINT_GEO_IGNORE", "NO"},
    };
};

void register_drivers() {
    static std::once_flag once;
    std::call_once(once, [] { GDALAllRegister(); });
}

std::optional<double> if_set(int has, double v) {
    if (!has) return std::nullopt;
    return v;
}

// From a read of at most 1024 x 1024 cells, spread over the band.
std::optional<value_statistics> statistics_of(GDALRasterBandH band, std::optional<double> nodata) {
    constexpr int most = 1024;
    int const w = GDALGetRasterBandXSize(band), h = GDALGetRasterBandYSize(band);
    int const columns = std::min(w, most), rows = std::min(h, most);
    std::vector<double> cells(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows));
    if (GDALRasterIO(band, GF_Read, 0, 0, w, h, cells.data(), columns, rows, GDT_Float64, 0, 0) != CE_None) return std::nullopt;
    value_statistics out{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), 0, 0, 0};
    double sum = 0, squares = 0, n = 0;
    for (double const v : cells) {
        if (!std::isfinite(v) || (nodata && v == *nodata)) continue;
        out.minimum = std::min(out.minimum, v), out.maximum = std::max(out.maximum, v);
        sum += v, squares += v * v, n += 1;
    }
    if (n == 0) return std::nullopt;
    out.mean = sum / n;
    out.stddev = std::sqrt(std::max(0.0, squares / n - out.mean * out.mean));
    out.valid_percent = 100 * n / static_cast<double>(cells.size());
    return out;
}

raster_band describe_band(GDALDatasetH file, int number, bool statistics) {
    auto* band = GDALGetRasterBand(file, number);
    raster_band out;
    out.description = GDALGetDescription(band);
    out.name = out.description.empty() ? "band" + std::to_string(number) : out.description;
    out.data_type = gdal::type_name(GDALGetRasterDataType(band));
    out.unit = GDALGetRasterUnitType(band);
    int has = 0;
    double v = GDALGetRasterNoDataValue(band, &has);
    out.nodata = if_set(has, v);
    v = GDALGetRasterScale(band, &has);
    out.scale = if_set(has && v != 1, v);
    v = GDALGetRasterOffset(band, &has);
    out.offset = if_set(has && v != 0, v);
    if (statistics) out.statistics = statistics_of(band, out.nodata);
    return out;
}

std::string metadata(GDALDatasetH file, char const* name, char const* domain = nullptr) {
    auto const* v = GDALGetMetadataItem(file, name, domain);
    return v ? v : "";
}

// IMAGERY's ACQUISITIONDATETIME, or the TIFF tag "2000:07:28 12:34:56", both taken as UTC.
std::optional<time_interval> time_of(GDALDatasetH file) {
    for (auto text : {metadata(file, "ACQUISITIONDATETIME", "IMAGERY"), metadata(file, "TIFFTAG_DATETIME")}) {
        int y = 0, mo = 0, d = 0, h = 0, mi = 0;
        double s = 0;
        if (std::sscanf(text.c_str(), "%d%*[-:]%d%*[-:]%d%*[ T]%d:%d:%lf", &y, &mo, &d, &h, &mi, &s) != 6) continue;
        char plain[64];
        std::snprintf(plain, sizeof plain, "%04d-%02d-%02dT%02d:%02d:%02dZ", y, mo, d, h, mi, static_cast<int>(s));
        if (auto const t = parse_instant(plain)) return time_interval{*t, *t};
    }
    return std::nullopt;
}

// The file's geotransform, or the one that fits its ground control points.
std::optional<std::array<double, 6>> transform_of(GDALDatasetH file) {
    std::array<double, 6> g{};
    if (GDALGetGeoTransform(file, g.data()) == CE_None) return g;
    int const n = GDALGetGCPCount(file);
    if (n >= 3 && GDALGCPsToGeoTransform(n, GDALGetGCPs(file), g.data(), TRUE)) return g;
    return std::nullopt;
}

result<void> place(GDALDatasetH file, raster_facts& out) {
    out.transform = transform_of(file);
    auto* srs = GDALGetSpatialRef(file);
    if (!srs && GDALGetGCPCount(file) > 0) srs = GDALGetGCPSpatialRef(file);
    if (srs) out.crs = gdal::describe(srs);
    if (!srs || !out.transform) return {};
    auto const& g = *out.transform;
    std::vector<double> x, y;
    gdal::walk_edge(static_cast<double>(out.columns), static_cast<double>(out.rows), [&](double c, double r) {
        x.push_back(g[0] + c * g[1] + r * g[2]);
        y.push_back(g[3] + c * g[4] + r * g[5]);
    });
    auto border = gdal::to_lonlat(srs, std::move(x), std::move(y));
    if (!border) return border.error();
    out.border = std::move(*border);
    return {};
}

result<raster_facts> read_tiff(GDALDatasetH file, raster_options const& options) {
    constexpr int most_bands = 4096;
    raster_facts out;
    out.columns = static_cast<std::uint64_t>(GDALGetRasterXSize(file));
    out.rows = static_cast<std::uint64_t>(GDALGetRasterYSize(file));
    bool const cog = metadata(file, "LAYOUT", "IMAGE_STRUCTURE") == "COG";
    out.media_type = cog ? "image/tiff; application=geotiff; profile=cloud-optimized" : "image/tiff; application=geotiff";
    auto const sampling = metadata(file, GDALMD_AREA_OR_POINT);
    out.sampling = sampling == "Point" ? "point" : sampling == "Area" ? "area" : "";
    int const bands = GDALGetRasterCount(file);
    if (bands > most_bands) return fail(errc::limit_exceeded, "more than " + std::to_string(most_bands) + " bands");
    for (int i = 1; i <= bands; ++i) out.bands.push_back(describe_band(file, i, options.statistics));
    out.time = time_of(file);
    if (auto const clouds = metadata(file, "CLOUDCOVER", "IMAGERY"); !clouds.empty()) {
        double const v = CPLAtof(clouds.c_str());
        if (v >= 0 && v <= 100) out.cloud_cover = v;
    }
    if (auto ok = place(file, out); !ok) return ok.error();
    return out;
}

dataset open(std::string const& path, unsigned flags, char const* const* drivers) {
    return dataset(GDALOpenEx(path.c_str(), flags | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR, drivers, nullptr, nullptr));
}

// GDAL reads many spellings as something else than a file ("/vsicurl/...", "NETCDF:...", a URL): only what is a regular file
// passes, under its absolute name.
result<std::string> checked_path(std::string const& path) {
    std::unique_ptr<char, decltype(&std::free)> const real(::realpath(path.c_str(), nullptr), &std::free);
    struct stat info {};
    if (!real || ::stat(real.get(), &info) != 0) return fail(errc::not_found, path + ": " + std::strerror(errno));
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return fail(errc::invalid_argument, path + " is not a regular file");
    if (std::strncmp(real.get(), "/vsi", 4) == 0) return fail(errc::invalid_argument, path + ": such names are GDAL's own");
    return std::string(real.get());
}

// A Zarr store of version 2: a directory with the metadata of a group or an array. Version 3 is GDAL 3.8's.
bool is_zarr(std::string const& path) {
    struct stat info {};
    for (char const* name : {"/.zgroup", "/.zarray", "/.zmetadata"})
        if (::lstat((path + name).c_str(), &info) == 0 && S_ISREG(info.st_mode)) return true;
    return false;
}

// A link in a store could name any file of ours; stores that were written have none.
result<void> check_no_links(std::string const& path) {
    std::error_code ec;
    for (std::filesystem::recursive_directory_iterator at(path, ec), end; !ec && at != end; at.increment(ec)) {
        auto const kind = at->symlink_status(ec).type();
        if (kind != std::filesystem::file_type::regular && kind != std::filesystem::file_type::directory)
            return fail(errc::invalid_argument, at->path().string() + " is neither a file nor a directory");
    }
    return ec ? result<void>(fail(errc::unavailable, path + ": " + ec.message())) : result<void>();
}

bool begins_with_magic(std::string const& path) {
    char head[8] = {};
    std::unique_ptr<std::FILE, decltype(&std::fclose)> const file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (!file || std::fread(head, 1, sizeof head, file.get()) < 4) return false;
    auto is = [&head](char const* magic, std::size_t n) { return std::memcmp(head, magic, n) == 0; };
    return is("II*\0", 4) || is("MM\0*", 4) || is("II+\0", 4) || is("MM\0+", 4) || is("CDF", 3) || is("\x89HDF\r\n\x1a\n", 8);
}

}  // namespace

result<raster_facts> read_raster(std::string const& path, raster_options const& options) {
    static constexpr char const* tiff_drivers[] = {"GTiff", "COG", nullptr};
    static constexpr char const* cube_drivers[] = {"netCDF", "HDF5", nullptr};
    auto const real = checked_path(path);
    if (!real) return real.error();
    static constexpr char const* zarr_drivers[] = {"Zarr", nullptr};
    if (std::filesystem::is_directory(*real)) {
        if (!is_zarr(*real)) return fail(errc::unsupported, path + " is a directory, but no Zarr store (version 2)");
        if (auto ok = check_no_links(*real); !ok) return ok.error();
        register_drivers();
        quiet_settings const settings;
        if (auto const store = open(*real, GDAL_OF_MULTIDIM_RASTER, zarr_drivers)) return gdal::read_cube(store.get(), options);
        return fail(errc::corrupt, path + " cannot be read: " + CPLGetLastErrorMsg());
    }
    if (!begins_with_magic(*real)) return fail(errc::unsupported, path + " is neither a GeoTIFF nor a netCDF or HDF5 file");
    register_drivers();
    quiet_settings const settings;
    if (auto const file = open(*real, GDAL_OF_RASTER, tiff_drivers)) return read_tiff(file.get(), options);
    if (auto const file = open(*real, GDAL_OF_MULTIDIM_RASTER, cube_drivers)) return gdal::read_cube(file.get(), options);
    return fail(errc::corrupt, path + " cannot be read: " + CPLGetLastErrorMsg());
}

}  // namespace fjord::stac
