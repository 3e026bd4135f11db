#include "base/json.hpp"
#include "stac/cf_time.hpp"
#include "stac/footprint.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fjord::stac {
namespace {

using fjord::test::HasErrc;
using ::testing::ElementsAre;

// Points along a rectangle, ten to a side.
std::vector<lonlat> rectangle(double w, double s, double e, double n) {
    std::vector<lonlat> out;
    for (int i = 0; i < 10; ++i) out.push_back({w + (e - w) * i / 10, s});
    for (int i = 0; i < 10; ++i) out.push_back({e, s + (n - s) * i / 10});
    for (int i = 0; i < 10; ++i) out.push_back({e - (e - w) * i / 10, n});
    for (int i = 0; i < 10; ++i) out.push_back({w, n - (n - s) * i / 10});
    return out;
}

TEST(footprint, StraightEdgesKeepTheirCornersOnly) {
    auto const f = make_footprint(rectangle(10, 20, 30, 40), 1e-6).value();
    ASSERT_EQ(f.polygons.size(), 1u);
    EXPECT_EQ(f.polygons[0].size(), 5u);
    EXPECT_THAT(f.bbox, ElementsAre(10, 20, 30, 40));
    EXPECT_EQ(f.geojson(), R"({"type":"Polygon","coordinates":[[[10,20],[30,20],[30,40],[10,40],[10,20]]]})");
}

TEST(footprint, RingsRunCounterClockwise) {
    auto border = rectangle(10, 20, 30, 40);
    std::reverse(border.begin(), border.end());
    auto const f = make_footprint(border, 1e-6).value();
    double area = 0;
    auto const& r = f.polygons[0];
    for (std::size_t i = 0; i + 1 < r.size(); ++i) area += r[i].lon * r[i + 1].lat - r[i + 1].lon * r[i].lat;
    EXPECT_GT(area, 0);
}

TEST(footprint, IsCutAtTheAntimeridian) {
    for (auto const& border : {rectangle(170, -10, 190, 10), rectangle(-190, -10, -170, 10)}) {
        auto const f = make_footprint(border, 1e-6).value();
        EXPECT_EQ(f.polygons.size(), 2u);
        EXPECT_THAT(f.bbox, ElementsAre(170, -10, -170, 10));
        auto const shape = geometry::from_geojson(parse_json(f.geojson()).value()).value();
        EXPECT_EQ(shape.boxes().size(), 2u);
    }
    // The same border with every longitude brought home jumps from 180 to -180 on the way.
    auto border = rectangle(170, -10, 190, 10);
    for (auto& p : border)
        if (p.lon > 180) p.lon -= 360;
    EXPECT_THAT(make_footprint(border, 1e-6).value().bbox, ElementsAre(170, -10, -170, 10));
}

TEST(footprint, LongitudesOf0To360ComeHome) {
    EXPECT_THAT(make_footprint(rectangle(200, 10, 220, 20), 1e-6).value().bbox, ElementsAre(-160, 10, -140, 20));
    EXPECT_THAT(make_footprint(rectangle(0, -90, 360, 90), 1e-6).value().bbox, ElementsAre(-180, -90, 180, 90));
    EXPECT_THAT(make_footprint(rectangle(0, -90, 359, 90), 1e-6).value().bbox,
                ElementsAre(0, -90, -1, 90));  // a gap of one degree
}

TEST(footprint, ABorderAroundAPoleClosesOverIt) {
    for (double const sign : {1.0, -1.0}) {
        std::vector<lonlat> border;
        for (int i = 0; i < 36; ++i) border.push_back({i * 10.0 - 175, sign * 60});
        auto const f = make_footprint(border, 1e-6).value();
        EXPECT_THAT(f.bbox, ElementsAre(-180, sign > 0 ? 60 : -90, 180, sign > 0 ? 90 : -60));
        auto const shape = geometry::from_geojson(parse_json(f.geojson()).value()).value();
        auto inside = [&](double lon, double lat) {
            return shape.intersects(geometry::from_boxes(std::vector<box>{{lon, lat, lon, lat}}));
        };
        EXPECT_EQ(inside(12, sign * 89), true);
        EXPECT_EQ(inside(-120, sign * 61), true);
        EXPECT_EQ(inside(12, sign * 59), false);
    }
}

TEST(footprint, BordersThatEncloseNothingAreRefused) {
    EXPECT_THAT(make_footprint({}, 0), HasErrc(errc::invalid_argument));
    EXPECT_THAT(make_footprint({{0, 0}, {1, 1}, {2, 2}}, 1e-6), HasErrc(errc::invalid_argument));
    EXPECT_THAT(make_footprint({{0, 0}, {1, 95}, {2, 2}}, 1e-6), HasErrc(errc::invalid_argument));
    EXPECT_THAT(make_footprint({{0, 0}, {1, NAN}, {2, 2}}, 1e-6), HasErrc(errc::invalid_argument));
}

std::string at(std::string_view units, std::string_view calendar, double value) {
    auto const axis = cf_time::parse(units, calendar);
    return axis ? format_instant(axis->at(value)) : "refused: " + axis.error().detail;
}

TEST(cf_time, UnitsCountFromTheirEpoch) {
    EXPECT_EQ(at("days since 1950-01-01 00:00:00", "", 17927), "1999-01-31T00:00:00Z");
    EXPECT_EQ(at("hours since 1900-01-01", "gregorian", 24.5), "1900-01-02T00:30:00Z");
    EXPECT_EQ(at("seconds since 1970-01-01T00:00:00Z", "standard", 1.5), "1970-01-01T00:00:01.5Z");
    EXPECT_EQ(at("Hour since 2018-09-13T19:00:00Z", "proleptic_gregorian", 22), "2018-09-14T17:00:00Z");
    EXPECT_EQ(at("minutes since 2000-1-1 6:30 -1:30", "", 0), "2000-01-01T08:00:00Z");
}

TEST(cf_time, ModelCalendarsHaveTheirOwnYears) {
    EXPECT_EQ(at("days since 2000-01-01", "noleap", 59), "2000-03-01T00:00:00Z");
    EXPECT_EQ(at("days since 2000-01-01", "365_day", 365), "2001-01-01T00:00:00Z");
    EXPECT_EQ(at("days since 2001-01-01", "all_leap", 366), "2002-01-01T00:00:00Z");
    EXPECT_EQ(at("days since 2000-01-01", "360_day", 360 + 30), "2001-02-01T00:00:00Z");
    EXPECT_EQ(at("days since 2001-01-01", "360_day", 59), "2001-02-28T00:00:00Z");  // 30 February
    EXPECT_EQ(at("hours since 2000-01-01 12:00", "360_day", 12), "2000-01-02T00:00:00Z");
}

TEST(cf_time, WhatCannotBeCountedIsRefused) {
    EXPECT_THAT(cf_time::parse("months since 2000-01-01", ""), HasErrc(errc::unsupported));
    EXPECT_THAT(cf_time::parse("days since 2000-01-01", "lunar"), HasErrc(errc::unsupported));
    for (auto const* units :
         {"", "days", "days after 2000-01-01", "days since", "days since x", "days since 2000-13-01", "parsecs since 2000-01-01"})
        EXPECT_THAT(cf_time::parse(units, ""), HasErrc(errc::invalid_argument)) << units;
}

}  // namespace
}  // namespace fjord::stac
