#include "base/json.hpp"
#include "stac/geometry.hpp"
#include "tests/support/matchers.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

namespace fjord::stac {
namespace {

using fjord::test::HasErrc;
using fjord::test::IsOk;

result<geometry> read(std::string_view text) { return geometry::from_geojson(parse_json(text).value()); }

TEST(geojson, AcceptsEveryTypeInTwoAndThreeDimensions) {
    for (auto const* text : {R"({"type":"Point","coordinates":[1,2]})", R"({"type":"Point","coordinates":[1,2,3]})",
                             R"({"type":"LineString","coordinates":[[1,2],[3,4]]})",
                             R"({"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0.0,0.0]]]})",
                             R"({"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,9],[0,0]],[[1,1],[2,1],[2,2],[1,1]]]})",
                             R"({"type":"MultiPoint","coordinates":[[1,2],[3,4]]})",
                             R"({"type":"MultiLineString","coordinates":[[[1,2],[3,4]],[[5,6],[7,8]]]})",
                             R"({"type":"MultiPolygon","coordinates":[[[[0,0],[4,0],[4,4],[0,0]]]]})",
                             R"({"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,2]}]})"})
        EXPECT_THAT(read(text), IsOk()) << text;
}

TEST(geojson, RefusesWhatIsNoGeometry) {
    for (auto const* text :
         {R"([])", R"({})", R"({"type":"Circle","coordinates":[1,2]})", R"({"type":"Point"})",
          R"({"type":"Point","coordinates":[1]})", R"({"type":"Point","coordinates":["1","2"]})",
          R"({"type":"Point","coordinates":[10,91]})", R"({"type":"Point","coordinates":[1,2,3,4,5]})",
          R"({"type":"Polygon","coordinates":[]})", R"({"type":"Polygon","coordinates":[[]]})",
          R"({"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]})",
          R"({"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[1,0]]]})", R"({"type":"LineString","coordinates":[[1,2]]})",
          R"({"type":"MultiPolygon","coordinates":[[[0,0],[4,0],[4,4],[0,0]]]})",
          R"({"type":"GeometryCollection","geometries":[]})", R"({"type":"GeometryCollection"})",
          R"({"type":1,"coordinates":[1,2]})"})
        EXPECT_THAT(read(text), HasErrc(errc::invalid_argument)) << text;
}

TEST(geojson, NestedCollectionsEndAtALimit) {
    std::string text = R"({"type":"Point","coordinates":[1,2]})";
    for (int i = 0; i < 12; ++i) text = R"({"type":"GeometryCollection","geometries":[)" + text + "]}";
    EXPECT_THAT(read(text), HasErrc(errc::limit_exceeded));
}

TEST(geometry, ASelfIntersectingRingIsMadeValid) {
    auto const bow_tie = read(R"({"type":"Polygon","coordinates":[[[0,0],[4,4],[4,0],[0,4],[0,0]]]})").value();
    EXPECT_EQ(bow_tie.intersects(read(R"({"type":"Point","coordinates":[3.5,2]})").value()), true);
    EXPECT_EQ(bow_tie.intersects(read(R"({"type":"Point","coordinates":[2,3.5]})").value()), false);
}

TEST(geometry, CollectionsIntersectByTheirParts) {
    auto const mixed = read(R"({"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[50,50]},
                              {"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]]]}]})")
                           .value();
    EXPECT_EQ(mixed.intersects(read(R"({"type":"Point","coordinates":[1,1]})").value()), true);
    EXPECT_EQ(read(R"({"type":"Point","coordinates":[50,50]})").value().intersects(mixed), true);
    EXPECT_EQ(mixed.disjoint(read(R"({"type":"Point","coordinates":[20,20]})").value()), true);
}

TEST(geometry, PartsOnBothSidesOfTheAntimeridianGiveTwoBoxes) {
    auto const split = read(R"({"type":"MultiPolygon","coordinates":[[[[170,0],[180,0],[180,10],[170,0]]],
                                [[[-180,0],[-170,0],[-180,10],[-180,0]]]]})")
                           .value();
    EXPECT_EQ(split.boxes().size(), 2u);
    auto const world = read(R"({"type":"Polygon","coordinates":[[[-180,-90],[180,-90],[180,90],[-180,90],[-180,-90]]]})").value();
    EXPECT_EQ(world.boxes().size(), 1u);
}

TEST(geometry, ElevationIsKept) {
    EXPECT_EQ(read(R"({"type":"LineString","coordinates":[[1,2,-5],[3,4,100]]})").value().z_range(),
              (std::array<double, 2>{-5, 100}));
    EXPECT_EQ(read(R"({"type":"Point","coordinates":[1,2]})").value().z_range(), (std::array<double, 2>{0, 0}));
}

TEST(geometry, ManyThreadsMayAskOneGeometry) {
    auto const shape = read(R"({"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]]]})").value();
    std::vector<std::thread> threads;
    std::atomic<int> hits{0};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            auto const inside = geometry::from_boxes(std::vector<box>{{1, 1, 2, 2}});
            for (int i = 0; i < 500; ++i) hits += shape.intersects(inside) == true;
        });
    }
    for (auto& t : threads) t.join();
    EXPECT_EQ(hits, 2000);
}

std::vector<double> v(std::initializer_list<double> n) { return n; }

TEST(bbox, AcceptsBoxesLinesAndPoints) {
    for (auto const& n :
         {v({170, -10, -170, 10}), v({10, 10, 10, 10}), v({-180, -90, 180, 90}), v({100, 0, 0, 105, 1, 1}), v({0, 0, 0, 10})})
        EXPECT_THAT(make_bbox(n), IsOk());
}

TEST(bbox, RefusesWrongCountsOrderAndRanges) {
    double const nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
    for (auto const& n :
         {v({1}), v({1, 2}), v({1, 2, 3}), v({1, 2, 3, 4, 5}), v({1, 2, 3, 4, 5, 6, 7}), v({0, 10, 5, 5}), v({0, -91, 5, 5}),
          v({0, 0, 5, 90.1}), v({nan, 0, 1, 1}), v({0, 0, inf, 1}), v({0, 0, 9, 1, 1, 5}), v({0, 0, 361, 1})})
        EXPECT_THAT(make_bbox(n), HasErrc(errc::invalid_argument));
}

TEST(bbox, WestGreaterThanEastCrossesTheAntimeridian) {
    auto const b = make_bbox(v({170, -10, -170, 10})).value();
    ASSERT_EQ(b.boxes.size(), 2u);
    auto const shape = geometry::from_boxes(b.boxes);
    EXPECT_EQ(shape.intersects(read(R"({"type":"Point","coordinates":[175,0]})").value()), true);
    EXPECT_EQ(shape.intersects(read(R"({"type":"Point","coordinates":[-175,0]})").value()), true);
    EXPECT_EQ(shape.intersects(read(R"({"type":"Point","coordinates":[0,0]})").value()), false);
}

TEST(bbox, LongitudesBeyondTheAntimeridianWrap) {
    EXPECT_EQ(make_bbox(v({170, -10, 190, 10})).value().boxes, (std::vector<box>{{170, -10, 180, 10}, {-180, -10, -170, 10}}));
    EXPECT_EQ(make_bbox(v({-180, -90, 180, 90})).value().boxes.size(), 1u);
    EXPECT_EQ(make_bbox(v({0, -90, 360, 90})).value().boxes, (std::vector<box>{{-180, -90, 180, 90}}));
}

}  // namespace
}  // namespace fjord::stac
