// The door in mapped mode: files belong to the account of whom they are for, and nobody reaches through the door what their
// account may not.
#include "tests/support/matchers.hpp"
#include "site/upload_notes.hpp"
#include "two_accounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <future>

namespace fjord::site::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(MappedDoor, WhatIsWrittenBelongsToTheWriter) {
    EXPECT_EQ(as("alice", "PUT", "/alice/data/deep/x.nc", "hello").status, 201u);
    EXPECT_EQ(as("bob", "MKCOL", "/bob/sub").status, 201u);
    auto const file = facts("/alice/data/deep/x.nc");
    EXPECT_EQ(file.st_uid, alice_uid);
    EXPECT_EQ(file.st_gid, alice_gid);
    EXPECT_EQ(file.st_mode & 07777, 0644u) << "0666 less the umask";
    for (auto const* made : {"/alice/data", "/alice/data/deep"}) {
        EXPECT_EQ(facts(made).st_uid, alice_uid) << made;
        EXPECT_EQ(facts(made).st_mode & 07777, 0755u) << made;
    }
    EXPECT_EQ(facts("/bob/sub").st_uid, bob_uid);
    EXPECT_EQ(as("alice", "GET", "/alice/data/deep/x.nc").body, "hello");
    EXPECT_EQ(leftovers(), 0u);
}

TEST_F(MappedDoor, TheUmaskIsTheConfiguredOne) {
    auto const before = ::umask(0027);
    EXPECT_EQ(as("alice", "PUT", "/alice/x", "hello").status, 201u);
    EXPECT_EQ(as("alice", "MKCOL", "/alice/d").status, 201u);
    ::umask(before);
    EXPECT_EQ(facts("/alice/x").st_mode & 07777, 0640u);
    EXPECT_EQ(facts("/alice/d").st_mode & 07777, 0750u);
}

TEST_F(MappedDoor, NeitherReachesWhatIsTheOthers) {
    ASSERT_EQ(as("alice", "PUT", "/alice/x", "hers").status, 201u);
    ASSERT_EQ(as("bob", "PUT", "/bob/x", "his").status, 201u);
    DoorTest::fields const none;
    for (auto const* method : {"GET", "HEAD", "DELETE", "MKCOL"}) EXPECT_EQ(as("bob", method, "/alice/x").status, 403u) << method;
    EXPECT_EQ(as("bob", "PUT", "/alice/x", "mine now").status, 403u);
    EXPECT_EQ(as("bob", "PUT", "/alice/new", "mine now").status, 403u);
    EXPECT_EQ(as("bob", "PROPFIND", "/alice", "", {{"Depth", "1"}}).status, 403u);
    EXPECT_EQ(as("bob", "PROPFIND", "/alice/x", "", {{"Depth", "0"}}).status, 403u);
    EXPECT_EQ(as("bob", "GET", "/alice").status, 403u);
    EXPECT_EQ(as("bob", "MOVE", "/alice/x", "", {{"Destination", "/bob/y"}}).status, 403u);
    EXPECT_EQ(as("bob", "MOVE", "/bob/x", "", {{"Destination", "/alice/y"}}).status, 403u);
    EXPECT_EQ(as("bob", "HEAD", "/alice/x", "", {{"Want-Digest", "adler32"}}).headers.count("Digest"), 0u);
    EXPECT_EQ(as("bob", "COPY", "/alice/x", "", {{"Destination", site->url() + "/bob/z"}}).status, 403u);
    EXPECT_EQ(as("bob", "COPY", "/alice/z", "", {{"Source", site->url() + "/bob/x"}}).status, 403u);
    EXPECT_EQ(as("alice", "GET", "/alice/x").body, "hers");
    EXPECT_EQ(as("bob", "GET", "/bob/x").body, "his");
    EXPECT_FALSE(there("/alice/new"));
    EXPECT_EQ(leftovers(), 0u);
}

TEST_F(MappedDoor, TheRootItselfIsNobodys) {
    EXPECT_EQ(as("alice", "PUT", "/x", "1").status, 403u) << "the root is the superuser's, 0755";
    EXPECT_EQ(as("alice", "MKCOL", "/d").status, 403u);
    EXPECT_EQ(as("alice", "PROPFIND", "/", "", {{"Depth", "1"}}).status, 207u);
}

TEST_F(MappedDoor, SharedDirectoriesWorkThroughSupplementaryGroups) {
    auto const before = ::umask(0007);
    EXPECT_EQ(as("alice", "PUT", "/shared/run/a.nc", "from alice").status, 201u);
    EXPECT_EQ(as("bob", "GET", "/shared/run/a.nc").body, "from alice");
    EXPECT_EQ(as("bob", "PUT", "/shared/run/b.nc", "from bob").status, 201u);
    ::umask(before);
    EXPECT_EQ(facts("/shared/run/a.nc").st_uid, alice_uid);
    EXPECT_EQ(facts("/shared/run/a.nc").st_gid, shared_gid) << "set-group-ID of the directory is inherited";
    EXPECT_EQ(facts("/shared/run").st_mode & 07777, 02770u);
    EXPECT_EQ(facts("/shared/run/b.nc").st_uid, bob_uid);
    EXPECT_EQ(as("carol", "GET", "/shared/run/a.nc").status, 403u) << "not in the group";
    EXPECT_EQ(as("carol", "PUT", "/shared/c.nc", "x").status, 403u);
}

