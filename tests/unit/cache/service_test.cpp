// What readers get: hits, misses, ranges, conditions, one flight for all.
#include "world.hpp"

namespace fjord::cache::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::uint64_t MiB = 1u << 20;

TEST(Service, AColdMissFillsAndTheSecondReadIsAHit) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(3 * MiB + 12345, 1));
    auto first = w.get("c/i/a");
    ASSERT_EQ(first.status(), 200u) << first.body();
    EXPECT_TRUE(first.body() == content);
    EXPECT_EQ(first.header("Cache-Status"), "fjord; fwd=miss; stored");
    w.time.advance(seconds(7));
    auto second = w.get("c/i/a");
    EXPECT_TRUE(second.body() == content);
    EXPECT_EQ(second.header("Cache-Status"), "fjord; hit");
    EXPECT_EQ(second.header("Age"), "7");
    EXPECT_EQ(w.source.served(), content.size());
    EXPECT_EQ(second.header("ETag"), "\"" + sha256_of(content).hex() + "\"");
    EXPECT_EQ(second.header("Repr-Digest"), repr_digest_header(sha256_of(content)));
    EXPECT_EQ(second.header("Content-Type"), "application/x-test");
    auto stats = w.cache->stats();
    EXPECT_EQ(stats.hits, 1u);
    EXPECT_EQ(stats.misses, 1u);
    EXPECT_EQ(stats.bytes_disk, content.size());
}

TEST(Service, SmallObjectsMoveToRamAtTheirSecondRequest) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(5000, 2));
    for (int i = 0; i < 4; ++i) {
        auto got = w.get("c/i/a");
        ASSERT_EQ(got.status(), 200u) << got.body();
        EXPECT_EQ(got.body(), content);
        EXPECT_EQ(got.header("Cache-Status"), i == 0 ? "fjord; fwd=miss; stored" : "fjord; hit");
    }
    EXPECT_EQ(w.source.served(), content.size());
    EXPECT_GT(w.cache->stats().bytes_ram, 0u);
    EXPECT_GT(w.cache->stats().ram_used, 5000u);
}

TEST(Service, EmptyAndBlockSizedObjectsAreServedExactly) {
    world w;
    for (std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, block_size - 1, block_size, block_size + 1, 2 * block_size}) {
        auto path = "c/i/" + std::to_string(size);
        auto const& content = w.source.put(path, random_bytes(size, 3));
        for (int i = 0; i < 2; ++i) {
            auto got = w.get(path);
            EXPECT_EQ(got.status(), 200u) << size << got.body();
            EXPECT_TRUE(got.body() == content) << size;
        }
    }
}

TEST(Service, ManyReadersOfAColdObjectCostTheSourceOneCopy) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(12 * MiB + 5, 4));
    w.source.places[0]->closed = true;
    std::vector<std::future<answer>> readers;
    for (int i = 0; i < 12; ++i) readers.push_back(w.begin("c/i/a"));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    w.source.places[0]->closed = false;
    for (auto& r : readers) {
        auto got = r.get();
        EXPECT_EQ(got.status(), 200u) << got.body();
        EXPECT_TRUE(got.body() == content);
    }
    EXPECT_EQ(w.source.served(), content.size());
    EXPECT_EQ(w.source.resolved, 1);
    EXPECT_GE(w.cache->stats().collapsed, 1u);
}

