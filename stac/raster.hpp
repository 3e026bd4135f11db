#pragma once
// From a raster file to a STAC item: GeoTIFF and COG by their bands, netCDF, HDF5 and Zarr (version 2) as data cubes. The item
// says where (footprint), when, in which projection and of what types; the asset's href, size and checksum are the catalog's
// business and are rendered later. Both generations of the extensions are written (bands and raster:bands, proj:code and
// proj:epsg), because readers differ; or one, when asked.
//
// Files are opened read-only by five drivers (GTiff, COG, netCDF, HDF5, Zarr), local and regular only, without looking at files
// beside them: a file from a stranger cannot make GDAL read another one. Blocks; any thread.
//
//   auto draft = describe_raster("scene.tif", {.item = "olinda", .datetime = "2000-07-28T12:00:00Z"});
#include "base/error.hpp"
#include "base/strong_id.hpp"

#include <string>
#include <vector>

namespace fjord::stac {

// Which generation of the extensions: current is STAC 1.1 with bands, projection 2 and raster 2; previous is STAC 1.0 with
// eo:bands, raster:bands, projection 1.1 and raster 1.1.
enum class raster_generation { both, current, previous };

struct raster_options {
    std::string item;            // id; empty: the file's name without extension
    std::string collection;      // empty: left out
    std::string asset = "data";  // key of the asset
    std::string href;            // of the asset; empty: the file's name
    std::string title;
    std::string datetime;    // RFC 3339 instant or interval "a/b"; empty: from the file
    std::string properties;  // JSON object merged into `properties` (RFC 7386)
    raster_generation generation = raster_generation::both;
    bool statistics = false;      // minimum, maximum, mean, stddev from a read of at most 1024 x 1024 cells
    bool allow_unplaced = false;  // without CRS or position: an item with null geometry instead of a failure
};

struct asset_draft {
    asset_key key;
    std::string path;  // the local file
    std::string media_type;
};

struct item_draft {
    item_id id;
    std::string document;  // STAC Item
    std::vector<asset_draft> assets;
};

// errc::not_found, errc::denied (the path), errc::unsupported (no GeoTIFF, netCDF or HDF5), errc::corrupt (GDAL cannot read it),
// errc::invalid_argument (no position, no time, a bad option; the detail says what to pass).
result<item_draft> describe_raster(std::string const& path, raster_options const& options);

}  // namespace fjord::stac
