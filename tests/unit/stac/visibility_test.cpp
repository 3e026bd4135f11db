// What a caller may not see is not there: in no list, count, cursor, queryable, header or error.
#include "tests/unit/stac/api_fixture.hpp"

#include <gmock/gmock.h>

namespace fjord::stac::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class visibility_api : public api_fixture {
protected:
    // Open to all but what is sensitive, which only /insiders read; /writers may change what they see.
    void install_rules() override {
        auto const text = R"({"rules":[
            {"id":"open","effect":"permit","actions":["read"],"select":{"collection":{"in":["open","mixed"]},"sensitivity":{"<":3}}},
            {"id":"insiders","effect":"permit","actions":["read"],"when":[{"subject.groups":{"contains_any":["/insiders"]}}]},
            {"id":"writers","effect":"permit","actions":["create","modify"],"select":{"collection":{"in":["open","mixed"]}},
             "when":[{"subject.groups":{"contains_any":["/writers"]}}]}]})";
        auto set = policies::rule_set::parse("test", parse_json(text).value(), 1);
        ASSERT_TRUE(set) << set.error().detail;
        engine_.replace(std::move(*set));
    }
    void SetUp() override {
        api_fixture::SetUp();
        for (auto const* c : {"open", "mixed", "closed"}) add_collection(c, R"("fjord:sensitivity":0)");
        add_item("open", sample_item("o", {.collection = "open", .properties = R"(,"shown":1)"}));
        add_item("mixed", sample_item("m1", {.collection = "mixed"}));
        add_item("mixed", sample_item("m2", {.collection = "mixed",
                                             .properties = R"(,"fjord:sensitivity":4,"secret_property":1,"title":"sealed")"}));
        add_item("closed", sample_item("x", {.collection = "closed", .properties = R"(,"closed_property":1)"}));
    }
    principal const insider_ = member_of("/insiders"), writer_ = member_of("/writers");
};

TEST_F(visibility_api, ListsAndCountsHoldOnlyWhatMayBeSeen) {
    EXPECT_EQ(get("/search").at("numberMatched"), 2);
    EXPECT_EQ(get("/search", insider_).at("numberMatched"), 4);
    EXPECT_EQ(get("/search", admin()).at("numberMatched"), 4);
    EXPECT_EQ(get("/search?ids=m2,x").at("numberMatched"), 0);
    EXPECT_EQ(get("/search?collections=closed").at("numberMatched"), 0);
    EXPECT_EQ(get("/collections/mixed/items").at("numberMatched"), 1);
    EXPECT_EQ(get("/collections").at("numberMatched"), 2);
    EXPECT_EQ(get("/search?sortby=id").at("numberMatched"), 2);
}

TEST_F(visibility_api, AHiddenThingAnswersAsAnAbsentOne) {
    for (auto const& [hidden, absent] : std::initializer_list<std::pair<std::string, std::string>>{
             {"/collections/closed", "/collections/absent"},
             {"/collections/closed/items", "/collections/absent/items"},
             {"/collections/closed/items/x", "/collections/absent/items/x"},
             {"/collections/mixed/items/m2", "/collections/mixed/items/absent"},
             {"/collections/closed/queryables", "/collections/absent/queryables"}}) {
        for (auto const* method : {"GET", "HEAD"}) {
            auto const a = ask(method, hidden), b = ask(method, absent);
            EXPECT_EQ(a.status, 404u) << hidden;
            EXPECT_EQ(a.text, b.text) << hidden;
            EXPECT_EQ(a.headers.items(), b.headers.items()) << hidden;
        }
        EXPECT_EQ(get(hidden, insider_).status, 200u) << hidden;
    }
}

TEST_F(visibility_api, ChangesToHiddenThingsAnswerAsToAbsentOnes) {
    auto const item = sample_item("x", {.collection = "closed"});
    EXPECT_EQ(ask("PUT", "/collections/closed/items/x", item, writer_).status, 404u);
    EXPECT_EQ(ask("PATCH", "/collections/mixed/items/m2", "{}", writer_).status, 404u);
    EXPECT_EQ(ask("DELETE", "/collections/mixed/items/m2", {}, member_of("/nobody")).status,
              ask("DELETE", "/collections/mixed/items/absent", {}, member_of("/nobody")).status);
    EXPECT_EQ(ask("POST", "/collections/closed/items", item, writer_).status, 404u);
    EXPECT_EQ(get("/search", insider_).at("numberMatched"), 4);
}

TEST_F(visibility_api, DescriptionsOfTheDataDoNotLeak) {
    EXPECT_THAT(get("/queryables").text, HasSubstr("shown"));
    EXPECT_THAT(get("/queryables").text, Not(HasSubstr("secret_property")));
    EXPECT_THAT(get("/queryables").text, Not(HasSubstr("closed_property")));
    EXPECT_THAT(get("/queryables", insider_).text, HasSubstr("secret_property"));
    EXPECT_EQ(get("/search?sortby=secret_property").status, 400u);
    EXPECT_EQ(get("/search?sortby=secret_property", insider_).status, 200u);
    EXPECT_THAT(get("/").text, Not(HasSubstr("closed")));
}

