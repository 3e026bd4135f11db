// Copies inside of the door, and directories that go with all below them, over real HTTPS.
#include "door_harness.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/stat.h>

namespace fjord::site::test {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class TreeTest : public DoorTest {
protected:
    unsigned copy(std::string from, std::string to, std::string scope = all, fields headers = {}) {
        headers.emplace_back("Destination", to.starts_with("https://") ? to : site->url() + to);
        last = send("COPY", std::move(from), std::move(scope), headers);
        return last.status;
    }
    void removing_trees() {
        auto options = local_options(root.str());
        options.recursive_delete = true;
        start(options);
    }
    net::client_response last;
};

TEST_F(TreeTest, AFileIsCopiedAndKeepsItsDigests) {
    put("/a.nc", "some bytes");
    EXPECT_EQ(copy("/a.nc", "/new/b.nc"), 201u) << last.body;
    EXPECT_EQ(root.read("new/b.nc"), "some bytes");
    EXPECT_EQ(root.read("a.nc"), "some bytes");
    auto const head = send("HEAD", "/new/b.nc", all, {{"Want-Repr-Digest", "sha-256=10"}});
    EXPECT_EQ(head.headers.get("Repr-Digest"), repr_digest_header(sha256_of("some bytes")));
    EXPECT_EQ(incoming(), 0u);
    EXPECT_EQ(send("COPY", "/a.nc", all, {{"Destination", "/by-path"}}).status, 201u) << "an absolute path will do";
}

TEST_F(TreeTest, OverwritingFollowsHeaderAndScope) {
    put("/a", "new");
    put("/b", "old");
    EXPECT_EQ(copy("/a", "/b", all, {{"Overwrite", "F"}}), 412u);
    EXPECT_EQ(copy("/a", "/b", "storage.read:/ storage.create:/"), 403u);
    EXPECT_EQ(root.read("b"), "old");
    EXPECT_EQ(copy("/a", "/b", all, {{"Overwrite", "T"}}), 204u);
    EXPECT_EQ(root.read("b"), "new");
    EXPECT_EQ(copy("/a", "/c", all, {{"Overwrite", "maybe"}}), 400u);
}

TEST_F(TreeTest, BothEndsNeedTheirScope) {
    put("/in/a", "1");
    EXPECT_EQ(copy("/in/a", "/out/a", "storage.modify:/"), 403u) << "reading is needed at the source";
    EXPECT_EQ(copy("/in/a", "/out/a", "storage.read:/in"), 403u) << "creating is needed at the destination";
    EXPECT_EQ(copy("/in/a", "/out/a", "storage.read:/in storage.create:/out"), 201u);
    EXPECT_EQ(copy("/in/absent", "/out/b", "storage.read:/in storage.create:/out"), 404u);
    EXPECT_EQ(copy("/other/absent", "/out/b", "storage.read:/in storage.create:/out"), 403u);
    EXPECT_EQ(copy("/in/a", "/.fjord-in/x"), 403u);
}

TEST_F(TreeTest, ADirectoryIsCopiedWithAllBelow) {
    put("/d/a", "1");
    put("/d/sub/b", "2");
    EXPECT_EQ(send("MKCOL", "/d/empty").status, 201u);
    EXPECT_EQ(copy("/d", "/copies/of/d"), 201u) << last.body;
    EXPECT_EQ(root.read("copies/of/d/a"), "1");
    EXPECT_EQ(root.read("copies/of/d/sub/b"), "2");
    EXPECT_TRUE(exists("copies/of/d/empty"));
    EXPECT_EQ(copy("/d", "/alone", all, {{"Depth", "0"}}), 201u);
    EXPECT_TRUE(exists("alone") && fs::is_empty(root.path("alone")));
    EXPECT_EQ(copy("/d", "/x", all, {{"Depth", "1"}}), 400u);
    EXPECT_EQ(copy("/d", "/alone"), 409u) << "directories are not merged";
    EXPECT_EQ(copy("/d", "/copies/of/d/a"), 409u) << "nor do they replace files";
}

TEST_F(TreeTest, NothingIsCopiedOntoOrIntoItself) {
    put("/d/a", "1");
    EXPECT_EQ(copy("/d/a", "/d/a"), 403u);
    EXPECT_EQ(copy("/d", "/d/deeper"), 409u);
    EXPECT_FALSE(exists("d/deeper"));
}

TEST_F(TreeTest, ASourceThatRottedIsNotSpread) {
    put("/a", "0123456789");
    struct stat before {};
    ASSERT_EQ(::stat(root.path("a").c_str(), &before), 0);
    {
        std::fstream f(root.path("a"), std::ios::in | std::ios::out | std::ios::binary);
        f.write("X", 1);
    }
    timespec const times[] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, root.path("a").c_str(), times, 0), 0);
    EXPECT_GE(copy("/a", "/b"), 400u);
    EXPECT_FALSE(exists("b"));
    EXPECT_EQ(incoming(), 0u);
}

TEST_F(TreeTest, ACopyWithATokenForTheOtherSideStaysAThirdPartyCopy) {
    put("/a", "1");
    auto const answer =
        send("COPY", "/a", all,
             {{"Destination", site->url() + "/b"}, {"TransferHeaderAuthorization", "Bearer " + w.token(all).reveal()}});
    EXPECT_EQ(answer.status, 202u);
    EXPECT_THAT(answer.body, HasSubstr("success"));
    EXPECT_EQ(root.read("b"), "1");
}

TEST_F(TreeTest, ADirectoryIsRemovedWithAllBelowWhereTheSiteWantsIt) {
    removing_trees();
    for (int i = 0; i < 1500; ++i) root.write("d/many/" + std::to_string(i), "x");
    root.write("d/a/b/c/deep", "x");
    EXPECT_EQ(send("DELETE", "/d", all, {{"Depth", "0"}}).status, 400u);
    EXPECT_EQ(send("DELETE", "/d", "storage.read:/ storage.create:/").status, 403u);
    EXPECT_EQ(send("DELETE", "/d", "storage.modify:/d/many").status, 403u);
    EXPECT_TRUE(exists("d/many/0"));
    EXPECT_EQ(send("DELETE", "/d").status, 204u);
    EXPECT_FALSE(exists("d"));
    EXPECT_GE(send("DELETE", "/").status, 400u) << "never the root";
}

TEST_F(TreeTest, WhatTheDoorDoesNotServeIsNotRemovedWithTheRest) {
    removing_trees();
    fjord::test::temp_dir outside;
    outside.write("precious", "x");
    root.write("d/file", "x");
    fs::create_directory_symlink(outside.str(), root.path("d/link"));
    auto const answer = send("DELETE", "/d");
    EXPECT_EQ(answer.status, 409u);
    EXPECT_THAT(answer.body, HasSubstr("/d holds something that this door does not serve"));
    EXPECT_TRUE(fs::exists(outside.path("precious")));
    EXPECT_TRUE(fs::is_symlink(root.path("d/link")));
    EXPECT_FALSE(exists("d/file"));
}

TEST_F(TreeTest, OtherwiseOnlyEmptyDirectoriesGo) {
    put("/d/a", "1");
    auto const refused = send("DELETE", "/d");
    EXPECT_EQ(refused.status, 409u);
    EXPECT_THAT(refused.body, HasSubstr("not empty"));
    EXPECT_TRUE(exists("d/a"));
    EXPECT_EQ(send("DELETE", "/d/a").status, 204u);
    EXPECT_EQ(send("DELETE", "/d").status, 204u);
}

}  // namespace
}  // namespace fjord::site::test
