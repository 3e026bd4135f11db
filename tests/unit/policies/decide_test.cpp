#include "tests/unit/policies/support.hpp"

#include <algorithm>

namespace fjord::policies::test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

struct judge_of {
    explicit judge_of(std::string_view text) { e.replace(rules(text)); }
    bool operator()(asking const& a) const { return permits(e, a); }
    engine e;
};

TEST(Decide, NothingIsPermittedWithoutRules) {
    engine e;
    EXPECT_FALSE(permits(e, {member({"/a"}), thing("c")}));
    EXPECT_EQ(e.epoch(), 0u);
}

TEST(Decide, AForbidWinsOverAnyNumberOfPermits) {
    judge_of ask(R"([{"id":"p1","effect":"permit","actions":["read"]},{"id":"p2","effect":"permit","actions":["read"]},
                     {"id":"f","effect":"forbid","actions":["read"],"select":{"collection":"c"}}])");
    EXPECT_FALSE(ask({member({}), thing("c")}));
    EXPECT_TRUE(ask({member({}), thing("d")}));
}

TEST(Decide, APermitCoversTheWeakerActionsOfTheChain) {
    judge_of ask(R"([{"id":"p","effect":"permit","actions":["aggregate"]}])");
    for (auto a : {action::discover, action::describe, action::aggregate})
        EXPECT_TRUE(ask({member({}), thing("c"), a})) << name_of(a);
    for (auto a :
         {action::read_derived, action::read, action::process, action::cache, action::share, action::create, action::modify})
        EXPECT_FALSE(ask({member({}), thing("c"), a})) << name_of(a);
}

TEST(Decide, AForbidCoversTheStrongerActionsOfTheChain) {
    judge_of ask(
        R"([{"id":"p","effect":"permit","actions":["read","share","process"]},{"id":"f","effect":"forbid","actions":["aggregate"]}])");
    for (auto a : {action::discover, action::describe, action::share, action::process})
        EXPECT_TRUE(ask({member({}), thing("c"), a})) << name_of(a);
    for (auto a : {action::aggregate, action::read_derived, action::read})
        EXPECT_FALSE(ask({member({}), thing("c"), a})) << name_of(a);
}

TEST(Decide, ActionsOutsideTheChainStandAlone) {
    judge_of ask(R"([{"id":"p","effect":"permit","actions":["create"]}])");
    EXPECT_TRUE(ask({member({}), thing("c"), action::create}));
    EXPECT_FALSE(ask({member({}), thing("c"), action::modify}));
    EXPECT_FALSE(ask({member({}), thing("c"), action::discover}));
}

TEST(Decide, EveryActionKeepsItsName) {
    for (int i = 0; i <= static_cast<int>(action::modify); ++i)
        EXPECT_EQ(action_named(name_of(static_cast<action>(i))), static_cast<action>(i));
    EXPECT_EQ(action_named("erase"), std::nullopt);
}

struct operator_row {
    char const* condition;
    std::vector<std::string> groups;
    std::string org;
    bool holds;
};

