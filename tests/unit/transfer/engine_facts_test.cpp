// The engine at sites whose facts are known: fewer requests where a site does the work itself, narrower tokens where it keeps the
// rules, and a change of layout that leaves what is there alone.
#include "tests/unit/transfer/world.hpp"

#include "transfer/layout.hpp"

namespace fjord::transfer::test {
namespace {

using catalog::replica_state;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct facts_test : testing::Test {
    void SetUp() override {
        w.engine->start();
        w.add_site("site-a");
        w.add_site("site-b");
    }
    fake_site& target() { return w.sites.at("site-b"); }
    std::string recorded_path(std::string const& asset) {
        auto ref = *catalog::parse_asset_ref(asset);
        return w.catalog->find_replica(ref, w.catalog->find_asset(ref)->current.id, site_id("site-b"))->path;
    }
    void copy(std::string const& asset) {
        w.add_asset(asset, "bytes of " + asset, {"site-a"});
        w.until_fulfilled(w.add_rule(asset, "site-b"));
    }
    world w;
};

TEST_F(facts_test, WithoutFactsFoldersComeFirst) {
    copy("C/I/A");
    EXPECT_TRUE(target().folders.contains(".fjord-staging"));
    EXPECT_TRUE(target().folders.contains(parent_of(recorded_path("C/I/A"))));
}

TEST_F(facts_test, ASiteThatMakesFoldersItselfIsNotAskedTo) {
    w.probed("site-b", {{"tpc_mkpath", "true"}, {"move_mkpath", "true"}});
    target().makes_folders = true;
    copy("C/I/A");
    EXPECT_TRUE(target().folders.empty());
    EXPECT_FALSE(target().tokens.contains("mkcol"));
}

TEST_F(facts_test, WherePullsNeedTheirFolderAndMovesDoNotOnlyStagingIsMade) {
    w.probed("site-b", {{"tpc_mkpath", "false"}, {"move_mkpath", "true"}});
    target().makes_folders = true;
    copy("C/I/A");
    EXPECT_EQ(target().folders, std::set<std::string>{".fjord-staging"});
}

TEST_F(facts_test, WhereMoveReplacesTheTokenCannot) {
    w.probed("site-b", {{"overwrite_move", "false"}});
    target().move_needs_modify = false;
    copy("C/I/A");
    EXPECT_THAT(target().tokens.at("rename"), Not(HasSubstr("modify")));
    EXPECT_THAT(target().tokens.at("rename"), HasSubstr("storage.create"));
}

TEST_F(facts_test, DeletingCarriesReadOnlyWhereThatIsNeeded) {
    w.probed("site-b", {{"modify_delete", "true"}});
    target().delete_needs_read = false;
    target().spoil = 1;  // so that there is something to delete
    copy("C/I/A");
    EXPECT_THAT(target().tokens.at("remove"), Not(HasSubstr("read")));
    w.probed("site-b", {{"modify_delete", "false"}});
    target().delete_needs_read = true;
    target().spoil = 1;
    copy("C/I/B");
    EXPECT_THAT(target().tokens.at("remove"), HasSubstr("storage.read"));
}

TEST_F(facts_test, ASiteKnownToTellNoDigestIsReadAtOnce) {
    w.probed("site-b", {{"digests", "none"}});
    target().spoil = 1;  // the first copy is bad, and only reading it shows that
    copy("C/I/A");
    EXPECT_EQ(target().copies, 2);
    EXPECT_EQ(w.bytes_at("site-b", "C/I/A"), "bytes of C/I/A");
}

TEST_F(facts_test, ANewLayoutIsForNewCopiesAndOldOnesStayWhereTheyAre) {
    copy("C/I/old");
    auto const old_path = recorded_path("C/I/old");
    EXPECT_THAT(old_path, StartsWith("C/I/old/"));
    w.probed("site-b", {{"path_boundary", "false"}});
    copy("C/I/new");
    EXPECT_THAT(recorded_path("C/I/new"), StartsWith("fed/"));
    EXPECT_EQ(recorded_path("C/I/old"), old_path);
    EXPECT_EQ(target().files.at(old_path), "bytes of C/I/old");
    EXPECT_EQ(w.sites.staged(), 0u);
    // Read from under its old name, too.
    w.add_site("site-c");
    w.catalog->find_site(site_id("site-c")).value();
    auto ref = *catalog::parse_asset_ref("C/I/old");
    auto version = w.catalog->find_asset(ref)->current.id;
    catalog::change_set c;
    c.delete_replica(ref, version, site_id("site-a"));
    EXPECT_THAT(w.catalog->commit(std::move(c)), fjord::test::IsOk());
    w.until_fulfilled(w.add_rule("C/I/old", "site-c"));
    EXPECT_EQ(w.bytes_at("site-c", "C/I/old"), "bytes of C/I/old");
}

TEST_F(facts_test, ABadCopyUnderItsOldNameGoesWhenItIsReplaced) {
    copy("C/I/A");
    auto const old_path = recorded_path("C/I/A");
    w.probed("site-b", {{"path_boundary", "false"}});
    auto ref = *catalog::parse_asset_ref("C/I/A");
    auto bad = *w.catalog->find_replica(ref, w.catalog->find_asset(ref)->current.id, site_id("site-b"));
    bad.state = replica_state::bad;
    catalog::change_set c;
    c.put_replica(bad);
    EXPECT_THAT(w.catalog->commit(std::move(c)), fjord::test::IsOk());
    w.until([&] { return w.replica_at("site-b", "C/I/A") == replica_state::available && !target().files.contains(old_path); });
    EXPECT_THAT(recorded_path("C/I/A"), StartsWith("fed/"));
    EXPECT_EQ(target().files.at(recorded_path("C/I/A")), "bytes of C/I/A");
}

}  // namespace
}  // namespace fjord::transfer::test
