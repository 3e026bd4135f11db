#include "tests/unit/stac/api_fixture.hpp"

#include <boost/json/serialize.hpp>

#include <gmock/gmock.h>

namespace fjord::stac::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class asset_rendering : public api_fixture {
protected:
    void SetUp() override {
        api_fixture::SetUp();
        add_collection("c");
        add_item(
            "c",
            sample_item(
                "i", {.assets =
                          R"({"data":{"href":"https://old/x.tif","title":"Data","n":1.0},"plain":{"href":"https://plain/y"}})"}));
        catalog::change_set c;
        for (auto const* site : {"site-a", "site-b", "site-c"}) {
            c.put_site({.id = site_id(site),
                        .kind = "door",
                        .url = std::string("https://") + site + ".test/base",
                        .enabled = std::string(site) != "site-c"});
        }
        catalog::asset_version v;
        v.id = sha256_of("bytes");
        v.digests.set(v.id);
        v.size = 5;
        v.media_type = "image/tiff";
        c.register_version(ref_, v);
        ASSERT_TRUE(catalog_.commit(std::move(c)));
        version_ = v.id;
    }
    void replica(std::string const& site, catalog::replica_state state) {
        catalog::change_set c;
        c.put_replica({.asset = ref_,
                       .version = version_,
                       .site = site_id(site),
                       .state = state,
                       .size = 5,
                       .path = "c/i/x.tif",
                       .verified_at = clock_.now()});
        ASSERT_TRUE(catalog_.commit(std::move(c)));
    }
    json::value data() { return get("/collections/c/items/i").at("assets").at("data"); }

    catalog::asset_ref const ref_{collection_id("c"), item_id("i"), asset_key("data")};
    digest version_;
};

TEST_F(asset_rendering, RegisteredAssetsPointToTheBrokerAndCarrySizeAndChecksum) {
    auto const a = data();
    EXPECT_EQ(a.at("href").as_string(), "https://broker.test/data/c/i/data");
    EXPECT_EQ(a.at("file:size"), 5);
    EXPECT_EQ(a.at("file:checksum").as_string(), "1220" + version_.hex());
    EXPECT_EQ(a.at("title").as_string(), "Data");
    EXPECT_THAT(get("/collections/c/items/i").text, HasSubstr("\"n\":1.0"));
    EXPECT_EQ(get("/collections/c/items/i").at("assets").at("plain").at("href").as_string(), "https://plain/y");
}

TEST_F(asset_rendering, ReplicasAreRenderedAsTheyAreNow) {
    replica("site-a", catalog::replica_state::available);
    replica("site-b", catalog::replica_state::copying);
    auto a = data();
    EXPECT_EQ(a.at("alternate").as_object().size(), 1u);
    EXPECT_EQ(a.at("alternate").at("site-a").at("href").as_string(), "https://site-a.test/base/c/i/x.tif");
    ASSERT_EQ(a.at("fjord:replicas").as_array().size(), 2u);
    EXPECT_EQ(a.at("fjord:replicas").at(0).at("state").as_string(), "available");
    EXPECT_EQ(a.at("fjord:replicas").at(1).at("state").as_string(), "copying");
    auto const tag = std::string(get("/collections/c/items/i").headers.get("ETag"));
    replica("site-b", catalog::replica_state::available);
    replica("site-a", catalog::replica_state::bad);
    a = data();
    EXPECT_FALSE(a.at("alternate").as_object().contains("site-a"));
    EXPECT_TRUE(a.at("alternate").as_object().contains("site-b"));
    // The rendered view changed, the item did not.
    EXPECT_EQ(get("/collections/c/items/i", {}, {{"If-None-Match", tag}}).status, 200u);
    EXPECT_EQ(ask("PUT", "/collections/c/items/i", sample_item("i"), admin(), {{"If-Match", tag}}).status, 204u);
}

TEST_F(asset_rendering, ReplicasComeInTheOrderToTryThem) {
    catalog::change_set c;
    c.put_site({.id = site_id("site-d"),
                .kind = "s3",
                .url = "https://s3.test/bucket",
                .attributes = {{"read_priority", "5"}, {"region", "eu"}}});
    ASSERT_TRUE(catalog_.commit(std::move(c)));
    for (auto const* site : {"site-a", "site-b", "site-d"}) replica(site, catalog::replica_state::available);
    replica("site-b", catalog::replica_state::suspect);
    auto const item = get("/collections/c/items/i");
    auto const a = item.at("assets").at("data");
    std::vector<std::string> order;
    for (auto const& [name, place] : a.at("alternate").as_object()) {
        order.emplace_back(name);
        EXPECT_EQ(place.at("storage:refs").at(0).as_string(), name);
    }
    EXPECT_THAT(order, ::testing::ElementsAre("site-d", "site-a"));
    EXPECT_EQ(json::serialize(a.at("storage:refs")), R"(["site-d","site-a"])");
    auto const& list = a.at("fjord:replicas").as_array();
    ASSERT_EQ(list.size(), 3u);
    EXPECT_EQ(list[0].at("site"), "site-d");
    EXPECT_EQ(list[0].at("priority"), 1);
    EXPECT_EQ(list[1].at("priority"), 2);
    EXPECT_EQ(list[2].at("state"), "suspect");
    EXPECT_EQ(list[2].at("priority"), nullptr);
    // The schemes that are referred to are described, and the schemas of what was put in are named.
    auto const schemes = item.at("properties").at("storage:schemes").as_object();
    EXPECT_EQ(schemes.size(), 2u);
    EXPECT_EQ(json::serialize(schemes.at("site-d")),
              R"({"type":"custom-s3","platform":"https://s3.test/bucket","title":"site-d","region":"eu"})");
    EXPECT_EQ(schemes.at("site-a").at("type"), "webdav");
    EXPECT_EQ(item.at("stac_extensions").as_array().size(), 3u);
}

TEST_F(asset_rendering, TheRankingOfTheCallerDecides) {
    auto o = options();
    o.nearest = [](net::request const& req) -> place_ranking {
        auto const near = std::string(req.headers.get("X-Test-Site"));
        return [near](std::vector<replica_place> const& places, std::string_view) {
            std::vector<std::size_t> order;
            for (std::size_t i = 0; i < places.size(); ++i)
                if (places[i].site == near) order.push_back(i);
            for (std::size_t i = 0; i < places.size(); ++i)
                if (places[i].site != near) order.push_back(i);
            return order;
        };
    };
    api ranked(catalog_, engine_, pool_, clock_, o);
    ASSERT_TRUE(ranked.start());
    net::router routes;
    ranked.add_routes(routes);
    std::swap(routes, routes_);
    for (auto const* site : {"site-a", "site-b"}) replica(site, catalog::replica_state::available);
    for (std::string const near : {"site-a", "site-b"}) {
        for (std::string const target : {"/collections/c/items/i", "/search?ids=i"}) {
            auto const r = get(target, {}, {{"X-Test-Site", near}});
            auto const& item = target.find("search") == std::string::npos ? r.body : r.at("features").at(0);
            EXPECT_EQ(item.at("assets").at("data").at("fjord:replicas").at(0).at("site").as_string(), near) << target;
        }
    }
    std::swap(routes, routes_);
}

TEST_F(asset_rendering, WhatTheDocumentSaysOfStorageAndExtensionsStays) {
    add_item(
        "c",
        sample_item(
            "own",
            {.properties = R"(,"storage:schemes":{"mine":{"type":"aws-s3","platform":"https://x"},"site-a":{"type":"old"}})",
             .assets = R"({"data":{"href":"x","storage:refs":["mine"]},"other":{"href":"y","storage:refs":["mine"]}})",
             .more =
                 R"(,"stac_extensions":["https://stac-extensions.github.io/file/v2.1.0/schema.json","https://e.test/s.json"])"}));
    catalog::asset_ref const ref{collection_id("c"), item_id("own"), asset_key("data")};
    catalog::change_set c;
    catalog::asset_version v;
    v.id = version_;
    v.size = 5;
    c.register_version(ref, v);
    c.put_replica({.asset = ref,
                   .version = version_,
                   .site = site_id("site-a"),
                   .state = catalog::replica_state::available,
                   .size = 5,
                   .path = "p"});
    ASSERT_TRUE(catalog_.commit(std::move(c)));
    auto const item = get("/collections/c/items/own");
    auto const schemes = item.at("properties").at("storage:schemes").as_object();
    EXPECT_EQ(schemes.at("mine").at("type"), "aws-s3");
    EXPECT_EQ(schemes.at("site-a").at("type"), "webdav");
    EXPECT_EQ(item.at("stac_extensions").as_array().size(), 4u);
    EXPECT_EQ(json::serialize(item.at("assets").at("other").at("storage:refs")), R"(["mine"])");
    EXPECT_EQ(json::serialize(item.at("assets").at("data").at("storage:refs")), R"(["site-a"])");
}

TEST_F(asset_rendering, DisabledSitesAreNoAlternate) {
    replica("site-c", catalog::replica_state::available);
    EXPECT_FALSE(data().as_object().contains("alternate"));
}

TEST_F(asset_rendering, NothingRenderedIsStored) {
    replica("site-a", catalog::replica_state::available);
    EXPECT_THAT(catalog_.find_item(collection_id("c"), item_id("i")).value().document, Not(HasSubstr("replicas")));
}

TEST_F(asset_rendering, AnAssetTheDocumentDoesNotNameIsAdded) {
    catalog::change_set c;
    catalog::asset_version v;
    v.id = sha256_of("more");
    v.size = 4;
    v.media_type = "text/plain";
    c.register_version({collection_id("c"), item_id("i"), asset_key("late")}, v);
    ASSERT_TRUE(catalog_.commit(std::move(c)));
    auto const late = get("/collections/c/items/i").at("assets").at("late");
    EXPECT_EQ(late.at("type").as_string(), "text/plain");
    EXPECT_EQ(late.at("href").as_string(), "https://broker.test/data/c/i/late");
}

TEST_F(asset_rendering, TheFirstRegisteredAssetOfACollectionShowsAtOnce) {
    add_collection("d e");
    add_item("d e", sample_item("i", {.collection = "d e", .assets = R"({"data":{"href":"https://old/x.tif"}})"}));
    auto const href = [&] {
        return std::string(
            get("/search?ids=i&collections=d%20e").at("features").at(0).at("assets").at("data").at("href").as_string());
    };
    ASSERT_EQ(href(), "https://old/x.tif");
    auto const tag = get("/search?ids=i&collections=d%20e").headers.get("ETag");
    catalog::change_set c;
    catalog::asset_version v;
    v.id = sha256_of("bytes of d");
    v.size = 10;
    c.register_version({collection_id("d e"), item_id("i"), asset_key("data")}, v);
    ASSERT_TRUE(catalog_.commit(std::move(c)));
    EXPECT_EQ(href(), "https://broker.test/data/d%20e/i/data");
    EXPECT_NE(get("/search?ids=i&collections=d%20e").headers.get("ETag"), tag) << "an answer with other assets is another answer";
}

}  // namespace
}  // namespace fjord::stac::test
