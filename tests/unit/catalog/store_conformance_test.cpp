// What every engine behind catalog/store.hpp promises.
#include "support.hpp"

#include <atomic>
#include <thread>

namespace fjord::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreConformance : public ::testing::TestWithParam<char const*> {
protected:
    store& rows() { return bench_.get(); }
    std::optional<std::string> get(std::string_view key) { return must(rows().get(key)); }
    std::vector<std::string> keys_in(std::string_view first, std::string_view last) {
        return keys_in(*rows().view(), first, last);
    }
    static std::vector<std::string> keys_in(store_view const& view, std::string_view first, std::string_view last) {
        std::vector<std::string> found;
        auto keep = [&found](std::string_view key, std::string_view) {
            found.emplace_back(key);
            return true;
        };
        must(view.scan(first, last, keep));
        return found;
    }
    static write_batch put(std::string key, std::string value) { return {.puts = {{std::move(key), std::move(value)}}}; }
    static write_batch log_of(std::string type) { return {.log = {{.type = std::move(type), .subject = "s", .data = "{}"}}}; }

    store_bench bench_{GetParam()};
};

TEST_P(StoreConformance, WhatIsPutIsReadAndWhatIsDeletedIsGone) {
    must(rows().apply(put("a", std::string("1\0\xff", 3))));
    EXPECT_EQ(get("a"), std::string("1\0\xff", 3));
    EXPECT_EQ(get("b"), std::nullopt);
    must(rows().apply({.puts = {{"b", ""}}, .deletes = {"a"}}));
    EXPECT_EQ(get("a"), std::nullopt);
    EXPECT_EQ(get("b"), "") << "an empty value is a value";
}

TEST_P(StoreConformance, ManyKeysAreReadInTheOrderAsked) {
    must(rows().apply({.puts = {{"b", "2"}, {"a", "1"}, {"c", ""}}}));
    std::vector<std::string> const keys{"c", "absent", "a", "b", "a"};
    EXPECT_THAT(must(rows().get_many(keys)), ElementsAre("", std::nullopt, "1", "2", "1"));
}

TEST_P(StoreConformance, AKeyBothDeletedAndPutIsPut) {
    must(rows().apply(put("a", "1")));
    must(rows().apply({.puts = {{"a", "2"}}, .deletes = {"a"}}));
    EXPECT_EQ(get("a"), "2");
}

TEST_P(StoreConformance, ScansAreHalfOpenInByteOrderAndStopWhenAsked) {
    must(rows().apply({.puts = {{"b", ""}, {"a", ""}, {"\xff", ""}, {"c", ""}, {"ab", ""}, {std::string("a\0", 2), ""}}}));
    EXPECT_THAT(keys_in("a", "c"), ElementsAre("a", std::string("a\0", 2), "ab", "b"));
    EXPECT_THAT(keys_in("c", ""), ElementsAre("c", "\xff"));
    EXPECT_THAT(keys_in("x", "y"), IsEmpty());
    int seen = 0;
    must(rows().view()->scan("a", "", [&](auto, auto) { return ++seen < 2; }));
    EXPECT_EQ(seen, 2);
}

TEST_P(StoreConformance, ALongScanSeesEveryRowOnce) {
    write_batch b;
    for (int n = 1000; n < 2000; ++n) b.puts.push_back({std::to_string(n), {}});
    must(rows().apply(std::move(b)));
    auto found = keys_in("1", "2");
    ASSERT_EQ(found.size(), 1000u);
    EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
}

TEST_P(StoreConformance, AViewStaysAsItWas) {
    must(rows().apply({.puts = {{"a", "1"}, {"b", "1"}}, .log = {{.type = "t"}}}));
    auto before = rows().view();
    must(rows().apply({.puts = {{"a", "2"}, {"c", "2"}}, .deletes = {"b"}, .log = {{.type = "t"}, {.type = "t"}}}));
    auto after = rows().view();
    must(rows().apply(put("a", "3")));
    EXPECT_EQ(must(before->get("a")), "1");
    EXPECT_EQ(must(before->get("b")), "1");
    EXPECT_EQ(must(before->get("c")), std::nullopt);
    EXPECT_THAT(keys_in(*before, "a", ""), ElementsAre("a", "b"));
    EXPECT_EQ(before->at(), 1u);
    EXPECT_EQ(must(after->get("a")), "2");
    EXPECT_THAT(keys_in(*after, "a", ""), ElementsAre("a", "c"));
    EXPECT_EQ(after->at(), 3u);
    EXPECT_EQ(get("a"), "3");
}

