#include "tests/unit/stac/api_fixture.hpp"

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
