// Rasters are made here with GDAL and described by stac::describe_raster.
#include "base/json.hpp"
#include "stac/document.hpp"
#include "stac/geometry.hpp"
#include "stac/raster.hpp"
#include "tests/support/matchers.hpp"

#include <boost/json/serialize.hpp>

#include <gdal.h>
#include <ogr_srs_api.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fjord::stac {
namespace {

using fjord::test::FailsWith;
using fjord::test::HasErrc;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

struct tiff {
    int columns = 40, rows = 30, bands = 1;
    std::vector<double> transform{300000, 30, 0, 9120000, 0, -30};
    std::string crs = "EPSG:32725";
    std::string driver = "GTiff";
};

class raster : public ::testing::Test {
protected:
    static void SetUpTestSuite() { GDALAllRegister(); }
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "fjord-raster-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string file(std::string const& name) const { return (folder_ / name).string(); }

    std::string make(std::string const& name, tiff const& t) {
        auto const path = file(name);
        auto* memory = GDALCreate(GDALGetDriverByName("MEM"), "", t.columns, t.rows, t.bands, GDT_Int16, nullptr);
        if (!t.transform.empty()) GDALSetGeoTransform(memory, const_cast<double*>(t.transform.data()));
        if (!t.crs.empty()) {
            auto* srs = OSRNewSpatialReference(nullptr);
            OSRSetFromUserInput(srs, t.crs.c_str());
            GDALSetSpatialRef(memory, srs);
            OSRDestroySpatialReference(srs);
        }
        std::vector<std::int16_t> cells(static_cast<std::size_t>(t.columns * t.rows));
        for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = static_cast<std::int16_t>(i % 10);
        for (int b = 1; b <= t.bands; ++b) {
            auto* band = GDALGetRasterBand(memory, b);
            GDALSetRasterNoDataValue(band, 0);
            EXPECT_EQ(GDALRasterIO(band, GF_Write, 0, 0, t.columns, t.rows, cells.data(), t.columns, t.rows, GDT_Int16, 0, 0),
                      CE_None);
        }
        GDALClose(GDALCreateCopy(GDALGetDriverByName(t.driver.c_str()), path.c_str(), memory, FALSE, nullptr, nullptr, nullptr));
        GDALClose(memory);
        return path;
    }
    static json::value item(result<item_draft> const& draft) {
        if (!draft) {
            ADD_FAILURE() << draft.error().detail;
            return json::object();
        }
        EXPECT_TRUE(read_item(draft->document)) << draft->document;
        return parse_json(draft->document).value();
    }
    static raster_options dated() { return {.datetime = "2000-07-28T12:00:00Z"}; }
    static double number(json::value const& v) { return v.to_number<double>(); }

