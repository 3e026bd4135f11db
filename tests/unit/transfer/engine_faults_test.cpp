// The engine against fake sites that fail, lie, stall, and against its own sudden end.
#include "tests/unit/transfer/world.hpp"

#include "transfer/layout.hpp"

#include <set>

namespace fjord::transfer::test {
namespace {

using catalog::replica_state;
using catalog::transfer_state;
using fjord::test::FailsWith;
using fjord::test::HasErrc;
using fjord::test::IsOk;
using testing::ElementsAre;
using testing::HasSubstr;

struct faults_test : testing::Test {
    void SetUp() override {
        w.engine->start();
        w.add_site("site-a");
        w.add_site("site-b");
        w.add_asset("C/I/A", "the right bytes", {"site-a"});
    }
    // Runs until some copy is in the middle of its bytes.
    transfer_id until_running() {
        w.until([&] {
            for (auto const& p : w.engine->progress())
                if (p.state == transfer_state::active && p.bytes > 0) return true;
            return false;
        });
        return w.engine->progress().front().id;
    }
    world w;
};

TEST_F(faults_test, AFailingSiteIsTriedAgainWithBackOff) {
    w.sites.at("site-b").refuse = 3;
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until_fulfilled(rule);
    EXPECT_EQ(w.sites.at("site-b").copies, 4);
    ASSERT_EQ(w.transfers().size(), 1u);
    EXPECT_EQ(w.transfers()[0].attempt, 4u);
    EXPECT_EQ(w.sites.staged(), 0u) << "failed copies are removed";
}

TEST_F(faults_test, WaitingSaysWhatFailed) {
    w.options.retry.base = milliseconds(60'000);
    w.options.retry.cap = milliseconds(60'000);
    w.shut_down();
    w.boot();
    w.engine->start();
    w.sites.at("site-b").refuse = 1;
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until([&] { return !w.transfers().empty() && w.transfers()[0].not_before.has_value(); });
    EXPECT_THAT(w.transfers()[0].reason,
                HasSubstr("pull from site-a to site-b failed while copying (attempt 1 of 8): connection reset; tried again in"));
    EXPECT_THAT(w.status(rule).reason, HasSubstr("connection reset"));
    EXPECT_EQ(w.state(rule), rule_state::converging);
    auto explained = w.run(w.engine->explain(rule));
    EXPECT_EQ(explained->locks.at(0).state, "waiting");
    // retry() ends the back-off.
    ASSERT_THAT(w.run(w.engine->retry(w.transfers()[0].id)), IsOk());
    w.until_fulfilled(rule);
}

TEST_F(faults_test, ALyingSuccessIsNotBelieved) {
    w.sites.at("site-b").lie = 1;
    w.sites.at("site-b").lie_empty = 1;
    w.sites.at("site-b").spoil = 1;
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until_fulfilled(rule);
    EXPECT_EQ(w.bytes_at("site-b", "C/I/A"), "the right bytes");
    EXPECT_EQ(w.sites.at("site-b").copies, 4);
    EXPECT_EQ(w.sites.staged(), 0u);
    EXPECT_EQ(w.replica_at("site-a", "C/I/A"), replica_state::available) << "the source was examined and is good";
}

TEST_F(faults_test, AProvenBadSourceIsMarkedAndAnotherOneUsed) {
    w.add_site("site-c");
    w.add_asset("C/I/A", "the right bytes", {"site-c"});
    w.sites.at("site-a").files[w.path_of("site-a", "C/I/A")] = "the wrong bytes";
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until_fulfilled(rule);
    EXPECT_EQ(w.bytes_at("site-b", "C/I/A"), "the right bytes");
    w.settle();
    EXPECT_EQ(w.sites.at("site-b").copies, 2);
    EXPECT_EQ(w.replica_at("site-a", "C/I/A"), replica_state::suspect);
}

TEST_F(faults_test, ASuspectCopyIsReplacedFromAGoodOne) {
    auto rule = w.add_rule("C/I/A", "*", 2);
    w.until_fulfilled(rule);
    w.sites.at("site-b").files[w.path_of("site-b", "C/I/A")] = "rotten";
    auto ref = *catalog::parse_asset_ref("C/I/A");
    auto replica = *w.catalog->find_replica(ref, w.catalog->find_asset(ref)->current.id, site_id("site-b"));
    replica.state = replica_state::suspect;
    replica.reason = "a reader saw other bytes";
    catalog::change_set c;
    c.put_replica(replica);
    ASSERT_THAT(w.catalog->commit(std::move(c)), IsOk());
    w.until([&] {
        return w.bytes_at("site-b", "C/I/A") == "the right bytes" && w.replica_at("site-b", "C/I/A") == replica_state::available;
    });
    w.until_fulfilled(rule);
    EXPECT_EQ(w.sites.staged(), 0u);
}

TEST_F(faults_test, AFalseAlarmCostsNoCopy) {
    auto rule = w.add_rule("C/I/A", "*", 2);
    w.until_fulfilled(rule);
    auto copies = w.sites.at("site-b").copies;
    auto ref = *catalog::parse_asset_ref("C/I/A");
    auto replica = *w.catalog->find_replica(ref, w.catalog->find_asset(ref)->current.id, site_id("site-b"));
    replica.state = replica_state::suspect;
    catalog::change_set c;
    c.put_replica(replica);
    ASSERT_THAT(w.catalog->commit(std::move(c)), IsOk());
    w.until([&] { return w.replica_at("site-b", "C/I/A") == replica_state::available; });
    EXPECT_EQ(w.sites.at("site-b").copies, copies);
}

TEST_F(faults_test, ALostSourceFailsOverToAnotherCopy) {
    w.add_site("site-c");
    w.add_asset("C/I/A", "the right bytes", {"site-c"});
    w.sites.at("site-a").offline = true;
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until_fulfilled(rule);
    EXPECT_EQ(w.bytes_at("site-b", "C/I/A"), "the right bytes");
}

TEST_F(faults_test, ATransferWhoseSourceGoesAwayEndsAndComesBackWithIt) {
    w.options.retry.base = w.options.retry.cap = milliseconds(50);
    w.shut_down();
    w.boot();
    w.engine->start();
    w.sites.at("site-b").refuse = 1;
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until([&] { return !w.transfers().empty() && w.transfers()[0].not_before.has_value(); });
    auto site = *w.catalog->find_site(site_id("site-a"));
    site.enabled = false;
    w.put_site(site);
    w.until([&] { return w.catalog->list_open_transfers()->empty(); });
    w.settle();
    EXPECT_EQ(w.state(rule), rule_state::impossible);
    EXPECT_THAT(w.status(rule).reason, HasSubstr("no good copy at an enabled site"));
    site.enabled = true;
    w.put_site(site);
    w.until_fulfilled(rule);
}

TEST_F(faults_test, AFinalFailureIsHeldUntilTheSiteChanges) {
    w.options.retry.max_attempts = 3;
    w.shut_down();
    w.boot();
    w.engine->start();
    w.sites.at("site-b").refuse = 1000;
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until([&] { return !w.transfers().empty() && w.transfers()[0].state == transfer_state::failed; });
    w.settle();
    EXPECT_EQ(w.transfers().size(), 1u) << "not asked for again at once";
    EXPECT_EQ(w.replica_at("site-b", "C/I/A"), std::nullopt);
    EXPECT_THAT(w.status(rule).reason, HasSubstr("connection reset"));
    EXPECT_EQ(w.sites.staged(), 0u);
    w.sites.at("site-b").refuse = 0;
    auto site = *w.catalog->find_site(site_id("site-b"));
    site.attributes["note"] = "repaired";
    w.put_site(site);
    w.until_fulfilled(rule);
}

TEST_F(faults_test, CancelReallyStopsTheCopyAndStaysCancelled) {
    w.sites.at("site-b").stall = true;
    auto rule = w.add_rule("C/I/A", "site-b");
    auto id = until_running();
    EXPECT_EQ(w.sites.at("site-b").running, 1);
    ASSERT_THAT(w.run(w.engine->cancel(id)), IsOk());
    EXPECT_EQ(w.sites.at("site-b").running, 0);
    EXPECT_EQ(w.sites.staged(), 0u);
    EXPECT_EQ(w.catalog->find_transfer(id)->state, transfer_state::cancelled);
    EXPECT_EQ(w.replica_at("site-b", "C/I/A"), std::nullopt);
    w.settle();
    EXPECT_EQ(w.sites.at("site-b").copies, 1);
    EXPECT_EQ(w.state(rule), rule_state::impossible);
    EXPECT_THAT(w.status(rule).reason, HasSubstr("cancelled on request"));
    EXPECT_THAT(w.run(w.engine->cancel(id)), HasErrc(errc::conflict));
    EXPECT_THAT(w.run(w.engine->cancel(transfer_id("none"))), HasErrc(errc::not_found));
    w.sites.at("site-b").stall = false;
    ASSERT_THAT(w.run(w.engine->retry(id)), IsOk());
    w.until_fulfilled(rule);
}

TEST_F(faults_test, AWaitingTransferCanBeCancelledToo) {
    w.options.retry.base = milliseconds(60'000);
    w.options.retry.cap = milliseconds(60'000);
    w.shut_down();
    w.boot();
    w.engine->start();
    w.sites.at("site-b").refuse = 1;
    w.add_rule("C/I/A", "site-b");
    w.until([&] { return !w.transfers().empty() && w.transfers()[0].not_before.has_value(); });
    ASSERT_THAT(w.run(w.engine->cancel(w.transfers()[0].id)), IsOk());
    EXPECT_EQ(w.transfers()[0].state, transfer_state::cancelled);
}

TEST_F(faults_test, DeletingTheRuleStopsItsTransfer) {
    w.sites.at("site-b").stall = true;
    auto rule = w.add_rule("C/I/A", "site-b");
    auto id = until_running();
    ASSERT_THAT(w.run(w.engine->delete_rule(rule)), IsOk());
    w.until([&] { return w.catalog->find_transfer(id)->state == transfer_state::cancelled; });
    EXPECT_EQ(w.sites.at("site-b").running, 0);
    EXPECT_EQ(w.sites.staged(), 0u);
    EXPECT_EQ(w.replica_at("site-b", "C/I/A"), std::nullopt);
}

TEST_F(faults_test, StopLeavesTheJournalAndAStartGoesOn) {
    w.sites.at("site-b").stall = true;
    auto rule = w.add_rule("C/I/A", "site-b");
    until_running();
    w.shut_down();
    w.boot();
    EXPECT_EQ(w.transfers()[0].state, transfer_state::active);
    EXPECT_EQ(w.sites.staged(), 1u);
    w.sites.at("site-b").stall = false;
    w.engine->start();
    w.until_fulfilled(rule);
    EXPECT_EQ(w.sites.staged(), 0u);
    EXPECT_EQ(w.transfers().size(), 1u);
}

// The process ends at every step of a transfer in turn; each time the next start converges without a trace.
TEST_F(faults_test, AKillAtAnyStepConvergesAndLeavesNothing) {
    std::set<std::string> const steps{"copy site-b", "rename site-b"};
    int round = 0;
    for (auto const& step : steps) {
        auto asset = "C/K" + std::to_string(round++) + "/A";
        w.add_asset(asset, "bytes of " + step, {"site-a"});
        bool reached = false;
        w.sites.on_step = [&](std::string const& what) { reached = reached || what == step; };
        w.sites.at("site-b").copy_time = milliseconds(5);
        auto rule = w.add_rule(asset, "site-b");
        w.until([&] { return reached; });
        w.kill_and_restart();
        w.until_fulfilled(rule);
        w.settle();
        EXPECT_EQ(w.bytes_at("site-b", asset), "bytes of " + step);
        EXPECT_EQ(w.sites.staged(), 0u) << step;
        EXPECT_TRUE(w.catalog->list_open_transfers()->empty());
    }
    w.sites.on_step = {};
}

TEST_F(faults_test, ACopyThatWasRenamedBeforeTheKillIsTakenOver) {
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until_fulfilled(rule);
    // As if the process had ended between the rename and the commit.
    auto t = w.transfers()[0];
    t.state = transfer_state::verifying;
    auto ref = *catalog::parse_asset_ref("C/I/A");
    auto replica = *w.catalog->find_replica(ref, t.version, site_id("site-b"));
    replica.state = replica_state::copying;
    w.kill();
    w.boot();
    catalog::change_set c;
    c.put_transfer(t);
    c.put_replica(replica);
    ASSERT_THAT(w.catalog->commit(std::move(c)), IsOk());
    auto copies = w.sites.at("site-b").copies;
    w.engine->start();
    w.until_fulfilled(rule);
    EXPECT_EQ(w.sites.at("site-b").copies, copies);
    EXPECT_EQ(w.transfers().size(), 1u);
    EXPECT_THAT(w.transfers()[0].reason, HasSubstr("was there already"));
}

TEST_F(faults_test, KillsDuringManyTransfersNeverDuplicateOne) {
    for (int i = 0; i < 60; ++i) w.add_asset("C/I" + std::to_string(i) + "/A", "bytes " + std::to_string(i), {"site-a"});
    w.sites.at("site-b").copy_time = milliseconds(1);
    auto rule = w.add_rule("C", "site-b");
    for (int kill = 1; kill <= 6; ++kill) {
        w.until([&] { return w.sites.at("site-b").copies >= kill * 7; });
        w.kill_and_restart();
        std::set<std::pair<std::string, std::string>> live;
        auto const open = *w.catalog->list_open_transfers();
        for (auto const& t : open) EXPECT_TRUE(live.emplace(t.asset.str(), t.to.str()).second) << t.asset.str();
    }
    w.until_fulfilled(rule);
    w.settle();
    w.until([&] { return w.sites.staged() == 0; });
    EXPECT_EQ(w.status(rule).done, 61u);
    EXPECT_EQ(w.transfers().size(), 61u) << "one transfer per copy, resumed under its own id";
    EXPECT_THAT(w.events("rule.fulfilled"), ElementsAre(rule.str()));
}

TEST_F(faults_test, LeftoversOfFinishedTransfersAreSwept) {
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until_fulfilled(rule);
    auto& files = w.sites.at("site-b").files;
    files[staging_path(*w.catalog->find_site(site_id("site-b")), w.transfers()[0].id, 9)] = "half";
    files[".fjord-staging/somebody-elses"] = "?";
    w.kill_and_restart();
    w.until([&] { return w.sites.staged() == 1; });
    EXPECT_TRUE(files.contains(".fjord-staging/somebody-elses"));
}

TEST_F(faults_test, EventsOfARuleAreToldOnceOverRestarts) {
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until_fulfilled(rule);
    w.settle();
    w.kill_and_restart();
    w.settle();
    w.kill_and_restart();
    w.settle();
    EXPECT_THAT(w.events("rule.fulfilled"), ElementsAre(rule.str()));
}

TEST_F(faults_test, AnOfflineDestinationIsReachedWhenItComesBack) {
    w.options.retry.max_attempts = 100'000;
    w.shut_down();
    w.boot();
    w.engine->start();
    w.sites.at("site-b").offline = true;
    auto rule = w.add_rule("C/I/A", "site-b");
    w.until(
        [&] { return !w.transfers().empty() && w.transfers()[0].reason.find("cannot connect to site-b") != std::string::npos; });
    EXPECT_EQ(w.state(rule), rule_state::converging);
    w.sites.at("site-b").offline = false;
    w.until_fulfilled(rule);
}

}  // namespace
}  // namespace fjord::transfer::test
