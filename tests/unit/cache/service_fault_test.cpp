// What readers get when things break: places, disks, sources that lie, processes that die.
#include "cache/block_store.hpp"
#include "world.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace fjord::cache::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t MiB = 1u << 20;

std::vector<std::string> block_files(world const& w) {
    std::vector<std::string> files;
    for (auto const& f : std::filesystem::recursive_directory_iterator(w.folder.path("cache/data"))) {
        if (f.is_regular_file()) files.push_back(f.path());
    }
    return files;
}

void flip_bit(std::string const& file, std::uint64_t offset) {
    int fd = ::open(file.c_str(), O_RDWR);
    ASSERT_GE(fd, 0);
    char c = 0;
    ASSERT_EQ(::pread(fd, &c, 1, static_cast<off_t>(offset)), 1);
    c = static_cast<char>(c ^ 4);
    ASSERT_EQ(::pwrite(fd, &c, 1, static_cast<off_t>(offset)), 1);
    ::close(fd);
}

TEST(ServiceFaults, AFillGoesOnAtTheNextPlaceInTheMiddleOfAResponse) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(5 * MiB, 1));
    w.source.places[0]->fail_after = 300'000;
    w.source.add_place();
    auto got = w.get("c/i/a");
    ASSERT_EQ(got.status(), 200u) << got.body();
    EXPECT_TRUE(got.body() == content);
    EXPECT_EQ(w.source.served(), content.size()) << "not a byte is fetched twice";
    EXPECT_GT(w.cache->stats().failovers, 0u);
}

TEST(ServiceFaults, ASinglePlaceThatKeepsBreakingOffIsAskedAgainWhileItDelivers) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(6 * MiB, 1));
    w.source.places[0]->fail_after = 400'000;
    auto got = w.get("c/i/a");
    ASSERT_TRUE(got.complete) << got.body();
    EXPECT_TRUE(got.body() == content);
    EXPECT_EQ(w.source.served(), content.size());
}

TEST(ServiceFaults, WhenNoPlaceDeliversTheAnswerIsAStatusNotAHalfBody) {
    world w;
    w.source.put("c/i/a", random_bytes(MiB, 2));
    w.source.put("c/i/b", random_bytes(100, 3));
    w.source.places[0]->refuses = true;
    EXPECT_EQ(w.get("c/i/a").status(), 503u);
    EXPECT_EQ(w.get("c/i/b").status(), 503u);
}

TEST(ServiceFaults, APlaceThatBreaksOffForGoodCutsTheConnection) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(5 * MiB, 4));
    w.source.places[0]->dies_at = 3 * MiB;
    auto got = w.get("c/i/a");
    EXPECT_FALSE(got.complete);
    w.source.places[0]->dies_at = ~0ull;
    w.time.advance(seconds(40));
    auto again = w.get("c/i/a");
    EXPECT_TRUE(again.complete) << again.body();
    EXPECT_TRUE(again.body() == content);
    EXPECT_LT(w.source.served(), content.size() + 3 * block_size) << "what had arrived was kept";
}

TEST(ServiceFaults, ALyingSourceNeverYieldsACompleteAnswer) {
    for (std::uint64_t size : {std::uint64_t{1000}, 3 * block_size, 4 * MiB + 1}) {
        world w;
        w.source.put("c/i/a", random_bytes(size, 5));
        w.source.places[0]->lies = true;
        for (int i = 0; i < 3; ++i) {
            auto got = w.get("c/i/a");
            EXPECT_FALSE(got.complete && got.status() == 200) << size;
        }
        EXPECT_GT(w.cache->stats().digest_mismatches, 0u);
        // The bytes go with the last task that holds the object.
        for (int i = 0; i < 200 && w.cache->stats().disk.used > 0; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            ASSERT_THAT(w.cache->flush(), IsOk());
        }
        EXPECT_EQ(w.cache->stats().disk.used, 0u) << "nothing wrong is kept";
    }
}

TEST(ServiceFaults, AfterALieTheNextRequestGetsTheTruthElsewhere) {
    for (std::uint64_t size : {std::uint64_t{1000}, 4 * MiB + 1}) {
        world w;
        auto const& content = w.source.put("c/i/a", random_bytes(size, 6));
        w.source.places[0]->lies = true;
        w.source.add_place();
        auto first = w.get("c/i/a");
        if (size <= block_size)
            EXPECT_EQ(first.body(), content) << "a small object is checked before a byte leaves";
        else
            EXPECT_FALSE(first.complete);
        auto second = w.get("c/i/a");
        ASSERT_TRUE(second.complete) << second.body();
        EXPECT_TRUE(second.body() == content);
    }
}

TEST(ServiceFaults, AnObjectFilledByRangesIsCheckedBeforeItIsServedWhole) {
    world w;
    w.source.put("c/i/a", random_bytes(MiB, 7));
    w.source.places[0]->lies = true;
    for (auto range : {"bytes=524288-1048575", "bytes=0-524287"}) {
        auto part = w.get("c/i/a", {{"Range", range}});
        // The second part completes the object, so its answer may be cut by the verdict.
        EXPECT_TRUE(!part.complete || part.status() == 206) << part.status();
    }
    auto whole = w.get("c/i/a");
    EXPECT_FALSE(whole.complete && whole.status() == 200);
}

