// The engine against fake sites: what it promises when all goes well.
#include "tests/unit/transfer/world.hpp"

#include "base/json.hpp"
#include "transfer/layout.hpp"

namespace fjord::transfer::test {
namespace {

using catalog::replica_state;
using catalog::transfer_state;
using fjord::test::FailsWith;
using fjord::test::HasErrc;
using fjord::test::IsOk;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

struct engine_test : testing::Test {
    void SetUp() override {
        w.engine->start();
        w.add_site("site-a", {{"tier", "1"}});
        w.add_site("site-b", {{"tier", "2"}});
    }
    world w;
};

TEST_F(engine_test, ARuleMakesVerifiedCopiesAndReadsFulfilled) {
    w.add_asset("C/I/A", "some bytes", {"site-a"});
    auto rule = w.add_rule("C/I/A", "*", 2);
    w.until_fulfilled(rule);
    EXPECT_EQ(w.bytes_at("site-b", "C/I/A"), "some bytes");
    EXPECT_EQ(w.replica_at("site-b", "C/I/A"), replica_state::available);
    EXPECT_EQ(w.sites.staged(), 0u);
    auto s = w.status(rule);
    EXPECT_EQ(s.done, 2u);
    EXPECT_EQ(s.bytes_done, 20u);
    w.settle();
    EXPECT_THAT(w.events("rule.fulfilled"), ElementsAre(rule.str()));
    ASSERT_EQ(w.transfers().size(), 1u);
    EXPECT_EQ(w.transfers()[0].state, transfer_state::done);
    EXPECT_EQ(w.transfers()[0].mode, "pull");
    auto ref = *catalog::parse_asset_ref("C/I/A");
    EXPECT_TRUE(w.catalog->find_replica(ref, w.catalog->find_asset(ref)->current.id, site_id("site-b"))->verified_at.has_value());
}

TEST_F(engine_test, ExistingCopiesSatisfyARuleWithoutATransfer) {
    w.add_asset("C/I/A", "x", {"site-b"});
    auto rule = w.add_rule("C", "tier=2");
    w.until_fulfilled(rule);
    w.settle();
    EXPECT_TRUE(w.transfers().empty());
    EXPECT_THAT(w.events("rule.fulfilled"), ElementsAre(rule.str()));
}

TEST_F(engine_test, ACollectionRuleCoversNewItemsAndNewVersions) {
    w.add_asset("C/I1/A", "one", {"site-a"});
    auto rule = w.add_rule("C", "site-b");
    w.until_fulfilled(rule);
    w.add_asset("C/I2/A", "two", {"site-a"});
    w.until_fulfilled(rule);
    EXPECT_EQ(w.bytes_at("site-b", "C/I2/A"), "two");
    w.add_asset("C/I1/A", "one, second version", {"site-a"});
    w.until_fulfilled(rule);
    EXPECT_EQ(w.bytes_at("site-b", "C/I1/A"), "one, second version");
    EXPECT_EQ(w.status(rule).total, 2u);
}

TEST_F(engine_test, HundredsOfAssetsConvergeWithinTheLimits) {
    for (int i = 0; i < 200; ++i) w.add_asset("C/I" + std::to_string(i) + "/A", "bytes " + std::to_string(i), {"site-a"});
    auto rule = w.add_rule("C", "site-b");
    w.until_fulfilled(rule);
    EXPECT_EQ(w.status(rule).done, 200u);
    EXPECT_LE(w.sites.at("site-b").most_running, 8);
    EXPECT_EQ(w.sites.at("site-b").copies, 200);
}

TEST_F(engine_test, TwoRulesShareOneTransferAndOneCopy) {
    w.add_asset("C/I/A", "x", {"site-a"});
    auto first = w.add_rule("C", "site-b"), second = w.add_rule("C/I/A", "tier=2");
    w.until_fulfilled(first);
    w.until_fulfilled(second);
    EXPECT_EQ(w.transfers().size(), 1u);
}

TEST_F(engine_test, AnEmptyFileIsACopyToo) {
    w.add_asset("C/I/A", "", {"site-a"});
    w.until_fulfilled(w.add_rule("C/I/A", "site-b"));
    EXPECT_TRUE(w.sites.at("site-b").files.contains(w.path_of("site-b", "C/I/A")));
}

TEST_F(engine_test, HashedSitesAndDigestsOtherThanSha256Work) {
    w.add_site("site-x", {}, "DE", "xrootd");
    w.sites.at("site-x").checksums = {digest_algorithm::adler32, digest_algorithm::crc32c};
    w.add_asset("C/I/A", "bytes", {"site-a"});
    auto path = w.path_of("site-x", "C/I/A");
    w.until_fulfilled(w.add_rule("C/I/A", "site-x"));
    EXPECT_THAT(path, testing::StartsWith("fed/"));
    EXPECT_EQ(w.bytes_at("site-x", "C/I/A"), "bytes");
}

TEST_F(engine_test, ASiteWithoutChecksumsIsReadBack) {
    w.sites.at("site-b").checksums.clear();
    w.sites.at("site-b").spoil = 1;
    w.add_asset("C/I/A", "bytes", {"site-a"});
    w.until_fulfilled(w.add_rule("C/I/A", "site-b"));
    EXPECT_EQ(w.bytes_at("site-b", "C/I/A"), "bytes");
    EXPECT_EQ(w.sites.at("site-b").copies, 2);
}

TEST_F(engine_test, PushIsUsedWhereTheDestinationCannotPull) {
    w.add_site("site-c", {{"tpc", "push"}});
    w.add_asset("C/I/A", "bytes", {"site-a"});
    w.until_fulfilled(w.add_rule("C/I/A", "site-c"));
    EXPECT_EQ(w.sites.at("site-c").last_mode, "push");
    w.sites.at("site-b").unsupported = {"pull"};
    w.until_fulfilled(w.add_rule("C/I/A", "site-b"));
    EXPECT_EQ(w.sites.at("site-b").last_mode, "push") << "a server that refuses the mode gets the other one";
}

TEST_F(engine_test, BadRulesAreRefusedWithTheReason) {
    w.add_asset("C/I/A", "x", {"site-a"});
    EXPECT_THAT(w.try_rule("C", "tier=="), FailsWith(errc::invalid_argument, HasSubstr("column 6")));
    EXPECT_THAT(w.try_rule("C", "tier=9"),
                FailsWith(errc::invalid_argument, HasSubstr("no site matches 'tier=9'; the sites are: site-a, site-b")));
    EXPECT_THAT(w.try_rule("D", "*"), HasErrc(errc::not_found));
    EXPECT_THAT(w.try_rule("C/J", "*"), HasErrc(errc::not_found));
    EXPECT_THAT(w.try_rule("C/I/B", "*"), HasErrc(errc::not_found));
    EXPECT_THAT(w.try_rule("C", "*", 0), HasErrc(errc::invalid_argument));
    EXPECT_THAT(w.run(w.engine->status(rule_id("none"))), HasErrc(errc::not_found));
    EXPECT_THAT(w.run(w.engine->delete_rule(rule_id("none"))), HasErrc(errc::not_found));
}

TEST_F(engine_test, AnImpossibleRuleSaysWhyAndRecoversUnderTheSameId) {
    w.add_asset("C/I/A", "x", {"site-a"});
    auto rule = w.add_rule("C/I/A", "tier=2", 2);
    w.settle();
    auto s = w.status(rule);
    EXPECT_EQ(s.state, rule_state::impossible);
    EXPECT_THAT(s.reason, HasSubstr("2 copies wanted; only site-b allowed: site-a does not match the site expression"));
    EXPECT_EQ(w.bytes_at("site-b", "C/I/A"), "x") << "what is possible is done";
    EXPECT_THAT(w.events("rule.impossible"), ElementsAre(rule.str()));
    w.add_site("site-c", {{"tier", "2"}});
    w.until_fulfilled(rule);
    w.settle();
    EXPECT_THAT(w.events("rule.fulfilled"), ElementsAre(rule.str()));
}

TEST_F(engine_test, LostDataIsImpossibleUntilACopyAppears) {
    w.add_asset("C/I/A", "x", {});
    auto rule = w.add_rule("C/I/A", "site-b");
    w.settle();
    EXPECT_EQ(w.state(rule), rule_state::impossible);
    EXPECT_THAT(w.status(rule).reason, HasSubstr("no good copy"));
    w.add_asset("C/I/A", "x", {"site-a"});
    w.until_fulfilled(rule);
}

TEST_F(engine_test, PlacementIsAVetoAlsoAfterAPolicyChange) {
    w.add_site("site-jp", {}, "JP");
    w.add_asset("C/I/A", "x", {"site-a"});
    auto document = *parse_json(R"([{"id": "eu-residency", "effect": "place", "select": {"collection": "C"},
        "sites": {"jurisdiction": {"in": ["DE"]}}}])");
    auto rules = policies::rule_set::parse("p", document, 1);
    ASSERT_THAT(rules, IsOk());
    w.policies.replace(*rules);
    auto rule = w.add_rule("C/I/A", "site-jp");
    w.settle();
    EXPECT_EQ(w.state(rule), rule_state::impossible);
    EXPECT_THAT(w.status(rule).reason, HasSubstr("site-jp is not allowed by policy (eu-residency"));
    EXPECT_EQ(w.sites.at("site-jp").copies, 0);

