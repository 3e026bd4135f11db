#include "auth/key_schedule.hpp"

#include "auth/claims.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>

namespace fjord::auth::test {
namespace {

constexpr seconds day{86400};
rotation_policy const policy{10 * day, 4 * day};
wall_time const start{seconds{1'800'000'000}};

scheduled_key key(std::string kid, wall_time use_from, seconds life = day) { return {std::move(kid), use_from, use_from, life}; }

TEST(KeySchedule, TheFirstKeySignsAtOnce) {
    key_schedule s;
    EXPECT_EQ(s.signing(start), nullptr);
    EXPECT_EQ(s.successor_due(policy, start), start);
}

TEST(KeySchedule, ASuccessorIsPublishedOneCacheLifeBeforeItSigns) {
    key_schedule s({key("a", start)});
    EXPECT_FALSE(s.successor_due(policy, start + 6 * day - seconds{1}));
    EXPECT_EQ(s.successor_due(policy, start + 6 * day), start + 10 * day);
    s.add(key("b", start + 10 * day));
    EXPECT_EQ(s.signing(start + 10 * day - seconds{1})->kid, "a");
    EXPECT_EQ(s.state_of(s.keys()[1], start + 9 * day), key_state::next);
    EXPECT_EQ(s.signing(start + 10 * day)->kid, "b");
}

TEST(KeySchedule, AfterALongStopTheSuccessorIsStillAnnouncedInFull) {
    key_schedule s({key("a", start)});
    EXPECT_EQ(s.successor_due(policy, start + 300 * day), start + 304 * day);
}

TEST(KeySchedule, ARetiredKeyStaysUntilItsLastTokenHasExpired) {
    key_schedule s({key("a", start, day), key("b", start + 10 * day, day)});
    auto const& a = s.keys()[0];
    auto const last_token_ends = start + 11 * day;
    EXPECT_EQ(s.state_of(a, start + 10 * day), key_state::retired);
    EXPECT_EQ(s.state_of(a, last_token_ends + clock_skew), key_state::retired);
    EXPECT_EQ(s.state_of(a, last_token_ends + clock_skew + seconds{1}), key_state::spent);
}

TEST(KeySchedule, AClockSetBackLeavesAKeyThatSigns) {
    key_schedule s({key("a", start), key("b", start + day)});
    ASSERT_NE(s.signing(start - 100 * day), nullptr);
    EXPECT_EQ(s.signing(start - 100 * day)->kid, "a");
}

TEST(KeySchedule, ANextKeyCanBeUsedAtOnce) {
    key_schedule s({key("a", start), key("b", start + 10 * day)});
    s.use_next_now(start + day);
    EXPECT_EQ(s.signing(start + day)->kid, "b");
    EXPECT_EQ(s.kept_until(s.keys()[0]), start + 2 * day + clock_skew);
}

TEST(KeySchedule, TwoKeysNeverBeginAtTheSameMoment) {
    key_schedule s({key("a", start)});
    s.add(key("b", start));
    EXPECT_GT(s.keys()[1].use_from, start);
    EXPECT_EQ(s.signing(start)->kid, "a");
    EXPECT_EQ(s.signing(start + seconds{1})->kid, "b");
}

// The promise as a whole, over random rotations: whatever signs was published `publish_ahead` before, and whatever a key signed
// can be verified until it expires.
TEST(KeySchedule, NoTokenOfAnyRotationMeetsAVerifierWithoutItsKey) {
    std::mt19937 random(7);
    for (int round = 0; round < 50; ++round) {
        key_schedule s;
        std::map<std::string, wall_time> published;
        struct token {
            std::string kid;
            wall_time expires;
        };
        std::vector<token> alive;
        int made = 0;
        auto now = start;
        for (int step = 0; step < 400; ++step) {
            now += seconds{random() % (day.count() / 2)};
            if (auto due = s.successor_due(policy, now)) {
                auto k = key("k" + std::to_string(made++), *due, seconds{random() % (3 * day.count())});
                published[k.kid] = now;
                s.add(std::move(k));
            }
            std::vector<std::string> spent;
            for (auto const& k : s.keys())
                if (s.state_of(k, now) == key_state::spent) spent.push_back(k.kid);
            for (auto const& kid : spent) s.remove(kid);
            for (auto const& t : alive) {
                if (t.expires <= now) continue;
                bool const there = std::any_of(s.keys().begin(), s.keys().end(), [&t](auto const& k) { return k.kid == t.kid; });
                ASSERT_TRUE(there) << "a token of " << t.kid << " lives and its key is gone";
            }
            auto const* signer = s.signing(now);
            ASSERT_NE(signer, nullptr);
            if (signer->kid != "k0") {
                ASSERT_GE(now - published.at(signer->kid), policy.publish_ahead) << "verifiers with old keys do not know it yet";
            }
            alive.push_back({signer->kid, now + signer->token_life});
        }
        EXPECT_GT(made, 5);
        EXPECT_LE(s.keys().size(), 3u) << "spent keys go";
    }
}

}  // namespace
}  // namespace fjord::auth::test
