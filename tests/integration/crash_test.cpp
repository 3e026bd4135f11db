// kill -9 at bad moments: nothing acknowledged is missing, rules still converge, no half file is visible.
#include "tests/integration/fixture.hpp"

#include <atomic>
#include <future>
#include <map>
#include <sys/mount.h>
#include <unistd.h>

namespace fjord::test {
namespace {

class Crash : public ::testing::Test {
protected:
    void SetUp() override { f.up(); }
    federation_fixture f;

    // Files with bytes in them, by path; the probe's canaries are not ours.
    std::map<std::string, std::uint64_t> files_at(std::string const& site) const {
        std::map<std::string, std::uint64_t> sizes;
        std::error_code gone;
        for (fs::recursive_directory_iterator at(f.dir() + "/" + site, gone), end; !gone && at != end; at.increment(gone)) {
            if (at->path().filename() == ".fjord-probe")
                at.disable_recursion_pending();
            else if (at->is_regular_file(gone))
                sizes[at->path()] = at->file_size(gone);
        }
        std::erase_if(sizes, [](auto const& file) { return file.second == 0; });
        return sizes;
    }

    std::string item(std::string const& id) {
        return R"({"type":"Feature","stac_version":"1.1.0","id":")" + id +
               R"(","collection":"landsat-7","geometry":null,"properties":{"datetime":"2020-01-01T00:00:00Z","n":1.0},"links":[],"assets":{}})";
    }
};

TEST_F(Crash, BrokerKilledDuringIngestKeepsEveryAcknowledgedItem) {
    for (int round = 0; round < 3; ++round) {
        std::vector<std::string> acknowledged;
        std::atomic<bool> stop{false};
        std::thread killer([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(60 + 70 * round));
            f.roles().kill_role("broker");
            stop = true;
        });
        cli::global_options o;
        o.ca = f.roles().path("ca.pem");
        cli::client_context client(o, secret());
        for (int i = 0; !stop && i < 5000; ++i) {
            auto const id = "crash-" + std::to_string(round) + "-" + std::to_string(i);
            net::client_request r;
            r.method = "POST";
            r.url = f.roles().broker_url() + "/collections/landsat-7/items";
            r.bearer = f.token("twin");
            r.headers.set("Content-Type", "application/json");
            r.body = item(id);
            auto answer = client.send(std::move(r));
            if (answer && answer->status == 201) acknowledged.push_back(id);
        }
        killer.join();
        ASSERT_TRUE(f.roles().restart("broker"));
        ASSERT_FALSE(acknowledged.empty());
        for (auto const& id : acknowledged)
            ASSERT_EQ(f.http("GET", "/collections/landsat-7/items/" + id, f.token("twin")).status, 200u) << id;
        auto const found = f.http("GET", "/search?collections=landsat-7&ids=" + acknowledged.back(), f.token("twin"));
        EXPECT_NE(found.body.find(acknowledged.back()), std::string::npos) << "the index holds it too";
    }
}

TEST_F(Crash, BrokerGoesOnFromTheIndexOnDiskAndWhatItDidSince) {
    auto const add = [&](std::string const& id) {
        ASSERT_EQ(f.http("POST", "/collections/landsat-7/items", f.token("twin"), item(id)).status, 201u);
    };
    auto const count = [&] {
        auto const r = f.http("GET", "/search?collections=landsat-7&limit=1&filter=id%20LIKE%20'kept-%25'", f.token("twin"));
        return parse_json(r.body).value().at("numberMatched").as_int64();
    };
    add("kept-1");
    f.roles().stop_role("broker");
    ASSERT_TRUE(fs::exists(f.dir() + "/broker/index/manifest")) << "an orderly end leaves a checkpoint";
    ASSERT_TRUE(f.roles().restart("broker"));
    EXPECT_EQ(count(), 1);
    add("kept-2");
    f.roles().kill_role("broker");
    ASSERT_TRUE(f.roles().restart("broker"));
    EXPECT_EQ(count(), 2);
    EXPECT_NE(read_file(f.dir() + "/broker.log", 64u << 20).value().find(R"("from":"checkpoint")"), std::string::npos);
}

