// The small pure parts that speak HTTP: Cache-Status, Cache-Control, multipart framing, event streams, remembered decisions.
#include "cache/cache_status.hpp"
#include "cache/decision_cache.hpp"
#include "cache/freshness.hpp"
#include "cache/multipart.hpp"
#include "cache/paths.hpp"
#include "cache/sse.hpp"
#include "tests/support/matchers.hpp"

#include <gtest/gtest.h>

namespace fjord::cache::test {
namespace {

using namespace fjord::test;

TEST(CacheStatus, SaysWhatHappened) {
    EXPECT_EQ(cache_status("fjord", {}), "fjord; hit");
    EXPECT_EQ(cache_status("fjord", {.forward = forward_reason::miss, .stored = true}), "fjord; fwd=miss; stored");
    EXPECT_EQ(cache_status("fjord", {.forward = forward_reason::partial, .collapsed = true}), "fjord; fwd=partial; collapsed");
    EXPECT_EQ(cache_status("fjord", {.ttl = 5, .detail = "a \"b\" \\\r\n\xc3\xa4"}),
              "fjord; hit; ttl=5; detail=\"a \\\"b\\\" \\\\\"");
}

TEST(Freshness, LifetimesComeFromTheOriginOnly) {
    auto with = [](std::string_view control, std::string_view age = "") {
        return judge({.cache_control = control, .etag = "\"x\"", .age = age, .has_length = true});
    };
    EXPECT_EQ(with("max-age=60").fresh_for, seconds(60));
    EXPECT_EQ(with("max-age=60, s-maxage=10").fresh_for, seconds(10)) << "s-maxage wins in a shared cache";
    EXPECT_EQ(with("max-age=\"60\"").fresh_for, seconds(60));
    EXPECT_EQ(with("max-age=60", "20").fresh_for, seconds(40));
    EXPECT_EQ(with("max-age=60", "90").fresh_for, seconds(0));
    EXPECT_EQ(with("max-age=60, no-cache").fresh_for, seconds(0));
    EXPECT_EQ(with("max-age=-1").fresh_for, seconds(0));
    EXPECT_EQ(with("max-age=99999999999999999999").fresh_for, seconds(std::int64_t{1} << 31));
    EXPECT_EQ(with("").fresh_for, seconds(0)) << "no heuristics";
    EXPECT_EQ(with("max-age=60, max-age=5").fresh_for, seconds(5));
    EXPECT_EQ(with("x=\"a, max-age=9\", MAX-AGE=7").fresh_for, seconds(7));
}

TEST(Freshness, WhatMustNotBeStoredIsNot) {
    EXPECT_FALSE(judge({.cache_control = "No-Store", .etag = "\"x\"", .has_length = true}).storable);
    EXPECT_FALSE(judge({.cache_control = "private", .etag = "\"x\"", .has_length = true}).storable);
    EXPECT_FALSE(judge({.vary = "Accept", .etag = "\"x\"", .has_length = true}).storable);
    EXPECT_FALSE(judge({.etag = "W/\"x\"", .has_length = true}).storable) << "a weak validator cannot hold ranges together";
    EXPECT_FALSE(judge({.etag = "\"x\""}).storable);
    EXPECT_TRUE(judge({.last_modified = "Sat, 21 Nov 2026 02:05:00 GMT", .has_length = true}).storable);
}

TEST(Multipart, TheLengthIsExact) {
    auto frame = frame_ranges({{0, 10}, {20, 25}}, 100, "text/plain", "BOUND");
    std::string body = frame.heads[0] + std::string(10, 'a') + frame.heads[1] + std::string(5, 'b') + frame.tail;
    EXPECT_EQ(frame.length, body.size());
    EXPECT_EQ(body,
              "--BOUND\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-9/100\r\n\r\naaaaaaaaaa"
              "\r\n--BOUND\r\nContent-Type: text/plain\r\nContent-Range: bytes 20-24/100\r\n\r\nbbbbb\r\n--BOUND--\r\n");
}

TEST(Paths, CompareByWholeComponents) {
    EXPECT_TRUE(covers("c/i", "c/i"));
    EXPECT_TRUE(covers("c/i", "c/i/a"));
    EXPECT_TRUE(covers("c/i/a", "c/i/a?version=sha-256:00"));
    EXPECT_FALSE(covers("c/i", "c/ix"));
    EXPECT_FALSE(covers("c/i/a", "c/i"));
    EXPECT_TRUE(covers("", "anything"));
}

TEST(Sse, EventsArriveInWhateverPiecesTheyCome) {
    std::string const stream =
        "\xef\xbb\xbf: hello\r\nid: 7\r\nevent: a.b\r\ndata: one\r\ndata:two\r\n\r\nretry: 250\n\ndata\n\nid\ndata: x\n\n";
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        sse_parser parser;
        std::vector<sse_event> all;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            auto events = parser.feed(std::string_view(stream).substr(at, piece));
            ASSERT_THAT(events, IsOk());
            all.insert(all.end(), events->begin(), events->end());
        }
        ASSERT_EQ(all.size(), 3u) << piece;
        EXPECT_EQ(all[0].type, "a.b");
        EXPECT_EQ(all[0].data, "one\ntwo");
        EXPECT_EQ(all[0].id, "7");
        EXPECT_EQ(all[1].type, "message");
        EXPECT_EQ(all[1].data, "");
        EXPECT_EQ(all[2].id, "");
        EXPECT_EQ(parser.retry_ms(), 250u);
    }
}

