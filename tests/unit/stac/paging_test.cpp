// Every way to walk through pages gives every item once, in order, and ends without an empty page.
#include "tests/unit/stac/api_fixture.hpp"
#include "tests/unit/stac/shared_data.hpp"

#include <boost/json/serialize.hpp>

#include <gmock/gmock.h>

#include <random>
#include <set>

namespace fjord::stac::test {
namespace {

class paging : public api_fixture {
protected:
    void fill(int n) {
        add_collection("a");
        add_collection("b");
        std::mt19937 random(7);
        for (int i = 0; i < n; ++i) {
            auto const c = i % 3 ? "a" : "b";
            auto const day = std::to_string(1 + random() % 28);
            auto const cloud = random() % 5 ? ",\"eo:cloud_cover\":" + std::to_string(random() % 10) : std::string();
            add_item(c, sample_item("item-" + std::to_string(i),
                                    {.collection = c,
                                     .datetime = "\"2020-06-" + std::string(day.size() < 2 ? "0" : "") + day + "T00:00:00Z\"",
                                     .properties = cloud}));
        }
    }
    reply follow(json::value const& l) {
        auto const target = target_of(std::string(l.at("href").as_string()));
        auto const* method = l.as_object().if_contains("method");
        if (method && method->as_string() == "POST") return post(target, json::serialize(l.at("body")));
        return get(target);
    }
    static json::value const* find_link(reply const& r, std::string_view rel) {
        for (auto const& l : r.at("links").as_array())
            if (l.at("rel").as_string() == rel) return &l;
        return nullptr;
    }
    static std::vector<std::string> keys_of(reply const& r) {
        std::vector<std::string> out;
        for (auto const& f : r.at("features").as_array())
            out.push_back(std::string(f.at("collection").as_string()) + "/" + std::string(f.at("id").as_string()));
        return out;
    }
    std::vector<std::string> walk(reply page, std::size_t limit) {
        std::vector<std::string> seen;
        for (int pages = 0; pages < 1000; ++pages) {
            EXPECT_EQ(page.status, 200u) << page.text;
            auto const keys = keys_of(page);
            seen.insert(seen.end(), keys.begin(), keys.end());
            auto const* next = find_link(page, "next");
            if (!next) return seen;
            EXPECT_EQ(keys.size(), limit);
            page = follow(*next);
            EXPECT_FALSE(page.at("features").as_array().empty()) << "an empty page";
        }
        ADD_FAILURE() << "the walk does not end";
        return seen;
    }
};

TEST_F(paging, WalksGiveEveryItemOnceInOrder) {
    fill(60);
    for (auto const* query :
         {"", "&sortby=-eo:cloud_cover", "&sortby=eo:cloud_cover,id", "&filter=eo:cloud_cover%3C8", "&bbox=0,0,90,90",
          "&datetime=2020-06-05T00:00:00Z/..", "&collections=a", "&sortby=-collection,-id"}) {
        auto const whole = keys_of(get(std::string("/search?limit=1000") + query));
        EXPECT_EQ(std::set<std::string>(whole.begin(), whole.end()).size(), whole.size());
        for (std::size_t const limit : {1, 2, 7, 20, 60})
            EXPECT_EQ(walk(get("/search?limit=" + std::to_string(limit) + query), limit), whole) << query << " limit " << limit;
    }
    EXPECT_EQ(walk(get("/collections/a/items?limit=7"), 7), keys_of(get("/collections/a/items?limit=1000")));
}

TEST_F(paging, AThousandRealItemsArePagedAtAnySize) {
    auto const file = shared_data("stac/planetary-computer/naip.items.ndjson");
    if (file.empty()) GTEST_SKIP() << "the sample items are not on this machine (set FJORD_SHARED_DATA)";
    add_collection("naip");
    std::string features;
    for (auto const& line : lines_of(file)) features += (features.empty() ? "" : ",") + line;
    ASSERT_EQ(post("/collections/naip/items", R"({"type":"FeatureCollection","features":[)" + features + "]}", admin()).status,
              201u);
    for (std::string const order : {"", "&sortby=-naip:year,id"}) {
        auto const whole = keys_of(get("/search?limit=10000" + order));
        ASSERT_EQ(std::set<std::string>(whole.begin(), whole.end()).size(), 1000u);
        for (std::size_t const limit : {7, 100, 500})
            EXPECT_EQ(walk(get("/search?limit=" + std::to_string(limit) + order), limit), whole) << order << limit;
    }
    EXPECT_EQ(walk(get("/search?limit=2&datetime=2017-01-01T00:00:00Z/2017-12-31T23:59:59Z"), 2).size(), 142u);
    EXPECT_EQ(walk(get("/search?limit=1&filter=naip:year%3D'2017'"), 1).size(), 142u);
}

TEST_F(paging, PostWalksByTheBodyOfTheLink) {
    fill(30);
    auto const body =
        R"("bbox":[0,0.10,90,90.0],"filter":{"op":"<=","args":[{"property":"eo:cloud_cover"},9.0]},"sortby":[{"field":"eo:cloud_cover","direction":"desc"}])";
    auto const whole = keys_of(post("/search", std::string("{\"limit\":1000,") + body + "}"));
    ASSERT_GT(whole.size(), 15u);
    for (std::size_t const limit : {1, 4, 7})
        EXPECT_EQ(walk(post("/search", "{\"limit\":" + std::to_string(limit) + "," + body + "}"), limit), whole);
}

TEST_F(paging, NoNextWhereTheLastPageIsFull) {
    fill(20);
    auto const page = get("/search?limit=20");
    EXPECT_EQ(find_link(page, "next"), nullptr);
    EXPECT_EQ(find_link(get("/search?limit=1000"), "next"), nullptr);
    EXPECT_EQ(find_link(page, "prev"), nullptr);
}

TEST_F(paging, PrevLeadsBackToTheSamePages) {
    fill(23);
    for (auto const* query : {"", "&sortby=-eo:cloud_cover", "&bbox=0,0,90,90"}) {
        std::vector<std::vector<std::string>> pages;
        auto page = get(std::string("/search?limit=5") + query);
        while (true) {
            pages.push_back(keys_of(page));
            auto const* next = find_link(page, "next");
            if (!next) break;
            page = follow(*next);
        }
        ASSERT_EQ(pages.size(), 5u);
        for (std::size_t i = pages.size() - 1; i > 0; --i) {
            auto const* previous = find_link(page, "prev");
            ASSERT_NE(previous, nullptr) << query << i;
            page = follow(*previous);
            EXPECT_EQ(keys_of(page), pages[i - 1]) << query << i;
        }
        EXPECT_EQ(find_link(page, "prev"), nullptr);
    }
}

TEST_F(paging, ConcurrentChangesNeitherRepeatNorSkipWhatStays) {
    fill(40);
    auto const before = keys_of(get("/search?limit=1000"));
    std::vector<std::string> seen;
    auto page = get("/search?limit=3");
    std::set<std::string> deleted;
    for (int i = 0;; ++i) {
        auto const keys = keys_of(page);
        seen.insert(seen.end(), keys.begin(), keys.end());
        // One newer than all, one older than all, and one of what was there goes: also the very item a cursor points at.
        add_item("a", sample_item("new-" + std::to_string(i), {.collection = "a", .datetime = "\"2021-01-01T00:00:00Z\""}));
        add_item("a", sample_item("old-" + std::to_string(i), {.collection = "a", .datetime = "\"2019-01-01T00:00:00Z\""}));
        deleted.insert(keys.back());
        auto const slash = keys.back().find('/');
        ask("DELETE", "/collections/" + keys.back().substr(0, slash) + "/items/" + keys.back().substr(slash + 1), {}, admin());
        auto const* next = find_link(page, "next");
        if (!next || i > 100) break;
        page = follow(*next);
    }
    std::set<std::string> const once(seen.begin(), seen.end());
    EXPECT_EQ(once.size(), seen.size()) << "an item came twice";
    for (auto const& key : before) EXPECT_TRUE(once.contains(key)) << key;
}

TEST_F(paging, TokensOfAnotherQueryCallerOrWithAFlippedBitAreRefused) {
    fill(10);
    auto const next = target_of(link_of(get("/search?limit=2"), "next"));
    auto const token = next.substr(next.find("token="));
    EXPECT_EQ(get(next).status, 200u);
    EXPECT_EQ(get("/search?limit=3&" + token).status, 200u);  // the page size is not the query
    EXPECT_EQ(get("/search?limit=2&bbox=0,0,1,1&" + token).status, 400u);
    EXPECT_EQ(get("/search?limit=2&filter=id%3D'x'&" + token).status, 400u);
    EXPECT_EQ(get("/search?limit=2&sortby=id&" + token).status, 400u);
    EXPECT_EQ(get("/collections/a/items?limit=2&" + token).status, 400u);
    EXPECT_EQ(get("/collections?" + token).status, 400u);
    EXPECT_EQ(get(next, member_of("/other")).status, 400u);
    auto changed = next;
    changed.back() = changed.back() == 'A' ? 'Q' : 'A';
    EXPECT_EQ(get(changed).status, 400u);
}

}  // namespace
}  // namespace fjord::stac::test