TEST_F(Crash, BrokerKilledDuringTransferConvergesWithoutLeftovers) {
    for (int i = 0; i < 6; ++i) {
        auto const file = f.write("t" + std::to_string(i), federation_fixture::bytes(4 << 20, 20 + i));
        f.expect_ok("twin", {"put", file, "landsat-7/moved/band-" + std::to_string(i), "--at", "site-a"});
    }
    auto const rule = f.call("POST", "/api/v1/rules", "twin", R"({"uri": "landsat-7/moved", "sites": "tier=1", "copies": 2})");
    auto const id = cli::member_text(rule, "id");
    ASSERT_FALSE(id.empty());
    std::this_thread::sleep_for(std::chrono::milliseconds(15));
    f.roles().kill_role("broker");
    ASSERT_TRUE(f.roles().restart("broker"));
    EXPECT_TRUE(federation_fixture::eventually([&] { return f.rule_state(id) == "fulfilled"; }, std::chrono::seconds(30)))
        << f.rule_state(id);
    // The staging folder is swept, and no transfer was made twice for one copy.
    auto leftovers = [&] {
        std::size_t n = 0;
        for (std::string const folder : {"/site-b/.fjord-staging", "/site-b/.fjord-in", "/site-a/.fjord-staging"})
            if (fs::exists(f.dir() + folder))
                for (auto const& e : fs::recursive_directory_iterator(f.dir() + folder)) n += e.is_regular_file() ? 1 : 0;
        return n;
    };
    EXPECT_TRUE(federation_fixture::eventually([&] { return leftovers() == 0; }, std::chrono::seconds(20)))
        << leftovers() << " leftover files";
    std::size_t done = 0;
    auto const finished = f.call("GET", "/api/v1/transfers?state=done", "admin");
    for (auto const& t : finished.at("transfers").as_array()) done += cli::member_text(t, "to") == "site-b";
    EXPECT_EQ(done, 6u);
}

TEST_F(Crash, DoorKilledDuringUploadShowsNoHalfFile) {
    auto const content = federation_fixture::bytes(64 << 20, 40);
    auto const file = f.write("big", content);
    auto killer = std::async(std::launch::async, [&] {
        EXPECT_TRUE(federation_fixture::eventually([&] { return !files_at("site-a").empty(); })) << "no byte arrived";
        f.roles().kill_role("site-a");
    });
    auto const put = f.fjord("twin", {"put", file, "landsat-7/half/band", "--at", "site-a"});
    killer.get();
    ASSERT_TRUE(f.roles().restart("site-a"));
    if (put.exit_code != 0) {
        EXPECT_EQ(f.fjord("twin", {"get", "landsat-7/half/band", f.dir() + "/none"}).exit_code, 3)
            << "what was not acknowledged is not findable";
        for (auto const& [path, size] : files_at("site-a")) EXPECT_EQ(size, content.size()) << path << " is half a file";
    }
    f.expect_ok("twin", {"put", file, "landsat-7/half/band", "--at", "site-a"});
    f.expect_ok("twin", {"get", "landsat-7/half/band", f.dir() + "/whole"});
    EXPECT_EQ(*read_file(f.dir() + "/whole", 1u << 30), content);
}

TEST_F(Crash, FullDiskAtADoorIs507AndLeavesNothing) {
    auto const root = f.dir() + "/site-b";
    if (mount("tmpfs", root.c_str(), "tmpfs", 0, "size=1m") != 0)
        GTEST_SKIP() << "mounting a small tmpfs needs root; the door's unit tests cover 507 without it";
    f.roles().stop_role("site-b");
    ASSERT_TRUE(f.roles().restart("site-b"));
    auto const file = f.write("too-big", federation_fixture::bytes(3 << 20));
    auto const put = f.fjord("twin", {"put", file, "landsat-7/full/band", "--at", "site-b"});
    EXPECT_NE(put.exit_code, 0);
    EXPECT_NE(put.err.find("507"), std::string::npos) << put.err;
    EXPECT_TRUE(files_at("site-b").empty());
    EXPECT_EQ(f.fjord("twin", {"get", "landsat-7/full/band", f.dir() + "/none"}).exit_code, 3);
    f.roles().stop_role("site-b");
    umount2(root.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace fjord::test
