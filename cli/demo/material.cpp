#include "cli/demo/material.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace fjord::cli {
namespace {

namespace json = boost::json;

demo_collection make(std::string id, std::string terms, std::string title, json::array bbox, json::array interval,
                     std::string license, json::object extra = {}) {
    json::object c{{"type", "Collection"}, {"stac_version", "1.1.0"}, {"stac_extensions", json::array{}}};
    c["id"] = id;
    c["title"] = std::move(title);
    c["description"] = "Sample data of the R package stars. " + terms + ".";
    c["license"] = std::move(license);
    c["extent"] = json::object{{"spatial", json::object{{"bbox", json::array{std::move(bbox)}}}},
                               {"temporal", json::object{{"interval", json::array{std::move(interval)}}}}};
    for (auto& m : extra) c[m.key()] = std::move(m.value());
    c["links"] = json::array{};
    return {std::move(id), std::move(terms), json::serialize(c)};
}

}  // namespace

// The two GeoTIFFs carry no acquisition date: the scene gets the mission's life (launch to end of science, USGS), the elevation
// model a nominal day. The netCDF files bring their own time axes.
std::vector<demo_sample> demo_samples() {
    return {
        {"landsat-7",
         "tif/L7_ETMs.tif",
         "olinda",
         "1999-04-15T00:00:00Z/2022-04-06T00:00:00Z",
         {"platform=landsat-7", "gsd=28.5"}},
        {"elevation", "tif/olinda_dem_utm25s.tif", "olinda-dem", "2000-01-01T00:00:00Z", {"gsd=90"}},
        {"precipitation", "nc/test_stageiv_xyt.nc", "stage-iv", "", {}},
        {"climate", "nc/bcsd_obs_1999.nc", "bcsd-1999", "", {}},
    };
}

std::vector<demo_collection> demo_collections() {
    auto const olinda = json::array{-35.3, -8.5, -34.5, -7.6};
    return {
        make("landsat-7", "restricted to the flood twin's group; partners may see that it exists",
             "Landsat 7 ETM+ scene of Olinda, Brazil", olinda, {"1999-04-15T00:00:00Z", "2022-04-06T00:00:00Z"}, "other"),
        make("elevation", "public", "Elevation model of Olinda, Brazil", olinda, {"2000-01-01T00:00:00Z", "2000-01-02T00:00:00Z"},
             "other"),
        make("precipitation", "copies stay in the EU and the EEA", "Stage IV hourly precipitation", {-125.0, 20.0, -60.0, 55.0},
             {nullptr, nullptr}, "other", {{"fjord:personal_data", "pseudonymised"}}),
        make("climate", "embargoed for partners until 1 March 2027", "Downscaled climate of 1999", {-125.0, 20.0, -60.0, 55.0},
             {"1999-01-01T00:00:00Z", "1999-12-31T23:59:59Z"}, "other"),
    };
}

std::string demo_policy() {
    return R"json([
 {"id": "twin-owns", "effect": "permit", "actions": ["read", "create", "modify", "replicate", "cache"],
  "select": {"collection": {"in": ["landsat-7", "elevation", "precipitation", "climate"]}},
  "when": [{"subject.groups": {"contains_any": ["/twins/flood"]}}], "note": "the flood twin reads and writes its own collections"},
 {"id": "elevation-is-public", "effect": "permit", "actions": ["read"], "select": {"collection": "elevation"}, "when": []},
 {"id": "partners-see-the-scene", "effect": "permit", "actions": ["describe"], "select": {"collection": "landsat-7"},
  "when": [{"subject.groups": {"contains_any": ["/partners/hydrology"]}}]},
 {"id": "partners-read", "effect": "permit", "actions": ["read"], "select": {"collection": {"in": ["precipitation", "climate"]}},
  "when": [{"subject.groups": {"contains_any": ["/partners/hydrology"]}}]},
 {"id": "climate-embargo", "effect": "forbid", "actions": ["read.derived", "read", "replicate", "share"], "select": {"collection": "climate"},
  "when": [{"now": {"<": "2027-03-01T00:00:00Z"}}, {"subject.groups": {"not_contains_any": ["/twins/flood"]}}],
  "note": "public to partners after 1 March 2027"},
 {"id": "eu-residency", "effect": "place", "select": {"collection": "precipitation"}, "sites": {"jurisdiction": {"isa": "EU_EEA"}}}
]
)json";
}

}  // namespace fjord::cli
