#include "cache/fill.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

using namespace fjord::cache;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

namespace {

disk_view disk(std::vector<bool> bits) { return {0, std::move(bits)}; }
disk_view const empty_disk{};
block_bytes some_bytes() { return std::make_shared<std::string const>("bytes"); }

TEST(FillTable, AColdReaderClaimsAWindow) {
    fill_table table(100);
    auto claim = table.claim(10, 100, 16, empty_disk);
    ASSERT_TRUE(claim);
    EXPECT_EQ(claim->run, (block_run{10, 26}));
    EXPECT_EQ(table.state(10, empty_disk), block_state::in_flight);
    EXPECT_EQ(table.state(26, empty_disk), block_state::absent);
}

TEST(FillTable, ARangeReaderClaimsNothingBeyondItsRange) {
    fill_table table(100);
    EXPECT_EQ(table.claim(10, 12, 16, empty_disk)->run, (block_run{10, 12}));
}

TEST(FillTable, NobodyClaimsABlockTwice) {
    fill_table table(100);
    auto first = table.claim(0, 100, 16, empty_disk);
    ASSERT_TRUE(first);
    EXPECT_FALSE(table.claim(0, 16, 16, empty_disk)) << "a second reader of the same blocks waits";
    auto ahead = table.claim(10, 100, 16, empty_disk);
    ASSERT_TRUE(ahead) << "less than half a window is covered";
    EXPECT_EQ(ahead->run, (block_run{16, 32}));
    EXPECT_NE(ahead->id, first->id);
}

TEST(FillTable, ReadAheadIsNotCutIntoCrumbs) {
    fill_table table(1000);
    table.claim(0, 1000, 16, empty_disk);
    for (block_no b = 0; b <= 8; ++b) EXPECT_FALSE(table.claim(b, 1000, 16, empty_disk)) << "covered for half a window at " << b;
    EXPECT_TRUE(table.claim(9, 1000, 16, empty_disk));
}

TEST(FillTable, AClaimStopsAtWhatIsPresent) {
    fill_table table(8);
    auto view = disk({true, false, false, true, false, false, false, false});
    EXPECT_EQ(table.claim(0, 8, 16, view)->run, (block_run{1, 3}));
    EXPECT_EQ(table.claim(0, 8, 16, view)->run, (block_run{4, 8}));
    EXPECT_FALSE(table.claim(0, 8, 16, view));
    EXPECT_EQ(table.state(3, view), block_state::present);
}

TEST(FillTable, ArrivalWakesThoseWhoWaitForThatBlock) {
    fill_table table(4);
    auto claim = table.claim(0, 4, 4, empty_disk);
    auto a = table.wait(1);
    auto b = table.wait(1);
    auto c = table.wait(2);
    EXPECT_THAT(table.arrive(claim->id, 0, some_bytes()), IsEmpty());
    EXPECT_THAT(table.arrive(claim->id, 1, some_bytes()), UnorderedElementsAre(a, b));
    EXPECT_NE(table.arrived_bytes(1), nullptr) << "a late reader takes the bytes before they are on disk";
    EXPECT_THAT(table.end(claim->id), ElementsAre(c));
    EXPECT_EQ(table.waiting(), 0u);
    EXPECT_EQ(table.in_flight(), 0u);
}

TEST(FillTable, ASettledBlockLeavesTheTable) {
    fill_table table(4);
    auto claim = table.claim(0, 4, 4, empty_disk);
    table.arrive(claim->id, 0, some_bytes());
    table.settle(claim->id, 0);
    EXPECT_EQ(table.state(0, disk({true})), block_state::present);
    EXPECT_EQ(table.state(0, empty_disk), block_state::absent) << "it could not be stored";
    EXPECT_EQ(table.arrived_bytes(0), nullptr);
}

TEST(FillTable, AFetchCannotTouchBlocksOfAnother) {
    fill_table table(4);
    auto claim = table.claim(0, 2, 2, empty_disk);
    auto w = table.wait(0);
    EXPECT_THAT(table.arrive(claim->id + 7, 0, some_bytes()), IsEmpty());
    table.settle(claim->id + 7, 0);
    EXPECT_THAT(table.end(claim->id + 7), IsEmpty());
    EXPECT_THAT(table.arrive(claim->id, 0, some_bytes()), ElementsAre(w));
}

TEST(FillTable, AReaderThatGoesAwayHurtsNobody) {
    fill_table table(4);
    auto claim = table.claim(0, 4, 4, empty_disk);
    auto gone = table.wait(0);
    auto stays = table.wait(0);
    table.forget(gone);
    EXPECT_THAT(table.arrive(claim->id, 0, some_bytes()), ElementsAre(stays));
}

TEST(FillTable, AFailedFetchLeavesItsBlocksForTheNext) {
    fill_table table(4);
    auto first = table.claim(0, 4, 4, empty_disk);
    table.end(first->id);
    auto second = table.claim(0, 4, 4, empty_disk);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->run, (block_run{0, 4}));
    EXPECT_THAT(table.arrive(first->id, 0, some_bytes()), IsEmpty()) << "bytes of a fetch that was given up are ignored";
}

TEST(FillTable, ABadBlockIsFetchedAgainAndItsChecksumIsKnown) {
    fill_table table(4);
    auto view = disk({true, false, true, true});
    table.mark_bad(1, 77);
    EXPECT_EQ(table.state(1, view), block_state::bad);
    EXPECT_EQ(table.claim(0, 4, 4, view)->run, (block_run{1, 2})) << "only the bad block";
    EXPECT_EQ(table.expected_crc(1), 77u);
    table.heal(1);
    EXPECT_FALSE(table.expected_crc(1));
}

// N readers in random order and at random speed: every block is fetched exactly once.
TEST(FillTable, RandomReadersCostOneCopy) {
    std::mt19937 random(3);
    for (int round = 0; round < 50; ++round) {
        block_no blocks = 1 + random() % 200;
        fill_table table(blocks);
        disk_view here{0, std::vector<bool>(blocks)};
        std::vector<block_no> readers(1 + random() % 8, 0);
        std::vector<fetch_claim> open;
        std::vector<int> fetched(blocks);
        for (int step = 0; step < 20'000; ++step) {
            auto& at = readers[random() % readers.size()];
            if (at < blocks) {
                if (auto claim = table.claim(at, blocks, 1 + random() % 32, here)) open.push_back(*claim);
                if (here.has(at) || table.arrived_bytes(at)) ++at;
            }
            if (open.empty()) continue;
            auto& fetch = open[random() % open.size()];
            table.arrive(fetch.id, fetch.run.first, some_bytes());
            here.bits[fetch.run.first] = true;
            ++fetched[fetch.run.first];
            table.settle(fetch.id, fetch.run.first++);
            if (fetch.run.empty()) {
                table.end(fetch.id);
                std::swap(fetch, open.back());
                open.pop_back();
            }
        }
        for (auto at : readers) ASSERT_EQ(at, blocks);
        for (block_no b = 0; b < blocks; ++b) ASSERT_EQ(fetched[b], 1) << "block " << b;
    }
}

TEST(Readahead, GrowsWithSequenceUpToEightMebibytes) {
    fjord::cache::readahead ahead;
    EXPECT_EQ(ahead.window(), 16u);
    ahead.advance(15);
    EXPECT_EQ(ahead.window(), 16u);
    ahead.advance(1);
    EXPECT_EQ(ahead.window(), 32u);
    ahead.advance(10'000);
    EXPECT_EQ(ahead.window(), readahead::largest);
}

}  // namespace