TEST_P(StoreConformance, ABatchWithABrokenPreconditionWritesNothing) {
    must(rows().apply(put("a", "1")));
    write_batch::precondition absent{"a", std::nullopt}, other{"a", "2"}, missing{"b", ""}, right{"a", "1"};
    for (auto const& broken : {absent, other, missing}) {
        write_batch b{.preconditions = {right, broken}, .puts = {{"x", ""}}, .deletes = {"a"}, .log = {{.type = "t"}}};
        EXPECT_TRUE(failed_with(rows().apply(b), errc::conflict));
    }
    EXPECT_EQ(get("x"), std::nullopt);
    EXPECT_EQ(get("a"), "1");
    EXPECT_EQ(rows().last_sequence(), 0u);
    EXPECT_THAT(must(rows().read_log(0, 10)), IsEmpty());
    must(rows().apply({.preconditions = {right, {"b", std::nullopt}}, .puts = {{"a", "2"}}}));
    EXPECT_EQ(get("a"), "2");
}

TEST_P(StoreConformance, AnEmptyRangeIsJudgedByWhatTheBatchLeaves) {
    must(rows().apply({.puts = {{"i1", ""}, {"i2", ""}, {"k", ""}}}));
    write_batch guarded{.deletes = {"i1"}, .empty_ranges = {{"i", "j"}}};
    EXPECT_TRUE(failed_with(rows().apply(guarded), errc::conflict)) << "i2 is left";
    EXPECT_EQ(get("i1"), "");
    guarded.deletes.push_back("i2");
    auto refilled = guarded;
    refilled.puts.push_back({"i3", ""});
    EXPECT_TRUE(failed_with(rows().apply(refilled), errc::conflict)) << "i3 is new";
    must(rows().apply(guarded));
    EXPECT_THAT(keys_in("a", ""), ElementsAre("k"));
}

TEST_P(StoreConformance, ADeletedRangeTakesAllThatIsInIt) {
    must(rows().apply({.puts = {{"a1", ""}, {"a2", ""}, {"b", ""}}}));
    auto view = rows().view();
    must(rows().apply({.puts = {{"a2", "new"}}, .delete_ranges = {{"a", "b"}}}));
    EXPECT_THAT(keys_in("a", ""), ElementsAre("a2", "b"));
    EXPECT_EQ(get("a2"), "new");
    EXPECT_THAT(keys_in(*view, "a", ""), ElementsAre("a1", "a2", "b"));
}

TEST_P(StoreConformance, LogEntriesAreNumberedFromOneWithoutGaps) {
    EXPECT_EQ(rows().last_sequence(), 0u);
    EXPECT_EQ(must(rows().apply(put("a", "1"))), 0u) << "no entry, no number";
    bench_.time().advance(seconds{5});
    auto stamp = bench_.time().now();
    EXPECT_EQ(must(rows().apply({.log = {{.type = "t1", .subject = "C/I", .data = R"({"a":1})"}, {.type = "t2"}}})), 2u);
    log_entry dated{.time = wall_time{seconds{7}}, .type = "t3"};
    EXPECT_EQ(must(rows().apply({.log = {dated}})), 3u);
    EXPECT_EQ(rows().last_sequence(), 3u);
    auto log = must(rows().read_log(0, 100));
    ASSERT_THAT(types_of(log), ElementsAre("t1", "t2", "t3"));
    EXPECT_EQ(log[0].seq, 1u);
    EXPECT_EQ(log[0].subject, "C/I");
    EXPECT_EQ(log[0].data, R"({"a":1})");
    EXPECT_EQ(log[0].time, stamp) << "the store stamps what has no time";
    EXPECT_EQ(log[2].time, dated.time);
}

TEST_P(StoreConformance, TheLogIsReadInPages) {
    for (int n = 0; n < 5; ++n) must(rows().apply(log_of(std::to_string(n))));
    EXPECT_THAT(types_of(must(rows().read_log(0, 2))), ElementsAre("0", "1"));
    EXPECT_THAT(types_of(must(rows().read_log(2, 2))), ElementsAre("2", "3"));
    EXPECT_THAT(types_of(must(rows().read_log(4, 2))), ElementsAre("4"));
    EXPECT_THAT(must(rows().read_log(5, 2)), IsEmpty());
    EXPECT_THAT(must(rows().read_log(0, 0)), IsEmpty());
}

