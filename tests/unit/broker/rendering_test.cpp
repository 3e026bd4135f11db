#include "broker/rendering.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace fjord::broker {
namespace {

TEST(Rendering, SiteAttributesGoOutAsWhatTheyLookLike) {
    catalog::site_record s;
    s.id = site_id("a");
    s.attributes = {{"tier", "1"}, {"ssd", "true"}, {"country", "DE"}, {"zip", "007"}};
    auto const o = render(s);
    EXPECT_EQ(json::serialize(o.at("attributes")), R"({"country":"DE","ssd":true,"tier":1,"zip":"007"})");
}

TEST(Rendering, DigestsSurviveTheRoundTrip) {
    digest_set d;
    d.set(sha256_of("x"));
    d.set(*digest::from_hex(digest_algorithm::adler32, "11e60398"));
    auto const back = read_digests(render(d));
    ASSERT_TRUE(back);
    EXPECT_EQ(compare(*back, d), digest_match::equal);
    EXPECT_EQ(back->adler32->hex(), "11e60398");
}

TEST(Rendering, UnknownOrMalformedDigestsAreRefusedByName) {
    EXPECT_NE(read_digests({{"sha-1", "00"}}).error().detail.find("sha-1"), std::string::npos);
    EXPECT_FALSE(read_digests({{"sha-256", "zz"}}));
    EXPECT_FALSE(read_digests({{"md5", 7}}));
}

}  // namespace
}  // namespace fjord::broker
