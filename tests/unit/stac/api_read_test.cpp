#include "tests/unit/stac/api_fixture.hpp"
#include "tests/unit/stac/shared_data.hpp"

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>

namespace fjord::stac::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using api_read = api_fixture;

constexpr char const* cloudless = R"(,"eo:cloud_cover":5,"platform":"landsat-7")";
constexpr char const* cloudy = R"(,"eo:cloud_cover":80,"platform":"landsat-7")";

TEST_F(api_read, LandingPageNamesEverythingAClientNeeds) {
    add_collection("c");
    auto const r = get("/");
    ASSERT_EQ(r.status, 200u) << r.text;
    EXPECT_EQ(r.headers.get("Content-Type"), "application/json");
    EXPECT_EQ(r.at("type").as_string(), "Catalog");
    EXPECT_EQ(r.at("stac_version").as_string(), "1.1.0");
    EXPECT_EQ(link_of(r, "self"), "https://broker.test/");
    EXPECT_EQ(link_of(r, "root"), "https://broker.test/");
    EXPECT_EQ(link_of(r, "data"), "https://broker.test/collections");
    EXPECT_EQ(link_of(r, "conformance"), "https://broker.test/conformance");
    EXPECT_EQ(link_of(r, "service-desc"), "https://broker.test/api");
    EXPECT_EQ(link_of(r, "child"), "https://broker.test/collections/c");
    std::vector<std::string> searches;
    for (auto const& l : r.at("links").as_array())
        if (l.at("rel").as_string() == "search") searches.emplace_back(l.at("method").as_string());
    EXPECT_THAT(searches, ElementsAre("POST", "GET"));  // QGIS takes the last one
    EXPECT_EQ(get("/conformance").at("conformsTo"), r.at("conformsTo"));
}

TEST_F(api_read, BboxDatetimeAndFilterTogetherFindTheScene) {
    add_collection("scenes");
    item_options scene{.collection = "scenes",
                       .datetime = "\"2000-07-28T12:00:00Z\"",
                       .geometry = polygon(-35.2, -8.3, -34.7, -7.9),
                       .bbox = bbox_text(-35.2, -8.3, -34.7, -7.9),
                       .properties = cloudless};
    add_item("scenes", sample_item("olinda", scene));
    scene.properties = cloudy;
    add_item("scenes", sample_item("olinda-cloudy", scene));
    scene.datetime = "\"2010-07-28T12:00:00Z\"";
    scene.properties = cloudless;
    add_item("scenes", sample_item("olinda-later", scene));
    auto const r =
        get("/search?bbox=-35,-8.2,-34.8,-8&datetime=2000-01-01T00:00:00Z/"
            "2001-01-01T00:00:00Z&filter=eo:cloud_cover%20%3C%2010%20AND%20platform%3D'landsat-7'");
    ASSERT_EQ(r.status, 200u) << r.text;
    EXPECT_EQ(r.headers.get("Content-Type"), "application/geo+json");
    EXPECT_THAT(ids_of(r), ElementsAre("olinda"));
    EXPECT_EQ(r.at("numberMatched"), 1);
    EXPECT_EQ(r.at("numberReturned"), 1);
    auto const posted = post("/search", R"({"bbox":[-35,-8.2,-34.8,-8],"datetime":"2000-01-01T00:00:00Z/2001-01-01T00:00:00Z",
        "filter":{"op":"and","args":[{"op":"<","args":[{"property":"eo:cloud_cover"},10]},{"op":"=","args":[{"property":"platform"},"landsat-7"]}]}})");
    EXPECT_THAT(ids_of(posted), ElementsAre("olinda"));
}

TEST_F(api_read, SearchKnowsIdsCollectionsIntersectsQueryAndSort) {
    add_collection("a");
    add_collection("b");
    add_item("a", sample_item("1", {.collection = "a", .properties = cloudless}));
    add_item("a", sample_item("2", {.collection = "a", .properties = cloudy}));
    add_item("b", sample_item("1", {.collection = "b"}));
    EXPECT_EQ(ids_of(get("/search?ids=1")).size(), 2u);
    EXPECT_EQ(ids_of(get("/search?ids=1&collections=a")).size(), 1u);
    EXPECT_EQ(ids_of(get("/search?ids=")).size(), 3u);
    EXPECT_THAT(ids_of(post("/search", R"({"query":{"eo:cloud_cover":{"gt":50}}})")), ElementsAre("2"));
    EXPECT_THAT(ids_of(post("/search", R"({"query":{"eo:cloud_cover":{"neq":5}}})")), ElementsAre("2"));
    EXPECT_THAT(ids_of(get("/search?collections=a&sortby=-eo:cloud_cover")), ElementsAre("2", "1"));
    EXPECT_EQ(get("/search?sortby=nope").status, 400u);
    EXPECT_EQ(ids_of(post("/search", R"({"intersects":{"type":"Point","coordinates":[10,50]}})")).size(), 3u);
    EXPECT_THAT(ids_of(post("/search", R"({"intersects":{"type":"Point","coordinates":[0,0]}})")), IsEmpty());
}

