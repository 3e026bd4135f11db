#include "tests/unit/policies/support.hpp"

namespace fjord::policies::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

resource patients() {
    auto r = thing("hosp");
    r.personal_data = "special";
    return r;
}

place site(std::string country, std::vector<std::string> certs = {"iso27001"}, std::optional<bool> encrypted = true) {
    return {.site = "s",
            .jurisdiction = std::move(country),
            .certs = std::move(certs),
            .operator_org = "org-a",
            .storage_class = "disk",
            .encrypted_at_rest = encrypted};
}

class Placement : public ::testing::Test {
protected:
    void use(std::string_view text) { e.replace(rules(text)); }
    engine e;
};

TEST_F(Placement, WithoutPlaceRulesAnySiteWillDo) {
    EXPECT_TRUE(e.may_place(patients(), site("JP")).allowed);
    EXPECT_TRUE(e.may_transit(patients(), "").allowed);
}

TEST_F(Placement, ResidencyTable) {
    use(example_rules);
    struct row {
        place where;
        std::vector<std::string> reasons;
    };
    for (auto const& [where, reasons] : {
             row{site("DE"), {}},
             row{site("NO"), {}},
             row{site("JP"), {"eu-residency@1: jurisdiction JP is not in EU_EEA"}},
             row{site("DE", {}), {"eu-residency@1: certs lack iso27001"}},
             row{site("DE", {"iso27001", "soc2"}), {}},
             row{site("DE", {"iso27001"}, false), {"eu-residency@1: encrypted_at_rest false is not in true"}},
             row{site("DE", {"iso27001"}, std::nullopt), {"eu-residency@1: encrypted_at_rest is not known, and true is needed"}},
             row{site(""), {"eu-residency@1: jurisdiction is not known, and EU_EEA is needed"}},
         }) {
        auto verdict = e.may_place(patients(), where);
        EXPECT_EQ(verdict.allowed, reasons.empty());
        EXPECT_THAT(verdict.reasons, ::testing::UnorderedElementsAreArray(reasons));
    }
}

TEST_F(Placement, RulesThatDoNotConcernTheDataDoNotBindIt) {
    use(example_rules);
    EXPECT_TRUE(e.may_place(thing("open"), site("JP")).allowed);
}

TEST_F(Placement, UndeclaredDataAreBound) {
    use(example_rules);
    auto undeclared = thing("open");
    undeclared.personal_data.reset();
    EXPECT_FALSE(e.may_place(undeclared, site("JP")).allowed);
}

TEST_F(Placement, RulesIntersect) {
    use(R"([{"id":"a","effect":"place","sites":{"jurisdiction":{"in":["DE","FR"]}}},{"id":"b","effect":"place","sites":{"jurisdiction":{"not_in":["FR"]}}}])");
    EXPECT_TRUE(e.may_place(thing("c"), site("DE")).allowed);
    EXPECT_THAT(e.may_place(thing("c"), site("FR")).reasons, ElementsAre("b@1: jurisdiction FR is excluded"));
    EXPECT_THAT(e.may_place(thing("c"), site("IT")).reasons, ElementsAre("a@1: jurisdiction IT is not in DE, FR"));
    EXPECT_FALSE(e.may_place(thing("c"), site("")).allowed) << "unknown is not outside the excluded ones";
}

TEST_F(Placement, OperatorStorageClassAndCertificates) {
    use(R"([{"id":"a","effect":"place","sites":{"operator_org":"org-a","storage_class":{"in":["disk","tape"]},"certs":{"contains_any":["c5","iso27001"]}}},
            {"id":"b","effect":"place","sites":{"certs":{"not_contains_any":["revoked"]}}}])");
    EXPECT_TRUE(e.may_place(thing("c"), site("DE")).allowed);
    auto other = site("DE", {"revoked"});
    other.operator_org = "org-b";
    other.storage_class = "";
    EXPECT_THAT(e.may_place(thing("c"), other).reasons,
                ::testing::UnorderedElementsAre("a@1: operator_org org-b is not in org-a",
                                                "a@1: storage_class is not known, and disk, tape is needed",
                                                "a@1: certs hold none of c5, iso27001", "b@1: certs hold revoked"));
}

TEST_F(Placement, TransitIsCheckedByItself) {
    use(example_rules);
    EXPECT_TRUE(e.may_transit(patients(), "SE").allowed);
    EXPECT_THAT(e.may_transit(patients(), "US").reasons, ElementsAre("eu-residency@1: transit through US is not in EU_EEA"));
    EXPECT_FALSE(e.may_transit(patients(), "").allowed);
    EXPECT_TRUE(e.may_transit(thing("open"), "US").allowed);
}

TEST_F(Placement, TheShortestCacheTimeHolds) {
    use(R"([{"id":"a","effect":"place","cache":{"max_ttl":"PT6H"}},{"id":"b","effect":"place","cache":{"max_ttl":"PT1H"}}])");
    auto verdict = e.may_place(thing("c"), site("DE"));
    EXPECT_TRUE(verdict.allowed);
    EXPECT_EQ(verdict.cache_ttl, seconds{3600});
}

TEST_F(Placement, PlaceRulesPermitNothing) {
    use(R"([{"id":"a","effect":"place","sites":{"jurisdiction":"DE"}}])");
    EXPECT_FALSE(permits(e, {member({}), thing("c"), action::replicate}));
}

}  // namespace
}  // namespace fjord::policies::test
