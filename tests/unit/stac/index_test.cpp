#include "catalog/catalog.hpp"
#include "catalog/store.hpp"
#include "stac/index.hpp"
#include "tests/support/matchers.hpp"
#include "tests/unit/stac/samples.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace fjord::stac {
namespace {

using fjord::test::IsOk;
using test::item_options;
using test::sample_collection;
using test::sample_item;
using ::testing::ElementsAre;

visibility everything() {
    return visibility([](policies::resource const&) { return true; });
}

class index_test : public ::testing::Test {
protected:
    void collection(std::string const& id, std::string const& extra = {}) {
        ASSERT_THAT(index_.put(catalog::collection_record{.id = collection_id(id), .document = sample_collection(id, extra)}),
                    IsOk());
    }
    void item(std::string const& id, item_options const& o = {}) {
        ASSERT_THAT(index_.put(catalog::item_record{
                        .collection = collection_id(o.collection), .id = item_id(id), .document = sample_item(id, o)}),
                    IsOk());
    }
    std::vector<std::string> find(search_query const& q) {
        auto v = everything();
        auto const page = index_.search(q, v).value();
        std::vector<std::string> out;
        for (auto const& i : page.items) out.push_back(i->collection.str() + "/" + i->id.str());
        EXPECT_EQ(page.items.size(), std::min<std::uint64_t>(page.matched, q.limit));
        return out;
    }
    index index_;
};

TEST_F(index_test, NewestComesFirstThenCollectionThenId) {
    collection("a");
    collection("b");
    item("2", {.collection = "b"});
    item("1", {.collection = "b"});
    item("3", {.collection = "a"});
    item("9", {.collection = "b", .datetime = "\"2021-01-01T00:00:00Z\""});
    EXPECT_THAT(find({}), ElementsAre("b/9", "a/3", "b/1", "b/2"));
}

TEST_F(index_test, AnIdIsUniqueInsideItsCollectionOnly) {
    collection("a");
    collection("b");
    item("same", {.collection = "a"});
    item("same", {.collection = "b"});
    item("same", {.collection = "b", .datetime = "\"2021-01-01T00:00:00Z\""});
    EXPECT_THAT(find({.ids = {item_id("same")}}), ElementsAre("b/same", "a/same"));
    EXPECT_EQ(index_.size(), 2u);
}

TEST_F(index_test, BoxesMeetGeometriesNotTheirBounds) {
    collection("c");
    // A triangle whose bounds cover (9,9), which it does not.
    item("triangle", {.geometry = R"({"type":"Polygon","coordinates":[[[0,0],[10,0],[0,10],[0,0]]]})", .bbox = "[0,0,10,10]"});
    search_query q;
    q.bbox = make_bbox(std::vector<double>{8, 8, 9, 9}).value();
    EXPECT_THAT(find(q), ElementsAre());
    q.bbox = make_bbox(std::vector<double>{1, 1, 2, 2}).value();
    EXPECT_THAT(find(q), ElementsAre("c/triangle"));
}

TEST_F(index_test, BoxesCrossTheAntimeridianDegenerateAndHaveHeight) {
    collection("c");
    item("east", {.geometry = R"({"type":"Point","coordinates":[175,0]})", .bbox = "[175,0,175,0]"});
    item("west", {.geometry = R"({"type":"Point","coordinates":[-175,0]})", .bbox = "[-175,0,-175,0]"});
    item("zero", {.geometry = R"({"type":"Point","coordinates":[0,0]})", .bbox = "[0,0,0,0]"});
    item("high", {.geometry = R"({"type":"Point","coordinates":[0,0,500]})", .bbox = "[0,0,500,0,0,500]"});
    item("nowhere", {.geometry = "null", .bbox = ""});
    search_query q;
    q.bbox = make_bbox(std::vector<double>{170, -10, -170, 10}).value();
    EXPECT_THAT(find(q), ElementsAre("c/east", "c/west"));
    q.bbox = make_bbox(std::vector<double>{0, 0, 0, 0}).value();
    EXPECT_THAT(find(q), ElementsAre("c/high", "c/zero"));
    q.bbox = make_bbox(std::vector<double>{-1, -1, 100, 1, 1, 1000}).value();
    EXPECT_THAT(find(q), ElementsAre("c/high"));
    q.bbox = make_bbox(std::vector<double>{-1, -1, -5, 1, 1, 5}).value();
    q.shapeless_match = true;
    EXPECT_THAT(find(q), ElementsAre("c/nowhere", "c/zero"));
}

TEST_F(index_test, RangesMatchByIntersection) {
    collection("c");
    item("range",
         {.datetime = "null", .properties = R"(,"start_datetime":"2020-01-01T00:00:00Z","end_datetime":"2020-12-31T00:00:00Z")"});
    item("instant", {.datetime = "\"2020-06-15T00:00:00Z\""});
    search_query q;
    q.datetime = parse_datetime_parameter("2020-12-01T00:00:00Z/..").value();
    EXPECT_THAT(find(q), ElementsAre("c/range"));
    q.datetime = parse_datetime_parameter("2020-06-15T00:00:00Z").value();
    EXPECT_THAT(find(q), ElementsAre("c/instant", "c/range"));
    q.datetime = parse_datetime_parameter("../2019-01-01T00:00:00Z").value();
    EXPECT_THAT(find(q), ElementsAre());
}

TEST_F(index_test, NullsSortLastBothWays) {
    collection("c");
    item("low", {.properties = R"(,"cc":1)"});
    item("high", {.properties = R"(,"cc":9.5)"});
    item("none");
    item("null", {.properties = R"(,"cc":null)"});
    EXPECT_THAT(find({.sort = {{"cc", false}}}), ElementsAre("c/low", "c/high", "c/none", "c/null"));
    EXPECT_THAT(find({.sort = {{"cc", true}}}), ElementsAre("c/high", "c/low", "c/none", "c/null"));
}

TEST_F(index_test, FiltersSeeIdsTimesGeometryAndProperties) {
    collection("c");
    item("a", {.properties = R"(,"eo:cloud_cover":5,"nested":{"x":1})"});
    item("b", {.datetime = "\"2021-06-01T00:00:00Z\"", .properties = R"(,"eo:cloud_cover":50)"});
    auto with = [](std::string_view text) {
        search_query q;
        q.filters.push_back(std::make_shared<cql2::node const>(cql2::parse_text(text).value()));
        return q;
    };
    EXPECT_THAT(find(with("eo:cloud_cover < 10")), ElementsAre("c/a"));
    EXPECT_THAT(find(with("properties.eo:cloud_cover >= 10")), ElementsAre("c/b"));
    EXPECT_THAT(find(with("id = 'a' AND collection = 'c'")), ElementsAre("c/a"));
    EXPECT_THAT(find(with("datetime > TIMESTAMP('2021-01-01T00:00:00Z')")), ElementsAre("c/b"));
    EXPECT_THAT(find(with("datetime LIKE '2021-%'")), ElementsAre("c/b"));
    EXPECT_THAT(find(with("S_INTERSECTS(geometry, BBOX(9,49,11,51)) AND nested.x = 1")), ElementsAre("c/a"));
}

TEST_F(index_test, WhatIsHiddenIsInNoAnswer) {
    collection("open");
    collection("secret", R"("fjord:sensitivity":4)");
    item("1", {.collection = "open"});
    item("2", {.collection = "open", .properties = R"(,"fjord:sensitivity":4,"hidden_property":1)"});
    item("3", {.collection = "secret"});
    visibility v([](policies::resource const& r) { return r.sensitivity.value_or(0) < 3; });
    EXPECT_EQ(index_.search({}, v).value().matched, 1u);
    EXPECT_EQ(index_.search({.sort = {{"id", false}}}, v).value().matched, 1u);
    EXPECT_EQ(index_.search({.ids = {item_id("2"), item_id("3")}}, v).value().matched, 0u);
    EXPECT_EQ(index_.find_item(collection_id("open"), item_id("2"), v), nullptr);
    EXPECT_EQ(index_.find_collection(collection_id("secret"), v), nullptr);
    EXPECT_EQ(index_.collections(v).size(), 1u);
    for (auto const& p : index_.properties({}, v)) EXPECT_NE(p.name, "hidden_property");
}

TEST_F(index_test, OneClassIsAskedOnce) {
    collection("c");
    for (int i = 0; i < 50; ++i) item(std::to_string(i));
    int asked = 0;
    visibility v([&](policies::resource const&) { return ++asked > 0; });
    EXPECT_EQ(index_.search({}, v).value().matched, 50u);
    EXPECT_EQ(asked, 1);
}

TEST_F(index_test, RulesOnSingleDatasetsAreAskedByItem) {
    collection("c");
    item("shown");
    item("kept");
    for (int i = 0; i < 30; ++i) item("other" + std::to_string(i));
    int asked = 0;
    auto const names = std::make_shared<std::vector<std::string>>(std::vector<std::string>{"absent", "kept"});
    visibility v([&](policies::resource const& r) { return ++asked && r.dataset != "kept"; }, names);
    EXPECT_EQ(index_.search({}, v).value().matched, 31u);
    EXPECT_EQ(asked, 2) << "the class, and the one item that is there";
    EXPECT_EQ(index_.find_item(collection_id("c"), item_id("kept"), v), nullptr);
}

TEST_F(index_test, AChangedCollectionReclassifiesItsItems) {
    collection("c");
    item("1");
    collection("c", R"("fjord:sensitivity":4)");
    visibility v([](policies::resource const& r) { return r.sensitivity.value_or(0) < 3; });
    EXPECT_EQ(index_.search({}, v).value().matched, 0u);
}

TEST_F(index_test, SummariesFollowRemovals) {
    collection("c");
    item("1", {.properties = R"(,"gsd":1)"});
    item("2", {.properties = R"(,"gsd":"coarse")"});
    auto v = everything();
    auto summary = index_.properties({}, v);
    auto const gsd = std::find_if(summary.begin(), summary.end(), [](auto const& p) { return p.name == "gsd"; });
    ASSERT_NE(gsd, summary.end());
    EXPECT_EQ(gsd->numbers, 1u);
    EXPECT_EQ(gsd->texts, 1u);
    index_.remove(collection_id("c"), item_id("1"));
    index_.remove(collection_id("c"), item_id("2"));
    EXPECT_TRUE(index_.properties({}, v).empty());
}

TEST(index_following, SeesEveryCommitAtOnceAndAfterARestart) {
    manual_clock clock;
    auto const store = catalog::make_memory_store(clock);
    catalog::catalog cat(*store, clock);
    index live;
    ASSERT_THAT(live.follow(cat), IsOk());
    catalog::change_set made;
    made.put_collection({.id = collection_id("c"), .document = sample_collection("c")});
    made.put_item({.collection = collection_id("c"), .id = item_id("1"), .document = sample_item("1"), .etag = "x"});
    made.put_item({.collection = collection_id("c"), .id = item_id("2"), .document = sample_item("2"), .etag = "y"});
    ASSERT_TRUE(cat.commit(std::move(made)));
    EXPECT_EQ(live.size(), 2u);
    catalog::change_set gone;
    gone.delete_item(collection_id("c"), item_id("1"));
    ASSERT_TRUE(cat.commit(std::move(gone)));
    EXPECT_EQ(live.size(), 1u);

    catalog::catalog again(*store, clock);
    index restarted;
    ASSERT_THAT(restarted.follow(again), IsOk());
    EXPECT_EQ(restarted.size(), 1u);
}

TEST(index_following, WritersAndReadersMayMeet) {
    manual_clock clock;
    auto const store = catalog::make_memory_store(clock);
    catalog::catalog cat(*store, clock);
    index live;
    ASSERT_THAT(live.follow(cat), IsOk());
    catalog::change_set first;
    first.put_collection({.id = collection_id("c"), .document = sample_collection("c")});
    ASSERT_TRUE(cat.commit(std::move(first)));
    constexpr int each = 150;
    auto load = [&](int from) {
        for (int i = from; i < from + each; ++i) {
            catalog::change_set c;
            c.put_item({.collection = collection_id("c"),
                        .id = item_id(std::to_string(i)),
                        .document = sample_item(std::to_string(i)),
                        .etag = "x"});
            ASSERT_TRUE(cat.commit(std::move(c)));
        }
    };
    std::atomic<bool> done{false};
    std::thread reader([&] {
        std::uint64_t last = 0;
        while (!done) {
            auto v = everything();
            auto const page = live.search({.limit = 1000}, v).value();
            EXPECT_GE(page.matched, last);
            EXPECT_EQ(page.items.size(), page.matched);
            last = page.matched;
        }
    });
    std::thread one(load, 0), two(load, 1000);
    one.join();
    two.join();
    done = true;
    reader.join();
    EXPECT_EQ(live.size(), 2u * each);
}

}  // namespace
}  // namespace fjord::stac
