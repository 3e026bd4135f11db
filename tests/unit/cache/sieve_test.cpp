#include "cache/sieve.hpp"

#include <gtest/gtest.h>

#include <random>

using namespace fjord::cache;

namespace {

block_bytes body(std::size_t n) { return std::make_shared<std::string const>(n, 'x'); }
constexpr std::uint64_t room_for(std::uint64_t entries, std::uint64_t bytes) { return entries * (bytes + sieve::overhead); }

TEST(Sieve, FindsWhatWasPutIn) {
    sieve ram(room_for(3, 10));
    auto bytes = body(10);
    EXPECT_TRUE(ram.insert(1, bytes));
    EXPECT_EQ(ram.find(1), bytes);
    EXPECT_EQ(ram.find(2), nullptr);
}

TEST(Sieve, EvictsTheOldestThatWasNotVisited) {
    sieve ram(room_for(3, 10));
    for (file_id i = 1; i <= 3; ++i) ram.insert(i, body(10));
    ram.find(1);
    ram.insert(4, body(10));
    EXPECT_NE(ram.find(1), nullptr);
    EXPECT_EQ(ram.find(2), nullptr) << "1 was visited, so the hand passed it and took 2";
}

TEST(Sieve, TheHandStaysWhereItWas) {
    sieve ram(room_for(4, 10));
    for (file_id i = 1; i <= 4; ++i) ram.insert(i, body(10));
    ram.find(1);
    ram.insert(5, body(10));  // clears 1, drops 2; the hand stands at 3
    ram.insert(6, body(10));  // drops 3, although 1 is older and clear by now
    EXPECT_NE(ram.find(1), nullptr);
    EXPECT_EQ(ram.find(3), nullptr);
}

TEST(Sieve, WhenAllWereVisitedTheHandGoesRoundOnce) {
    sieve ram(room_for(3, 10));
    for (file_id i = 1; i <= 3; ++i) {
        ram.insert(i, body(10));
        ram.find(i);
    }
    ram.insert(4, body(10));
    EXPECT_EQ(ram.size(), 3u);
    EXPECT_EQ(ram.find(1), nullptr);
}

TEST(Sieve, ReplacingAndErasingKeepTheAccountExact) {
    sieve ram(room_for(3, 10));
    ram.insert(1, body(10));
    ram.insert(1, body(4));
    EXPECT_EQ(ram.used(), 4 + sieve::overhead);
    EXPECT_TRUE(ram.erase(1));
    EXPECT_FALSE(ram.erase(1));
    EXPECT_EQ(ram.used(), 0u);
}

TEST(Sieve, RefusesWhatIsLargerThanItself) {
    sieve ram(room_for(1, 10));
    ram.insert(1, body(10));
    EXPECT_FALSE(ram.insert(2, body(11)));
    EXPECT_NE(ram.find(1), nullptr);
    sieve none(0);
    EXPECT_FALSE(none.insert(1, body(0))) << "a tier of no bytes is switched off";
}

TEST(Sieve, NeverExceedsItsCapacityUnderRandomUse) {
    std::mt19937 random(11);
    sieve ram(5000);
    for (int step = 0; step < 20'000; ++step) {
        file_id key = random() % 60;
        if (random() % 3 == 0)
            ram.insert(key, body(random() % 400));
        else if (random() % 9 == 0)
            ram.erase(key);
        else
            ram.find(key);
        ASSERT_LE(ram.used(), ram.capacity());
        ASSERT_EQ(ram.used() == 0, ram.size() == 0);
    }
}

}  // namespace
