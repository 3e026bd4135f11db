#include "cache/s3_fifo.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

using namespace fjord::cache;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

extent_key x(std::uint64_t n) { return extent_key{n}; }

std::vector<extent_key> insert(s3_fifo& cache, std::uint64_t n, std::uint64_t bytes = 1) {
    std::vector<extent_key> dropped;
    EXPECT_TRUE(cache.grow(x(n), bytes, dropped)) << "extent " << n;
    return dropped;
}

TEST(S3Fifo, KeepsEverythingWhileThereIsRoom) {
    s3_fifo cache(10);
    for (int i = 0; i < 10; ++i) EXPECT_THAT(insert(cache, i), IsEmpty());
    EXPECT_EQ(cache.used(), 10u);
}

TEST(S3Fifo, DropsTheOldestExtentNobodyAskedFor) {
    s3_fifo cache(10);
    for (int i = 0; i < 10; ++i) insert(cache, i);
    EXPECT_THAT(insert(cache, 10), ElementsAre(x(0)));
}

TEST(S3Fifo, OneHitIsNotEnoughTwoHitsMoveToTheMainQueue) {
    s3_fifo cache(10);
    for (int i = 0; i < 10; ++i) insert(cache, i);
    cache.hit(x(0));
    cache.hit(x(1));
    cache.hit(x(1));
    EXPECT_THAT(insert(cache, 10), ElementsAre(x(0)));
    EXPECT_THAT(insert(cache, 11), ElementsAre(x(2)));
    EXPECT_EQ(cache.main_bytes(), 1u);
    EXPECT_EQ(cache.frequency(x(1)), 0u) << "the frequency is cleared on the way to the main queue";
}

TEST(S3Fifo, FrequencySaturatesAtThree) {
    s3_fifo cache(10);
    insert(cache, 1);
    for (int i = 0; i < 9; ++i) cache.hit(x(1));
    EXPECT_EQ(cache.frequency(x(1)), 3u);
}

TEST(S3Fifo, AnExtentThatComesBackSoonGoesStraightToTheMainQueue) {
    s3_fifo cache(10);
    for (int i = 0; i < 11; ++i) insert(cache, i);
    ASSERT_FALSE(cache.contains(x(0)));
    insert(cache, 0);
    EXPECT_EQ(cache.main_bytes(), 1u);
    EXPECT_EQ(cache.ghosts(), 1u) << "the ghost of 0 is used up; 1 was dropped for it";
}

TEST(S3Fifo, MainQueueGivesSecondChances) {
    s3_fifo cache(10);
    for (int i = 0; i < 10; ++i) cache.restore(x(i), 1);
    ASSERT_EQ(cache.main_bytes(), 10u);
    cache.hit(x(0));
    EXPECT_THAT(insert(cache, 100), ElementsAre(x(1))) << "0 was hit and goes round once more";
    EXPECT_EQ(cache.frequency(x(0)), 0u);
}

TEST(S3Fifo, AScanDoesNotWashOutTheMainQueue) {
    s3_fifo cache(100);
    for (int i = 0; i < 90; ++i) cache.restore(x(i), 1);
    for (int i = 1000; i < 3000; ++i) insert(cache, i);
    for (int i = 0; i < 90; ++i) EXPECT_TRUE(cache.contains(x(i))) << i;
}

TEST(S3Fifo, PinnedExtentsAreNeverDropped) {
    s3_fifo cache(3);
    for (int i = 0; i < 3; ++i) {
        insert(cache, i);
        cache.pin(x(i));
    }
    std::vector<extent_key> dropped;
    EXPECT_FALSE(cache.grow(x(3), 1, dropped)) << "everything is pinned";
    EXPECT_THAT(dropped, IsEmpty());
    EXPECT_FALSE(cache.contains(x(3)));
    cache.unpin(x(1));
    EXPECT_THAT(insert(cache, 3), ElementsAre(x(1)));
}

TEST(S3Fifo, AGrowingExtentDoesNotPushItselfOut) {
    s3_fifo cache(10);
    insert(cache, 1, 4);
    insert(cache, 2, 6);
    EXPECT_THAT(insert(cache, 1, 3), ElementsAre(x(2)));
    EXPECT_EQ(cache.bytes(x(1)), 7u);
    std::vector<extent_key> dropped;
    EXPECT_FALSE(cache.grow(x(1), 4, dropped)) << "alone it would be larger than the cache";
    EXPECT_EQ(cache.used(), 7u);
}

TEST(S3Fifo, RefusesWhatCanNeverFit) {
    s3_fifo cache(10);
    insert(cache, 1);
    std::vector<extent_key> dropped;
    EXPECT_FALSE(cache.grow(x(2), 11, dropped));
    EXPECT_TRUE(cache.contains(x(1))) << "nothing is dropped in vain";
}

TEST(S3Fifo, TrimBringsALoweredCapacityBackIntoItsLimit) {
    s3_fifo cache(5);
    for (int i = 0; i < 9; ++i) cache.restore(x(i), 1);
    std::vector<extent_key> dropped;
    cache.trim(dropped);
    EXPECT_EQ(cache.used(), 5u);
    EXPECT_EQ(dropped.size(), 4u);
}

// Random operations against a simple account of what must be there.
TEST(S3Fifo, InvariantsHoldUnderRandomUse) {
    std::mt19937 random(7);
    s3_fifo cache(1000);
    std::map<extent_key, std::uint64_t> account;
    std::map<extent_key, int> pins;
    for (int step = 0; step < 20'000; ++step) {
        auto key = x(random() % 300);
        switch (random() % 8) {
            case 0:
                cache.hit(key);
                break;
            case 1:
                if (pins.size() < 20 && cache.contains(key)) {
                    cache.pin(key);
                    ++pins[key];
                }
                break;
            case 2:
                if (!pins.empty()) {
                    cache.unpin(pins.begin()->first);
                    if (--pins.begin()->second == 0) pins.erase(pins.begin());
                }
                break;
            case 3:
                if (!pins.contains(key)) {
                    cache.remove(key);
                    account.erase(key);
                }
                break;
            default: {
                std::vector<extent_key> dropped;
                auto bytes = 1 + random() % 40;
                bool took = cache.grow(key, bytes, dropped);
                for (auto d : dropped) {
                    ASSERT_FALSE(pins.contains(d)) << "a pinned extent was dropped";
                    ASSERT_EQ(account.erase(d), 1u) << "dropped twice, or never there";
                }
                if (took) account[key] += bytes;
            }
        }
        std::uint64_t sum = 0;
        for (auto const& [k, bytes] : account) sum += bytes;
        ASSERT_EQ(cache.used(), sum);
        ASSERT_EQ(cache.size(), account.size());
        ASSERT_LE(cache.used(), cache.capacity());
        ASSERT_EQ(cache.used(), cache.small_bytes() + cache.main_bytes());
    }
}

}  // namespace