TEST(Decide, OperatorsOverTheSubject) {
    for (auto const& [condition, groups, org, holds] : {
             operator_row{R"({"subject.groups":{"contains_any":["/a","/b"]}})", {"/b", "/x"}, "o", true},
             operator_row{R"({"subject.groups":{"contains_any":["/a","/b"]}})", {"/a/sub"}, "o", false},  // no implied membership
             operator_row{R"({"subject.groups":{"contains_all":["/a","/b"]}})", {"/b", "/a", "/c"}, "o", true},
             operator_row{R"({"subject.groups":{"contains_all":["/a","/b"]}})", {"/a"}, "o", false},
             operator_row{R"({"subject.groups":{"not_contains_any":["/a"]}})", {}, "o", true},
             operator_row{R"({"subject.groups":{"not_contains_any":["/a"]}})", {"/a"}, "o", false},
             operator_row{R"({"subject.groups":{"subset_of":["/a","/b"]}})", {"/a"}, "o", true},
             operator_row{R"({"subject.groups":{"subset_of":["/a","/b"]}})", {"/a", "/c"}, "o", false},
             operator_row{R"({"subject.org":{"in":["o","p"]}})", {}, "p", true},
             operator_row{R"({"subject.org":{"in":["o","p"]}})", {}, "P", false},
             operator_row{R"({"subject.org":{"not_in":["o"]}})", {}, "q", true},
             operator_row{R"({"subject.org":{"not_in":["o"]}})", {}, "", false},  // unknown
             operator_row{R"({"subject.kind":{"in":["human"]}})", {}, "o", true},
             operator_row{R"({"subject.issuer":{"in":["https://issuer.example"]}})", {}, "o", true},
             operator_row{R"({"subject.sub":{"in":["someone"]}})", {}, "o", true},
             operator_row{R"({"subject.org":{"in":["o"]},"subject.groups":{"contains_any":["/a"]}})", {}, "o", false},
         }) {
        judge_of ask(R"([{"id":"p","effect":"permit","actions":["read"],"when":[)" + std::string(condition) + "]}]");
        EXPECT_EQ(ask({member(groups, org), thing("c")}), holds) << condition;
    }
}

struct resource_row {
    char const* select;
    resource on;
    bool holds;
};

TEST(Decide, OperatorsOverTheResource) {
    auto level = [](std::optional<int> n) {
        auto r = thing("c");
        r.sensitivity = n;
        return r;
    };
    auto about = [](std::optional<std::string> country) {
        auto r = thing("c");
        r.subjects_country = country;
        return r;
    };
    auto until = [](char const* t) {
        auto r = thing("c");
        r.embargo_until = at(t);
        return r;
    };
    for (auto const& [select, on, holds] : {
             resource_row{R"({"sensitivity":2})", level(2), true},
             resource_row{R"({"sensitivity":{">=":2}})", level(1), false},
             resource_row{R"({"sensitivity":{">=":2}})", level(4), true},
             resource_row{R"({"sensitivity":{"<":2}})", level(std::nullopt), false},
             resource_row{R"({"sensitivity":{"between":[1,3]}})", level(3), false},
             resource_row{R"({"sensitivity":{"between":[1,3]}})", level(1), true},
             resource_row{R"({"sensitivity":{"between":[null,3]}})", level(0), true},
             resource_row{R"({"sensitivity":{"in":[1,2],">=":2}})", level(1), false},
             resource_row{R"({"subjects_country":{"isa":"EU"}})", about("FR"), true},
             resource_row{R"({"subjects_country":{"isa":"EU"}})", about("NO"), false},
             resource_row{R"({"subjects_country":{"is_set":true}})", about("NO"), true},
             resource_row{R"({"subjects_country":{"is_set":true}})", about(std::nullopt), false},
             resource_row{R"({"embargo_until":{"<":"2026-01-01T00:00:00Z"}})", until("2025-12-31T23:59:59.999Z"), true},
             resource_row{R"({"embargo_until":{"<":"2026-01-01T00:00:00Z"}})", until("2026-01-01T00:00:00Z"), false},
             resource_row{R"({"license":{"not_in":["proprietary"]}})", thing("c"), true},
             resource_row{R"({"collection":{"in":["b","c"]},"personal_data":"none"})", thing("c"), true},
             resource_row{R"({"collection":"b"})", thing("c"), false},
         }) {
        judge_of ask(R"([{"id":"p","effect":"permit","actions":["read"],"select":)" + std::string(select) + "}]");
        EXPECT_EQ(ask({member({}), on}), holds) << select;
    }
}

TEST(Decide, UnknownFiresAForbidAndNeverSatisfiesAPermit) {
    judge_of ask(R"([{"id":"p","effect":"permit","actions":["read"]},
                     {"id":"f","effect":"forbid","actions":["read"],"select":{"sensitivity":{">=":3}}}])");
    auto unknown = thing("c");
    unknown.sensitivity.reset();
    EXPECT_FALSE(ask({member({}), unknown}));
    EXPECT_TRUE(ask({member({}), thing("c")}));
}

