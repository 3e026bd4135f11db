// Bulk ingest: lines in, a line out for each, every item for itself, all indexes or none.
#include "tests/unit/stac/api_fixture.hpp"

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>

#include <atomic>
#include <set>
#include <thread>

namespace fjord::stac::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class bulk : public api_fixture {
protected:
    void SetUp() override {
        api_fixture::SetUp();
        add_collection("c");
    }
    api_options options() override {
        auto o = api_fixture::options();
        o.ingest_batch_bytes = 4096;  // several batches even in a small test
        return o;
    }
    reply ingest(std::string const& lines, std::string const& query = {}, principal const& who = admin(),
                 std::string const& path = "/collections/c/items") {
        return ask("POST", path + query, lines, who, {{"Content-Type", "application/x-ndjson"}});
    }
    static std::vector<json::value> lines_of(reply const& r) {
        std::vector<json::value> out;
        for (std::size_t at = 0; at < r.text.size();) {
            auto const end = r.text.find('\n', at);
            out.push_back(parse_json(r.text.substr(at, end - at)).value());
            at = end + 1;
        }
        return out;
    }
    // "LINE:STATUS" of all results, without the summary.
    static std::vector<std::string> fates(reply const& r) {
        std::vector<std::string> out;
        for (auto const& l : lines_of(r))
            if (auto const* line = l.as_object().if_contains("line"))
                out.push_back(json::serialize(*line) + ":" + json::serialize(l.at("status")));
        return out;
    }
    std::uint64_t matched(std::string const& query = {}) {
        return get("/search?limit=1" + query).at("numberMatched").to_number<std::uint64_t>();
    }
};

TEST_F(bulk, EveryLineHasItsResultAndBadOnesLoseNothingElse) {
    add_item("c", sample_item("there"));
    auto const r =
        ingest(sample_item("a") + "\n{\n" + sample_item("there") + "\n\n" + R"({"type":"Feature","id":"half"})" + "\n" +
               sample_item("elsewhere", {.collection = "other"}) + "\n" + sample_item("a") + "\n" + sample_item("z"));
    EXPECT_EQ(r.status, 200u);
    EXPECT_EQ(r.headers.get("Content-Type"), "application/x-ndjson");
    EXPECT_THAT(fates(r), ElementsAre("1:201", "2:400", "3:409", "5:400", "6:400", "7:409", "8:201"));
    auto const lines = lines_of(r);
    EXPECT_EQ(lines[0].at("id"), "a");
    EXPECT_EQ(lines[3].at("id"), "half") << "named as far as it can be";
    EXPECT_THAT(std::string(lines[5].at("detail").as_string()), HasSubstr("exists already"));
    EXPECT_EQ(lines.back(), parse_json(R"({"done":true,"created":2,"updated":0,"unchanged":0,"refused":5})").value());
    EXPECT_EQ(matched(), 3u);
    EXPECT_EQ(get("/collections/c/items/z").status, 200u);
}

TEST_F(bulk, ManyBatchesKeepTheOrderOfTheLines) {
    std::string text;
    for (int i = 0; i < 3000; ++i) text += sample_item("i" + std::to_string(i)) + "\n";
    auto const r = ingest(text);
    auto const got = fates(r);
    ASSERT_EQ(got.size(), 3000u);
    for (int i = 0; i < 3000; ++i) ASSERT_EQ(got[i], std::to_string(i + 1) + ":201");
    EXPECT_EQ(matched(), 3000u);
    EXPECT_EQ(matched("&ids=i2999"), 1u);
    EXPECT_EQ(matched("&bbox=9,49,11,51"), 3000u);
    EXPECT_EQ(matched("&datetime=2020-06-01T00:00:00Z"), 3000u);
}

TEST_F(bulk, UpsertReplacesAndRepeatsChangeNothing) {
    add_item("c", sample_item("a"));
    auto const before = catalog_.last_sequence();
    auto const text = sample_item("a", {.properties = R"(,"n":1.50)"}) + "\n" + sample_item("b") + "\n" +
                      sample_item("b", {.properties = R"(,"n":2)"}) + "\n";
    EXPECT_THAT(fates(ingest(text, "?method=upsert")), ElementsAre("1:200", "2:201", "3:200"));
    EXPECT_THAT(get("/collections/c/items/a").text, HasSubstr("\"n\":1.50"));
    EXPECT_THAT(get("/collections/c/items/b").text, HasSubstr("\"n\":2"));
    EXPECT_EQ(catalog_.last_sequence(), before + 3);
    auto const again = ingest(sample_item("b", {.properties = R"(,"n":2)"}) + "\n", "?method=upsert");
    EXPECT_EQ(lines_of(again).back().at("unchanged"), 1);
    EXPECT_EQ(catalog_.last_sequence(), before + 3) << "what is there already is no news";
    EXPECT_EQ(matched(), 2u);
}

TEST_F(bulk, ResultsMayBeOfRefusedItemsOnly) {
    auto const r = ingest(sample_item("a") + "\n{\n" + sample_item("b") + "\n", "?results=failed");
    auto const lines = lines_of(r);
    EXPECT_THAT(fates(r), ElementsAre("2:400"));
    EXPECT_EQ(lines[lines.size() - 2].at("through"), 3);
    EXPECT_EQ(lines[lines.size() - 2].at("stored"), 2);
    EXPECT_EQ(lines.back().at("refused"), 1);
}

