#include "catalog_fixture.hpp"

namespace fjord::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

asset_version content(std::string_view bytes) {
    return {.id = version_of(bytes), .size = bytes.size(), .media_type = "image/tiff"};
}

class CatalogAssets : public CatalogTest {
protected:
    void enroll(asset_ref const& a, asset_version v) {
        must(commit([&](change_set& c) { c.register_version(a, std::move(v)); }));
    }
    void replica(asset_ref const& a, std::string_view bytes, char const* site, replica_state s = replica_state::available) {
        must(commit([&](change_set& c) {
            c.put_replica({.asset = a, .version = version_of(bytes), .site = site_id(site), .state = s, .size = bytes.size()});
        }));
    }
    static std::vector<std::string> where(std::vector<replica_record> const& replicas) {
        std::vector<std::string> names;
        for (auto const& r : replicas) names.push_back(r.asset.str() + "@" + r.site.str());
        return names;
    }
    asset_ref const data_ = ref("c", "i", "data");
};

TEST_P(CatalogAssets, TheLastRegisteredVersionIsCurrentAndOlderOnesStay) {
    for (auto bytes : {"one", "two!", "three"}) {
        enroll(data_, content(bytes));
        time().advance(seconds{1});
    }
    EXPECT_EQ(must(cat().find_asset(data_)).current.id, version_of("three"));
    std::vector<std::uint64_t> sizes;
    for (auto const& v : must(cat().list_versions(data_))) sizes.push_back(v.size);
    EXPECT_THAT(sizes, ElementsAre(5, 4, 3)) << "newest first";
    EXPECT_EQ(must(cat().find_version(data_, version_of("one"))).digests.sha256, version_of("one"));
    EXPECT_TRUE(failed_with(cat().find_version(data_, version_of("four")), errc::not_found));
    EXPECT_TRUE(failed_with(cat().find_asset(ref("c", "i", "dat")), errc::not_found));
    auto log = news();
    ASSERT_THAT(types_of(log), ElementsAre("asset.version", "asset.version", "asset.version"));
    EXPECT_EQ(log[0].subject, "c/i/data");
    EXPECT_EQ(data_of(log[0]), (boost::json::object{{"collection", "c"},
                                                    {"item", "i"},
                                                    {"asset", "data"},
                                                    {"version", version_of("one").text()},
                                                    {"size", 3},
                                                    {"media_type", "image/tiff"},
                                                    {"tree", false}}));
}

TEST_P(CatalogAssets, GoingBackToAnOldVersionMakesItTheNewest) {
    enroll(data_, content("one"));
    auto first = must(cat().find_asset(data_)).current.registered;
    time().advance(seconds{1});
    enroll(data_, content("two"));
    enroll(data_, content("one"));
    EXPECT_EQ(must(cat().find_asset(data_)).current.id, version_of("one"));
    auto versions = must(cat().list_versions(data_));
    ASSERT_EQ(versions.size(), 2u);
    EXPECT_EQ(versions[0].id, version_of("one"));
    EXPECT_EQ(versions[0].registered, first);
}

TEST_P(CatalogAssets, WhatIsKnownOfAVersionGrowsAndItsSizeDoesNotChange) {
    digester d;
    d.update("one");
    auto known = content("one");
    known.digests = d.finish();
    enroll(data_, known);
    enroll(data_, content("one"));
    EXPECT_EQ(must(cat().find_asset(data_)).current.digests.adler32, known.digests.adler32);
    EXPECT_THAT(types_of(news()), ElementsAre("asset.version")) << "the same version again is no news";
    auto wrong = content("one");
    wrong.size = 4;
    EXPECT_TRUE(failed_with(commit([&](change_set& c) { c.register_version(data_, wrong); }), errc::conflict));
    asset_version nameless{.size = 1};
    EXPECT_TRUE(failed_with(commit([&](change_set& c) { c.register_version(data_, nameless); }), errc::invalid_argument));
}

