#include "auth/decision_cache.hpp"

#include <gtest/gtest.h>

namespace fjord::auth {
namespace {

wall_time const t0{seconds{1'000'000}};

decision entry(wall_time expires, std::string subject = "s") {
    auto who = std::make_shared<principal>();
    who->expires = expires;
    who->subject = std::move(subject);
    return std::make_shared<verified const>(verified{who, t0, {}, nullptr, nullptr});
}

TEST(DecisionCache, NothingOutlivesItsToken) {
    decision_cache cache;
    cache.put(sha256_of("h"), entry(t0 + seconds{10}), t0);
    EXPECT_TRUE(cache.find(sha256_of("h"), t0 + seconds{10} - milliseconds{1}));
    EXPECT_FALSE(cache.find(sha256_of("h"), t0 + seconds{10}));
    EXPECT_EQ(cache.size(), 0u);
    cache.put(sha256_of("h"), entry(t0), t0);
    EXPECT_EQ(cache.size(), 0u);
}

TEST(DecisionCache, IsBounded) {
    decision_cache cache;
    for (int i = 0; i < 40'000; ++i) cache.put(sha256_of(std::to_string(i)), entry(t0 + seconds{10}), t0);
    EXPECT_LE(cache.size(), decision_cache::rows * decision_cache::per_row);
    EXPECT_GT(cache.size(), decision_cache::rows * decision_cache::per_row * 3 / 4);
    EXPECT_TRUE(cache.find(sha256_of("39999"), t0)) << "the newest token is there";
}

TEST(DecisionCache, WhatEndsFirstMakesRoom) {
    decision_cache cache;
    for (int i = 0; i < 1000; ++i) cache.put(sha256_of("long" + std::to_string(i)), entry(t0 + seconds{100}), t0);
    for (int i = 0; i < 100'000; ++i) cache.put(sha256_of("short" + std::to_string(i)), entry(t0 + seconds{10}), t0);
    int kept = 0;
    for (int i = 0; i < 1000; ++i) kept += cache.find(sha256_of("long" + std::to_string(i)), t0) != nullptr;
    EXPECT_EQ(kept, 1000);
}

class RecentTokens : public ::testing::Test {
protected:
    std::unique_ptr<recent_tokens> recent = std::make_unique<recent_tokens>();
    std::string const token = std::string(400, 'a') + ".signature-0123456789";
};

TEST_F(RecentTokens, AreFoundByTheirWholeText) {
    recent->put(token, entry(t0 + seconds{100}), 1, t0);
    ASSERT_TRUE(recent->find(token, 1, t0));
    EXPECT_EQ(recent->find(token, 1, t0)->who->subject, "s");
    auto other = token;
    other[3] = 'b';  // the same signature over other claims
    EXPECT_FALSE(recent->find(other, 1, t0));
    EXPECT_FALSE(recent->find(token.substr(1), 1, t0));
    EXPECT_FALSE(recent->find("", 1, t0));
}

TEST_F(RecentTokens, EndWithTheEpochTheTokenOrAfterAFewSeconds) {
    recent->put(token, entry(t0 + seconds{100}), 1, t0);
    EXPECT_FALSE(recent->find(token, 2, t0));
    EXPECT_TRUE(recent->find(token, 1, t0 + recent_tokens::longest - milliseconds{1}));
    EXPECT_FALSE(recent->find(token, 1, t0 + recent_tokens::longest));
    recent->put(token, entry(t0 + seconds{2}), 1, t0);
    EXPECT_TRUE(recent->find(token, 1, t0 + milliseconds{1999}));
    EXPECT_FALSE(recent->find(token, 1, t0 + seconds{2}));
}

TEST_F(RecentTokens, MakeRoomForNewcomersAndLeaveLongTextsOut) {
    for (int i = 0; i < 20'000; ++i) recent->put(token + std::to_string(i), entry(t0 + seconds{100}), 1, t0);
    EXPECT_TRUE(recent->find(token + "19999", 1, t0));
    int kept = 0;
    for (int i = 0; i < 20'000; ++i) kept += recent->find(token + std::to_string(i), 1, t0) != nullptr;
    EXPECT_GT(kept, 500) << "places are spread over the tokens";
    std::string const huge(recent_tokens::max_text + 1, 'x');
    recent->put(huge, entry(t0 + seconds{100}), 1, t0);
    EXPECT_FALSE(recent->find(huge, 1, t0));
}

}  // namespace
}  // namespace fjord::auth
