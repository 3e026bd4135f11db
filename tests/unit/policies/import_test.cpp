#include "tests/unit/policies/support.hpp"

namespace fjord::policies::test {
namespace {

using ::fjord::test::FailsWith;
using ::fjord::test::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Import, TheEnforceableExamplesAreTaken) { EXPECT_THAT(parse_rules(example_rules), IsOk()); }

TEST(Import, ListsCanBeWrappedInAnObject) {
    EXPECT_THAT(parse_rules(R"({"rules":[{"id":"a","effect":"permit","actions":["read"]}]})"), IsOk());
    EXPECT_THAT(parse_rules(R"({"rules":[]})"), IsOk());
    EXPECT_THAT(parse_rules("[]"), IsOk());
}

struct refusal {
    char const* name;
    char const* rule;     // one rule object
    char const* pointer;  // where, after /0
    char const* reason;
};

class Refused : public ::testing::TestWithParam<refusal> {};

TEST_P(Refused, WithRulePointerAndReason) {
    auto const& p = GetParam();
    auto text = "[" + std::string(p.rule) + "]";
    EXPECT_THAT(parse_rules(text),
                FailsWith(errc::invalid_argument,
                          AllOf(HasSubstr("policy test"), HasSubstr("/0" + std::string(p.pointer) + ":"), HasSubstr(p.reason))));
}

#define PERMIT_WHEN(c) R"({"id":"r","effect":"permit","actions":["read"],"when":[)" c "]}"
#define FORBID_WHEN(c) R"({"id":"r","effect":"forbid","actions":["read"],"when":[)" c "]}"
#define PERMIT_SELECT(c) R"({"id":"r","effect":"permit","actions":["read"],"select":)" c "}"
#define PLACE(c) R"({"id":"r","effect":"place",)" c "}"

INSTANTIATE_TEST_SUITE_P(
    Import, Refused,
    ::testing::Values(
        refusal{"Transform", R"({"id":"k","effect":"transform","actions":["aggregate"],"aggregate":{"min_cell":11}})", "/effect",
                "transform rules are not enforced by this build"},
        refusal{"Oblige", R"({"id":"k","effect":"oblige","actions":["read"]})", "/effect",
                "oblige rules are not enforced by this build"},
        refusal{
            "CatalogOnlyWithRedaction",
            R"({"id":"catalog-only","effect":"permit","actions":["describe"],"select":{"sensitivity":{">=":2}},"when":[],"redact":{"keep":["id"]}})",
            "/redact", "redaction is not enforced by this build"},
        refusal{"GridOnPermit", R"({"id":"g","effect":"permit","actions":["describe"],"geometry":{"grid_deg":0.1}})", "/geometry",
                "not enforced by this build"},
        refusal{"UnknownEffect", R"({"id":"k","effect":"allow","actions":["read"]})", "/effect", "needs permit, forbid or place"},
        refusal{"NoEffect", R"({"id":"k","actions":["read"]})", "/effect", "needs permit"},
        refusal{"NoId", R"({"effect":"permit","actions":["read"]})", "/id", "needs 1 to 64"},
        refusal{"IdWithAt", R"({"id":"a@2","effect":"permit","actions":["read"]})", "/id", "needs 1 to 64"},
        refusal{"NotAnObject", "7", "", "needs an object"},
        refusal{"NoActions", R"({"id":"k","effect":"permit"})", "/actions", "needs a list of actions"},
        refusal{"EmptyActions", R"({"id":"k","effect":"permit","actions":[]})", "/actions", "needs a list of actions"},
        refusal{"UnknownAction", R"({"id":"k","effect":"permit","actions":["read","erase"]})", "/actions/1", "unknown action"},
        refusal{"UnknownMember", R"({"id":"k","effect":"permit","actions":["read"],"unless":[]})", "/unless",
                "unknown member 'unless'"},
        refusal{"UnknownAttribute", PERMIT_WHEN(R"({"subject.shoe_size":{"in":["44"]}})"), "/when/0/subject.shoe_size",
                "unknown attribute"},
        refusal{"Assurance", PERMIT_WHEN(R"({"subject.assurance":{"contains_all":["https://refeds.org/assurance/IAP/medium"]}})"),
                "/when/0/subject.assurance", "not enforced by this build"},
        refusal{"Visas", PERMIT_WHEN(R"({"subject.visas":{"contains_any":["x"]}})"), "/when/0/subject.visas",
                "not enforced by this build"},
        refusal{"Terms", PERMIT_WHEN(R"({"subject.accepted_terms":{"contains_all":["dua-7@2"]}})"),
                "/when/0/subject.accepted_terms", "not enforced by this build"},
        refusal{"PrefixInSelect", PERMIT_SELECT(R"({"resource.collection":"a"})"), "/select/resource.collection",
                "unknown attribute"},
        refusal{"SubjectInSelect", PERMIT_SELECT(R"({"subject.org":"a"})"), "/select/subject.org", "unknown attribute"},
        refusal{"UnknownOperator", PERMIT_WHEN(R"({"subject.org":{"like":["a"]}})"), "/when/0/subject.org/like",
                "unknown operator"},
        refusal{"OperatorOfAnotherType", PERMIT_WHEN(R"({"subject.groups":{"in":["/a"]}})"), "/when/0/subject.groups/in",
                "does not fit"},
        refusal{"LessOnText", PERMIT_WHEN(R"({"subject.org":{"<":"b"}})"), "/when/0/subject.org/<", "does not fit"},
        refusal{"NowIn", PERMIT_WHEN(R"({"now":{"in":["2027-03-01T00:00:00Z"]}})"), "/when/0/now/in", "does not fit"},
        refusal{"BadTime", PERMIT_WHEN(R"({"now":{"<":"2027-03-01"}})"), "/when/0/now/<", "RFC 3339"},
        refusal{"EmptyRange", PERMIT_WHEN(R"({"now":{"between":["2027-03-01T00:00:00Z","2026-03-01T00:00:00Z"]}})"),
                "/when/0/now/between", "the range is empty"},
        refusal{"OpenRange", PERMIT_WHEN(R"({"now":{"between":[null,null]}})"), "/when/0/now/between", "both ends are open"},
        refusal{"EmptyList", PERMIT_WHEN(R"({"subject.org":{"in":[]}})"), "/when/0/subject.org/in", "the list is empty"},
        refusal{"NumberForText", PERMIT_WHEN(R"({"subject.org":{"in":[7]}})"), "/when/0/subject.org/in/0", "needs text"},
        refusal{"UnknownKind", PERMIT_WHEN(R"({"subject.kind":{"in":["robot"]}})"), "/when/0/subject.kind/in/0",
                "is not one of anonymous"},
        refusal{"TextForBoolean", PERMIT_WHEN(R"({"request.commercial":{"in":["true"]}})"), "/when/0/request.commercial/in/0",
                "true or false"},
        refusal{"UnknownPurposeIsa", PERMIT_WHEN(R"({"request.purpose":{"isa":"DUO:9999999"}})"), "/when/0/request.purpose/isa",
                "closure table"},
        refusal{"BadPurpose", PERMIT_WHEN(R"({"request.purpose":{"in":["research"]}})"), "/when/0/request.purpose/in/0",
                "is not a concept"},
        refusal{"UnsetInPermit", PERMIT_WHEN(R"({"request.purpose":{"is_set":false}})"), "/when/0/request.purpose/is_set",
                "can never hold"},
        refusal{"SetInForbid", FORBID_WHEN(R"({"request.purpose":{"is_set":true}})"), "/when/0/request.purpose/is_set",
                "always applies"},
        refusal{"SetOfNow", PERMIT_WHEN(R"({"now":{"is_set":true}})"), "/when/0/now/is_set", "always set"},
        refusal{"BareValueInWhen", PERMIT_WHEN(R"({"request.commercial":true})"), "/when/0/request.commercial",
                "needs an object of operators"},
        refusal{"WhenAsObject", R"({"id":"r","effect":"permit","actions":["read"],"when":{"subject.org":{"in":["a"]}}})", "/when",
                "needs a list"},
        refusal{"EmptyCondition", PERMIT_WHEN("{}"), "/when/0", "needs an object"},
        refusal{"LevelTooHigh", PERMIT_SELECT(R"({"sensitivity":5})"), "/select/sensitivity/in/0", "0 to 4"},
        refusal{"UnknownPersonalData", PERMIT_SELECT(R"({"personal_data":"some"})"), "/select/personal_data/in/0",
                "is not one of none"},
        refusal{"UnknownCountry", PERMIT_SELECT(R"({"subjects_country":"UK"})"), "/select/subjects_country/in/0", "ISO 3166-1"},
        refusal{"BareTime", PERMIT_SELECT(R"({"embargo_until":"2027-03-01T00:00:00Z"})"), "/select/embargo_until", "needs <"},
        refusal{"SelectList", PERMIT_SELECT(R"({"collection":["a"]})"), "/select/collection", "needs an object of operators"},
        refusal{"CapitalUrn", PERMIT_WHEN(R"({"subject.groups":{"contains_any":["URN:geant:x:group:y"]}})"),
                "/when/0/subject.groups/contains_any/0", "normal form"},
        refusal{"PlaceWithActions", PLACE(R"("actions":["cache"],"sites":{"jurisdiction":"DE"})"), "/actions", "unknown member"},
        refusal{"PlaceOfNothing", PLACE(R"("select":{})"), "", "needs sites, transit or cache"},
        refusal{"PlaceOnSubject", PLACE(R"("when":[{"subject.org":{"in":["a"]}}],"sites":{"jurisdiction":"DE"})"),
                "/when/0/subject.org", "only resource attributes"},
        refusal{"PlaceUnknownRegion", PLACE(R"("sites":{"jurisdiction":{"isa":"EUROPE"}})"), "/sites/jurisdiction/isa",
                "closure table"},
        refusal{"PlaceUnknownAttribute", PLACE(R"("sites":{"tier":{"in":["1"]}})"), "/sites/tier", "unknown site attribute"},
        refusal{"PlaceCertsBare", PLACE(R"("sites":{"certs":"iso27001"})"), "/sites/certs", "contains_all"},
        refusal{"PlaceTransit", PLACE(R"("transit":{"jurisdictions":{"in":["DE"]}})"), "/transit", "subset_of"},
        refusal{"PlaceTransitCountry", PLACE(R"("transit":{"jurisdictions":{"subset_of":["XX"]}})"),
                "/transit/jurisdictions/subset_of/0", "region"},
        refusal{"PlaceTtl", PLACE(R"("cache":{"max_ttl":"P1M"})"), "/cache/max_ttl", "P1M"}),
    [](auto const& info) { return info.param.name; });

TEST(Import, AnOtherDocumentIsRefused) {
    for (auto text : {"{}", "7", "\"x\"", "null", R"({"rules":[],"more":1})", R"({"rules":{}})"})
        EXPECT_THAT(parse_rules(text), FailsWith(errc::invalid_argument, HasSubstr("list of rules"))) << text;
}

TEST(Import, TheSameIdTwiceIsRefusedUnlessTheRuleIsTheSame) {
    EXPECT_THAT(
        parse_rules(R"([{"id":"a","effect":"permit","actions":["read"]},{"id":"a","effect":"permit","actions":["read"]}])"),
        IsOk());
    EXPECT_THAT(
        parse_rules(R"([{"id":"a","effect":"permit","actions":["read"]},{"id":"a","effect":"permit","actions":["describe"]}])"),
        FailsWith(errc::invalid_argument, HasSubstr("another rule")));
}

TEST(Import, ConditionsPerRuleAreLimited) {
    std::string when = R"({"subject.org":{"in":["a"]}})";
    for (int i = 0; i < 64; ++i) when += R"(,{"subject.org":{"in":["a"]}})";
    EXPECT_THAT(parse_rules(R"([{"id":"a","effect":"permit","actions":["read"],"when":[)" + when + "]}]"),
                FailsWith(errc::invalid_argument, HasSubstr("over 64 conditions")));
}

}  // namespace
}  // namespace fjord::policies::test
