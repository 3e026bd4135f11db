#include "transfer/planner.hpp"

#include "tests/support/matchers.hpp"

namespace fjord::transfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

place_verdict anywhere(catalog::site_record const&) { return {}; }

struct planner_test : testing::Test {
    planner_site site(std::string id, std::map<std::string, std::string> attributes = {}) {
        planner_site s;
        s.record.id = site_id(std::move(id));
        s.record.kind = "door";
        s.record.attributes = std::move(attributes);
        return s;
    }
    asset_plan plan(std::string const& expression, std::uint32_t copies) {
        rule.copies = copies;
        auto parsed = *site_expression::parse(expression);
        return planner(rule, parsed, sites).plan(asset, placement);
    }
    void put_copy(std::string at, catalog::replica_state state = catalog::replica_state::available) {
        asset.replicas.push_back({asset.ref, asset.version.id, site_id(std::move(at)), state, asset.version.size});
    }

    catalog::rule_record rule;
    std::vector<planner_site> sites{site("a"), site("b"), site("c"), site("d")};
    planner_asset asset{{collection_id("C"), item_id("I"), asset_key("A")}, {sha256_of("x"), {}, 100}, {}, {}};
    placement_check placement = anywhere;
};

TEST_F(planner_test, SitesWithAGoodCopyComeFirst) {
    put_copy("c");
    put_copy("b", catalog::replica_state::bad);
    auto p = plan("*", 1);
    EXPECT_THAT(p.sites, ElementsAre(site_id("c")));
    EXPECT_EQ(p.bytes_to_move, 0u);
    EXPECT_EQ(p.missing, 0u);
}

TEST_F(planner_test, HeldSitesAreKeptEvenWhenAnotherHasACopy) {
    put_copy("c");
    asset.held = {site_id("a")};
    auto p = plan("*", 1);
    EXPECT_THAT(p.sites, ElementsAre(site_id("a")));
    EXPECT_EQ(p.bytes_to_move, 100u);
}

TEST_F(planner_test, FewerCopiesKeepTheGoodOnes) {
    put_copy("d");
    asset.held = {site_id("a"), site_id("d")};
    EXPECT_THAT(plan("*", 1).sites, ElementsAre(site_id("d")));
}

TEST_F(planner_test, TheSameInputGivesTheSamePlanInAnyOrder) {
    auto first = plan("*", 2).sites;
    std::reverse(sites.begin(), sites.end());
    EXPECT_EQ(plan("*", 2).sites, first);
}

TEST_F(planner_test, AssetsSpreadOverSites) {
    std::map<site_id, int> used;
    for (int i = 0; i < 400; ++i) {
        asset.ref.item = item_id("i" + std::to_string(i));
        for (auto const& s : plan("*", 1).sites) ++used[s];
    }
    ASSERT_EQ(used.size(), 4u);
    for (auto const& [id, n] : used) EXPECT_GT(n, 60) << id;
}

TEST_F(planner_test, ANewSiteMovesOnlyItsShare) {
    int moved = 0;
    for (int i = 0; i < 400; ++i) {
        asset.ref.item = item_id("i" + std::to_string(i));
        auto before = plan("*", 1).sites;
        sites.push_back(site("e"));
        moved += plan("*", 1).sites != before;
        sites.pop_back();
    }
    EXPECT_LT(moved, 140);
}

TEST_F(planner_test, MoreFreeSpaceTakesMore) {
    for (auto& s : sites) s.free_bytes = 1000;
    sites[2].free_bytes = 9000;
    int chosen = 0;
    for (int i = 0; i < 400; ++i) {
        asset.ref.item = item_id("i" + std::to_string(i));
        chosen += plan("*", 1).sites.front() == site_id("c");
    }
    EXPECT_GT(chosen, 240);
    EXPECT_LT(chosen, 360);
}

TEST_F(planner_test, AShortageNamesItsWitness) {
    sites.resize(3);
    sites[1].record.enabled = false;
    sites[2].record.kind = "s3";
    auto p = plan("*", 2);
    EXPECT_THAT(p.sites, ElementsAre(site_id("a")));
    EXPECT_EQ(p.missing, 1u);
    EXPECT_THAT(p.witness, HasSubstr("2 copies wanted; only a allowed: b is disabled by its administrator; c is of kind s3"));
}

TEST_F(planner_test, PlacementIsAVetoWithItsReason) {
    placement = [](catalog::site_record const& s) {
        return s.id == site_id("b") ? place_verdict{false, "eu-residency@1: JP is not in EU_EEA"} : place_verdict{};
    };
    auto p = plan("b", 1);
    EXPECT_TRUE(p.sites.empty());
    EXPECT_THAT(p.witness, HasSubstr("1 copy wanted; no site is allowed"));
    EXPECT_THAT(p.witness, HasSubstr("b is not allowed by policy (eu-residency@1: JP is not in EU_EEA)"));
    asset.held = {site_id("b")};
    put_copy("b");
    EXPECT_TRUE(plan("b", 1).sites.empty()) << "a copy that is there does not make it allowed";
}

TEST_F(planner_test, ASiteWithoutSpaceIsExcludedUnlessItHasTheCopy) {
    sites[0].free_bytes = 99;
    EXPECT_THAT(plan("a", 1).witness, HasSubstr("99 B free, 100 B needed"));
    put_copy("a");
    EXPECT_THAT(plan("a", 1).sites, ElementsAre(site_id("a")));
}

TEST_F(planner_test, EverySiteGetsAVerdict) {
    put_copy("b");
    auto p = plan("a|b|c", 2);
    ASSERT_EQ(p.verdicts.size(), 4u);
    EXPECT_EQ(p.verdicts[1].choice, site_choice::has_copy);
    EXPECT_EQ(p.verdicts[3].choice, site_choice::excluded);
    EXPECT_THAT(p.verdicts[3].reason, HasSubstr("does not match"));
    int chosen = 0, spare = 0;
    for (auto const& v : p.verdicts) chosen += v.choice == site_choice::chosen, spare += v.choice == site_choice::spare;
    EXPECT_EQ(chosen, 1);
    EXPECT_EQ(spare, 1);
}

TEST_F(planner_test, TreesStayWhereTheyAre) {
    asset.version.tree = true;
    put_copy("a");
    EXPECT_THAT(plan("*", 1).sites, ElementsAre(site_id("a")));
    EXPECT_THAT(plan("*", 2).witness, HasSubstr("tree"));
}

}  // namespace
}  // namespace fjord::transfer