TEST_F(bulk, ItemsMayNameTheirCollections) {
    add_collection("d");
    auto const nameless =
        R"({"type":"Feature","stac_version":"1.1.0","id":"x","geometry":null,"properties":{"datetime":"2020-01-01T00:00:00Z"},"links":[],"assets":{}})";
    auto const r = ingest(sample_item("a") + "\n" + sample_item("b", {.collection = "d"}) + "\n" +
                              sample_item("e", {.collection = "absent"}) + "\n" + nameless + "\n",
                          {}, admin(), "/api/v1/ingest");
    EXPECT_THAT(fates(r), ElementsAre("1:201", "2:201", "3:404", "4:400"));
    EXPECT_EQ(get("/collections/d/items/b").status, 200u);
}

TEST_F(bulk, WhatCannotBeginIsAnsweredAsUsual) {
    EXPECT_EQ(ingest("").status, 400u);
    EXPECT_EQ(ingest(sample_item("a"), "?method=replace").status, 400u);
    EXPECT_EQ(ingest(sample_item("a"), "?results=none").status, 400u);
    EXPECT_EQ(ingest(sample_item("a"), {}, admin(), "/collections/absent/items").status, 404u);
    EXPECT_EQ(ingest(sample_item("a"), {}, principal{}).status, 401u);
    EXPECT_EQ(matched(), 0u);
}

TEST_F(bulk, PolicyDecidesForEachItem) {
    auto set = policies::rule_set::parse("test",
                                         parse_json(R"({"rules":[
        {"id":"open","effect":"permit","actions":["read"]},
        {"id":"team","effect":"permit","actions":["create"],"select":{"sensitivity":{"<":1}},"when":[{"subject.groups":{"contains_any":["/team"]}}]}]})")
                                             .value(),
                                         1);
    if (!set) GTEST_FAIL() << set.error().detail;
    engine_.replace(std::move(*set));
    auto const open = sample_item("open", {.properties = R"(,"fjord:sensitivity":0)"});
    auto const secret = sample_item("secret", {.properties = R"(,"fjord:sensitivity":3)"});
    EXPECT_THAT(fates(ingest(open + "\n" + secret + "\n", {}, member_of("/team"))), ElementsAre("1:201", "2:403"));
    EXPECT_THAT(fates(ingest(open + "\n", "?method=upsert", member_of("/team"))), ElementsAre("1:403"))
        << "who may create may not replace";
    EXPECT_THAT(fates(ingest(secret + "\n", {}, member_of("/others"))), ElementsAre("1:403"));
}

TEST_F(bulk, ATokenThatEndsEndsTheIngest) {
    auto who = admin();
    who.expires = clock_.now() - seconds(1);
    EXPECT_THAT(fates(ingest(sample_item("a") + "\n", {}, who)), ElementsAre("1:401"));
    EXPECT_EQ(matched(), 0u);
}

TEST_F(bulk, AnItemCollectionIsOneWrite) {
    std::string features;
    for (int i = 0; i < 500; ++i) features += (i ? "," : "") + sample_item("f" + std::to_string(i % 400));
    auto const body = R"({"type":"FeatureCollection","features":[)" + features + "]}";
    auto const r = post("/collections/c/items", body, admin());
    EXPECT_EQ(r.status, 207u);
    EXPECT_EQ(r.at("items").at(399).at("status"), 201);
    EXPECT_EQ(r.at("items").at(400).at("status"), 409);
    EXPECT_EQ(matched(), 400u);
    EXPECT_EQ(post("/collections/c/items?method=upsert", body, admin()).status, 201u);
}

// pgstac#285: two loaders at once, some items gone without an error. Here with a reader that pages all the while.
TEST_F(bulk, TwoLoadersAndAReaderLoseAndDoubleNothing) {
    constexpr int each = 1500, shared = 300;
    std::atomic<int> created{0}, refused{0};
    auto load = [&](int who) {
        std::string text;
        for (int i = 0; i < each; ++i)
            text += sample_item(i < shared ? "both-" + std::to_string(i) : std::to_string(who) + "-" + std::to_string(i)) + "\n";
        auto const last = lines_of(ingest(text)).back();
        created += last.at("created").to_number<int>();
        refused += last.at("refused").to_number<int>();
    };
    std::thread first(load, 1), second(load, 2);
    std::uint64_t before = 0;
    do {
        std::set<std::string> seen;
        auto page = get("/collections/c/items?limit=200");
        auto const promised = page.at("numberMatched").to_number<std::uint64_t>();
        EXPECT_GE(promised, before);
        for (;;) {
            for (auto const& id : ids_of(page)) EXPECT_TRUE(seen.insert(id).second) << id << " came twice";
            auto const next = link_of(page, "next");
            if (next.empty()) break;
            page = get(target_of(next));
        }
        EXPECT_GE(seen.size(), promised) << "a page was short of what the first one counted";
        before = promised;
    } while (created + refused < 2 * each);
    first.join(), second.join();
    EXPECT_EQ(created, 2 * each - shared);
    EXPECT_EQ(refused, shared);
    EXPECT_EQ(matched(), static_cast<std::uint64_t>(2 * each - shared));
    std::set<std::string> all;
    auto page = get("/collections/c/items?limit=1000");
    for (;;) {
        for (auto const& id : ids_of(page)) EXPECT_TRUE(all.insert(id).second);
        auto const next = link_of(page, "next");
        if (next.empty()) break;
        page = get(target_of(next));
    }
    EXPECT_EQ(all.size(), static_cast<std::size_t>(2 * each - shared));
}

}  // namespace
}  // namespace fjord::stac::test