    w.policies.replace({});
    w.engine->reevaluate();
    w.until_fulfilled(rule);

    w.policies.replace(*rules);
    w.engine->reevaluate();
    w.until([&] { return w.catalog->list_locks(rule)->empty(); });
    EXPECT_EQ(w.state(rule), rule_state::impossible);
}

TEST_F(engine_test, ADisabledSiteIsReplacedByAnother) {
    auto c = w.add_site("site-c", {{"tier", "2"}});
    w.add_asset("C/I/A", "x", {"site-a"});
    auto rule = w.add_rule("C/I/A", "tier=2");
    w.until_fulfilled(rule);
    auto used = w.catalog->list_locks(rule)->front().site;
    auto record = *w.catalog->find_site(used);
    record.enabled = false;
    w.put_site(record);
    w.until([&] {
        auto locks = *w.catalog->list_locks(rule);
        return locks.size() == 1 && locks.front().site != used;
    });
    w.until_fulfilled(rule);
}

TEST_F(engine_test, DeletedRulesDropLocksAndKeepCopies) {
    w.add_asset("C/I/A", "x", {"site-a"});
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until_fulfilled(rule);
    ASSERT_THAT(w.run(w.engine->delete_rule(rule)), IsOk());
    w.settle();
    EXPECT_TRUE(w.catalog->list_locks(*catalog::parse_asset_ref("C/I/A"))->empty());
    EXPECT_EQ(w.replica_at("site-b", "C/I/A"), replica_state::available);
    EXPECT_THAT(w.run(w.engine->status(rule)), HasErrc(errc::not_found));
}

