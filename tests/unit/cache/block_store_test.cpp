#include "cache/block_store.hpp"

#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>

using namespace fjord;
using namespace fjord::cache;

namespace {

std::string bytes_of(std::uint64_t size, unsigned seed) {
    std::mt19937_64 random(seed);
    std::string s(size, '\0');
    for (std::size_t i = 0; i + 8 <= s.size(); i += 8) {
        auto v = random();
        std::memcpy(s.data() + i, &v, 8);
    }
    return s;
}

object_meta meta_of(std::string path, std::string const& content) {
    object_meta m;
    m.path = std::move(path);
    m.sha256 = sha256_of(content);
    m.version = m.sha256->text();
    m.size = content.size();
    return m;
}

std::vector<block_bytes> cut(std::string const& content, block_run run) {
    std::vector<block_bytes> blocks;
    for (auto b = run.first; b < run.end; ++b) {
        auto span = span_of(b, content.size());
        blocks.push_back(std::make_shared<std::string const>(content.substr(span.begin, span.size())));
    }
    return blocks;
}

class BlockStore : public testing::Test {
protected:
    void open(std::uint64_t capacity = 64u << 20) {
        store.reset();
        auto opened = block_store::open({.path = folder.str(), .capacity = capacity}, time);
        ASSERT_TRUE(opened) << opened.error().message();
        store = std::move(*opened);
    }
    object_handle put(std::string const& path, std::string const& content) {
        auto object = store->acquire_or_create(meta_of(path, content));
        EXPECT_TRUE(object) << object.error().message();
        auto wrote = store->write(*object, 0, cut(content, {0, blocks_in(content.size())}));
        EXPECT_TRUE(wrote) << wrote.error().message();
        return *object;
    }
    void damage(object_handle const& object, std::uint64_t offset) {
        int fd = ::open(store->path_of(object).c_str(), O_RDWR);
        ASSERT_GE(fd, 0);
        char c = 0;
        ASSERT_EQ(::pread(fd, &c, 1, static_cast<off_t>(offset)), 1);
        c = static_cast<char>(c ^ 0x10);
        ASSERT_EQ(::pwrite(fd, &c, 1, static_cast<off_t>(offset)), 1);
        ::close(fd);
    }

