#include "stac/document.hpp"
#include "tests/support/matchers.hpp"
#include "tests/unit/stac/samples.hpp"
#include "tests/unit/stac/shared_data.hpp"

#include <gtest/gtest.h>

namespace fjord::stac {
namespace {

using fjord::test::FailsWith;
using fjord::test::IsOk;
using test::sample_collection;
using test::sample_item;
using ::testing::HasSubstr;

TEST(item_document, RealItemsOfBothVersionsAreRead) {
    std::size_t seen = 0;
    for (auto const* file : {"stac/planetary-computer/naip.items.ndjson", "stac/earth-search/sentinel-s2-l2a-cogs.items.ndjson",
                             "stac/stac-1.1.0/items.ndjson", "stac/pc-samples/3dep-lidar-copc.items.ndjson",
                             "stac/pc-samples/cop-dem-glo-30.items.ndjson", "stac/pc-samples/io-lulc-annual-v02.items.ndjson",
                             "stac/pc-samples/umbra-sar.items.ndjson", "stac/pc-samples/us-census.items.ndjson",
                             "stac/pc-samples/sentinel-2-l2a.items.ndjson"}) {
        auto const path = test::shared_data(file);
        if (path.empty()) GTEST_SKIP() << "the sample items are not on this machine (set FJORD_SHARED_DATA)";
        for (auto const& line : test::lines_of(path)) {
            auto const item = read_item(line);
            ASSERT_TRUE(item) << file << ": " << item.error().detail << "\n" << line.substr(0, 300);
            for (auto const& m : item->members) EXPECT_EQ(line[m.key_begin], '"');
            ++seen;
        }
    }
    EXPECT_GT(seen, 1100u);
}

TEST(item_document, BetaDocumentsAreRefusedWithTheirVersion) {
    auto const path = test::shared_data("stac/pgstac/items.ndjson");
    if (path.empty()) GTEST_SKIP() << "the sample items are not on this machine (set FJORD_SHARED_DATA)";
    EXPECT_THAT(read_item(test::lines_of(path).at(0)), FailsWith(errc::invalid_argument, HasSubstr("1.0.0-beta.2")));
}

struct row {
    char const* what;
    std::string document;
    char const* named;
};

std::string without(std::string text, std::string const& part) {
    auto const at = text.find(part);
    return at == std::string::npos ? text : text.erase(at, part.size());
}

TEST(item_document, EveryFaultIsNamed) {
    auto const good = sample_item("i");
    ASSERT_THAT(read_item(good), IsOk());
    row const rows[] = {
        {"not JSON", "{", "item"},
        {"no object", "[]", "object"},
        {"duplicate key", R"({"type":"Feature","type":"Feature"})", "type"},
        {"no type", without(good, R"("type":"Feature",)"), "'type'"},
        {"no version", without(good, R"("stac_version":"1.0.0",)"), "'stac_version'"},
        {"no id", without(good, R"("id":"i",)"), "'id'"},
        {"id with slash", sample_item("a/b"), "id"},
        {"id dots", sample_item(".."), "id"},
        {"links are no array", without(good, R"("links":[],)").insert(1, R"("links":{},)"), "'links'"},
        {"no assets", without(good, R"(,"assets":{})"), "'assets'"},
        {"asset without href", sample_item("i", {.assets = R"({"a":{}})"}), "'assets'"},
        {"asset key with slash", sample_item("i", {.assets = R"({"a/b":{"href":"x"}})"}), "asset key"},
        {"no bbox", sample_item("i", {.bbox = ""}), "'bbox'"},
        {"bbox of three", sample_item("i", {.bbox = "[1,2,3]"}), "bbox"},
        {"bbox beside null", sample_item("i", {.geometry = "null"}), "'bbox'"},
        {"bad geometry", sample_item("i", {.geometry = R"({"type":"Point","coordinates":[]})"}), "geometry"},
        {"no datetime", without(good, R"("datetime":"2020-06-01T00:00:00Z")"), "properties.datetime"},
        {"null datetime alone", sample_item("i", {.datetime = "null"}), "properties.datetime"},
        {"datetime without offset", sample_item("i", {.datetime = "\"2020-06-01T00:00:00\""}), "properties.datetime"},
        {"reversed range",
         sample_item("i", {.datetime = "null",
                           .properties = R"(,"start_datetime":"2021-01-01T00:00:00Z","end_datetime":"2020-01-01T00:00:00Z")"}),
         "start_datetime"},
        {"half a range", sample_item("i", {.properties = R"(,"start_datetime":"2021-01-01T00:00:00Z")"}), "start_datetime"},
    };
    for (auto const& r : rows)
        EXPECT_THAT(read_item(r.document), FailsWith(errc::invalid_argument, HasSubstr(r.named))) << r.what;
}

TEST(item_document, NullGeometryAndRangesAreDescribed) {
    auto const item =
        read_item(
            sample_item("i", {.datetime = "null",
                              .geometry = "null",
                              .bbox = "",
                              .properties = R"(,"start_datetime":"2020-01-01T00:00:00Z","end_datetime":"2021-01-01T00:00:00Z")"}))
            .value();
    EXPECT_FALSE(item.shape);
    EXPECT_FALSE(item.datetime);
    EXPECT_EQ(item.time.start, parse_instant("2020-01-01T00:00:00Z").value());
    EXPECT_EQ(item.time.end, parse_instant("2021-01-01T00:00:00Z").value());
}

TEST(item_document, UnknownMembersAreKept) {
    auto const text = sample_item("i", {.more = R"(,"private":{"x":1.0})"});
    auto const item = read_item(text).value();
    auto const& last = item.members.back();
    EXPECT_EQ(last.name, "private");
    EXPECT_EQ(text.substr(last.value_begin, last.value_end - last.value_begin), R"({"x":1.0})");
}

TEST(collection_document, RealCollectionsAreRead) {
    auto const path = test::shared_data("stac/stac-1.1.0/collections.ndjson");
    if (path.empty()) GTEST_SKIP() << "the sample collections are not on this machine (set FJORD_SHARED_DATA)";
    for (auto const& line : test::lines_of(path)) EXPECT_THAT(read_collection(line), IsOk()) << line.substr(0, 200);
}

TEST(collection_document, TheOverallExtentIsSkippedWhenThereAreParts) {
    std::string text = sample_collection("c");
    auto const at = text.find("[[-180,-90,180,90]]");
    text.replace(at, 19, "[[-180,-90,180,90],[0,0,1,1],[170,0,-170,1]]");
    EXPECT_EQ(read_collection(text).value().boxes, (std::vector<box>{{0, 0, 1, 1}, {170, 0, 180, 1}, {-180, 0, -170, 1}}));
}

TEST(collection_document, EveryFaultIsNamed) {
    auto const good = sample_collection("c");
    for (auto const& [part, named] : std::initializer_list<std::pair<char const*, char const*>>{
             {R"("type":"Collection",)", "'type'"},
             {R"("description":"A test",)", "'description'"},
             {R"("license":"other",)", "'license'"},
             {R"("links":[])", ""},
             {R"("spatial":{"bbox":[[-180,-90,180,90]]},)", "extent.spatial.bbox"}})
        EXPECT_THAT(read_collection(without(good, part)), FailsWith(errc::invalid_argument, HasSubstr(named))) << part;
}

}  // namespace
}  // namespace fjord::stac