TEST(Decide, APurposeOutsideTheTableFiresAForbidOnItsKind) {
    judge_of ask(R"([{"id":"p","effect":"permit","actions":["read"]},
                     {"id":"f","effect":"forbid","actions":["read"],"when":[{"request.purpose":{"isa":"DUO:0000006"}}]}])");
    EXPECT_FALSE(ask({.who = member({}), .on = thing("c"), .purpose = "dpv:Marketing"}));
    EXPECT_FALSE(ask({.who = member({}), .on = thing("c"), .purpose = "DUO:0000007"}));
    EXPECT_TRUE(ask({.who = member({}), .on = thing("c"), .purpose = "DUO:0000042"}));
}

TEST(Decide, GroupsOfACapabilityTokenAreUnknown) {
    judge_of ask(R"([{"id":"p","effect":"permit","actions":["read"]},
                     {"id":"f","effect":"forbid","actions":["read"],"when":[{"subject.groups":{"contains_any":["/banned"]}}]}])");
    auto who = member({});
    EXPECT_TRUE(ask({who, thing("c")}));
    who.capabilities.push_back({"storage.read", {"c"}, false});
    EXPECT_FALSE(ask({who, thing("c")}));
}

TEST(Decide, ADatasetRuleDoesNotTouchItsCollection) {
    judge_of ask(
        R"([{"id":"p","effect":"permit","actions":["read"]},{"id":"f","effect":"forbid","actions":["read"],"select":{"dataset":"x"}}])");
    EXPECT_FALSE(ask({member({}), thing("c", "x")}));
    EXPECT_TRUE(ask({member({}), thing("c", "y")}));
    EXPECT_TRUE(ask({member({}), thing("c")}));
}

TEST(Decide, AnEmbargoOpensByItselfWithTime) {
    judge_of ask(example_rules);
    auto who = member({"/somebody"});
    EXPECT_FALSE(ask({.who = who, .on = thing("ligo-o5"), .now = "2027-02-28T23:59:59.999Z"}));
    EXPECT_TRUE(ask({.who = who, .on = thing("ligo-o5"), .now = "2027-03-01T00:00:00Z"}));
    EXPECT_FALSE(ask({.who = who, .on = thing("ligo-o5"), .now = "2027-01-01T00:00:00Z"}))
        << "a remembered answer must not be used backwards";
}

TEST(Decide, ValidityEndsWhereAnEmbargoOpens) {
    engine e;
    e.replace(rules(example_rules));
    asking outsider{member({}), thing("ligo-o5")};
    EXPECT_EQ(outsider.of(e).valid_until, at("2027-03-01T00:00:00Z"));
    outsider.now = "2027-03-02T00:00:00Z";
    EXPECT_EQ(outsider.of(e).valid_until, std::nullopt);
    EXPECT_EQ((asking{member({}), thing("era5-open")}.of(e).valid_until), std::nullopt);
}

TEST(Decide, ValidityEndsAtTheFirstChangeOfSeveral) {
    engine e;
    e.replace(rules(R"([{"id":"p","effect":"permit","actions":["read"],"when":[{"now":{">=":"2028-01-01T00:00:00Z"}}]},
                        {"id":"q","effect":"permit","actions":["read"],"when":[{"now":{"between":["2026-12-01T00:00:00Z","2027-01-01T00:00:00Z"]}}]}])"));
    struct row {
        char const* now;
        bool permitted;
        std::optional<wall_time> until;
    };
    // Backwards first, then forwards: remembered answers hold in their own stretch only.
    for (auto const& [now, permitted, until] :
         {row{"2028-06-01T00:00:00Z", true, std::nullopt}, row{"2027-06-01T00:00:00Z", false, at("2028-01-01T00:00:00Z")},
          row{"2026-12-15T00:00:00Z", true, at("2027-01-01T00:00:00Z")},
          row{"2026-11-21T00:00:00Z", false, at("2026-12-01T00:00:00Z")},
          row{"2026-12-15T00:00:00Z", true, at("2027-01-01T00:00:00Z")},
          row{"2027-06-01T00:00:00Z", false, at("2028-01-01T00:00:00Z")}}) {
        auto d = asking{.who = member({}), .on = thing("c"), .now = now}.of(e);
        EXPECT_EQ(d.permitted, permitted) << now;
        EXPECT_EQ(d.valid_until, until) << now;
    }
}

