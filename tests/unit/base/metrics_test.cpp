#include "base/metrics.hpp"

#include <gmock/gmock.h>

#include <stdexcept>
#include <string>

using namespace fjord;
using ::testing::HasSubstr;

namespace {

TEST(Metrics, WritesHelpTypeAndEachSeries) {
    metrics_registry registry;
    registry.counter("fjord_hits_total", "Answered from the cache", {{"tier", "ram"}}).add(3);
    registry.counter("fjord_hits_total", "Answered from the cache", {{"tier", "disk"}}).add();
    registry.gauge("fjord_sessions", "Open sessions").set(-2);
    registry.callback("fjord_free_bytes", "Free", {}, [] { return 1.5; });
    EXPECT_EQ(registry.text(),
              "# HELP fjord_free_bytes Free\n# TYPE fjord_free_bytes gauge\nfjord_free_bytes 1.5\n"
              "# HELP fjord_hits_total Answered from the cache\n# TYPE fjord_hits_total counter\n"
              "fjord_hits_total{tier=\"ram\"} 3\nfjord_hits_total{tier=\"disk\"} 1\n"
              "# HELP fjord_sessions Open sessions\n# TYPE fjord_sessions gauge\nfjord_sessions -2\n");
}

TEST(Metrics, SameNameAndLabelsAreOneSeries) {
    metrics_registry registry;
    auto& a = registry.counter("n", "h", {{"x", "1"}});
    auto& b = registry.counter("n", "h", {{"x", "1"}});
    EXPECT_EQ(&a, &b);
    EXPECT_NE(&a, &registry.counter("n", "h", {{"x", "2"}}));
}

TEST(Metrics, EscapesLabelsAndHelp) {
    metrics_registry registry;
    registry.counter("n", "a\\b\nc\"d", {{"path", "a\\b\"c\nd"}});
    auto const text = registry.text();
    EXPECT_THAT(text, HasSubstr("# HELP n a\\\\b\\nc\"d\n"));
    EXPECT_THAT(text, HasSubstr("n{path=\"a\\\\b\\\"c\\nd\"} 0\n"));
}

TEST(Metrics, HistogramBucketsAreCumulative) {
    metrics_registry registry;
    auto& latency = registry.histogram("fjord_seconds", "Time", {{"op", "get"}});
    latency.observe(0.0001);
    latency.observe(0.03);
    latency.observe(1000);
    auto const text = registry.text();
    EXPECT_THAT(text, HasSubstr("# TYPE fjord_seconds histogram\n"));
    EXPECT_THAT(text, HasSubstr("fjord_seconds_bucket{op=\"get\",le=\"1e-04\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("fjord_seconds_bucket{op=\"get\",le=\"0.02\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("fjord_seconds_bucket{op=\"get\",le=\"0.05\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("fjord_seconds_bucket{op=\"get\",le=\"100\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("fjord_seconds_bucket{op=\"get\",le=\"+Inf\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("fjord_seconds_count{op=\"get\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("fjord_seconds_sum{op=\"get\"} 1000.0301\n"));
}

TEST(Metrics, OneNameHasOneType) {
    metrics_registry registry;
    registry.counter("n", "h");
    EXPECT_THROW(registry.gauge("n", "h"), std::logic_error);
}

}  // namespace
