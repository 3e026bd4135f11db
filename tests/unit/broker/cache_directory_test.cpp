#include "broker/cache_directory.hpp"

#include <gtest/gtest.h>

namespace fjord::broker {
namespace {

catalog::cache_record named(std::string id) {
    catalog::cache_record c;
    c.id = site_id(std::move(id));
    return c;
}

TEST(CacheDirectory, SilencePastTheLeaseRemovesACache) {
    manual_clock time;
    cache_directory d(time, seconds(30));
    EXPECT_TRUE(d.announce(named("k"), "me@issuer"));
    time.advance(seconds(30));
    EXPECT_EQ(d.alive().size(), 1u);
    time.advance(milliseconds(1));
    EXPECT_TRUE(d.alive().empty());
    EXPECT_TRUE(d.announce(named("k"), "me@issuer")) << "it is new again after its silence";
}

TEST(CacheDirectory, AnnouncingAgainIsNoNews) {
    manual_clock time;
    cache_directory d(time, seconds(30));
    d.announce(named("k"), "me@issuer");
    time.advance(seconds(5));
    EXPECT_FALSE(d.announce(named("k"), "me@issuer"));
    EXPECT_EQ(d.alive().size(), 1u);
}

TEST(CacheDirectory, WithdrawnIsGoneAtOnce) {
    manual_clock time;
    cache_directory d(time, seconds(30));
    d.announce(named("k"), "me@issuer");
    d.withdraw(site_id("k"));
    EXPECT_TRUE(d.alive().empty());
}

TEST(CacheDirectory, ACacheBelongsToWhoAnnouncedIt) {
    manual_clock time;
    cache_directory d(time, seconds(30));
    d.announce(named("k"), "me@issuer");
    EXPECT_EQ(d.alive_of("me@issuer").size(), 1u);
    EXPECT_TRUE(d.alive_of("you@issuer").empty());
}

}  // namespace
}  // namespace fjord::broker
