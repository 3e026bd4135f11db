#include "broker/log_keeper.hpp"

#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>

namespace fjord::broker {
namespace {

using fjord::test::HasErrc;

TEST(log_keeper, WhatIsOlderThanItsTimeIsForgottenAndTheRestStays) {
    manual_clock time;
    auto rows = catalog::make_memory_store(time);
    catalog::catalog cat(*rows, time);
    auto event = [&cat] {
        catalog::change_set c;
        c.append_event("test.event", "x", {});
        ASSERT_TRUE(cat.commit(std::move(c)));
    };
    for (int day = 0; day < 30; ++day) {
        for (int i = 0; i <= day % 3; ++i) event();
        time.advance(std::chrono::hours(24));
    }
    auto const all = cat.read_log(0, 1000).value();
    for (int day : {0, 1, 12, 13, 29}) {
        auto const oldest = all.front().time + std::chrono::hours(24 * day);
        ASSERT_TRUE(forget_before(cat, oldest));
        std::size_t kept = 0;
        for (auto const& e : all) kept += e.time >= oldest;
        auto const first = all.size() - kept;
        EXPECT_EQ(cat.read_log(first, 1000).value().size(), kept) << day;
        if (first > 0) { EXPECT_THAT(cat.read_log(first - 1, 1000), HasErrc(errc::not_found)) << day; }
    }
    ASSERT_TRUE(forget_before(cat, time.now() + std::chrono::hours(1)));
    EXPECT_EQ(cat.last_sequence(), all.back().seq) << "numbers go on";
}

}  // namespace
}  // namespace fjord::broker
