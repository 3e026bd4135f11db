#pragma once
// What GDAL tells of a file, as plain values; raster_item.cpp makes a document of it.
#include "stac/datetime.hpp"
#include "stac/footprint.hpp"
#include "stac/raster.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fjord::stac {

struct value_statistics {
    double minimum = 0, maximum = 0, mean = 0, stddev = 0;
    std::optional<double> valid_percent;
};

struct raster_band {
    std::string name, description, data_type, unit;
    std::optional<double> nodata, scale, offset;
    std::optional<value_statistics> statistics;
};

struct crs_facts {
    std::optional<int> epsg;
    std::string projjson;  // empty when PROJ cannot write it
    bool geographic = false;
    std::optional<double> metres;  // per unit of a projected CRS
};

struct cube_dimension {
    enum class kind { x, y, z, time, other };
    std::string name;
    kind type = kind::other;
    std::uint64_t size = 0;
    std::vector<double> values;  // coordinates; empty when the file has none
    std::vector<instant> times;  // of a time axis
    std::string unit;
    std::optional<double> step() const;  // when the values are evenly spaced
};

struct cube_variable {
    std::string name;
    std::vector<std::string> dimensions;
    std::vector<std::uint64_t> shape;
    bool auxiliary = false;  // coordinates, not data
    raster_band values;
};

struct raster_facts {
    std::string media_type;
    std::uint64_t rows = 0, columns = 0;             // 0: no grid
    std::optional<std::array<double, 6>> transform;  // GDAL order: x0, dx, rx, y0, ry, dy
    std::optional<crs_facts> crs;
    std::vector<lonlat> border;              // empty: no known position
    std::string sampling;                    // "area", "point", or empty
    std::vector<raster_band> bands;          // GeoTIFF
    std::vector<cube_dimension> dimensions;  // netCDF, HDF5
    std::vector<cube_variable> variables;
    std::optional<time_interval> time;
    std::optional<double> cloud_cover;
};

// raster_gdal.cpp, raster_gdal_cube.cpp
result<raster_facts> read_raster(std::string const& path, raster_options const& options);

// raster_item.cpp; pure
result<item_draft> make_raster_item(std::string const& path, raster_facts const& facts, raster_options const& options);

}  // namespace fjord::stac
