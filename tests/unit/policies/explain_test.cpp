#include "tests/unit/policies/support.hpp"

#include <boost/json/serialize.hpp>

namespace fjord::policies::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Explain : public ::testing::Test {
protected:
    Explain() { e.replace(rules(example_rules)); }
    engine e;
};

TEST_F(Explain, ADenialNamesTheConditionAndWhatWasGot) {
    auto d = asking{.who = member({}), .on = thing("h", "hosp-air"), .purpose = "DUO:0000042"}.of(e);
    auto o = explain(d, action::read, "fjord://h/h/hosp-air");
    d.decision_id = "ID";
    auto expected =
        parse_json(R"({"decision":"deny","decision_id":"ID","policy_epoch":1,"action":"read","resource":"fjord://h/h/hosp-air",
        "determining":[{"rule":"hmb@1","verdict":"not_applicable","failed":[{"atom":"request.purpose isa DUO:0000006","got":"DUO:0000042"}]}],
        "nearest":[{"need":["request.purpose isa DUO:0000006"],"how":"declare purpose DUO:0000006; then rule hmb@1 permits"}],
        "for":"requester"})")
            .value();
    o["decision_id"] = "ID";
    EXPECT_EQ(json::value(o), expected) << json::serialize(o);
}

TEST_F(Explain, AnUndeclaredUseTellsWhatToDeclare) {
    auto nc = thing("x");
    nc.license = "CC-BY-NC-4.0";
    auto d = asking{.who = anonymous(), .on = nc}.of(e);
    ASSERT_EQ(d.determining.size(), 1u);
    EXPECT_EQ(d.determining[0].verdict, "forbid");
    ASSERT_EQ(d.determining[0].failed.size(), 1u);
    EXPECT_EQ(d.determining[0].failed[0].got, "unknown");
    EXPECT_THAT(d.nearest, ElementsAre("declare commercial=false; then rule nc-read@1 permits"));
}

TEST_F(Explain, AnEmbargoOffersBothWaysOut) {
    auto d = asking{member({}), thing("ligo-o5")}.of(e);
    EXPECT_THAT(d.nearest, ::testing::UnorderedElementsAre("wait until 2027-03-01T00:00:00Z; then rule ligo-members@1 permits",
                                                           "be a member of /virgo/analysis; then rule ligo-members@1 permits"));
}

TEST_F(Explain, APermitNamesItsRule) {
    auto d = asking{anonymous(), thing("era5-open")}.of(e);
    auto o = explain(d, action::read, "u");
    EXPECT_EQ(o.at("decision"), "permit");
    EXPECT_EQ(o.at("determining").at(0).at("rule"), "public@1");
    EXPECT_THAT(d.nearest, IsEmpty());
}

TEST_F(Explain, RulesOfOtherResourcesAreNotMentioned) {
    auto o = json::serialize(explain(asking{member({}), thing("elsewhere")}.of(e), action::read, "u"));
    for (auto hidden : {"ligo", "flood", "virgo", "public@1"}) EXPECT_THAT(o, ::testing::Not(HasSubstr(hidden)));
}

TEST_F(Explain, PersonsNamedInARuleAreNotTold) {
    e.replace(rules(R"([{"id":"p","effect":"permit","actions":["read"],"when":[{"subject.sub":{"in":["alice","bob"]}}]}])"));
    auto o = json::serialize(explain(asking{member({}), thing("c")}.of(e), action::read, "u"));
    EXPECT_THAT(o, HasSubstr("subject.sub in [2 named]"));
    EXPECT_THAT(o, ::testing::Not(HasSubstr("alice")));
}

TEST_F(Explain, WhatCannotBeChangedIsNotOffered) {
    e.replace(rules(R"([{"id":"term","effect":"permit","actions":["read"],"when":[{"now":{"<":"2026-01-01T00:00:00Z"}}]},
                        {"id":"low","effect":"permit","actions":["read"],"select":{"sensitivity":4}}])"));
    EXPECT_THAT((asking{member({}), thing("c")}.of(e).nearest), IsEmpty());
}

TEST_F(Explain, WaysThatAForbidStillBlocksAreNotOffered) {
    e.replace(rules(R"([{"id":"p","effect":"permit","actions":["read"],"when":[{"subject.org":{"in":["org-z"]}}]},
                        {"id":"f","effect":"forbid","actions":["read"],"select":{"collection":"c"}}])"));
    EXPECT_THAT((asking{member({}), thing("c")}.of(e).nearest), IsEmpty());
    EXPECT_THAT((asking{member({}), thing("d")}.of(e).nearest),
                ElementsAre("hold: subject.org in [org-z]; then rule p@1 permits"));
}

TEST_F(Explain, OnlyMinimalWaysAreOffered) {
    e.replace(rules(R"([{"id":"a","effect":"permit","actions":["read"],"when":[{"subject.groups":{"contains_any":["/a"]}}]},
                        {"id":"ab","effect":"permit","actions":["read"],"when":[{"subject.groups":{"contains_any":["/a"]}},{"request.commercial":{"in":[false]}}]}])"));
    EXPECT_THAT((asking{member({}), thing("c")}.of(e).nearest), ElementsAre("be a member of /a; then rule a@1 permits"));
}

}  // namespace
}  // namespace fjord::policies::test