TEST(Sse, EndlessLinesAndEventsAreGivenUp) {
    sse_parser one_line;
    EXPECT_THAT(one_line.feed(std::string(sse_parser::max_event + 1, 'x')), HasErrc(errc::limit_exceeded));
    sse_parser one_event;
    std::string lines;
    for (int i = 0; i < 1100; ++i) lines += "data: " + std::string(1000, 'x') + "\n";
    EXPECT_THAT(one_event.feed(lines), HasErrc(errc::limit_exceeded));
}

principal anna() {
    principal p;
    p.subject = "anna";
    p.token_hash = "aaaa";
    return p;
}

TEST(DecisionCache, APermissionEndsAtTheEarliestOfItsLimits) {
    decision_cache cache;
    wall_time now{seconds(1000)};
    auto who = anna();
    cache.allow(who, "c/i/a", now + seconds(9999), now);
    EXPECT_TRUE(cache.find(who, "c/i/a", now + seconds(299)));
    EXPECT_FALSE(cache.find(who, "c/i/a", now + seconds(300))) << "five minutes at most";
    who.expires = now + seconds(20);
    cache.allow(who, "c/i/a", now + seconds(9999), now);
    EXPECT_FALSE(cache.find(who, "c/i/a", now + seconds(20))) << "never past exp";
    cache.allow(who, "c/i/a", now + seconds(5), now);
    EXPECT_FALSE(cache.find(who, "c/i/a", now + seconds(5))) << "nor past what the source said";
}

TEST(DecisionCache, RefusalsAreShortAndKeepTheirReason) {
    decision_cache cache;
    wall_time now{seconds(1000)};
    cache.refuse(anna(), "c/i/a", fail(errc::denied, "embargo"), now);
    auto found = cache.find(anna(), "c/i/a", now + seconds(29));
    ASSERT_TRUE(found);
    EXPECT_THAT(*found, FailsWith(errc::denied, testing::Eq("embargo")));
    EXPECT_FALSE(cache.find(anna(), "c/i/a", now + seconds(30)));
}

TEST(DecisionCache, IsBoundedAndForgetsByPath) {
    decision_cache cache(3);
    wall_time now{seconds(1000)};
    for (auto path : {"c/i/1", "c/i/2", "c/i/3", "c/i/4"}) cache.allow(anna(), path, now + seconds(60), now);
    EXPECT_EQ(cache.size(), 3u);
    EXPECT_FALSE(cache.find(anna(), "c/i/1", now));
    cache.forget("c/i/4");
    EXPECT_FALSE(cache.find(anna(), "c/i/4", now));
    EXPECT_TRUE(cache.find(anna(), "c/i/3", now));
    cache.forget_all();
    EXPECT_EQ(cache.size(), 0u);
}

}  // namespace
}  // namespace fjord::cache::test