TEST_F(MappedDoor, AStickyDirectoryProtectsFilesOfOthers) {
    make("/root/tmp", 0, 0, 01777);
    EXPECT_EQ(as("alice", "PUT", "/tmp/x", "hers").status, 201u);
    EXPECT_EQ(as("bob", "PUT", "/tmp/x", "his").status, 403u);
    EXPECT_EQ(as("bob", "DELETE", "/tmp/x").status, 403u);
    EXPECT_EQ(as("alice", "GET", "/tmp/x").body, "hers");
    EXPECT_EQ(leftovers(), 0u) << "the refused upload is gone, by its owner's hand";
}

TEST_F(MappedDoor, ADropBoxTakesFilesWithoutShowingThem) {
    make("/root/drop", alice_uid, shared_gid, 0730);
    EXPECT_EQ(as("bob", "PUT", "/drop/for-alice", "a present").status, 201u);
    EXPECT_EQ(as("bob", "PROPFIND", "/drop", "", {{"Depth", "1"}}).status, 403u);
    EXPECT_EQ(as("bob", "PROPFIND", "/drop", "", {{"Depth", "0"}}).status, 207u) << "that it is there may be known";
    EXPECT_EQ(as("bob", "HEAD", "/drop").status, 200u);
    EXPECT_EQ(facts("/drop/for-alice").st_uid, bob_uid);
    EXPECT_EQ(as("alice", "GET", "/drop/for-alice").body, "a present");
}

TEST_F(MappedDoor, ChecksumsAreComputedAndKeptAsTheOwner) {
    auto const path = base + "/root/alice/by-a-job";
    std::ofstream(path) << "hello";
    ASSERT_EQ(::chown(path.c_str(), alice_uid, alice_gid), 0);
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    EXPECT_EQ(as("alice", "HEAD", "/alice/by-a-job", "", {{"Want-Digest", "adler32"}}).headers.get("Digest"), "adler32=062c0215");
    EXPECT_EQ(as("bob", "HEAD", "/alice/by-a-job", "", {{"Want-Digest", "adler32"}}).status, 403u);
}

TEST_F(MappedDoor, ThirdPartyCopiesWriteAndReadAsTheCaller) {
    ASSERT_EQ(as("bob", "PUT", "/bob/x", "from bob").status, 201u);
    auto const remote = [this](std::string const& who) { return "Bearer " + w.token(all, {}, who).reveal(); };
    auto const pulled =
        as("alice", "COPY", "/alice/x", "", {{"Source", site->url() + "/bob/x"}, {"TransferHeaderAuthorization", remote("bob")}});
    EXPECT_THAT(pulled.body, HasSubstr("success"));
    EXPECT_EQ(facts("/alice/x").st_uid, alice_uid);
    auto const stolen = as("alice", "COPY", "/alice/y", "",
                           {{"Source", site->url() + "/bob/x"}, {"TransferHeaderAuthorization", remote("alice")}});
    EXPECT_THAT(stolen.body, HasSubstr("failure"));
    EXPECT_FALSE(there("/alice/y"));
    auto const pushed = as("bob", "COPY", "/bob/x", "",
                           {{"Destination", site->url() + "/alice/z"}, {"TransferHeaderAuthorization", remote("alice")}});
    EXPECT_THAT(pushed.body, HasSubstr("success"));
    EXPECT_EQ(facts("/alice/z").st_uid, alice_uid);
}

TEST_F(MappedDoor, WhoHasNoAccountGetsNothingAndAnOpenQuestionIs503) {
    auto const answer = as("stranger", "GET", "/alice/x");
    EXPECT_EQ(answer.status, 403u);
    EXPECT_THAT(answer.body, HasSubstr("no account"));
    EXPECT_EQ(as("stranger", "PUT", "/shared/x", "1").status, 403u);
    auto const later = as("nobody-knows", "GET", "/alice/x");
    EXPECT_EQ(later.status, 503u);
    EXPECT_FALSE(later.headers.get("Retry-After").empty());
    EXPECT_EQ(send("GET", "/public/x", std::string{}).status, 401u) << "nobody is nobody's account";
}

TEST_F(MappedDoor, UploadsUnderWayAreInvisibleAndNeverServed) {
    std::ofstream(base + "/root/alice/.fjord-in-01HALF") << "half";
    EXPECT_EQ(as("alice", "GET", "/alice/.fjord-in-01HALF").status, 404u);
    EXPECT_EQ(as("alice", "PUT", "/alice/.fjord-in-02", "x").status, 404u);
    EXPECT_THAT(as("alice", "PROPFIND", "/alice", "", {{"Depth", "1"}}).body, Not(HasSubstr("fjord-in")));
    EXPECT_THAT(as("alice", "GET", "/alice").body, Not(HasSubstr("fjord-in")));
    EXPECT_EQ(as("alice", "PUT", "/alice/x", "1", {{"Digest", "adler32=00000001"}}).status, 400u);
    EXPECT_EQ(leftovers(), 1u) << "only the one that the test made";
}