TEST_F(visibility_api, AggregatesCountAndOfferOnlyWhatMayBeSeen) {
    auto const total = [this](std::string const& path, principal const& who) {
        return get(path + "?aggregations=total_count", who).at("aggregations").at(0).at("value");
    };
    EXPECT_EQ(total("/aggregate", {}), 2);
    EXPECT_EQ(total("/aggregate", insider_), 4);
    EXPECT_EQ(total("/collections/mixed/aggregate", {}), 1);
    for (auto const* name : {"secret_property_max", "closed_property_frequency"}) {
        EXPECT_EQ(get(std::string("/aggregate?aggregations=") + name).status, 400u);
        EXPECT_EQ(get(std::string("/aggregate?aggregations=") + name, insider_).status, 200u);
        EXPECT_THAT(get("/aggregations").text, Not(HasSubstr(name)));
        EXPECT_THAT(get("/aggregations", insider_).text, HasSubstr(name));
    }
    auto const found = get("/aggregate?aggregations=collection_frequency,datetime_frequency,grid_geohash_frequency");
    EXPECT_THAT(found.text, Not(HasSubstr("closed")));
    EXPECT_EQ(get("/collections/closed/aggregate?aggregations=total_count").text,
              get("/collections/absent/aggregate?aggregations=total_count").text);
    EXPECT_EQ(get("/collections/closed/aggregations").text, get("/collections/absent/aggregations").text);
}

TEST_F(visibility_api, CollectionsAreSearchedListedAndBrowsedAmongWhatMayBeSeen) {
    for (auto const* target :
         {"/collections?q=closed", "/collections?ids=closed", "/collections?filter=id%3D'closed'", "/children?q=closed"}) {
        EXPECT_EQ(get(target).at("numberMatched"), 0) << target;
        EXPECT_EQ(get(target, insider_).at("numberMatched"), 1) << target;
    }
    EXPECT_THAT(get("/children").text, Not(HasSubstr("closed")));
    EXPECT_THAT(get("/collections?sortby=-id").text, Not(HasSubstr("closed")));
    EXPECT_THAT(get("/collections/mixed/browse").text, Not(HasSubstr("m2")));
    EXPECT_THAT(get("/collections/mixed/browse").text, HasSubstr("1 in all"));
    EXPECT_THAT(get("/collections/mixed/browse", insider_).text, HasSubstr("m2"));
    EXPECT_EQ(get("/collections/closed/browse").text, get("/collections/absent/browse").text);
    EXPECT_EQ(get("/search?q=sealed").at("numberMatched"), 0);
    EXPECT_EQ(get("/search?q=sealed", insider_).at("numberMatched"), 1);
    EXPECT_THAT(get("/collections-queryables").text, HasSubstr("fjord:sensitivity"));
}

TEST_F(visibility_api, WritersChangeWhatTheyMayAndNothingElse) {
    EXPECT_EQ(ask("POST", "/collections/open/items", sample_item("new", {.collection = "open"}), writer_).status, 201u);
    EXPECT_EQ(ask("PUT", "/collections/open/items/o", sample_item("o", {.collection = "open"}), writer_).status, 204u);
    EXPECT_EQ(ask("POST", "/collections/open/items", sample_item("new2", {.collection = "open"}), insider_).status, 403u);
    EXPECT_EQ(ask("POST", "/collections/open/items", sample_item("new2", {.collection = "open"})).status, 401u);
    EXPECT_EQ(ask("POST", "/collections", sample_collection("more"), writer_).status, 403u);
}

TEST_F(visibility_api, ARuleOnOneDatasetHidesJustThat) {
    auto const text = R"([{"id":"open","effect":"permit","actions":["read"]},
                          {"id":"one","effect":"forbid","actions":["discover"],"select":{"dataset":"m1"}}])";
    engine_.replace(policies::rule_set::parse("test", parse_json(text).value(), 2).value());
    EXPECT_EQ(get("/search").at("numberMatched"), 3);
    EXPECT_EQ(get("/search?ids=m1").at("numberMatched"), 0);
    EXPECT_EQ(get("/collections/mixed/items").at("numberMatched"), 1);
    EXPECT_EQ(get("/collections/mixed/items/m1").status, 404u);
    EXPECT_EQ(get("/collections/mixed/items/m2").status, 200u);
    EXPECT_EQ(get("/search", admin()).at("numberMatched"), 4);
}

TEST_F(visibility_api, ARuleMayShowOneDatasetOfWhatIsHidden) {
    auto const text = R"([{"id":"one","effect":"permit","actions":["read"],"select":{"dataset":{"in":["m2","x"]}}}])";
    engine_.replace(policies::rule_set::parse("test", parse_json(text).value(), 2).value());
    EXPECT_THAT(ids_of(get("/search?sortby=id")), ElementsAre("m2", "x"));
    EXPECT_EQ(get("/collections/mixed/items/m1").status, 404u);
    EXPECT_EQ(get("/collections/mixed").status, 404u) << "the collection itself is not among them";
}

TEST_F(visibility_api, CursorsAndCountsOfPagesHoldOnlyWhatMayBeSeen) {
    for (int i = 0; i < 9; ++i)
        add_item("mixed", sample_item("p" + std::to_string(i),
                                      {.collection = "mixed", .properties = i % 3 == 0 ? R"(,"fjord:sensitivity":4)" : ""}));
    std::vector<std::string> walked;
    std::string target = "/collections/mixed/items?limit=2&sortby=id";
    while (!target.empty()) {
        auto const r = get(target);
        ASSERT_EQ(r.status, 200u) << r.text;
        EXPECT_EQ(r.at("numberMatched"), 7);
        for (auto const& id : ids_of(r)) walked.push_back(id);
        auto const next = link_of(r, "next");
        target = next.empty() ? "" : target_of(next);
    }
    EXPECT_THAT(walked, ElementsAre("m1", "p1", "p2", "p4", "p5", "p7", "p8"));
}

}  // namespace
}  // namespace fjord::stac::test
