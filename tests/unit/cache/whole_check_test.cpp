#include "cache/whole_check.hpp"

#include <gtest/gtest.h>

using namespace fjord::cache;

namespace {

TEST(WholeCheck, AVerdictFromBeforeTheRestartHolds) {
    whole_check check(4, true);
    auto epoch = check.begin_reading(true);
    EXPECT_EQ(check.state(), verdict::good);
    EXPECT_EQ(check.epoch(), epoch);
}

TEST(WholeCheck, BlocksAreHashedInOrderAndJudgedOnce) {
    whole_check check(2, false);
    auto epoch = check.begin_reading(false);
    EXPECT_TRUE(check.hashed(epoch, 2));
    EXPECT_TRUE(check.done());
    check.conclude(epoch, true);
    EXPECT_EQ(check.state(), verdict::good);
}

TEST(WholeCheck, FetchingAHashedBlockAgainBeginsANewEpoch) {
    whole_check check(4, false);
    auto epoch = check.begin_reading(false);
    check.hashed(epoch, 2);
    check.fetching({2, 4}, false);
    EXPECT_EQ(check.epoch(), epoch) << "blocks that were not hashed yet change nothing";
    check.fetching({1, 2}, false);
    EXPECT_NE(check.epoch(), epoch);
    EXPECT_EQ(check.next(), 0u);
    EXPECT_FALSE(check.hashed(epoch, 4)) << "work of the old epoch does not count";
    check.conclude(epoch, true);
    EXPECT_EQ(check.state(), verdict::unknown);
}

TEST(WholeCheck, RefetchingABlockWhoseChecksumIsOnRecordKeepsTheVerdict) {
    whole_check check(4, true);
    check.fetching({1, 2}, true);
    EXPECT_EQ(check.state(), verdict::good);
}

TEST(WholeCheck, AReaderOfAHalfEvictedObjectNeedsANewVerdict) {
    whole_check check(4, true);
    auto before = check.epoch();
    auto epoch = check.begin_reading(false);
    EXPECT_NE(epoch, before);
    EXPECT_EQ(check.state(), verdict::unknown);
    check.fetching({3, 4}, false);
    EXPECT_EQ(check.epoch(), epoch) << "its own fetches of what was evicted do not spoil its epoch";
}

}  // namespace
