// gfal2, as FTS, Rucio and people at WLCG sites use it, against a Fjord door.
#include "tests/integration/door_bench.hpp"

namespace fjord::test {
namespace {

class Gfal : public ::testing::Test {
protected:
    void SetUp() override { FJORD_NEEDS("gfal-ls", "gfal2-util-scripts gfal2-plugin-http"); }

    door_bench& bench = door_bench::get();
    storage_site const& door = bench.a();
    secret all = bench.everything();

    client_run gfal(std::vector<std::string> argv) { return gfal(all, std::move(argv)); }
    client_run gfal(secret const& token, std::vector<std::string> argv) { return bench.run(std::move(argv), token); }
    std::string url(std::string const& file) const { return door.davs(file); }
    std::string local(std::string const& name) const { return "file://" + bench.path(name); }
};

TEST_F(Gfal, ListsADirectoryInLongForm) {
    bench.place(door, "/data/gfal-ls/scene.tif", noise(4242));
    bench.place(door, "/data/gfal-ls/deeper/x", "x");
    auto const r = gfal({"gfal-ls", "-l", url("/data/gfal-ls")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_TRUE(r.says("scene.tif")) << r;
    EXPECT_TRUE(r.says("4242")) << r;
    EXPECT_EQ(r.out.substr(0, 1) == "d" || r.out.find("\nd") != std::string::npos, true) << "a directory is told as one" << r;
}

TEST_F(Gfal, TellsTheStateOfAFile) {
    bench.place(door, "/data/gfal-stat", noise(777));
    auto const r = gfal({"gfal-stat", url("/data/gfal-stat")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_TRUE(r.says("Size: 777") && r.says("regular file")) << r;
}

TEST_F(Gfal, CopiesUpAndDownWithChecksum) {
    auto const content = noise(3'000'000, 11);
    bench.write("gfal-up", content);
    auto const up = gfal({"gfal-copy", "-K", "ADLER32", local("gfal-up"), url("/data/gfal-copy/new/scene")});
    EXPECT_EQ(up.exit_code, 0) << up;
    EXPECT_TRUE(bench.content(door, "/data/gfal-copy/new/scene") == content) << up;
    auto const down = gfal({"gfal-copy", "-K", "ADLER32", url("/data/gfal-copy/new/scene"), local("gfal-down")});
    EXPECT_EQ(down.exit_code, 0) << down;
    EXPECT_TRUE(*read_file(bench.path("gfal-down"), 1u << 30) == content) << down;
}

TEST_F(Gfal, AWrongChecksumFailsTheCopy) {
    bench.write("gfal-sum-up", noise(1000));
    auto const r = gfal({"gfal-copy", "-K", "ADLER32:00000001", local("gfal-sum-up"), url("/data/gfal-sum-up")});
    EXPECT_NE(r.exit_code, 0) << r;
    EXPECT_TRUE(r.says("checksum") || r.says("CHECKSUM")) << r;
}

TEST_F(Gfal, CopiesAWholeFolder) {
    bench.place(door, "/data/gfal-tree/a", noise(100, 1));
    bench.place(door, "/data/gfal-tree/sub/b", noise(200, 2));
    auto const r = gfal({"gfal-copy", "-r", "-p", url("/data/gfal-tree"), local("gfal-tree")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_TRUE(*read_file(bench.path("gfal-tree/sub/b")) == noise(200, 2)) << r;
}

TEST_F(Gfal, SumsInEveryAlgorithmTheDoorHas) {
    auto const content = noise(5000, 12);
    bench.place(door, "/data/gfal-sum", content);
    digester d;
    d.update(content);
    auto const sums = d.finish();
    // gfal2 turns md5 into hex and shows crc32c as it came: base64 (RFC 3230), from XRootD as from us.
    for (auto const& [name, sum] :
         {std::pair{"ADLER32", sums.adler32->hex()}, {"MD5", sums.md5->hex()}, {"CRC32C", sums.crc32c->base64()}}) {
        auto const r = gfal({"gfal-sum", url("/data/gfal-sum"), name});
        EXPECT_EQ(r.exit_code, 0) << r;
        EXPECT_TRUE(r.says(sum)) << r << "wanted " << sum;
    }
}

TEST_F(Gfal, ReadsAndWritesStreams) {
    bench.place(door, "/data/gfal-cat", "the level is 3.1 m\n");
    auto const r = gfal({"gfal-cat", url("/data/gfal-cat")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_EQ(r.out, "the level is 3.1 m\n");
    auto const saved = gfal({"sh", "-c", "echo saved | gfal-save " + url("/data/gfal-save")});
    EXPECT_EQ(saved.exit_code, 0) << saved;
    EXPECT_EQ(bench.content(door, "/data/gfal-save"), "saved\n");
}

TEST_F(Gfal, MakesDirectories) {
    auto const one = gfal({"gfal-mkdir", url("/data/gfal-mkdir")});
    EXPECT_EQ(one.exit_code, 0) << one;
    auto const deep = gfal({"gfal-mkdir", "-p", url("/data/gfal-mkdir/a/b/c")});
    EXPECT_EQ(deep.exit_code, 0) << deep;
    EXPECT_TRUE(bench.exists(door, "/data/gfal-mkdir/a/b/c"));
    auto const again = gfal({"gfal-mkdir", url("/data/gfal-mkdir")});
    EXPECT_NE(again.exit_code, 0) << again;
    EXPECT_TRUE(again.says("exist")) << again;
}

TEST_F(Gfal, Renames) {
    bench.place(door, "/data/gfal-mv", "moved");
    auto const r = gfal({"gfal-rename", url("/data/gfal-mv"), url("/data/gfal-mv.new")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_EQ(bench.content(door, "/data/gfal-mv.new"), "moved");
    EXPECT_FALSE(bench.exists(door, "/data/gfal-mv"));
}

TEST_F(Gfal, RemovesFilesAndTrees) {
    bench.place(door, "/data/gfal-rm/one", "1");
    bench.place(door, "/data/gfal-rm/sub/two", "2");
    auto const one = gfal({"gfal-rm", url("/data/gfal-rm/one")});
    EXPECT_EQ(one.exit_code, 0) << one;
    EXPECT_FALSE(bench.exists(door, "/data/gfal-rm/one"));
    auto const tree = gfal({"gfal-rm", "-r", url("/data/gfal-rm")});
    EXPECT_EQ(tree.exit_code, 0) << tree;
    EXPECT_FALSE(bench.exists(door, "/data/gfal-rm"));
}

// gfal2 sends DELETE for rmdir(); Rucio and others clean up parents with it and count on its failure.
TEST_F(Gfal, RmdirNeverTakesContentAlong) {
    bench.place(door, "/data/gfal-rmdir/precious", "x");
    auto const rmdir = [&] {
        return gfal(
            {"/usr/bin/python3", "-c", "import gfal2, sys; gfal2.creat_context().rmdir(sys.argv[1])", url("/data/gfal-rmdir")});
    };
    auto const refused = rmdir();
    EXPECT_NE(refused.exit_code, 0) << refused;
    EXPECT_TRUE(bench.exists(door, "/data/gfal-rmdir/precious"));
    EXPECT_EQ(gfal({"gfal-rm", url("/data/gfal-rmdir/precious")}).exit_code, 0);
    auto const done = rmdir();
    EXPECT_EQ(done.exit_code, 0) << done;
    EXPECT_FALSE(bench.exists(door, "/data/gfal-rmdir"));
}

TEST_F(Gfal, PublicFilesNeedNoToken) {
    bench.place(door, "/public/gfal-readme", "hello");
    auto const r = gfal(secret(), {"gfal-cat", url("/public/gfal-readme")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_EQ(r.out, "hello");
}

// gfal2 exits with the errno it makes of the status.
TEST_F(Gfal, AMissingFileIsNoSuchFileOnlyWhereReadingIsAllowed) {
    auto const reader = bench.token("storage.read:/gfal-area");
    auto const inside = gfal(reader, {"gfal-stat", url("/data/gfal-area/nothing")});
    EXPECT_EQ(inside.exit_code, ENOENT) << inside;
    auto const outside = gfal(reader, {"gfal-stat", url("/data/gfal-elsewhere/nothing")});
    EXPECT_TRUE(outside.exit_code == EACCES || outside.exit_code == EPERM) << outside;
    EXPECT_TRUE(outside.says("403") || outside.says("ermission") || outside.says("ermitted")) << outside;
}

TEST_F(Gfal, WithoutAScopeForItNothingIsWritten) {
    bench.write("gfal-denied", "x");
    auto const r = gfal(bench.token("storage.read:/"), {"gfal-copy", local("gfal-denied"), url("/data/gfal-denied")});
    EXPECT_NE(r.exit_code, 0) << r;
    EXPECT_TRUE(r.says("403") || r.says("ermission")) << r;
    EXPECT_FALSE(bench.exists(door, "/data/gfal-denied"));
}

TEST_F(Gfal, AnExistingFileIsNotOverwrittenUnlessForced) {
    bench.place(door, "/data/gfal-exists", "old");
    bench.write("gfal-new", "new");
    auto const r = gfal({"gfal-copy", local("gfal-new"), url("/data/gfal-exists")});
    EXPECT_EQ(r.exit_code, EEXIST) << r;
    EXPECT_EQ(bench.content(door, "/data/gfal-exists"), "old");
    auto const forced = gfal({"gfal-copy", "-f", local("gfal-new"), url("/data/gfal-exists")});
    EXPECT_EQ(forced.exit_code, 0) << forced;
    EXPECT_EQ(bench.content(door, "/data/gfal-exists"), "new");
}

TEST_F(Gfal, WhoMayOnlyCreateCannotOverwriteEvenByForce) {
    bench.place(door, "/data/gfal-keep", "old");
    bench.write("gfal-new", "new");
    auto const creator = bench.token("storage.read:/ storage.create:/");
    auto const r = gfal(creator, {"gfal-copy", "-f", local("gfal-new"), url("/data/gfal-keep")});
    EXPECT_NE(r.exit_code, 0) << r;
    EXPECT_TRUE(r.says("403") || r.says("ermission")) << r;
    EXPECT_EQ(bench.content(door, "/data/gfal-keep"), "old");
    auto const fresh = gfal(creator, {"gfal-copy", local("gfal-new"), url("/data/gfal-keep.2")});
    EXPECT_EQ(fresh.exit_code, 0) << fresh;
}

TEST_F(Gfal, AnExpiredTokenIsRefused) {
    bench.place(door, "/data/gfal-expired", "x");
    auto const r = gfal(bench.expired_token("storage.read:/"), {"gfal-cat", url("/data/gfal-expired")});
    EXPECT_NE(r.exit_code, 0) << r;
    EXPECT_TRUE(r.says("401") || r.says("uthenticat") || r.says("ermi")) << r;
    EXPECT_FALSE(r.out == "x");
}

}  // namespace
}  // namespace fjord::test
