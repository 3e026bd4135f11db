#include "auth/decision_cache.hpp"

#include <gtest/gtest.h>

namespace fjord::auth {
namespace {

wall_time const t0{seconds{1'000'000}};

verified entry(wall_time expires, std::string subject = "s") {
    auto who = std::make_shared<principal>();
    who->expires = expires;
    who->subject = std::move(subject);
    return {who, t0, nullptr, nullptr};
}

TEST(DecisionCache, NothingOutlivesItsToken) {
    decision_cache cache;
    cache.put("h", entry(t0 + seconds{10}), t0);
    EXPECT_TRUE(cache.find("h", t0 + seconds{10} - milliseconds{1}));
    EXPECT_FALSE(cache.find("h", t0 + seconds{10}));
    EXPECT_EQ(cache.size(), 0u);
    cache.put("h", entry(t0), t0);
    EXPECT_EQ(cache.size(), 0u);
}

TEST(DecisionCache, IsBounded) {
    decision_cache cache;
    for (int i = 0; i < 40'000; ++i) cache.put("hash" + std::to_string(i), entry(t0 + seconds{10}), t0);
    EXPECT_LE(cache.size(), decision_cache::shards * decision_cache::per_shard);
    EXPECT_GT(cache.size(), decision_cache::per_shard);
    EXPECT_TRUE(cache.find("hash39999", t0)) << "the newest token is there";
}

TEST(Revocations, CoverTokensAndIssuers) {
    revocations r;
    principal who;
    who.issuer = "i";
    who.token_id = "j";
    EXPECT_FALSE(r.covers(who, t0));
    r.revoke_issuer_before("i", t0);
    r.revoke_issuer_before("i", t0 - seconds{100});  // never moves back
    EXPECT_FALSE(r.covers(who, t0));
    EXPECT_TRUE(r.covers(who, t0 - milliseconds{1}));
    r.revoke_token("j", t0, seconds{3600});
    EXPECT_TRUE(r.covers(who, t0));
    r.revoke_token("k", t0 + seconds{3600}, seconds{3600});  // the first is forgotten: its token has expired
    EXPECT_FALSE(r.covers(who, t0));
}

}  // namespace
}  // namespace fjord::auth