TEST_F(api_read, ItemsWithoutGeometryMatchABoxInTheirCollectionOnly) {
    add_collection("c");
    add_item("c", sample_item("nowhere", {.geometry = "null", .bbox = ""}));
    EXPECT_THAT(ids_of(get("/collections/c/items?bbox=0,0,1,1")), ElementsAre("nowhere"));
    EXPECT_THAT(ids_of(get("/search?bbox=0,0,1,1")), IsEmpty());
}

TEST_F(api_read, AnItemComesBackByteForByteExceptItsLinks) {
    add_collection("c");
    auto const numbers = std::string(R"(,"n1":1.0,"n2":1e-05,"n3":100000000000000000001,"text":"\u00e9")");
    add_item("c", sample_item("i", {.properties = numbers, .more = R"(,"private" : {"x":1.50 })"}));
    auto const r = get("/collections/c/items/i");
    ASSERT_EQ(r.status, 200u);
    EXPECT_THAT(r.text, HasSubstr(numbers));
    EXPECT_THAT(r.text, HasSubstr(R"("private" : {"x":1.50 })"));
    EXPECT_EQ(link_of(r, "self"), "https://broker.test/collections/c/items/i");
    EXPECT_EQ(link_of(r, "collection"), "https://broker.test/collections/c");
    EXPECT_EQ(link_of(r, "parent"), "https://broker.test/collections/c");
    EXPECT_EQ(link_of(r, "root"), "https://broker.test/");
}