TEST(Service, ARangeOfAColdObjectFetchesItsBlocksOnly) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(20 * MiB, 5));
    auto got = w.get("c/i/a", {{"Range", "bytes=5000000-5000099"}});
    EXPECT_EQ(got.status(), 206u) << got.body();
    EXPECT_EQ(got.body(), content.substr(5'000'000, 100));
    EXPECT_EQ(got.header("Content-Range"), "bytes 5000000-5000099/" + std::to_string(content.size()));
    EXPECT_EQ(w.source.served(), block_size);
    auto overlapping = w.get("c/i/a", {{"Range", "bytes=4900000-5200000"}});
    EXPECT_EQ(overlapping.body(), content.substr(4'900'000, 300'001));
    EXPECT_THAT(overlapping.header("Cache-Status"), StartsWith("fjord; fwd=partial"));
    auto again = w.get("c/i/a", {{"Range", "bytes=4900000-5200000"}});
    EXPECT_EQ(again.header("Cache-Status"), "fjord; hit");
    EXPECT_EQ(w.source.served(), 6 * block_size) << "blocks 74..79, each once";
}

TEST(Service, SeveralRangesComeInOneMultipartAnswer) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(MiB, 6));
    auto const& little = w.source.put("c/i/b", random_bytes(1000, 7));
    auto got = w.get("c/i/a", {{"Range", "bytes=0-9,500000-500009,-5"}});
    ASSERT_EQ(got.status(), 206u);
    EXPECT_THAT(got.header("Content-Type"), StartsWith("multipart/byteranges; boundary="));
    EXPECT_THAT(got.body(),
                HasSubstr("Content-Range: bytes 500000-500009/1048576\r\n\r\n" + content.substr(500'000, 10) + "\r\n--"));
    EXPECT_THAT(got.body(),
                HasSubstr("Content-Range: bytes 1048571-1048575/1048576\r\n\r\n" + content.substr(content.size() - 5)));
    auto small = w.get("c/i/b", {{"Range", "bytes=0-0,998-"}});
    ASSERT_EQ(small.status(), 206u);
    EXPECT_THAT(small.body(), HasSubstr("Content-Range: bytes 998-999/1000\r\n\r\n" + little.substr(998)));
}

TEST(Service, BadRangesAndConditionsAreAnsweredByTheBook) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(100'000, 8));
    auto etag = "\"" + sha256_of(content).hex() + "\"";
    auto beyond = w.get("c/i/a", {{"Range", "bytes=100000-"}});
    EXPECT_EQ(beyond.status(), 416u);
    EXPECT_EQ(beyond.header("Content-Range"), "bytes */100000");
    EXPECT_EQ(w.get("c/i/a", {{"Range", "lines=1-2"}}).status(), 200u);
    EXPECT_EQ(w.get("c/i/a", {{"Range", "bytes=0-1"}, {"If-Range", etag}}).status(), 206u);
    EXPECT_EQ(w.get("c/i/a", {{"Range", "bytes=0-1"}, {"If-Range", "\"other\""}}).body().size(), content.size());
    auto same = w.get("c/i/a", {{"If-None-Match", etag}});
    EXPECT_EQ(same.status(), 304u);
    EXPECT_EQ(same.header("ETag"), etag);
    EXPECT_EQ(w.get("c/i/a", {{"If-Match", "\"other\""}}).status(), 412u);
}

TEST(Service, HeadTellsAndFillsNothing) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(2 * MiB, 9));
    auto head = w.send("HEAD", "/data/c/i/a", w.token_for("c/i/a"));
    EXPECT_EQ(head.status(), 200u);
    EXPECT_EQ(head.header("Content-Length"), std::to_string(content.size()));
    EXPECT_EQ(head.header("Cache-Status"), "fjord; fwd=miss");
    EXPECT_EQ(w.source.served(), 0u);
    w.get("c/i/a");
    EXPECT_EQ(w.send("HEAD", "/data/c/i/a", w.token_for("c/i/a")).header("Cache-Status"), "fjord; hit");
}

TEST(Service, MembersOfATreeAreObjectsOfTheirOwn) {
    world w;
    auto const& chunk = w.source.put("c/i/cube.zarr/t2m/0.0.1", random_bytes(9000, 10));
    EXPECT_EQ(w.get("c/i/cube.zarr/t2m/0.0.1").body(), chunk);
    EXPECT_EQ(w.get("c/i/cube.zarr/t2m/0.0.2").status(), 404u);
    EXPECT_EQ(w.get("c/i").status(), 404u);
}