TEST_P(StoreConformance, ACursorFromAnotherLogIsToldToStartOver) {
    must(rows().apply(log_of("t")));
    EXPECT_TRUE(failed_with(rows().read_log(2, 10), errc::not_found));
}

TEST_P(StoreConformance, APrunedLogRefusesCursorsBeforeItsBeginning) {
    for (int n = 1; n <= 5; ++n) must(rows().apply(log_of(std::to_string(n))));
    must(rows().prune_log(3));
    EXPECT_TRUE(failed_with(rows().read_log(0, 10), errc::not_found));
    EXPECT_TRUE(failed_with(rows().read_log(1, 10), errc::not_found));
    EXPECT_THAT(types_of(must(rows().read_log(2, 10))), ElementsAre("3", "4", "5"));
    must(rows().prune_log(1000));
    EXPECT_THAT(types_of(must(rows().read_log(4, 10))), ElementsAre("5")) << "the newest entry stays";
    bench_.time().advance(seconds{1});
    if (bench_.survives_restart()) bench_.reopen();
    EXPECT_EQ(must(rows().apply(log_of("6"))), 6u);
}

TEST_P(StoreConformance, AStoreOpenedAgainGoesOnWhereItEnded) {
    if (!bench_.survives_restart()) return;
    must(rows().apply({.puts = {{"a", "1"}}, .log = {{.type = "t1"}, {.type = "t2"}}}));
    bench_.reopen();
    EXPECT_EQ(get("a"), "1");
    EXPECT_EQ(rows().last_sequence(), 2u);
    EXPECT_EQ(must(rows().apply(log_of("t3"))), 3u);
    EXPECT_THAT(types_of(must(rows().read_log(0, 10))), ElementsAre("t1", "t2", "t3"));
}

TEST_P(StoreConformance, OfManyWritersWithTheSamePreconditionOneWins) {
    constexpr int threads = 8, rounds = 20;
    std::atomic<int> wins = 0, conflicts = 0;
    auto race = [&](int who) {
        for (int round = 0; round < rounds; ++round) {
            auto key = "k" + std::to_string(round);
            auto r = rows().apply(
                {.preconditions = {{key, std::nullopt}}, .puts = {{key, std::to_string(who)}}, .log = {{.type = key}}});
            if (r)
                ++wins;
            else if (r.error().code == make_error_code(errc::conflict))
                ++conflicts;
        }
    };
    std::vector<std::thread> pool;
    for (int n = 0; n < threads; ++n) pool.emplace_back(race, n);
    for (auto& t : pool) t.join();
    EXPECT_EQ(wins, rounds);
    EXPECT_EQ(conflicts, rounds * (threads - 1));
    EXPECT_EQ(rows().last_sequence(), static_cast<sequence>(rounds));
}

TEST_P(StoreConformance, ConcurrentCountersLoseNothingAndViewsAgreeWithTheLog) {
    constexpr int threads = 4, increments = 50;
    must(rows().apply(put("n", "0")));
    auto count = [&] {
        for (int done = 0; done < increments;) {
            auto view = rows().view();
            auto now = must(view->get("n"));
            // Each increment writes one entry, so the two must agree in every view.
            if (std::stoull(*now) != view->at()) throw std::runtime_error("state and log disagree");
            auto next = std::to_string(std::stoull(*now) + 1);
            if (rows().apply({.preconditions = {{"n", now}}, .puts = {{"n", next}}, .log = {{.type = "n"}}})) ++done;
        }
    };
    std::vector<std::thread> pool;
    for (int n = 0; n < threads; ++n) pool.emplace_back(count);
    for (auto& t : pool) t.join();
    EXPECT_EQ(get("n"), std::to_string(threads * increments));
    EXPECT_EQ(rows().last_sequence(), static_cast<sequence>(threads * increments));
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreConformance, ::testing::Values("memory", "rocksdb"),
                         [](auto const& info) { return std::string(info.param); });

}  // namespace
}  // namespace fjord::catalog