TEST_F(api_read, StoredLinksThatAreNotOursAreKept) {
    add_collection("c");
    auto text = sample_item("i");
    text.replace(text.find(R"("links":[])"), 10,
                 R"("links":[{"rel":"self","href":"http://elsewhere"},{"rel":"derived_from","href":"http://source","x":1.0}])");
    add_item("c", text);
    auto const r = get("/collections/c/items/i");
    EXPECT_EQ(link_of(r, "derived_from"), "http://source");
    EXPECT_THAT(r.text, HasSubstr("\"x\":1.0"));
    EXPECT_EQ(r.text.find("elsewhere"), std::string::npos);
}

TEST_F(api_read, IdsWithReservedCharactersRoundTripThroughLinks) {
    add_collection("c");
    for (auto const* id : {"a b", "a+b", "a:b", "a%2Fb", "\u00fcber", "a?b#c&d=e"}) {
        add_item("c", sample_item(id));
        auto const found = post("/search", "{\"ids\":[" + json_quote(id) + "]}");
        ASSERT_EQ(ids_of(found).size(), 1u) << id;
        std::string self;
        for (auto const& l : found.at("features").at(0).at("links").as_array())
            if (l.at("rel").as_string() == "self") self = l.at("href").as_string();
        EXPECT_EQ(get(target_of(self)).status, 200u) << self;
    }
}

TEST_F(api_read, SelfLinkIsTheRequestedUrl) {
    add_collection("c");
    for (auto const* target : {"/collections/c/items?limit=3&bbox=0,0,1,1", "/search?collections=c", "/collections?limit=2"})
        EXPECT_EQ(link_of(get(target), "self"), std::string("https://broker.test") + target);
}

TEST_F(api_read, FieldsChooseWhatIsSent) {
    add_collection("c");
    add_item("c", sample_item("i", {.properties = cloudless}));
    auto const r = get("/search?fields=id,properties.eo:cloud_cover");
    EXPECT_EQ(json::serialize(r.at("features")), R"([{"id":"i","properties":{"eo:cloud_cover":5}}])");
}

TEST_F(api_read, CollectionsAreListedWithExtentFiltersAndPages) {
    for (auto const* id : {"a", "b", "d", "e"}) add_collection(id);
    auto const all = get("/collections");
    EXPECT_EQ(all.at("collections").as_array().size(), 4u);
    EXPECT_EQ(link_of(all, "next"), "");
    std::vector<std::string> seen;
    auto page = get("/collections?limit=2");
    EXPECT_EQ(page.at("numberMatched"), 4);
    for (int i = 0; i < 5; ++i) {
        for (auto const& c : page.at("collections").as_array()) seen.emplace_back(c.at("id").as_string());
        auto const next = link_of(page, "next");
        if (next.empty()) break;
        page = get(target_of(next));
        ASSERT_EQ(page.status, 200u);
    }
    EXPECT_THAT(seen, ElementsAre("a", "b", "d", "e"));
    auto const c = get("/collections/a");
    EXPECT_EQ(link_of(c, "items"), "https://broker.test/collections/a/items");
    EXPECT_EQ(get("/collections?limit=0").status, 400u);
    EXPECT_EQ(get("/collections?bbox=1").status, 400u);
}

TEST_F(api_read, QueryablesDescribeTheDataThatIsThere) {
    add_collection("c");
    add_item("c", sample_item("i", {.properties = cloudless}));
    auto const r = get("/collections/c/queryables");
    EXPECT_EQ(r.headers.get("Content-Type"), "application/schema+json");
    EXPECT_EQ(r.at("$id").as_string(), "https://broker.test/collections/c/queryables");
    EXPECT_EQ(r.at("properties").at("eo:cloud_cover").at("type").as_string(), "number");
    EXPECT_EQ(r.at("properties").at("platform").at("type").as_string(), "string");
    EXPECT_TRUE(get("/queryables").at("properties").as_object().contains("geometry"));
    EXPECT_FALSE(get("/sortables").at("properties").as_object().contains("geometry"));
}

TEST_F(api_read, AbsentThingsAre404WithCodeAndDescription) {
    add_collection("c");
    for (auto const* target :
         {"/collections/x", "/collections/x/items", "/collections/c/items/x", "/collections/x/queryables", "/nowhere"}) {
        auto const r = get(target);
        EXPECT_EQ(r.status, 404u) << target;
        EXPECT_EQ(r.headers.get("Content-Type"), "application/problem+json") << target;
        EXPECT_TRUE(r.body.as_object().contains("code") && r.body.as_object().contains("description")) << r.text;
    }
}

TEST_F(api_read, BadParametersAre400OnEveryRouteThatTakesThem) {
    add_collection("c");
    for (auto const* query : {"limit=-1", "bbox=1,2,3", "datetime=1985-04-12", "filter=a%3D", "filter-lang=foo", "token=x"})
        for (auto const* path : {"/search?", "/collections/c/items?"})
            EXPECT_EQ(get(std::string(path) + query).status, 400u) << path << query;
}

TEST_F(api_read, EntityTagsAnswer304UntilTheThingChanges) {
    add_collection("c");
    add_item("c", sample_item("i"));
    for (auto const* target :
         {"/", "/collections", "/collections/c", "/collections/c/items", "/collections/c/items/i", "/search", "/queryables"}) {
        auto const first = get(target);
        auto const tag = std::string(first.headers.get("ETag"));
        ASSERT_FALSE(tag.empty()) << target;
        EXPECT_EQ(get(target, {}, {{"If-None-Match", tag}}).status, 304u) << target;
    }
    auto const before = std::string(get("/search").headers.get("ETag"));
    add_item("c", sample_item("j"));
    EXPECT_EQ(get("/search", {}, {{"If-None-Match", before}}).status, 200u);
}

TEST_F(api_read, EveryAnswerCarriesCorsAndPreflightNamesAuthorization) {
    add_collection("c");
    EXPECT_EQ(get("/nowhere").headers.get("Access-Control-Allow-Origin"), "*");
    auto const r = ask("OPTIONS", "/collections/c/items");
    EXPECT_EQ(r.status, 204u);
    EXPECT_THAT(std::string(r.headers.get("Allow")), HasSubstr("POST"));
    EXPECT_THAT(std::string(r.headers.get("Access-Control-Allow-Headers")), HasSubstr("Authorization"));
    EXPECT_THAT(std::string(get("/").headers.get("Access-Control-Expose-Headers")), HasSubstr("Allow"));
}

TEST_F(api_read, RealItemsAreIngestedAndFound) {
    auto const items = shared_data("stac/planetary-computer/naip.items.ndjson");
    if (items.empty()) GTEST_SKIP() << "the sample items are not on this machine (set FJORD_SHARED_DATA)";
    add_collection("naip");
    std::string features;
    for (auto const& line : lines_of(items)) features += (features.empty() ? "" : ",") + line;
    auto const posted = post("/collections/naip/items", R"({"type":"FeatureCollection","features":[)" + features + "]}", admin());
    ASSERT_EQ(posted.status, 201u) << posted.text.substr(0, 500);
    EXPECT_EQ(get("/search?limit=1").at("numberMatched"), 1000);
    EXPECT_EQ(get("/search?limit=1&datetime=2011-01-01T00:00:00Z/2011-12-31T23:59:59Z").at("numberMatched"), 143);
    EXPECT_EQ(get("/search?limit=1&datetime=2017-01-01T00:00:00Z/2017-12-31T23:59:59Z").at("numberMatched"), 142);
    EXPECT_EQ(get("/search?limit=1&filter=naip:year%3D'2017'").at("numberMatched"), 142);
    EXPECT_EQ(get("/search?limit=1&bbox=-88.1,30.1,-85.2,31.1").at("numberMatched"), 1000);
    EXPECT_EQ(get("/search?limit=1&bbox=0,0,1,1").at("numberMatched"), 0);
}

}  // namespace
}  // namespace fjord::stac::test