TEST_F(MappedDoor, WhatAKilledDoorLeftIsRemovedAsItsOwner) {
    site.reset();
    auto const half = base + "/root/alice/.fjord-in-01KILLED";
    std::ofstream(half) << "half";
    ASSERT_EQ(::chown(half.c_str(), alice_uid, alice_gid), 0);
    std::ofstream(base + "/notes/.fjord-in-01KILLED") << note_text({".fjord-in-01KILLED", alice_account(), {"alice"}});
    // A note must not become a tool: the file it names is not the noted account's.
    auto const hers = base + "/root/alice/.fjord-in-02FORGED";
    std::ofstream(hers) << "half";
    std::ofstream(base + "/notes/.fjord-in-02FORGED") << note_text({".fjord-in-02FORGED", bob_account(), {"alice"}});
    begin();
    EXPECT_FALSE(std::filesystem::exists(half));
    EXPECT_TRUE(std::filesystem::exists(hers)) << "bob cannot remove what is in alice's directory";
    EXPECT_FALSE(std::filesystem::exists(base + "/notes/.fjord-in-01KILLED"));
}

TEST_F(MappedDoor, TwoDoorsDoNotShareTheirNotes) {
    auto options = local_options(base + "/root");
    options.notes_folder = base + "/notes";
    auto second = door::open(std::move(options), {*w.verifier, *w.client, w.pool, system_clock(), w.metrics, nullptr, &accounts});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, errc::conflict);
}

// One client of the crowd: everything it makes carries its account's name.
net::asio::awaitable<int> be_busy(net::http_client& client, std::string url, secret token, std::string who, int worker,
                                  int rounds) {
    int wrong = 0;
    auto const expect = [&wrong](result<net::client_response> const& answer, unsigned status) {
        if (!answer || answer->status != status) ++wrong;
    };
    for (int i = 0; i < rounds; ++i) {
        auto const name = std::to_string(worker) + "-" + std::to_string(i);
        auto const ask = [&](char const* method, std::string path, std::string body = {}) {
            net::client_request request;
            request.method = method;
            request.url = url + path;
            request.bearer = token;
            request.body = std::move(body);
            return request;
        };
        auto put = ask("PUT", "/shared/" + who + "-" + name, who);
        expect(co_await client.send(std::move(put)), 201);
        auto own = ask("PUT", "/" + who + "/d" + std::to_string(i % 7) + "/" + name, who);
        expect(co_await client.send(std::move(own)), 201);
        auto read = ask("GET", "/" + who + "/d" + std::to_string(i % 7) + "/" + name);
        expect(co_await client.send(std::move(read)), 200);
        auto directory = ask("MKCOL", "/shared/" + who + "-dir-" + name);
        expect(co_await client.send(std::move(directory)), 201);
        auto foreign = ask("PUT", std::string("/") + (who == "alice" ? "bob" : "alice") + "/" + name, who);
        expect(co_await client.send(std::move(foreign)), 403);
    }
    co_return wrong;
}

TEST_F(MappedDoor, TenThousandInterleavedRequestsNeverActAsTheWrongOne) {
    constexpr int workers = 8, rounds = 250, per_round = 5;
    static_assert(workers * rounds * per_round == 10'000);
    std::vector<std::future<int>> crowd;
    for (int i = 0; i < workers; ++i) {
        std::string const who = i % 2 ? "alice" : "bob";
        auto busy = be_busy(*w.client, site->url(), w.token(all, {}, who), who, i, rounds);
        crowd.push_back(asio::co_spawn(w.runtime.context(static_cast<std::size_t>(i) % 2), std::move(busy), asio::use_future));
    }
    for (auto& one : crowd) EXPECT_EQ(one.get(), 0) << "answers other than expected";
    std::size_t seen = 0, wrong = 0;
    for (auto const& e : std::filesystem::recursive_directory_iterator(base + "/root")) {
        auto const name = e.path().filename().string();
        auto const folder = e.path().parent_path().string();
        bool const hers = name.starts_with("alice") || folder.find("/root/alice") != std::string::npos;
        bool const his = name.starts_with("bob") || folder.find("/root/bob") != std::string::npos;
        if (!hers && !his) continue;
        struct stat st {};
        ASSERT_EQ(::lstat(e.path().c_str(), &st), 0);
        if (st.st_uid != (hers ? alice_uid : bob_uid)) ++wrong;
        ++seen;
    }
    EXPECT_EQ(wrong, 0u) << "files of the wrong account";
    EXPECT_GE(seen, std::size_t{workers * rounds * 3}) << "every file was looked at";
    EXPECT_EQ(leftovers(), 0u);
}

}  // namespace
}  // namespace fjord::site::test