TEST(ServiceFaults, ABitFlipAtRestIsFoundBeforeAByteLeavesAndHealedInTheSameAnswer) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(3 * MiB, 8));
    ASSERT_TRUE(w.get("c/i/a").body() == content);
    w.end();
    auto files = block_files(w);
    ASSERT_EQ(files.size(), 1u);
    flip_bit(files[0], 5);
    flip_bit(files[0], 2 * MiB + 7);
    flip_bit(files[0], content.size() - 1);
    w.start();
    auto got = w.get("c/i/a");
    ASSERT_TRUE(got.complete) << got.body();
    EXPECT_TRUE(got.body() == content);
    EXPECT_EQ(w.cache->stats().disk.corrupt_blocks, 3u);
    EXPECT_EQ(w.cache->stats().healed_blocks, 3u);
    EXPECT_EQ(w.source.served(), content.size() + 3 * block_size) << "only the damaged blocks are fetched again";
}

TEST(ServiceFaults, ASmallObjectDamagedAtRestIsRefetched) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(3000, 9));
    ASSERT_EQ(w.get("c/i/a").body(), content);
    w.end();
    flip_bit(block_files(w).at(0), 100);
    w.start();
    EXPECT_EQ(w.get("c/i/a").body(), content);
    EXPECT_EQ(w.cache->stats().disk.corrupt_blocks, 1u);
}

TEST(ServiceFaults, AFullDiskPassesThroughAndSaysSo) {
    world w;
    auto const& large = w.source.put("c/i/a", random_bytes(3 * MiB, 10));
    auto const& small = w.source.put("c/i/b", random_bytes(3000, 11));
    // Every block file that could be made next answers ENOSPC.
    for (int id = 1; id < 40; ++id) {
        char name[64];
        std::snprintf(name, sizeof name, "cache/data/%02x/%016x", id, id);
        std::filesystem::create_directories(std::filesystem::path(w.folder.path(name)).parent_path());
        ASSERT_EQ(::symlink("/dev/full", w.folder.path(name).c_str()), 0);
    }
    for (int i = 0; i < 2; ++i) {
        auto got = w.get("c/i/a");
        ASSERT_TRUE(got.complete) << got.body();
        EXPECT_TRUE(got.body() == large);
        EXPECT_EQ(got.header("Cache-Status"), "fjord; fwd=miss");
        EXPECT_EQ(w.get("c/i/b").body(), small);
        EXPECT_EQ(w.get("c/i/a", {{"Range", "bytes=70000-2000000"}}).body(), large.substr(70'000, 1'930'001));
    }
    EXPECT_EQ(w.cache->stats().disk.used, 0u);
}

TEST(ServiceFaults, ALieIsCaughtAlsoWhenNothingCanBeStored) {
    world w(64u << 10);
    w.source.put("c/i/a", random_bytes(MiB, 12));
    w.source.places[0]->lies = true;
    for (int i = 0; i < 3; ++i) {
        auto got = w.get("c/i/a");
        EXPECT_FALSE(got.complete && got.status() == 200);
    }
}

// What the killed child holds, and what must never differ.
object_meta killed_object(std::string const& content) {
    object_meta meta;
    meta.path = "c/i/a";
    meta.sha256 = sha256_of(content);
    meta.version = meta.sha256->text();
    meta.size = content.size();
    return meta;
}

// The body of the child process below: it ends only by being killed, or with a failure.
void fill_until_killed(char const* folder) {
    auto content = random_bytes(8 * MiB, 13);
    auto store = block_store::open({.path = folder, .capacity = 64 * MiB}, system_clock());
    if (!store) return;
    auto object = (*store)->acquire_or_create(killed_object(content));
    if (!object) return;
    std::mt19937 random(static_cast<unsigned>(::getpid()));
    for (;;) {
        auto b = static_cast<block_no>(random() % blocks_in(content.size()));
        auto span = span_of(b, content.size());
        auto bytes = std::make_shared<std::string const>(content.substr(span.begin, span.size()));
        if (!(*store)->write(*object, b, std::span(&bytes, 1))) return;
        ::usleep(500);
    }
}

// The child is this very program, started anew: a fork of a process with threads could not open a database.
class killed_child final : public testing::Environment {
    void SetUp() override {
        if (auto const* folder = std::getenv("FJORD_KILLED_FOLDER")) {
            fill_until_killed(folder);
            std::exit(1);
        }
    }
};
[[maybe_unused]] auto* const child_environment = testing::AddGlobalTestEnvironment(new killed_child);

pid_t start_child(std::string const& folder) {
    auto child = ::fork();
    if (child != 0) return child;
    ::setenv("FJORD_KILLED_FOLDER", folder.c_str(), 1);
    ::execl("/proc/self/exe", "test_cache", "--gtest_brief=1", nullptr);
    ::_exit(127);
}

TEST(ServiceFaults, NothingWrongIsReadAfterKillDashNine) {
    temp_dir folder;
    auto content = random_bytes(8 * MiB, 13);
    auto meta = killed_object(content);
    std::uint64_t kept = 0;
    for (int round = 0; round < 4; ++round) {
        auto child = start_child(folder.str());
        ASSERT_GT(child, 0);
        // Long enough for the child to have opened its index and committed something.
        for (int i = 0; i < 30; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20 + round));
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";

        auto store = block_store::open({.path = folder.str(), .capacity = 64 * MiB}, system_clock());
        ASSERT_THAT(store, IsOk());
        auto object = (*store)->acquire(meta.path, meta.version);
        if (!object) continue;
        for (block_no b = 0; b < blocks_in(content.size()); ++b) {
            if (!(*store)->view(object, {b, b + 1}).has(b)) continue;
            auto read = (*store)->read(object, b);
            ASSERT_THAT(read, IsOk());
            ASSERT_FALSE(read->fault) << "a kill does not lose the page cache";
            auto span = span_of(b, content.size());
            ASSERT_TRUE(*read->bytes == content.substr(span.begin, span.size())) << b;
            ++kept;
        }
    }
    EXPECT_GT(kept, 0u) << "committed blocks survive";
}

}  // namespace
}  // namespace fjord::cache::test
