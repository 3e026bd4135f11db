// `q`: which words find what, in items and in collections.
#include "stac/cql2/functions.hpp"
#include "stac/free_text.hpp"
#include "tests/support/matchers.hpp"
#include "tests/unit/stac/api_fixture.hpp"

#include <gmock/gmock.h>

namespace fjord::stac::test {
namespace {

using fjord::test::HasErrc;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(free_text, PhrasesMatchWholeWordsWithoutCaseAndAccents) {
    EXPECT_TRUE(cql2::has_phrase("Sentinel-2 over Białystok and São Tomé", "sao tome"));
    EXPECT_TRUE(cql2::has_phrase("Sentinel-2 L2A", "SENTINEL 2"));
    EXPECT_TRUE(cql2::has_phrase("Straße", "STRASSE"));
    EXPECT_FALSE(cql2::has_phrase("Sentinels", "sentinel"));
    EXPECT_FALSE(cql2::has_phrase("salt pepper", "pepper salt"));
    EXPECT_FALSE(cql2::has_phrase("anything", "--"));
}

TEST(free_text, WhatCannotBeReadIsRefusedWithAReason) {
    std::string_view const fields[] = {"title"};
    std::string deep(100, '(');
    for (std::string const& q : {std::string("\"open"), std::string("(a"), std::string("a)"), std::string("a AND"),
                                 std::string("AND a"), std::string("NOT"), std::string("a OR AND b"), std::string("()"),
                                 std::string(","), std::string("-"), std::string("\"\""), deep, std::string(5000, 'a')}) {
        auto const made = read_free_text(q, fields);
        ASSERT_THAT(made, HasErrc(errc::invalid_argument)) << q;
        EXPECT_THAT(made.error().detail, HasSubstr("q: "));
    }
    std::string many;
    for (int i = 0; i < 101; ++i) many += "a" + std::to_string(i) + ",";
    EXPECT_THAT(read_free_text(many, fields), HasErrc(errc::invalid_argument));
}

class free_text_search : public api_fixture {
protected:
    void SetUp() override {
        api_fixture::SetUp();
        add_collection("c");
        auto const add = [this](std::string const& id, std::string const& properties) {
            add_item("c", sample_item(id, {.properties = properties}));
        };
        add("wind", R"(,"title":"Wind atlas of the Baltic Sea")");
        add("solar", R"(,"title":"Solar atlas","description":"Irradiance over the Baltic")");
        add("flood", R"(,"keywords":["flood","Earth Observation"],"platform":"sentinel-1a")");
        add("model", R"(,"title":"Climate model run","keywords":["forecast"])");
        add("plain", "");
    }
    std::vector<std::string> found(std::string const& q) {
        auto const r = get("/search?q=" + encode_query(q));
        EXPECT_EQ(r.status, 200u) << r.text;
        auto ids = ids_of(r);
        EXPECT_EQ(r.at("numberMatched").as_int64(), static_cast<std::int64_t>(ids.size()));
        std::sort(ids.begin(), ids.end());
        return ids;
    }
};

TEST_F(free_text_search, TermsOperatorsGroupsAndPhrases) {
    EXPECT_THAT(found("baltic"), ElementsAre("solar", "wind"));
    EXPECT_THAT(found("flood,climate"), ElementsAre("flood", "model"));
    EXPECT_THAT(found("EO,Earth Observation"), ElementsAre("flood"));
    EXPECT_THAT(found("atlas AND irradiance"), ElementsAre("solar"));
    EXPECT_THAT(found("atlas -solar"), ElementsAre("wind"));
    EXPECT_THAT(found("atlas NOT solar"), ElementsAre("wind"));
    EXPECT_THAT(found("atlas +baltic"), ElementsAre("solar", "wind"));
    EXPECT_THAT(found("(wind OR solar) AND NOT irradiance"), ElementsAre("wind"));
    EXPECT_THAT(found("\"baltic sea\""), ElementsAre("wind"));
    EXPECT_THAT(found("sentinel-1a"), ElementsAre("flood"));
    EXPECT_THAT(found("NOT atlas"), ElementsAre("flood", "model", "plain"));
    EXPECT_THAT(found("sea atlas"), IsEmpty());
}

TEST_F(free_text_search, PostTakesAListOrText) {
    EXPECT_THAT(ids_of(post("/search", R"({"q":["flood","model"]})")), UnorderedElementsAre("flood", "model"));
    EXPECT_THAT(ids_of(post("/search", R"({"q":"atlas AND baltic"})")), UnorderedElementsAre("solar", "wind"));
    EXPECT_THAT(ids_of(post("/search", R"({"q":["AND"]})")), IsEmpty());
    EXPECT_EQ(post("/search", R"({"q":5})").status, 400u);
    EXPECT_EQ(post("/search", R"({"q":[]})").status, 400u);
    EXPECT_THAT(ids_of(get("/collections/c/items?q=flood")), ElementsAre("flood"));
    EXPECT_EQ(get("/search?q=%22open").status, 400u);
}

TEST_F(free_text_search, SealedSegmentsAnswerAsTheTailDoes) {
    auto const before = found("baltic OR flood");
    for (int i = 0; i < 1500; ++i)
        add_item("c", sample_item("filler-" + std::to_string(i), {.properties = R"(,"title":"Filler")"}));
    EXPECT_EQ(found("baltic OR flood"), before);
    EXPECT_EQ(get("/search?limit=1&q=filler").at("numberMatched"), 1500);
    EXPECT_EQ(get("/search?limit=1&q=-filler").at("numberMatched"), 5);
}

}  // namespace
}  // namespace fjord::stac::test
