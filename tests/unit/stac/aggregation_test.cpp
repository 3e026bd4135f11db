// /aggregate and /aggregations: right numbers over columns and documents alike, of what the caller may see.
#include "stac/aggregation.hpp"
#include "stac/calendar.hpp"
#include "tests/unit/stac/api_fixture.hpp"

#include <boost/json/serialize.hpp>

#include <gmock/gmock.h>

namespace fjord::stac::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(calendar, FieldsAndBeginsAreThoseOfTheGregorianCalendar) {
    auto const t = parse_instant("2020-02-29T23:59:59.5Z").value();
    auto const c = calendar_of(t);
    EXPECT_EQ(c.year, 2020);
    EXPECT_EQ(c.month, 2u);
    EXPECT_EQ(c.day, 29u);
    EXPECT_EQ(c.hour, 23u);
    EXPECT_EQ(c.minute, 59u);
    auto const begin = [](char const* text, calendar_unit u) { return format_instant(floor_to(parse_instant(text).value(), u)); };
    EXPECT_EQ(begin("2020-02-29T23:59:59Z", calendar_unit::week), "2020-02-24T00:00:00Z");
    EXPECT_EQ(begin("1969-12-31T23:59:59Z", calendar_unit::day), "1969-12-31T00:00:00Z");
    EXPECT_EQ(begin("0001-03-01T00:00:00Z", calendar_unit::year), "0001-01-01T00:00:00Z");
    EXPECT_EQ(format_instant(next_of(begin_of_day(2020, 12, 1), calendar_unit::month)), "2021-01-01T00:00:00Z");
    EXPECT_EQ(format_instant(next_of(begin_of_day(2020, 1, 1), calendar_unit::year)), "2021-01-01T00:00:00Z");
    for (auto day = begin_of_day(1890, 1, 1); day < begin_of_day(2110, 1, 1); day += 86'400'000'000) {
        auto const d = calendar_of(day);
        ASSERT_EQ(begin_of_day(d.year, d.month, d.day), day);
    }
}

class aggregations : public api_fixture {
protected:
    static std::vector<std::pair<std::string, std::int64_t>> buckets_of(json::value const& aggregation) {
        std::vector<std::pair<std::string, std::int64_t>> out;
        for (auto const& b : aggregation.at("buckets").as_array())
            out.emplace_back(b.at("key").as_string(), b.at("frequency").as_int64());
        return out;
    }
    json::value one(std::string const& name, std::string const& more = {}, std::string const& path = "/aggregate") {
        auto const r = get(path + "?aggregations=" + encode_query(name) + more);
        EXPECT_EQ(r.status, 200u) << r.text;
        return r.status == 200 ? r.at("aggregations").at(0) : json::value();
    }
    void fill() {
        add_collection("a");
        add_collection("b");
        auto const add = [this](std::string const& c, std::string const& id, std::string const& time, std::string const& more,
                                std::string const& at = "[10.40744,57.64911]") {
            auto const shape = R"({"type":"Point","coordinates":)" + at + "}";
            auto const comma = at.find(',');
            auto const x = at.substr(1, comma - 1), y = at.substr(comma + 1, at.size() - comma - 2);
            add_item(c, sample_item(id, {.collection = c,
                                         .datetime = "\"" + time + "\"",
                                         .geometry = shape,
                                         .bbox = "[" + x + "," + y + "," + x + "," + y + "]",
                                         .properties = more}));
        };
        add("a", "1", "2020-01-15T00:00:00Z", R"(,"eo:cloud_cover":3,"platform":"s2a","instruments":["msi"])");
        add("a", "2", "2020-01-20T00:00:00Z", R"(,"eo:cloud_cover":5,"platform":"s2a","instruments":["msi","msi","x"])");
        add("a", "3", "2020-03-01T00:00:00Z", R"(,"eo:cloud_cover":99.5,"platform":"s2b")", "[-5.6,42.6]");
        add("b", "4", "2021-03-01T00:00:00Z", R"(,"flag":true)", "[10.40745,57.64911]");
    }
};

TEST_F(aggregations, SingleValuesAndDistributionsAreExact) {
    fill();
    EXPECT_EQ(one("total_count").at("value"), 4);
    EXPECT_EQ(one("datetime_min").at("value"), "2020-01-15T00:00:00Z");
    EXPECT_EQ(one("datetime_max").at("value"), "2021-03-01T00:00:00Z");
    EXPECT_THAT(buckets_of(one("collection_frequency")), ElementsAre(Pair("a", 3), Pair("b", 1)));
    EXPECT_THAT(buckets_of(one("datetime_frequency", "&datetime_frequency_interval=month")),
                ElementsAre(Pair("2020-01-01T00:00:00Z", 2), Pair("2020-03-01T00:00:00Z", 1), Pair("2021-03-01T00:00:00Z", 1)));
    EXPECT_THAT(buckets_of(one("datetime_frequency", "&datetime_frequency_interval=year")),
                ElementsAre(Pair("2020-01-01T00:00:00Z", 3), Pair("2021-01-01T00:00:00Z", 1)));
    EXPECT_EQ(one("datetime_frequency").at("interval"), "month");
    auto const cloud = one("cloud_cover_frequency");
    EXPECT_THAT(buckets_of(cloud), ElementsAre(Pair("*-5", 1), Pair("5-15", 1), Pair("15-40", 0), Pair("40-*", 1)));
    EXPECT_EQ(cloud.at("overflow"), 1);
    EXPECT_EQ(buckets_of(one("eo:cloud_cover_frequency")), buckets_of(cloud));
    EXPECT_EQ(one("eo:cloud_cover_max").at("value"), 99.5);
    auto const platforms = one("platform_frequency");
    EXPECT_THAT(buckets_of(platforms), ElementsAre(Pair("s2a", 2), Pair("s2b", 1)));
    EXPECT_EQ(platforms.at("overflow"), 1);
    EXPECT_THAT(buckets_of(one("instruments_frequency")), ElementsAre(Pair("msi", 2), Pair("x", 1)));
    EXPECT_THAT(buckets_of(one("flag_frequency")), ElementsAre(Pair("true", 1)));
    EXPECT_THAT(buckets_of(one("grid_geohash_frequency", "&grid_precision=3")), ElementsAre(Pair("ezs", 1), Pair("u4p", 3)));
    EXPECT_THAT(buckets_of(one("grid_geotile_frequency", "&grid_precision=2")), ElementsAre(Pair("2/1/1", 1), Pair("2/2/1", 3)));
}

