#pragma once
// Owners of GDAL handles and helpers shared by the two files that include GDAL.
#include "stac/raster_facts.hpp"

#include <gdal.h>
#include <ogr_srs_api.h>

#include <memory>
#include <string>

namespace fjord::stac::gdal {

template <auto Release>
struct releaser {
    template <class Handle>
    void operator()(Handle* h) const {
        Release(h);
    }
};
using dataset = std::unique_ptr<void, releaser<GDALClose>>;
using group = std::unique_ptr<GDALGroupHS, releaser<GDALGroupRelease>>;
using md_array = std::unique_ptr<GDALMDArrayHS, releaser<GDALMDArrayRelease>>;
using attribute = std::unique_ptr<GDALAttributeHS, releaser<GDALAttributeRelease>>;
using data_type = std::unique_ptr<GDALExtendedDataTypeHS, releaser<GDALExtendedDataTypeRelease>>;
using spatial_reference = std::unique_ptr<void, releaser<OSRDestroySpatialReference>>;

std::string type_name(GDALDataType t);  // "uint8", "float32", ... as STAC names them
crs_facts describe(OGRSpatialReferenceH srs);
// Points of a CRS in longitude/latitude. errc::invalid_argument when PROJ cannot.
result<std::vector<lonlat>> to_lonlat(OGRSpatialReferenceH srs, std::vector<double> x, std::vector<double> y);

// The edge of a grid of columns x rows, 21 points to a side, through position(column, row).
template <class Position>
void walk_edge(double columns, double rows, Position position) {
    constexpr int points = 21;
    for (int i = 0; i < points; ++i) position(columns * i / points, 0.0);
    for (int i = 0; i < points; ++i) position(columns, rows * i / points);
    for (int i = 0; i < points; ++i) position(columns * (points - i) / points, rows);
    for (int i = 0; i < points; ++i) position(0.0, rows * (points - i) / points);
}

result<raster_facts> read_cube(GDALDatasetH file, raster_options const& options);

}  // namespace fjord::stac::gdal