TEST(Decide, ValidityEndsWithTheToken) {
    engine e;
    e.replace(rules(example_rules));
    auto who = member({});
    who.expires = at("2026-11-21T00:05:00Z");
    EXPECT_EQ((asking{who, thing("ligo-o5")}.of(e).valid_until), who.expires);
}

TEST(Decide, ATermEnds) {
    judge_of ask(
        R"([{"id":"p","effect":"permit","actions":["read"],"when":[{"now":{"between":["2026-01-01T00:00:00Z","2027-01-01T00:00:00Z"]}}]}])");
    EXPECT_TRUE(ask({.who = member({}), .on = thing("c"), .now = "2026-12-31T23:59:59Z"}));
    EXPECT_FALSE(ask({.who = member({}), .on = thing("c"), .now = "2027-01-01T00:00:00Z"}));
    EXPECT_FALSE(ask({.who = member({}), .on = thing("c"), .now = "2025-12-31T23:59:59Z"}));
}

TEST(Decide, NewRulesAreANewEpochAndForgetOldAnswers) {
    engine e;
    EXPECT_EQ(e.replace(rules(R"([{"id":"p","effect":"permit","actions":["read"]}])")), 1u);
    asking a{member({}), thing("c")};
    EXPECT_TRUE(a.of(e).permitted);
    EXPECT_EQ(e.replace(rules("[]")), 2u);
    auto after = a.of(e);
    EXPECT_FALSE(after.permitted);
    EXPECT_EQ(after.epoch, 2u);
    EXPECT_EQ(e.epoch(), 2u);
}

TEST(Decide, EveryDecisionHasItsOwnId) {
    engine e;
    e.replace(rules(example_rules));
    asking a{member({}), thing("era5-open")};
    auto first = a.of(e), second = a.of(e);
    EXPECT_THAT(first.decision_id, SizeIs(26));
    EXPECT_NE(first.decision_id, second.decision_id);
    EXPECT_EQ(first.permitted, second.permitted);
}

TEST(Decide, RememberedAnswersAreNotSharedBetweenDifferentSubjects) {
    judge_of ask(
        R"([{"id":"p","effect":"permit","actions":["read"],"when":[{"subject.groups":{"contains_any":["/a"]}},{"subject.sub":{"in":["someone"]}}]}])");
    auto other = member({"/a"});
    other.subject = "other";
    EXPECT_TRUE(ask({member({"/a"}), thing("c")}));
    EXPECT_FALSE(ask({member({"/b"}), thing("c")}));
    EXPECT_FALSE(ask({other, thing("c")}));
    EXPECT_TRUE(ask({member({"/a"}), thing("c")}));
}

TEST(Decide, RememberedAnswersAreNotSharedBetweenDifferentRequests) {
    judge_of ask(example_rules);
    auto nc = thing("x");
    nc.license = "CC-BY-NC-4.0";
    EXPECT_TRUE(ask({.who = member({}), .on = nc, .commercial = false}));
    EXPECT_FALSE(ask({.who = member({}), .on = nc, .commercial = true}));
    EXPECT_FALSE(ask({.who = member({}), .on = nc}));
    EXPECT_TRUE(ask({.who = member({}), .on = nc, .commercial = false}));
}

TEST(Decide, MergedSetsDecideAsOne) {
    auto both = rules(R"([{"id":"p","effect":"permit","actions":["read"]}])");
    EXPECT_TRUE(both.named_datasets().empty());
    both.merge(rules(R"([{"id":"f","effect":"forbid","actions":["read"],"select":{"dataset":{"in":["x","a"]}}}])"));
    EXPECT_EQ(both.named_datasets(), (std::vector<std::string>{"a", "x"}));
    engine e;
    EXPECT_TRUE(e.named_datasets()->empty());
    e.replace(both);
    EXPECT_EQ(*e.named_datasets(), both.named_datasets());
    EXPECT_TRUE(permits(e, {member({}), thing("c", "y")}));
    EXPECT_FALSE(permits(e, {member({}), thing("c", "x")}));
}

TEST(Decide, AQuestionWithoutSubjectOrResourceIsDenied) {
    engine e;
    e.replace(rules(R"([{"id":"p","effect":"permit","actions":["read"]}])"));
    EXPECT_FALSE(e.decide({}).permitted);
}

}  // namespace
}  // namespace fjord::policies::test
