// rclone's WebDAV remote, which people use to keep folders in step, against a Fjord door.
#include "tests/integration/door_bench.hpp"

#include <filesystem>

namespace fjord::test {
namespace {

namespace fs = std::filesystem;

class Rclone : public ::testing::Test {
protected:
    void SetUp() override { FJORD_NEEDS("rclone", "rclone"); }

    door_bench& bench = door_bench::get();
    storage_site const& door = bench.a();
    secret all = bench.everything();

    // The remote "site:" is door a's /data, "other:" is door b's, which removes whole trees.
    client_run rclone(std::vector<std::string> rest) { return rclone(all, std::move(rest)); }
    client_run rclone(secret const& token, std::vector<std::string> rest) {
        std::vector<std::string> argv{"rclone", "--ca-cert", bench.ca(), "--retries", "1", "--low-level-retries", "1"};
        argv.insert(argv.end(), rest.begin(), rest.end());
        return bench.run(std::move(argv), {},
                         {{"RCLONE_CONFIG", bench.path("home/rclone.conf")},
                          {"RCLONE_CONFIG_SITE_TYPE", "webdav"},
                          {"RCLONE_CONFIG_SITE_URL", door.at("/data")},
                          {"RCLONE_CONFIG_SITE_VENDOR", "other"},
                          {"RCLONE_CONFIG_OTHER_TYPE", "webdav"},
                          {"RCLONE_CONFIG_OTHER_URL", bench.b().at("/data")},
                          {"RCLONE_CONFIG_OTHER_VENDOR", "other"},
                          {"RCLONE_CONFIG_OTHER_BEARER_TOKEN", token.reveal()},
                          {"RCLONE_CONFIG_SITE_BEARER_TOKEN", token.reveal()}});
    }
    // A local folder with two files, one deeper.
    std::string folder(std::string const& name) {
        fs::create_directories(bench.path(name + "/sub"));
        bench.write(name + "/a.nc", noise(200'000, 41));
        bench.write(name + "/sub/b with blank.tif", noise(1000, 42));
        return bench.path(name);
    }
};

TEST_F(Rclone, CopiesAFolderUpAndDown) {
    auto const up = rclone({"copy", "-v", folder("rc-copy"), "site:rc-copy"});
    EXPECT_EQ(up.exit_code, 0) << up;
    EXPECT_TRUE(bench.content(door, "/data/rc-copy/a.nc") == noise(200'000, 41));
    EXPECT_TRUE(bench.content(door, "/data/rc-copy/sub/b with blank.tif") == noise(1000, 42));
    auto const down = rclone({"copy", "-v", "site:rc-copy", bench.path("rc-back")});
    EXPECT_EQ(down.exit_code, 0) << down;
    EXPECT_TRUE(*read_file(bench.path("rc-back/sub/b with blank.tif")) == noise(1000, 42));
}

TEST_F(Rclone, SyncRemovesWhatIsGoneAndSendsWhatChanged) {
    auto const source = folder("rc-sync");
    EXPECT_EQ(rclone({"sync", source, "site:rc-sync"}).exit_code, 0);
    fs::remove(source + "/a.nc");
    bench.write("rc-sync/new.json", "{}");
    bench.write("rc-sync/sub/b with blank.tif", noise(2000, 43));
    auto const r = rclone({"sync", "-v", source, "site:rc-sync"});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_FALSE(bench.exists(door, "/data/rc-sync/a.nc")) << r;
    EXPECT_EQ(bench.content(door, "/data/rc-sync/new.json"), "{}");
    EXPECT_TRUE(bench.content(door, "/data/rc-sync/sub/b with blank.tif") == noise(2000, 43));
}

TEST_F(Rclone, ListsFilesFoldersAndSizes) {
    bench.place(door, "/data/rc-ls/x.nc", noise(4711));
    bench.place(door, "/data/rc-ls/deep/y", "yy");
    auto const r = rclone({"ls", "site:rc-ls"});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_TRUE(r.says("4711 x.nc") && r.says("2 deep/y")) << r;
    auto const folders = rclone({"lsd", "site:rc-ls"});
    EXPECT_TRUE(folders.exit_code == 0 && folders.says("deep")) << folders;
    auto const size = rclone({"size", "site:rc-ls"});
    EXPECT_TRUE(size.says("Total objects: 2") && size.says("4713")) << size;
}

TEST_F(Rclone, CheckFindsWhatDiffers) {
    auto const source = folder("rc-check");
    EXPECT_EQ(rclone({"copy", source, "site:rc-check"}).exit_code, 0);
    auto const same = rclone({"check", "--download", source, "site:rc-check"});
    EXPECT_EQ(same.exit_code, 0) << same;
    EXPECT_TRUE(same.says("0 differences found")) << same;
    bench.place(door, "/data/rc-check/a.nc", noise(200'000, 44));
    auto const different = rclone({"check", "--download", source, "site:rc-check"});
    EXPECT_NE(different.exit_code, 0) << different;
    EXPECT_TRUE(different.says("1 differences found")) << different;
}

TEST_F(Rclone, ReadsAPartOfAFile) {
    bench.place(door, "/data/rc-cat", "0123456789");
    auto const r = rclone({"cat", "--offset", "3", "--count", "4", "site:rc-cat"});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_EQ(r.out, "3456");
}

TEST_F(Rclone, CopiesAndMovesInsideTheSite) {
    bench.place(door, "/data/rc-server/one", noise(3000, 45));
    auto const copied = rclone({"copyto", "-v", "site:rc-server/one", "site:rc-server/two"});
    EXPECT_EQ(copied.exit_code, 0) << copied;
    EXPECT_TRUE(bench.content(door, "/data/rc-server/two") == noise(3000, 45)) << copied;
    auto const moved = rclone({"moveto", "-v", "site:rc-server/two", "site:rc-server/sub/three"});
    EXPECT_EQ(moved.exit_code, 0) << moved;
    EXPECT_TRUE(bench.content(door, "/data/rc-server/sub/three") == noise(3000, 45)) << moved;
    EXPECT_FALSE(bench.exists(door, "/data/rc-server/two"));
    auto const folder_moved = rclone({"move", "-v", "site:rc-server", "site:rc-server.new"});
    EXPECT_EQ(folder_moved.exit_code, 0) << folder_moved;
    EXPECT_TRUE(bench.exists(door, "/data/rc-server.new/sub/three")) << folder_moved;
}

TEST_F(Rclone, MakesAndRemovesDirectories) {
    auto const made = rclone({"mkdir", "site:rc-mkdir/deep"});
    EXPECT_EQ(made.exit_code, 0) << made;
    EXPECT_TRUE(bench.exists(door, "/data/rc-mkdir/deep"));
    auto const again = rclone({"mkdir", "site:rc-mkdir/deep"});
    EXPECT_EQ(again.exit_code, 0) << "an existing directory is fine for rclone" << again;
    EXPECT_EQ(rclone({"rmdir", "site:rc-mkdir/deep"}).exit_code, 0);
    EXPECT_FALSE(bench.exists(door, "/data/rc-mkdir/deep"));
}

TEST_F(Rclone, PurgesATreeOnlyWhereTheSiteWantsIt) {
    for (auto const* site : {&door, &bench.b()}) {
        bench.place(*site, "/data/rc-purge/a", "1");
        bench.place(*site, "/data/rc-purge/sub/b", "2");
    }
    auto const kept = rclone({"purge", "site:rc-purge"});
    EXPECT_NE(kept.exit_code, 0) << kept;
    EXPECT_TRUE(kept.says("not empty")) << "the reason reaches the user" << kept;
    EXPECT_TRUE(bench.exists(door, "/data/rc-purge/a") && bench.exists(door, "/data/rc-purge/sub/b"));
    auto const one_by_one = rclone({"delete", "--rmdirs", "site:rc-purge"});
    EXPECT_EQ(one_by_one.exit_code, 0) << one_by_one;
    EXPECT_FALSE(bench.exists(door, "/data/rc-purge/sub"));
    auto const gone = rclone({"purge", "-v", "other:rc-purge"});
    EXPECT_EQ(gone.exit_code, 0) << gone;
    EXPECT_FALSE(bench.exists(bench.b(), "/data/rc-purge"));
}

TEST_F(Rclone, TellsFreeSpace) {
    auto const r = rclone({"about", "site:"});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_TRUE(r.says("Free:")) << r;
}

TEST_F(Rclone, AMissingFolderIsNotFound) {
    auto const r = rclone({"ls", "site:rc-nothing"});
    EXPECT_EQ(r.exit_code, 3) << "rclone's code for a directory not found" << r;
    EXPECT_TRUE(r.says("not found")) << r;
}

TEST_F(Rclone, WithoutAScopeForItNothingIsWrittenOrRemoved) {
    bench.place(door, "/data/rc-stay/a", "x");
    auto const reader = bench.token("storage.read:/");
    auto const copy = rclone(reader, {"copy", folder("rc-denied"), "site:rc-denied"});
    EXPECT_NE(copy.exit_code, 0) << copy;
    EXPECT_TRUE(copy.says("403") || copy.says("Forbidden")) << copy;
    auto const purge = rclone(reader, {"purge", "site:rc-stay"});
    EXPECT_NE(purge.exit_code, 0) << purge;
    EXPECT_TRUE(bench.exists(door, "/data/rc-stay/a"));
    EXPECT_FALSE(bench.exists(door, "/data/rc-denied/a.nc"));
}

TEST_F(Rclone, WhoMayOnlyCreateCannotOverwrite) {
    bench.place(door, "/data/rc-keep/a.nc", "old");
    auto const r = rclone(bench.token("storage.read:/ storage.create:/"), {"copy", folder("rc-keep"), "site:rc-keep"});
    EXPECT_NE(r.exit_code, 0) << r;
    EXPECT_TRUE(r.says("403") || r.says("Forbidden")) << r;
    EXPECT_EQ(bench.content(door, "/data/rc-keep/a.nc"), "old");
    EXPECT_TRUE(bench.exists(door, "/data/rc-keep/sub/b with blank.tif")) << "the new one is fine";
}

TEST_F(Rclone, AnExpiredTokenIsRefused) {
    auto const r = rclone(bench.expired_token("storage.read:/"), {"ls", "site:"});
    EXPECT_NE(r.exit_code, 0) << r;
    EXPECT_TRUE(r.says("401") || r.says("Unauthorized")) << r;
}

}  // namespace
}  // namespace fjord::test