    fjord::test::temp_dir folder;
    manual_clock time;
    std::unique_ptr<block_store> store;
};

TEST_F(BlockStore, GivesBackWhatWasWritten) {
    open();
    auto content = bytes_of(300'000, 1);
    auto object = put("c/i/a", content);
    EXPECT_TRUE(store->complete(object));
    for (block_no b = 0; b < blocks_in(content.size()); ++b) {
        auto read = store->read(object, b);
        ASSERT_TRUE(read) << read.error().message();
        auto span = span_of(b, content.size());
        EXPECT_EQ(*read->bytes, content.substr(span.begin, span.size()));
    }
}

TEST_F(BlockStore, RemembersEverythingAcrossARestart) {
    auto content = bytes_of(20u << 20, 2);
    open();
    {
        auto object = store->acquire_or_create(meta_of("c/i/a", content));
        ASSERT_TRUE(object);
        ASSERT_TRUE(store->write(*object, 250, cut(content, {250, 260})));  // across an extent border
        store->set_verified(*object, false);
        store->set_note("cursor", "42");
    }
    auto used = store->stats().used;
    open();
    EXPECT_EQ(store->stats().used, used);
    EXPECT_EQ(store->note("cursor"), "42");
    auto object = store->acquire("c/i/a", sha256_of(content).text());
    ASSERT_TRUE(object);
    auto view = store->view(object, {0, 320});
    for (block_no b = 0; b < 320; ++b) EXPECT_EQ(view.has(b), b >= 250 && b < 260) << b;
    EXPECT_EQ(*store->read(object, 255)->bytes, content.substr(255 * block_size, block_size));
}

TEST_F(BlockStore, ADamagedBlockIsFoundBeforeItsFirstUseAndLeaves) {
    auto content = bytes_of(5 * block_size + 100, 3);
    open();
    damage(put("c/i/a", content), 2 * block_size + 77);
    open();
    auto object = store->acquire("c/i/a", sha256_of(content).text());
    auto run = store->pin(object, 0, 6, true);
    ASSERT_TRUE(run);
    EXPECT_FALSE(run->ready);
    auto fault = store->prepare(object, *run);
    ASSERT_TRUE(fault);
    ASSERT_TRUE(*fault);
    EXPECT_EQ((*fault)->block, 2u);
    EXPECT_EQ(run->run, (block_run{0, 2}));
    EXPECT_EQ((*fault)->crc, block_checksum(object->id(), 2, content.substr(2 * block_size, block_size)));
    EXPECT_FALSE(store->view(object, {2, 3}).has(2));
    EXPECT_EQ(store->stats().corrupt_blocks, 1u);
    ASSERT_TRUE(store->write(object, 2, cut(content, {2, 3})));
    EXPECT_TRUE(store->complete(object));
}

TEST_F(BlockStore, ATruncatedFileReadsAsMissingBlocks) {
    auto content = bytes_of(4 * block_size, 4);
    open();
    auto file = store->path_of(put("c/i/a", content));
    open();
    ASSERT_EQ(::truncate(file.c_str(), 100), 0);
    auto object = store->acquire("c/i/a", sha256_of(content).text());
    for (block_no b = 0; b < 4; ++b) {
        auto read = store->read(object, b);
        ASSERT_TRUE(read);
        EXPECT_TRUE(read->fault) << b;
    }
    EXPECT_EQ(store->stats().used, 0u);
}

TEST_F(BlockStore, NeverHoldsMoreThanItsCapacityOnDiskEither) {
    constexpr std::uint64_t capacity = 4u << 20;
    open(capacity);
    for (unsigned i = 0; i < 40; ++i) {
        auto content = bytes_of(700'000, 100 + i);
        put("c/i/" + std::to_string(i), content);
        EXPECT_LE(store->stats().used, capacity);
        std::uint64_t on_disk = 0;
        for (auto const& f : std::filesystem::recursive_directory_iterator(folder.path("data"))) {
            struct stat st {};
            if (f.is_regular_file() && ::stat(f.path().c_str(), &st) == 0)
                on_disk += static_cast<std::uint64_t>(st.st_blocks) * 512;
        }
        EXPECT_LE(on_disk, capacity + (64u << 10)) << "beside block mapping of the file system";
    }
    EXPECT_GT(store->stats().evicted_extents, 0u);
    ASSERT_TRUE(store->flush());
    std::size_t files = 0;
    for (auto const& f : std::filesystem::recursive_directory_iterator(folder.path("data"))) files += f.is_regular_file();
    EXPECT_EQ(files, store->stats().objects) << "files of evicted objects are gone";
}

TEST_F(BlockStore, WhatIsBeingSentIsNotEvicted) {
    open(1u << 20);
    auto content = bytes_of(512u << 10, 6);
    auto object = put("c/i/kept", content);
    auto run = store->pin(object, 0, 8, true);
    ASSERT_TRUE(run);
    for (unsigned i = 0; i < 8; ++i) put("c/i/" + std::to_string(i), bytes_of(256u << 10, 200 + i));
    EXPECT_TRUE(store->complete(object));
    run.reset();
    put("c/i/x", bytes_of(600u << 10, 300));
    put("c/i/y", bytes_of(600u << 10, 301));
    EXPECT_FALSE(store->complete(object));
}

TEST_F(BlockStore, AnObjectLargerThanTheTierIsRefusedNotHalfWritten) {
    open(1u << 20);
    auto content = bytes_of(3u << 20, 7);
    auto object = store->acquire_or_create(meta_of("c/i/a", content));
    ASSERT_TRUE(object);
    auto wrote = store->write(*object, 0, cut(content, {0, 48}));
    ASSERT_FALSE(wrote);
    EXPECT_EQ(wrote.error().code, errc::no_space);
    EXPECT_TRUE(store->accepting()) << "the disk itself is fine";
}

TEST_F(BlockStore, AFullDiskIsReportedAndThenLeftAlone) {
    open();
    auto content = bytes_of(block_size, 8);
    auto object = store->acquire_or_create(meta_of("c/i/a", content));
    ASSERT_TRUE(object);
    std::filesystem::create_directories(std::filesystem::path(store->path_of(*object)).parent_path());
    ASSERT_EQ(::symlink("/dev/full", store->path_of(*object).c_str()), 0);  // every write answers ENOSPC
    auto wrote = store->write(*object, 0, cut(content, {0, 1}));
    ASSERT_FALSE(wrote);
    EXPECT_EQ(wrote.error().code, errc::no_space);
    EXPECT_EQ(store->stats().used, 0u);
    EXPECT_FALSE(store->accepting());
    time.advance(std::chrono::seconds(11));
    EXPECT_TRUE(store->accepting());
}

TEST_F(BlockStore, APurgeCountsExactlyAndSurvivesARestart) {
    open();
    auto a = bytes_of(100'000, 9);
    auto b = bytes_of(200'000, 10);
    put("c/i/a", a);
    put("c/i/b", b);
    put("d/i/a", a);
    auto in_c = [](object_meta const& m) { return m.path.starts_with("c/"); };
    auto counts = store->purge(in_c);
    EXPECT_EQ(counts.objects, 2u);
    EXPECT_EQ(counts.bytes, 300'000u);
    EXPECT_EQ(store->purge(in_c).objects, 0u);
    open();
    EXPECT_FALSE(store->acquire("c/i/a", sha256_of(a).text()));
    EXPECT_TRUE(store->acquire("d/i/a", sha256_of(a).text()));
    ASSERT_TRUE(store->flush());
    EXPECT_EQ(store->stats().objects, 1u);
}

TEST_F(BlockStore, AReaderMayFinishWhatIsPurgedMeanwhile) {
    open();
    auto content = bytes_of(200'000, 11);
    auto object = put("c/i/a", content);
    store->purge([](object_meta const&) { return true; });
    ASSERT_TRUE(store->flush());
    EXPECT_FALSE(store->usable(object));
    EXPECT_EQ(*store->read(object, 1)->bytes, content.substr(block_size, block_size));
    auto file = store->path_of(object);
    object.reset();
    ASSERT_TRUE(store->flush());
    EXPECT_FALSE(std::filesystem::exists(file));
    EXPECT_EQ(store->stats().used, 0u);
}

TEST_F(BlockStore, ACondemnedObjectGivesNothingMore) {
    open();
    auto object = put("c/i/a", bytes_of(100'000, 12));
    store->condemn(object);
    EXPECT_FALSE(store->pin(object, 0, 2, false));
    EXPECT_FALSE(store->read(object, 0));
    EXPECT_FALSE(store->complete(object));
}

TEST_F(BlockStore, VersionsOfAPathLieSideBySideAndTheNewestIsKnown) {
    open();
    auto old_content = bytes_of(1000, 13);
    auto new_content = bytes_of(1000, 14);
    put("c/i/a", old_content);
    put("c/i/a", new_content);
    EXPECT_EQ(store->latest("c/i/a")->version, sha256_of(new_content).text());
    store->supersede("c/i/a", sha256_of(old_content).text());
    EXPECT_EQ(store->latest("c/i/a")->version, sha256_of(old_content).text());
    EXPECT_EQ(store->describe("c/i/a").size(), 2u);
    store->supersede("c/i/a", "sha-256:none of them");
    EXPECT_FALSE(store->latest("c/i/a"));
}

TEST_F(BlockStore, FileIdsAreNeverUsedTwice) {
    open();
    auto first = put("c/i/a", bytes_of(1000, 15))->id();
    store->purge([](object_meta const&) { return true; });
    ASSERT_TRUE(store->flush());
    open();
    EXPECT_GT(put("c/i/a", bytes_of(1000, 15))->id(), first);
}

TEST_F(BlockStore, AnObjectOfWhichNothingWasStoredLeavesNoTrace) {
    open();
    store->acquire_or_create(meta_of("c/i/a", bytes_of(1000, 16)));
    ASSERT_TRUE(store->flush());
    EXPECT_EQ(store->stats().objects, 0u);
    EXPECT_TRUE(store->describe("c/i/a").empty());
}

TEST_F(BlockStore, ALoweredCapacityHoldsFromTheStart) {
    open(8u << 20);
    for (unsigned i = 0; i < 8; ++i) put("c/i/" + std::to_string(i), bytes_of(1u << 20, 400 + i));
    open(3u << 20);
    EXPECT_LE(store->stats().used, 3u << 20);
    EXPECT_GT(store->stats().used, 0u);
}

}  // namespace