TEST_F(aggregations, TheConditionsOfASearchApplyInGetAndPost) {
    fill();
    EXPECT_EQ(one("total_count", "&bbox=0,0,20,60").at("value"), 3);
    EXPECT_EQ(one("total_count", "&filter=platform%3D's2a'").at("value"), 2);
    EXPECT_EQ(one("total_count", "&ids=1,4").at("value"), 2);
    EXPECT_EQ(one("total_count", "&q=s2b").at("value"), 1);
    EXPECT_EQ(one("total_count", {}, "/collections/b/aggregate").at("value"), 1);
    auto const r = post("/aggregate", R"({"aggregations":["total_count","datetime_max"],"query":{"eo:cloud_cover":{"lt":50}},
        "datetime":"2020-01-01T00:00:00Z/2020-12-31T00:00:00Z"})");
    ASSERT_EQ(r.status, 200u) << r.text;
    EXPECT_EQ(r.at("type"), "AggregationCollection");
    EXPECT_EQ(r.at("aggregations").at(0).at("value"), 2);
    EXPECT_EQ(r.at("aggregations").at(1).at("value"), "2020-01-20T00:00:00Z");
    EXPECT_EQ(link_of(r, "self"), "https://broker.test/aggregate");
    EXPECT_EQ(one("datetime_max", "&collections=absent").at("value"), nullptr);
}

TEST_F(aggregations, WhatIsOfferedIsListedAndNothingElseIsComputed) {
    fill();
    auto const listed = get("/aggregations");
    for (auto const& a : listed.at("aggregations").as_array())
        EXPECT_EQ(one(std::string(a.at("name").as_string())).at("name"), a.at("name"));
    EXPECT_THAT(get("/collections/b/aggregations").text, testing::Not(HasSubstr("platform")));
    for (auto const* target :
         {"/aggregate", "/aggregate?aggregations=", "/aggregate?aggregations=nope", "/aggregate?aggregations=total_count&bbox=1",
          "/collections/b/aggregate?aggregations=platform_frequency",
          "/aggregate?aggregations=datetime_frequency&datetime_frequency_interval=eon",
          "/aggregate?aggregations=grid_geohash_frequency&grid_precision=13"}) {
        auto const r = get(target);
        EXPECT_EQ(r.status, 400u) << target;
        EXPECT_TRUE(r.body.as_object().contains("description")) << target;
    }
    EXPECT_EQ(get("/collections/absent/aggregate?aggregations=total_count").status, 404u);
    EXPECT_EQ(get("/collections/absent/aggregations").status, 404u);
    EXPECT_EQ(post("/aggregate", R"({"aggregations":["total_count"],"nope":1})").status, 400u);
}

// Thousands of items: sealed columns, with ranges where values vary, against counting by hand.
TEST_F(aggregations, ColumnsCountAsDocumentsDo) {
    add_collection("c");
    std::map<std::string, std::int64_t> months, platforms;
    std::int64_t in_range = 0, odd = 0;
    std::string features;
    for (int i = 0; i < 3000; ++i) {
        auto const month = 1 + i % 12;
        auto const text = (month < 10 ? "0" : "") + std::to_string(month);
        auto const platform = "p" + std::to_string(i % 7);
        auto const value = (i * 7919 % 100'000) / 997.0;
        ++months["2021-" + text + "-01T00:00:00Z"];
        if (i % 11 != 0) ++platforms[platform];
        in_range += value >= 5 && value < 15;
        odd += i % 13 == 0;
        features += (features.empty() ? "" : ",") +
                    sample_item("i" + std::to_string(i),
                                {.datetime = "\"2021-" + text + "-05T00:00:00Z\"",
                                 .properties = ",\"eo:cloud_cover\":" + json::serialize(json::value(value)) +
                                               (i % 11 ? ",\"platform\":\"" + platform + "\"" : "") +
                                               (i % 13 ? "" : ",\"mixed\":" + std::string(i % 2 ? "\"text\"" : "5"))});
    }
    ASSERT_EQ(post("/collections/c/items", R"({"type":"FeatureCollection","features":[)" + features + "]}", admin()).status,
              201u);
    auto const as_map = [](auto const& list) { return std::map<std::string, std::int64_t>(list.begin(), list.end()); };
    EXPECT_EQ(as_map(buckets_of(one("datetime_frequency", "&datetime_frequency_interval=month"))), months);
    auto const p = one("platform_frequency");
    EXPECT_EQ(as_map(buckets_of(p)), platforms);
    EXPECT_EQ(p.at("overflow"), 273);
    EXPECT_EQ(buckets_of(one("cloud_cover_frequency"))[1].second, in_range);
    auto const mixed = one("mixed_frequency");
    EXPECT_EQ(
        mixed.at("overflow").as_int64() +
            [&] {
                std::int64_t n = 0;
                for (auto const& [key, count] : buckets_of(mixed)) n += count;
                return n;
            }(),
        3000);
    EXPECT_GT(odd, 0);
}

}  // namespace
}  // namespace fjord::stac::test