TEST_F(engine_test, GreedySitesDropWhatNobodyWants) {
    w.add_site("site-c", {{"greedy", "true"}});
    w.add_asset("C/I/A", "x", {"site-a"});
    auto rule = w.add_rule("C/I/A", "site-c");
    w.until_fulfilled(rule);
    ASSERT_THAT(w.run(w.engine->delete_rule(rule)), IsOk());
    w.until([&] { return !w.replica_at("site-c", "C/I/A"); });
    EXPECT_EQ(w.bytes_at("site-c", "C/I/A"), "");
}

TEST_F(engine_test, AnEndedLifetimeDeletesTheRule) {
    w.add_asset("C/I/A", "x", {"site-a"});
    catalog::rule_record r;
    r.uri = "C/I/A";
    r.sites = "site-b";
    r.lifetime = seconds(1);
    r.id = rule_id("short");
    r.created = system_clock().now() - seconds(2);  // already over
    catalog::change_set c;
    c.put_rule(r);
    ASSERT_THAT(w.catalog->commit(std::move(c)), IsOk());
    w.until([&] { return !w.catalog->find_rule(rule_id("short")).has_value(); });
    w.settle();
    EXPECT_TRUE(w.catalog->list_locks(*catalog::parse_asset_ref("C/I/A"))->empty());
}