TEST(Service, AReaderThatGoesAwayHurtsNobody) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(6 * MiB, 11));
    w.source.places[0]->closed = true;
    auto leaving = w.send("GET", "/data/c/i/a", w.token_for("nothing"));
    EXPECT_EQ(leaving.status(), 403u);
    net::client_request rq;
    rq.url = w.url("/data/c/i/a");
    rq.bearer = secret(w.token_for("c/i/a"));
    rq.timeout = std::chrono::milliseconds(60);  // gives up before a byte came
    EXPECT_FALSE(net::run_blocking(w.runtime.context(0), w.client.send(std::move(rq))));
    auto staying = w.begin("c/i/a");
    w.source.places[0]->closed = false;
    auto got = staying.get();
    EXPECT_EQ(got.status(), 200u) << got.body();
    EXPECT_TRUE(got.body() == content);
    EXPECT_EQ(w.source.served(), content.size());
}

TEST(Service, ARestartKeepsEveryBlock) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(4 * MiB + 1, 12));
    ASSERT_TRUE(w.get("c/i/a").body() == content);
    w.restart();
    auto got = w.get("c/i/a");
    EXPECT_TRUE(got.body() == content);
    EXPECT_EQ(got.header("Cache-Status"), "fjord; hit");
    EXPECT_EQ(w.source.served(), content.size());
}

TEST(Service, MoreObjectsThanTheDiskHoldsAreServedWithinTheLimit) {
    world w(6 * MiB);
    for (unsigned i = 0; i < 12; ++i) w.source.put("c/i/" + std::to_string(i), random_bytes(MiB + i, 20 + i));
    for (int round = 0; round < 2; ++round) {
        for (unsigned i = 0; i < 12; ++i) {
            auto path = "c/i/" + std::to_string(i);
            auto got = w.get(path);
            ASSERT_EQ(got.status(), 200u) << got.body();
            ASSERT_TRUE(got.body() == *w.source.objects[path].content);
            ASSERT_LE(w.cache->stats().disk.used, 6 * MiB);
        }
    }
    EXPECT_GT(w.cache->stats().disk.evicted_extents, 0u);
}

TEST(Service, AnObjectLargerThanTheDiskTierIsStillServedWhole) {
    world w(2 * MiB);
    auto const& content = w.source.put("c/i/a", random_bytes(9 * MiB, 40));
    for (int i = 0; i < 2; ++i) {
        auto got = w.get("c/i/a");
        ASSERT_TRUE(got.complete) << i << got.body();
        EXPECT_TRUE(got.body() == content);
        EXPECT_LE(w.cache->stats().disk.used, 2 * MiB);
    }
}

// Random sizes, ranges, cached subsets and concurrency against the oracle.
TEST(Service, EveryRangeOfEveryObjectIsByteExact) {
    world w(10 * MiB);
    std::mt19937 random(99);
    std::vector<std::string> paths;
    for (unsigned i = 0; i < 8; ++i) {
        paths.push_back("c/i/" + std::to_string(i));
        w.source.put(paths.back(), random_bytes(1 + random() % (2 * MiB), 50 + i));
    }
    for (int round = 0; round < 40; ++round) {
        struct asked {
            std::string const* content;
            std::uint64_t first, last;
            std::future<answer> got;
        };
        std::vector<asked> batch;
        for (int k = 0; k < 6; ++k) {
            auto const& path = paths[random() % paths.size()];
            auto const& content = *w.source.objects[path].content;
            auto first = random() % content.size();
            auto last = std::min<std::uint64_t>(content.size() - 1, first + random() % (random() % 4 ? 200'000 : content.size()));
            auto range = "bytes=" + std::to_string(first) + "-" + std::to_string(last);
            bool whole = random() % 5 == 0;
            if (whole) first = 0, last = content.size() - 1;
            batch.push_back({&content, first, last, w.begin(path, whole ? world::fields{} : world::fields{{"Range", range}})});
        }
        for (auto& b : batch) {
            auto got = b.got.get();
            ASSERT_TRUE(got.complete) << got.body();
            ASSERT_TRUE(got.status() == 200 || got.status() == 206) << got.status() << got.body();
            ASSERT_TRUE(got.body() == b.content->substr(b.first, b.last - b.first + 1)) << b.first << "-" << b.last;
        }
        ASSERT_LE(w.cache->stats().disk.used, 10 * MiB);
    }
}

}  // namespace
}  // namespace fjord::cache::test