    fs::path folder_;
};

TEST_F(raster, AGeoTiffBecomesAnItemWithProjectionAndBands) {
    auto const path = make("scene.tif", {.bands = 2});
    auto const draft = describe_raster(path, dated());
    auto const i = item(draft);
    EXPECT_EQ(draft->id.str(), "scene");
    auto const& p = i.at("properties");
    EXPECT_EQ(p.at("proj:code").as_string(), "EPSG:32725");
    EXPECT_EQ(p.at("proj:epsg"), 32725);
    EXPECT_EQ(p.at("proj:shape"), (json::array{30, 40}));  // rows first
    std::vector<double> transform;
    for (auto const& v : p.at("proj:transform").as_array()) transform.push_back(number(v));
    EXPECT_EQ(transform, (std::vector<double>{30, 0, 300000, 0, -30, 9120000, 0, 0, 1}));
    EXPECT_EQ(number(p.at("gsd")), 30);
    auto const& a = i.at("assets").at("data");
    EXPECT_EQ(a.at("bands").as_array().size(), 2u);
    EXPECT_EQ(a.at("bands").at(0).at("data_type").as_string(), "int16");
    EXPECT_EQ(a.at("bands").at(0).at("nodata"), 0);
    EXPECT_EQ(a.at("raster:bands").at(1).at("data_type").as_string(), "int16");
    ASSERT_EQ(draft->assets.size(), 1u);
    EXPECT_EQ(draft->assets[0].path, path);
    EXPECT_EQ(draft->assets[0].media_type, "image/tiff; application=geotiff");
}

TEST_F(raster, ACogSaysThatItIsOne) {
    auto const draft = describe_raster(make("cog.tif", {.columns = 600, .rows = 600, .driver = "COG"}), dated());
    ASSERT_TRUE(draft);
    EXPECT_THAT(draft->assets[0].media_type, HasSubstr("cloud-optimized"));
}

TEST_F(raster, StatisticsLeaveOutNodata) {
    auto options = dated();
    options.statistics = true;
    auto const s = item(describe_raster(make("s.tif", {}), options)).at("assets").at("data").at("bands").at(0).at("statistics");
    EXPECT_EQ(s.at("minimum"), 1);
    EXPECT_EQ(s.at("maximum"), 9);
    EXPECT_DOUBLE_EQ(number(s.at("mean")), 5);
    EXPECT_DOUBLE_EQ(number(s.at("valid_percent")), 90);
}

TEST_F(raster, TheFootprintFollowsTheCurvedEdge) {
    // A wide scene in UTM: its northern edge bulges, so that the corners alone would cut data off.
    auto const i = item(describe_raster(
        make("wide.tif", {.columns = 1000, .rows = 1000, .transform = {200000, 600, 0, 6900000, 0, -600}, .crs = "EPSG:32633"}),
        dated()));
    EXPECT_GT(i.at("geometry").at("coordinates").at(0).as_array().size(), 6u);
}

TEST_F(raster, AcrossTheAntimeridianTheFootprintIsSplit) {
    auto const i = item(describe_raster(
        make("fiji.tif", {.columns = 100, .rows = 100, .transform = {700000, 2000, 0, 8000000, 0, -2000}, .crs = "EPSG:32760"}),
        dated()));
    EXPECT_EQ(i.at("geometry").at("type").as_string(), "MultiPolygon");
    EXPECT_GT(number(i.at("bbox").at(0)), number(i.at("bbox").at(2)));
}

TEST_F(raster, APolarGridEnclosesItsPole) {
    auto const i = item(describe_raster(
        make("polar.tif",
             {.columns = 100, .rows = 100, .transform = {-1000000, 20000, 0, 1000000, 0, -20000}, .crs = "EPSG:3995"}),
        dated()));
    auto const shape = geometry::from_geojson(i.at("geometry")).value();
    for (double const lon : {-179.0, -90.0, 0.0, 90.0, 179.0})
        EXPECT_EQ(shape.intersects(geometry::from_boxes(std::vector<box>{{lon, 89.9, lon, 89.9}})), true) << lon;
    EXPECT_EQ(i.at("bbox").at(3), 90);
}

TEST_F(raster, WithoutPositionOrCrsTheFailureSaysWhatToDo) {
    auto const bare = make("bare.tif", {.crs = ""});
    EXPECT_THAT(describe_raster(bare, dated()), FailsWith(errc::invalid_argument, HasSubstr("coordinate reference system")));
    EXPECT_THAT(describe_raster(make("loose.tif", {.transform = {}}), dated()), HasErrc(errc::invalid_argument));
    auto options = dated();
    options.allow_unplaced = true;
    auto const i = item(describe_raster(bare, options));
    EXPECT_TRUE(i.at("geometry").is_null());
    EXPECT_FALSE(i.as_object().contains("bbox"));
}

TEST_F(raster, WithoutTimeTheFailureSaysSo) {
    EXPECT_THAT(describe_raster(make("timeless.tif", {}), {}), FailsWith(errc::invalid_argument, HasSubstr("datetime")));
}

TEST_F(raster, OptionsNameTheItemAndItsProperties) {
    auto const path = make("x.tif", {});
    auto const i = item(describe_raster(path, {.item = "mine",
                                               .collection = "c",
                                               .asset = "image",
                                               .href = "https://h/x",
                                               .title = "T",
                                               .datetime = "2000-01-01T00:00:00Z/2001-01-01T00:00:00Z",
                                               .properties = R"({"eo:cloud_cover":3.50,"gsd":null})"}));
    EXPECT_EQ(i.at("id").as_string(), "mine");
    EXPECT_EQ(i.at("collection").as_string(), "c");
    EXPECT_EQ(i.at("assets").at("image").at("href").as_string(), "https://h/x");
    EXPECT_TRUE(i.at("properties").at("datetime").is_null());
    EXPECT_EQ(i.at("properties").at("eo:cloud_cover"), 3.5);
    EXPECT_FALSE(i.at("properties").as_object().contains("gsd"));
    EXPECT_THAT(describe_raster(path, {.item = "a/b", .datetime = "2000-01-01T00:00:00Z"}), HasErrc(errc::invalid_argument));
    EXPECT_THAT(describe_raster(path, {.datetime = "2000-01-01T00:00:00Z", .properties = "[]"}), HasErrc(errc::invalid_argument));
    EXPECT_THAT(describe_raster(path, {.datetime = "2000-01-01T00:00:00Z/.."}), HasErrc(errc::invalid_argument));
}

// A netCDF file with the axes given, written through GDAL's multidimensional model.
struct cube {
    std::vector<double> x, y, time;
    std::string time_units = "days since 2000-01-01", calendar = "standard";
    std::string driver = "netCDF";
};

void write_axis(GDALGroupH root, GDALDimensionH dim, char const* name, char const* unit, std::vector<double> const& values,
                char const* calendar = nullptr) {
    auto* type = GDALExtendedDataTypeCreate(GDT_Float64);
    auto* array = GDALGroupCreateMDArray(root, name, 1, &dim, type, nullptr);
    GDALMDArraySetUnit(array, unit);
    if (calendar) {
        auto* text = GDALExtendedDataTypeCreateString(0);
        auto* a = GDALMDArrayCreateAttribute(array, "calendar", 0, nullptr, text, nullptr);
        GDALAttributeWriteString(a, calendar);
        GDALAttributeRelease(a);
        GDALExtendedDataTypeRelease(text);
    }
    GUInt64 const start = 0;
    std::size_t const count = values.size();
    GDALMDArrayWrite(array, &start, &count, nullptr, nullptr, type, values.data(), values.data(), values.size() * sizeof(double));
    GDALMDArrayRelease(array);
    GDALExtendedDataTypeRelease(type);
}

void write_cube(std::string const& path, cube const& c) {
    auto* file = GDALCreateMultiDimensional(GDALGetDriverByName(c.driver.c_str()), path.c_str(), nullptr, nullptr);
    ASSERT_NE(file, nullptr);
    auto* root = GDALDatasetGetRootGroup(file);
    GDALDimensionH dims[3] = {GDALGroupCreateDimension(root, "time", GDAL_DIM_TYPE_TEMPORAL, nullptr, c.time.size(), nullptr),
                              GDALGroupCreateDimension(root, "lat", GDAL_DIM_TYPE_HORIZONTAL_Y, nullptr, c.y.size(), nullptr),
                              GDALGroupCreateDimension(root, "lon", GDAL_DIM_TYPE_HORIZONTAL_X, nullptr, c.x.size(), nullptr)};
    write_axis(root, dims[0], "time", c.time_units.c_str(), c.time, c.calendar.c_str());
    write_axis(root, dims[1], "lat", "degrees_north", c.y);
    write_axis(root, dims[2], "lon", "degrees_east", c.x);
    auto* type = GDALExtendedDataTypeCreate(GDT_Float32);
    auto* rain = GDALGroupCreateMDArray(root, "rain", 3, dims, type, nullptr);
    GDALMDArraySetUnit(rain, "mm");
    std::vector<float> values(c.x.size() * c.y.size() * c.time.size(), 1.5f);
    GUInt64 const start[3] = {0, 0, 0};
    std::size_t const count[3] = {c.time.size(), c.y.size(), c.x.size()};
    GDALMDArrayWrite(rain, start, count, nullptr, nullptr, type, values.data(), values.data(), values.size() * sizeof(float));
    GDALMDArrayRelease(rain);
    GDALExtendedDataTypeRelease(type);
    for (auto* d : dims) GDALDimensionRelease(d);
    GDALGroupRelease(root);
    GDALClose(file);
}

std::vector<double> axis(double from, double step, int n) {
    std::vector<double> out;
    for (int i = 0; i < n; ++i) out.push_back(from + i * step);
    return out;
}

TEST_F(raster, ANetcdfBecomesACubeWithItsTimes) {
    write_cube(file("rain.nc"), {.x = axis(10, 0.5, 20), .y = axis(40, 0.5, 10), .time = {0, 1, 2, 3}});
    auto const draft = describe_raster(file("rain.nc"), {});
    auto const i = item(draft);
    auto const& p = i.at("properties");
    EXPECT_TRUE(p.at("datetime").is_null());
    EXPECT_EQ(p.at("start_datetime").as_string(), "2000-01-01T00:00:00Z");
    EXPECT_EQ(p.at("end_datetime").as_string(), "2000-01-04T00:00:00Z");
    EXPECT_EQ(p.at("proj:epsg"), 4326);
    EXPECT_EQ(p.at("proj:shape"), (json::array{10, 20}));
    auto const& d = p.at("cube:dimensions");
    EXPECT_EQ(d.at("time").at("type").as_string(), "temporal");
    EXPECT_EQ(d.at("time").at("step").as_string(), "P1D");
    EXPECT_EQ(d.at("lon").at("axis").as_string(), "x");
    EXPECT_EQ(number(d.at("lat").at("step")), 0.5);
    EXPECT_EQ(p.at("cube:variables").at("rain").at("unit").as_string(), "mm");
    EXPECT_EQ(p.at("cube:variables").at("rain").at("dimensions"), (json::array{"time", "lat", "lon"}));
    EXPECT_EQ(number(i.at("bbox").at(0)), 9.75);  // the edge of the first cell, not its centre
    EXPECT_EQ(number(i.at("bbox").at(3)), 44.75);
    EXPECT_EQ(draft->assets[0].media_type, "application/netcdf");
    EXPECT_EQ(i.at("assets").at("data").at("bands").at(0).at("name").as_string(), "rain");
}

// Names the dimensions as xarray does; GDAL 3.6 writes none.
void name_dimensions(std::string const& store) {
    fs::remove(store + "/.zmetadata");
    auto name = [&store](std::string const& array, std::string const& dimensions, std::string const& more) {
        std::ofstream(store + "/" + array + "/.zattrs") << "{\"_ARRAY_DIMENSIONS\":[" << dimensions << "]," << more << "}";
    };
    name("lat", "\"lat\"", R"("units":"degrees_north")");
    name("lon", "\"lon\"", R"("units":"degrees_east")");
    name("time", "\"time\"", R"("calendar":"standard","units":"days since 2000-01-01")");
    name("rain", R"("time","lat","lon")", R"("units":"mm")");
}

TEST_F(raster, AZarrStoreBecomesACubeWithItsTimes) {
    write_cube(file("rain.zarr"), {.x = axis(10, 0.5, 20), .y = axis(40, 0.5, 10), .time = {0, 1, 2, 3}, .driver = "Zarr"});
    name_dimensions(file("rain.zarr"));
    raster_options options;
    options.statistics = true;
    auto const draft = describe_raster(file("rain.zarr"), options);
    auto const i = item(draft);
    auto const& p = i.at("properties");
    EXPECT_EQ(p.at("start_datetime").as_string(), "2000-01-01T00:00:00Z");
    EXPECT_EQ(p.at("end_datetime").as_string(), "2000-01-04T00:00:00Z");
    EXPECT_EQ(p.at("proj:shape"), (json::array{10, 20}));
    EXPECT_EQ(p.at("cube:dimensions").at("time").at("step").as_string(), "P1D");
    EXPECT_EQ(p.at("cube:variables").at("rain").at("dimensions"), (json::array{"time", "lat", "lon"}));
    EXPECT_EQ(number(i.at("bbox").at(0)), 9.75);
    EXPECT_EQ(number(i.at("assets").at("data").at("bands").at(0).at("statistics").at("mean")), 1.5);
    EXPECT_EQ(draft->assets[0].media_type, "application/vnd+zarr; version=2");
    EXPECT_EQ(i.at("id").as_string(), "rain");
}

// A store from a stranger could name our files.
TEST_F(raster, AZarrStoreWithLinksIsRefused) {
    write_cube(file("rain.zarr"), {.x = axis(10, 0.5, 20), .y = axis(40, 0.5, 10), .time = {0}, .driver = "Zarr"});
    fs::remove(file("rain.zarr") + "/rain/.zarray");
    fs::create_symlink("/etc/hostname", file("rain.zarr") + "/rain/.zarray");
    EXPECT_THAT(describe_raster(file("rain.zarr"), {}), HasErrc(errc::invalid_argument));
}

TEST_F(raster, OneGenerationOfTheExtensionsOnRequest) {
    auto const path = make("g.tif", {});
    auto options = dated();
    options.generation = raster_generation::current;
    auto const current = item(describe_raster(path, options));
    EXPECT_EQ(current.at("stac_version").as_string(), "1.1.0");
    EXPECT_EQ(current.at("properties").at("proj:code").as_string(), "EPSG:32725");
    EXPECT_FALSE(current.at("properties").as_object().contains("proj:epsg"));
    EXPECT_TRUE(current.at("assets").at("data").as_object().contains("bands"));
    EXPECT_FALSE(current.at("assets").at("data").as_object().contains("raster:bands"));
    EXPECT_THAT(json::serialize(current.at("stac_extensions")), HasSubstr("projection/v2.0.0"));
    options.generation = raster_generation::previous;
    auto const previous = item(describe_raster(path, options));
    EXPECT_EQ(previous.at("stac_version").as_string(), "1.0.0");
    EXPECT_EQ(previous.at("properties").at("proj:epsg"), 32725);
    EXPECT_FALSE(previous.at("properties").as_object().contains("proj:code"));
    auto const& asset = previous.at("assets").at("data").as_object();
    EXPECT_FALSE(asset.contains("bands"));
    EXPECT_EQ(asset.at("raster:bands").as_array().size(), asset.at("eo:bands").as_array().size());
    auto const extensions = json::serialize(previous.at("stac_extensions"));
    for (auto const* v : {"projection/v1.1.0", "raster/v1.1.0", "eo/v1.1.0"}) EXPECT_THAT(extensions, HasSubstr(v));
}

TEST_F(raster, LongitudesFrom0To360AreBroughtHome) {
    write_cube(file("west.nc"), {.x = axis(200, 1, 20), .y = axis(0, 1, 10), .time = {0}});
    EXPECT_EQ(number(item(describe_raster(file("west.nc"), {})).at("bbox").at(0)), -160.5);
    write_cube(file("cross.nc"), {.x = axis(170, 1, 21), .y = axis(0, 1, 10), .time = {0}});
    auto const crossing = item(describe_raster(file("cross.nc"), {}));
    EXPECT_EQ(number(crossing.at("bbox").at(0)), 169.5);
    EXPECT_EQ(number(crossing.at("bbox").at(2)), -169.5);
    write_cube(file("globe.nc"), {.x = axis(0, 2, 180), .y = axis(-89, 2, 90), .time = {0}});
    EXPECT_EQ(item(describe_raster(file("globe.nc"), {})).at("bbox"), (json::array{-180, -90, 180, 90}));
}

TEST_F(raster, ModelCalendarsGiveOurDates) {
    write_cube(file("model.nc"), {.x = axis(0, 1, 5), .y = axis(0, 1, 5), .time = {59}, .calendar = "noleap"});
    EXPECT_EQ(item(describe_raster(file("model.nc"), {})).at("properties").at("datetime").as_string(), "2000-03-01T00:00:00Z");
}

TEST_F(raster, OnlyFilesOfTheDriversAreOpened) {
    auto const real = make("real.tif", {});
    std::ofstream(file("link.vrt"))
        << "<VRTDataset rasterXSize=\"40\" rasterYSize=\"30\"><VRTRasterBand dataType=\"Int16\" band=\"1\"><SimpleSource>"
        << "<SourceFilename>" << real << "</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>";
    EXPECT_THAT(describe_raster(file("link.vrt"), dated()), HasErrc(errc::unsupported));
    std::ofstream(file("text.tif")) << "not a raster";
    EXPECT_THAT(describe_raster(file("text.tif"), dated()), HasErrc(errc::unsupported));
    EXPECT_THAT(describe_raster("/vsicurl/http://127.0.0.1:9/x.tif", dated()), HasErrc(errc::not_found));
    EXPECT_THAT(describe_raster("NETCDF:" + real, dated()), HasErrc(errc::not_found));
    EXPECT_THAT(describe_raster(folder_.string(), dated()), HasErrc(errc::unsupported));
    EXPECT_THAT(describe_raster(file("absent.tif"), dated()), HasErrc(errc::not_found));
}

TEST_F(raster, TruncatedFilesFailAndDoNotCrash) {
    auto const path = make("whole.tif", {.columns = 300, .rows = 300});
    std::ifstream in(path, std::ios::binary);
    std::string const bytes((std::istreambuf_iterator<char>(in)), {});
    auto options = dated();
    options.statistics = true;
    for (std::size_t const n : {std::size_t{4}, std::size_t{8}, std::size_t{64}, bytes.size() / 2, bytes.size() - 1}) {
        std::ofstream(file("cut.tif"), std::ios::binary) << bytes.substr(0, n);
        auto const draft = describe_raster(file("cut.tif"), options);
        EXPECT_TRUE(draft || !draft.error().detail.empty());
    }
}

TEST_F(raster, FilesBesideItAreNotLookedAt) {
    auto const path = make("plain.tif", {.crs = ""});
    std::ofstream(path + ".aux.xml") << "<PAMDataset><SRS>EPSG:32725</SRS></PAMDataset>";
    std::ofstream(file("plain.tfw")) << "1\n0\n0\n-1\n0\n0\n";
    EXPECT_THAT(describe_raster(path, dated()), HasErrc(errc::invalid_argument));
    auto options = dated();
    options.statistics = true;
    auto const other = make("other.tif", {});
    ASSERT_TRUE(describe_raster(other, options));
    EXPECT_FALSE(fs::exists(other + ".aux.xml"));
}

TEST_F(raster, RealRastersOfTheSamplePackageAreDescribed) {
    char const* folder = std::getenv("FJORD_SAMPLE_RASTERS");
    if (!folder) GTEST_SKIP() << "FJORD_SAMPLE_RASTERS does not name the unpacked r-cran-stars folder (it holds tif/ and nc/)";
    auto const sample = [&](char const* name) { return std::string(folder) + "/" + name; };
    auto const landsat = item(describe_raster(sample("tif/L7_ETMs.tif"), dated()));
    EXPECT_NEAR(number(landsat.at("bbox").at(0)), -34.9166, 1e-3);
    EXPECT_EQ(landsat.at("assets").at("data").at("bands").as_array().size(), 6u);
    auto const climate = item(describe_raster(sample("nc/bcsd_obs_1999.nc"), {}));
    EXPECT_EQ(climate.at("properties").at("start_datetime").as_string(), "1999-01-31T00:00:00Z");
    auto const rain = item(describe_raster(sample("nc/test_stageiv_xyt.nc"), {}));
    EXPECT_EQ(rain.at("properties").at("end_datetime").as_string(), "2018-09-14T17:00:00Z");
    auto const kilometres = item(describe_raster(sample("nc/lcc_km.nc"), {}));
    EXPECT_GT(number(kilometres.at("bbox").at(2)) - number(kilometres.at("bbox").at(0)), 3);
}

}  // namespace
}  // namespace fjord::stac