TEST_P(CatalogAssets, AssetsAreListedByItemAndByCollection) {
    for (auto const& a : {ref("c", "i", "b"), ref("c", "i", "a"), ref("c", "i2", "x"), ref("c2", "i", "y")})
        enroll(a, content("one"));
    auto names = [](std::vector<asset_state> const& assets) {
        std::vector<std::string> list;
        for (auto const& a : assets) list.push_back(a.ref.str());
        return list;
    };
    EXPECT_THAT(names(must(cat().list_assets(collection_id("c"), item_id("i")))), ElementsAre("c/i/a", "c/i/b"));
    EXPECT_THAT(names(must(cat().list_assets(collection_id("c"), item_id()))), ElementsAre("c/i/a", "c/i/b", "c/i2/x"));
}

TEST_P(CatalogAssets, ADeletedItemsAssetsAreNotFoundButTheirCopiesAre) {
    must(commit([&](change_set& c) {
        c.put_collection(collection("c"));
        c.put_item(item("c", "i"));
        c.register_version(data_, content("one"));
    }));
    enroll(data_, content("two"));
    replica(data_, "two", "site-a");
    must(commit([](change_set& c) { c.delete_item(collection_id("c"), item_id("i")); }));
    EXPECT_TRUE(failed_with(cat().find_asset(data_), errc::not_found));
    EXPECT_THAT(must(cat().list_assets(collection_id("c"), item_id())), IsEmpty());
    EXPECT_EQ(must(cat().list_replicas(data_)).size(), 1u);
    enroll(data_, content("one"));
    EXPECT_EQ(must(cat().list_versions(data_))[0].id, version_of("one")) << "numbers go on";
}

TEST_P(CatalogAssets, TreeMembersAreFoundAndScannedByPath) {
    auto v = version_of("manifest");
    must(commit([&](change_set& c) {
        c.register_version(data_, {.id = v, .size = 6, .tree = true, .members = 3});
        for (auto path : {"b/0.1", "b/0.0", "a.json"}) c.put_tree_member(data_, v, {path, 2, version_of(path)});
        c.put_tree_member(data_, version_of("other"), {"zzz", 1, version_of("z")});
    }));
    EXPECT_EQ(must(cat().find_tree_member(data_, v, "b/0.1")).id, version_of("b/0.1"));
    EXPECT_TRUE(failed_with(cat().find_tree_member(data_, v, "b"), errc::not_found));
    auto paths_after = [&](std::string_view after) {
        std::vector<std::string> paths;
        must(cat().scan_tree_members(data_, v, after, [&](tree_member const& m) {
            paths.push_back(m.path);
            return true;
        }));
        return paths;
    };
    EXPECT_THAT(paths_after(""), ElementsAre("a.json", "b/0.0", "b/0.1"));
    EXPECT_THAT(paths_after("b/0.0"), ElementsAre("b/0.1"));
    EXPECT_EQ(data_of(news().front()).at("members"), 3);
    for (auto bad : {"", "/a", "a/", "a//b", "../a", "a/./b", "a\\b"}) {
        auto put = commit([&](change_set& c) { c.put_tree_member(data_, v, {bad, 1, v}); });
        EXPECT_TRUE(failed_with(put, errc::invalid_argument)) << bad;
    }
}

TEST_P(CatalogAssets, ReplicasAreFoundByAssetByVersionAndBySite) {
    auto other = ref("c", "i", "other");
    replica(data_, "one", "site-a");
    replica(data_, "one", "site-b");
    replica(data_, "two", "site-a");
    replica(other, "one", "site-a");
    EXPECT_EQ(must(cat().list_replicas(data_)).size(), 3u);
    EXPECT_THAT(where(must(cat().list_replicas(data_, version_of("one")))), ElementsAre("c/i/data@site-a", "c/i/data@site-b"));
    EXPECT_EQ(must(cat().find_replica(data_, version_of("two"), site_id("site-a"))).size, 3u);
    EXPECT_TRUE(failed_with(cat().find_replica(data_, version_of("two"), site_id("site-b")), errc::not_found));
    EXPECT_EQ(must(cat().list_replicas_at(site_id("site-a"), "", 100)).size(), 3u);
    EXPECT_THAT(must(cat().list_replicas_at(site_id("site"), "", 100)), IsEmpty());
    auto page = must(cat().list_replicas_at(site_id("site-a"), "", 1));
    EXPECT_THAT(where(page), ElementsAre("c/i/data@site-a", "c/i/data@site-a")) << "versions of an asset stay together";
    EXPECT_THAT(where(must(cat().list_replicas_at(site_id("site-a"), "c/i/data", 1))), ElementsAre("c/i/other@site-a"));
    EXPECT_TRUE(failed_with(cat().list_replicas_at(site_id("site-a"), "c/i", 1), errc::invalid_argument));
}

