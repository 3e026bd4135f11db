// davix, the HTTP engine below gfal2, ROOT and XRootD's client, against a Fjord door.
#include "tests/integration/door_bench.hpp"

namespace fjord::test {
namespace {

class Davix : public ::testing::Test {
protected:
    void SetUp() override { FJORD_NEEDS("davix-get", "davix"); }

    door_bench& bench = door_bench::get();
    storage_site const& door = bench.a();
    secret all = bench.everything();

    // `tool` with the authorities, the token and the rest.
    client_run davix(std::string tool, std::vector<std::string> rest) { return davix(all, std::move(tool), std::move(rest)); }
    client_run davix(secret const& token, std::string tool, std::vector<std::string> rest) {
        std::vector<std::string> argv{std::move(tool), "--capath", bench.ca_folder()};
        if (!token.empty()) argv.insert(argv.end(), {"-H", "Authorization: Bearer " + token.reveal()});
        argv.insert(argv.end(), rest.begin(), rest.end());
        return bench.run(std::move(argv));
    }
};

TEST_F(Davix, GetsAFile) {
    auto const content = noise(2'000'000, 21);
    bench.place(door, "/data/davix-get", content);
    auto const r = davix("davix-get", {door.at("/data/davix-get"), bench.path("davix-got")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_TRUE(*read_file(bench.path("davix-got"), 1u << 30) == content);
}

TEST_F(Davix, PutsAFileAndMakesItsFolders) {
    auto const content = noise(2'000'000, 22);
    auto const r = davix("davix-put", {bench.write("davix-up", content), door.at("/data/davix-put/a/b")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_TRUE(bench.content(door, "/data/davix-put/a/b") == content);
}

TEST_F(Davix, ListsNamesAndSizes) {
    bench.place(door, "/data/davix-ls/level.nc", noise(31337));
    bench.place(door, "/data/davix-ls/with blank & more", "x");
    auto const names = davix("davix-ls", {door.at("/data/davix-ls")});
    EXPECT_EQ(names.exit_code, 0) << names;
    EXPECT_TRUE(names.says("level.nc")) << names;
    EXPECT_TRUE(names.says("with%20blank%20&%20more")) << "davix-ls shows names as they are encoded" << names;
    auto const lines = davix("davix-ls", {"-l", door.at("/data/davix-ls")});
    EXPECT_EQ(lines.exit_code, 0) << lines;
    EXPECT_TRUE(lines.says("31337")) << lines;
}

TEST_F(Davix, MakesADirectory) {
    auto const r = davix("davix-mkdir", {door.at("/data/davix-mkdir")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_TRUE(bench.exists(door, "/data/davix-mkdir"));
}

TEST_F(Davix, MovesAFile) {
    bench.place(door, "/data/davix-mv", "moved");
    auto const r = davix("davix-mv", {door.at("/data/davix-mv"), door.at("/data/davix-mv.new")});
    // davix-mv 0.8.4 exits with 255 and says nothing when all went well.
    EXPECT_EQ(r.err, "") << r;
    EXPECT_EQ(bench.content(door, "/data/davix-mv.new"), "moved");
    EXPECT_FALSE(bench.exists(door, "/data/davix-mv"));
    if (!have_xrootd()) return;
    auto const& other = bench.xrootd();
    bench.place(other, "/data/davix-mv", "moved");
    auto const same = davix("davix-mv", {other.at("/data/davix-mv"), other.at("/data/davix-mv.new")});
    EXPECT_EQ(bench.content(other, "/data/davix-mv.new"), "moved");
    EXPECT_EQ(r.exit_code, same.exit_code) << "as XRootD is answered" << r << same;
}

TEST_F(Davix, RemovesAFile) {
    bench.place(door, "/data/davix-rm", "1");
    auto const r = davix("davix-rm", {door.at("/data/davix-rm")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_FALSE(bench.exists(door, "/data/davix-rm"));
}

TEST_F(Davix, RemovesATreeOnlyWhereTheSiteWantsIt) {
    for (auto const* site : {&door, &bench.b()}) bench.place(*site, "/data/davix-tree/sub/b", "2");
    auto const kept = davix("davix-rm", {"-r", "2", door.at("/data/davix-tree")});
    EXPECT_NE(kept.exit_code, 0) << kept;
    EXPECT_TRUE(kept.says("409")) << kept;
    EXPECT_TRUE(bench.exists(door, "/data/davix-tree/sub/b"));
    auto const gone = davix("davix-rm", {"-r", "2", bench.b().at("/data/davix-tree")});
    EXPECT_EQ(gone.exit_code, 0) << gone;
    EXPECT_FALSE(bench.exists(bench.b(), "/data/davix-tree"));
}

TEST_F(Davix, CopiesFromDoorToDoor) {
    auto const content = noise(500'000, 23);
    bench.place(door, "/data/davix-cp", content);
    auto const r = davix("davix-cp", {"-H", "TransferHeaderAuthorization: Bearer " + all.reveal(), door.at("/data/davix-cp"),
                                      bench.b().at("/data/davix-cp")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_TRUE(bench.content(bench.b(), "/data/davix-cp") == content);
}

TEST_F(Davix, PublicFilesNeedNoToken) {
    bench.place(door, "/public/davix-readme", "hello");
    auto const r = davix(secret(), "davix-get", {door.at("/public/davix-readme")});
    EXPECT_EQ(r.exit_code, 0) << r;
    EXPECT_EQ(r.out, "hello");
}

TEST_F(Davix, AMissingFileIsNotFoundOnlyWhereReadingIsAllowed) {
    auto const reader = bench.token("storage.read:/davix-area");
    auto const inside = davix(reader, "davix-get", {door.at("/data/davix-area/nothing")});
    EXPECT_NE(inside.exit_code, 0) << inside;
    EXPECT_TRUE(inside.says("404") || inside.says("not found") || inside.says("Not Found")) << inside;
    auto const outside = davix(reader, "davix-get", {door.at("/data/davix-elsewhere/nothing")});
    EXPECT_NE(outside.exit_code, 0) << outside;
    EXPECT_TRUE(outside.says("403") || outside.says("ermission") || outside.says("refused")) << outside;
}

TEST_F(Davix, WhoMayOnlyCreateCannotOverwrite) {
    bench.place(door, "/data/davix-keep", "old");
    auto const r =
        davix(bench.token("storage.create:/"), "davix-put", {bench.write("davix-new", "new"), door.at("/data/davix-keep")});
    EXPECT_NE(r.exit_code, 0) << r;
    EXPECT_TRUE(r.says("403") || r.says("ermission")) << r;
    EXPECT_EQ(bench.content(door, "/data/davix-keep"), "old");
}

TEST_F(Davix, WithoutAScopeForItNothingIsMadeOrRemoved) {
    bench.place(door, "/data/davix-stay", "x");
    auto const reader = bench.token("storage.read:/");
    auto const made = davix(reader, "davix-mkdir", {door.at("/data/davix-none")});
    EXPECT_NE(made.exit_code, 0) << made;
    auto const removed = davix(reader, "davix-rm", {door.at("/data/davix-stay")});
    EXPECT_NE(removed.exit_code, 0) << removed;
    EXPECT_TRUE(bench.exists(door, "/data/davix-stay"));
    EXPECT_FALSE(bench.exists(door, "/data/davix-none"));
}

TEST_F(Davix, AnExpiredTokenIsRefused) {
    bench.place(door, "/data/davix-expired", "x");
    auto const r = davix(bench.expired_token("storage.read:/"), "davix-get", {door.at("/data/davix-expired")});
    EXPECT_NE(r.exit_code, 0) << r;
    EXPECT_TRUE(r.says("401") || r.says("uthentica")) << r;
}

}  // namespace
}  // namespace fjord::test
