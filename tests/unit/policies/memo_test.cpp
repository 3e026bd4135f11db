#include "policies/memo.hpp"

#include <gtest/gtest.h>

namespace fjord::policies {
namespace {

wall_time const t0{seconds{1'000}};

memo_entry entry(std::optional<wall_time> since = {}, std::optional<wall_time> until = {}) {
    return {std::make_shared<decision const>(), since, until};
}

TEST(Memo, AnswersHoldForTheirStretchOfTime) {
    memo m;
    m.put("k", entry(t0, t0 + seconds{10}));
    EXPECT_EQ(m.find("k", t0 - milliseconds{1}), nullptr);
    EXPECT_NE(m.find("k", t0), nullptr);
    EXPECT_NE(m.find("k", t0 + seconds{10} - milliseconds{1}), nullptr);
    EXPECT_EQ(m.find("k", t0 + seconds{10}), nullptr);
    EXPECT_EQ(m.find("other", t0), nullptr);
}

TEST(Memo, IsBounded) {
    memo m;
    constexpr std::size_t most = memo::shards * memo::per_shard;
    for (std::size_t i = 0; i < most + 10'000; ++i) m.put(std::to_string(i), entry());
    EXPECT_LE(m.size(), most);
    EXPECT_GT(m.size(), most / 2);
    EXPECT_NE(m.find(std::to_string(most + 9'999), t0), nullptr) << "the newest answer is there";
}

}  // namespace
}  // namespace fjord::policies