TEST_F(engine_test, ADeletedItemReleasesItsLocks) {
    w.add_asset("C/I1/A", "1", {"site-a"});
    w.add_asset("C/I2/A", "2", {"site-a"});
    auto rule = w.add_rule("C", "site-b");
    w.until_fulfilled(rule);
    catalog::change_set c;
    c.delete_item(collection_id("C"), item_id("I1"));
    ASSERT_THAT(w.catalog->commit(std::move(c)), IsOk());
    w.until([&] { return w.catalog->list_locks(rule)->size() == 1; });
    EXPECT_EQ(w.status(rule).total, 1u);
}

TEST_F(engine_test, FilterRulesFollowTheItems) {
    w.make_filter = [](catalog::rule_record const& r) -> result<item_filter> {
        return item_filter(
            [text = r.filter](catalog::item_record const& item) { return item.document.find(text) != std::string::npos; });
    };
    w.shut_down();
    w.boot();
    w.engine->start();
    w.add_asset("C/I1/A", "1", {"site-a"}, R"({"kind":"wanted"})");
    w.add_asset("C/I2/A", "2", {"site-a"}, R"({"kind":"other"})");
    catalog::rule_record r;
    r.collection = "C";
    r.filter = "wanted";
    r.sites = "site-b";
    auto rule = w.run(w.engine->create_rule(r));
    ASSERT_THAT(rule, IsOk());
    w.until_fulfilled(rule->id);
    EXPECT_EQ(w.status(rule->id).total, 1u);
    EXPECT_EQ(w.bytes_at("site-b", "C/I2/A"), "");
    // Stops matching: released.
    catalog::item_record item = *w.catalog->find_item(collection_id("C"), item_id("I1"));
    item.document = R"({"type":"Feature","id":"I1","properties":{}})";
    item.etag = "2";
    catalog::change_set c;
    c.put_item(item);
    ASSERT_THAT(w.catalog->commit(std::move(c)), IsOk());
    w.until([&] { return w.catalog->list_locks(rule->id)->empty(); });
}

TEST_F(engine_test, APlanIsADryRun) {
    w.add_asset("C/I1/A", "12345", {"site-a"});
    w.add_asset("C/I2/A", "1234567", {"site-a"});
    catalog::rule_record r;
    r.uri = "C";
    r.sites = "*";
    r.copies = 2;
    auto plan = w.run(w.engine->plan(r));
    ASSERT_THAT(plan, IsOk());
    EXPECT_EQ(plan->assets, 2u);
    EXPECT_EQ(plan->copies, 4u);
    EXPECT_EQ(plan->copies_there, 2u);
    EXPECT_EQ(plan->copies_to_make, 2u);
    EXPECT_EQ(plan->bytes_to_move, 12u);
    EXPECT_EQ(plan->impossible, 0u);
    r.copies = 3;
    plan = w.run(w.engine->plan(r));
    EXPECT_EQ(plan->impossible, 2u);
    EXPECT_THAT(plan->reason, HasSubstr("3 copies wanted; only"));
    EXPECT_TRUE(w.catalog->list_rules()->empty());
    r.sites = "nowhere";
    EXPECT_THAT(w.run(w.engine->plan(r)), HasErrc(errc::invalid_argument));
}

TEST_F(engine_test, AnExplanationSpeaksOfEveryLockAndSite) {
    w.add_asset("C/I/A", "x", {"site-a"});
    auto rule = w.add_rule("C/I/A", "*", 2);
    w.until_fulfilled(rule);
    auto e = w.run(w.engine->explain(rule));
    ASSERT_THAT(e, IsOk());
    ASSERT_EQ(e->locks.size(), 2u);
    for (auto const& l : e->locks) {
        EXPECT_EQ(l.state, "available");
        EXPECT_THAT(l.sentence, HasSubstr("the copy is available"));
    }
    ASSERT_EQ(e->plans.size(), 1u);
    EXPECT_EQ(e->plans[0].verdicts.size(), 2u);
}

