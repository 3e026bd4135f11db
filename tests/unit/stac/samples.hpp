#pragma once
// Small documents for tests.
#include <string>

namespace fjord::stac::test {

inline std::string sample_collection(std::string const& id, std::string const& extra = {}) {
    return R"({"type":"Collection","stac_version":"1.1.0","id":")" + id + R"(","description":"A test","license":"other",)" +
           (extra.empty() ? "" : extra + ",") +
           R"("extent":{"spatial":{"bbox":[[-180,-90,180,90]]},"temporal":{"interval":[[null,null]]}},"links":[]})";
}

struct item_options {
    std::string collection = "c";
    std::string datetime = "\"2020-06-01T00:00:00Z\"";
    std::string geometry = R"({"type":"Point","coordinates":[10,50]})";
    std::string bbox = "[10,50,10,50]";  // empty: left out
    std::string properties;              // more of them, each with a leading comma
    std::string assets = "{}";
    std::string more;  // top-level members, each with a leading comma
};

inline std::string sample_item(std::string const& id, item_options const& o = {}) {
    return R"({"type":"Feature","stac_version":"1.0.0","id":")" + id + R"(","collection":")" + o.collection + R"(","geometry":)" +
           o.geometry + (o.bbox.empty() ? "" : ",\"bbox\":" + o.bbox) + R"(,"properties":{"datetime":)" + o.datetime +
           o.properties + R"(},"links":[],"assets":)" + o.assets + o.more + "}";
}

// An axis-aligned polygon and its bbox.
inline std::string polygon(double w, double s, double e, double n) {
    auto p = [](double x, double y) { return "[" + std::to_string(x) + "," + std::to_string(y) + "]"; };
    return R"({"type":"Polygon","coordinates":[[)" + p(w, s) + "," + p(e, s) + "," + p(e, n) + "," + p(w, n) + "," + p(w, s) +
           "]]}";
}
inline std::string bbox_text(double w, double s, double e, double n) {
    return "[" + std::to_string(w) + "," + std::to_string(s) + "," + std::to_string(e) + "," + std::to_string(n) + "]";
}

}  // namespace fjord::stac::test