TEST_P(CatalogAssets, EachStateOfAReplicaIsAnEventAndARenewedCheckIsNot) {
    replica(data_, "one", "site-a", replica_state::copying);
    replica_record r{.asset = data_,
                     .version = version_of("one"),
                     .site = site_id("site-a"),
                     .state = replica_state::available,
                     .size = 3,
                     .path = "c/i/one.tif",
                     .verified_at = time().now()};
    auto put = [&] { must(commit([&](change_set& c) { c.put_replica(r); })); };
    put();
    time().advance(seconds{60});
    r.verified_at = time().now();
    put();
    EXPECT_EQ(must(cat().find_replica(data_, r.version, r.site)).verified_at, r.verified_at);
    r.state = replica_state::bad;
    r.reason = "adler32 \xff differs";
    put();
    must(commit([&](change_set& c) { c.delete_replica(data_, r.version, r.site); }));
    must(commit([&](change_set& c) { c.delete_replica(data_, r.version, r.site); }));
    EXPECT_THAT(must(cat().list_replicas_at(r.site, "", 10)), IsEmpty());
    auto log = news();
    ASSERT_THAT(types_of(log), ElementsAre("replica.copying", "replica.available", "replica.bad", "replica.deleted"));
    EXPECT_EQ(data_of(log[1]), (boost::json::object{{"collection", "c"},
                                                    {"item", "i"},
                                                    {"asset", "data"},
                                                    {"version", r.version.text()},
                                                    {"site", "site-a"},
                                                    {"state", "available"},
                                                    {"size", 3},
                                                    {"path", "c/i/one.tif"}}));
    EXPECT_EQ(text_of(log[2], "reason"), "adler32 \xef\xbf\xbd differs") << "events are valid UTF-8";
    EXPECT_EQ(text_of(log[3], "state"), "deleted");
    EXPECT_EQ(text_of(log[3], "path"), "c/i/one.tif") << "enough to drop what was cached";
}

TEST_P(CatalogAssets, LocksAreFoundByRuleAndByAsset) {
    auto other = ref("c", "i", "other");
    auto v = version_of("one");
    lock_record a{rule_id("r1"), data_, v, site_id("site-a")}, b{rule_id("r2"), data_, v, site_id("site-b")},
        c{rule_id("r1"), other, v, site_id("site-a")};
    must(commit([&](change_set& set) {
        for (auto const& l : {a, b, c}) set.put_lock(l);
    }));
    auto names = [](std::vector<lock_record> const& locks) {
        std::vector<std::string> list;
        for (auto const& l : locks) list.push_back(l.rule.str() + " " + l.asset.str() + " " + l.site.str());
        return list;
    };
    EXPECT_THAT(names(must(cat().list_locks(rule_id("r1")))), ElementsAre("r1 c/i/data site-a", "r1 c/i/other site-a"));
    EXPECT_THAT(names(must(cat().list_locks(data_))), ElementsAre("r1 c/i/data site-a", "r2 c/i/data site-b"));
    EXPECT_EQ(must(cat().list_locks(data_))[0].version, v);
    must(commit([&](change_set& set) { set.delete_lock(a); }));
    EXPECT_THAT(names(must(cat().list_locks(rule_id("r1")))), ElementsAre("r1 c/i/other site-a"));
    EXPECT_THAT(names(must(cat().list_locks(data_))), ElementsAre("r2 c/i/data site-b"));
    EXPECT_THAT(news(), IsEmpty()) << "a lock is not news; its replica is";
}

INSTANTIATE_TEST_SUITE_P(Engines, CatalogAssets, engines(), engine_name);

}  // namespace
}  // namespace fjord::catalog