TEST_F(engine_test, ProgressIsLiveWhileACopyRuns) {
    std::vector<std::uint64_t> told;
    w.on_progress = [&told](transfer_progress const& p) { told.push_back(p.bytes); };
    w.shut_down();
    w.boot();
    w.engine->start();
    w.sites.at("site-b").stall = true;
    w.add_asset("C/I/A", "12345678", {"site-a"});
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until([&] { return !w.engine->progress().empty() && w.engine->progress()[0].bytes == 4; });
    EXPECT_THAT(told, Contains(4u));
    EXPECT_EQ(w.status(rule).bytes_done, 4u);
    EXPECT_EQ(w.engine->progress()[0].state, transfer_state::active);
    auto page = w.run(w.engine->list_transfers({transfer_state::active, {}, 10}));
    ASSERT_THAT(page, IsOk());
    ASSERT_EQ(page->transfers.size(), 1u);
    EXPECT_EQ(page->transfers[0].bytes, 4u);
}

TEST_F(engine_test, TransfersAreListedInPages) {
    for (int i = 0; i < 5; ++i) w.add_asset("C/I" + std::to_string(i) + "/A", "x" + std::to_string(i), {"site-a"});
    w.until_fulfilled(w.add_rule("C", "site-b"));
    std::size_t seen = 0, pages = 0;
    for (std::string after;; ++pages) {
        auto page = w.run(w.engine->list_transfers({{}, after, 2}));
        ASSERT_THAT(page, IsOk());
        seen += page->transfers.size();
        after = page->next;
        if (after.empty()) break;
    }
    EXPECT_EQ(seen, 5u);
    EXPECT_EQ(pages, 2u);
    EXPECT_THAT(w.run(w.engine->list_transfers({{}, {}, 0})), HasErrc(errc::invalid_argument));
    EXPECT_TRUE(w.run(w.engine->list_transfers({transfer_state::failed, {}, 10}))->transfers.empty());
}

TEST_F(engine_test, TheLastGoodCopyIsNeverDeleted) {
    w.add_asset("C/I/A", "x", {"site-a", "site-b"});
    auto ref = *catalog::parse_asset_ref("C/I/A");
    ASSERT_THAT(w.run(w.engine->delete_replica(ref, site_id("site-b"))), IsOk());
    EXPECT_EQ(w.bytes_at("site-b", "C/I/A"), "");
    EXPECT_EQ(w.replica_at("site-b", "C/I/A"), std::nullopt);
    EXPECT_THAT(w.run(w.engine->delete_replica(ref, site_id("site-a"))), FailsWith(errc::conflict, HasSubstr("last good copy")));
    EXPECT_EQ(w.bytes_at("site-a", "C/I/A"), "x");
    EXPECT_THAT(w.run(w.engine->delete_replica(ref, site_id("site-b"))), HasErrc(errc::not_found));
    EXPECT_THAT(w.events("replica.deleted"), ElementsAre("C/I/A"));
}

TEST_F(engine_test, AWantedCopyIsNotDeleted) {
    w.add_asset("C/I/A", "x", {"site-a"});
    auto rule = w.add_rule("C/I/A", "*", 2);
    w.until_fulfilled(rule);
    auto ref = *catalog::parse_asset_ref("C/I/A");
    EXPECT_THAT(w.run(w.engine->delete_replica(ref, site_id("site-b"))), FailsWith(errc::conflict, HasSubstr("wants this copy")));
}

TEST_F(engine_test, ADeletionIsRetriedUntilTheSiteConfirms) {
    w.add_asset("C/I/A", "x", {"site-a", "site-b"});
    auto ref = *catalog::parse_asset_ref("C/I/A");
    w.sites.at("site-b").offline = true;
    EXPECT_THAT(w.run(w.engine->delete_replica(ref, site_id("site-b"))), HasErrc(errc::unavailable));
    EXPECT_EQ(w.replica_at("site-b", "C/I/A"), replica_state::deleting);
    w.sites.at("site-b").offline = false;
    w.kill_and_restart();  // also over the end of the process
    w.until([&] { return !w.replica_at("site-b", "C/I/A"); });
    EXPECT_EQ(w.bytes_at("site-b", "C/I/A"), "");
}

}  // namespace
}  // namespace fjord::transfer::test
