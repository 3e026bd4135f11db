#include "storage/root_url.hpp"
#include "tests/support/matchers.hpp"

namespace fjord::storage {
namespace {

using fjord::test::HasErrc;
using fjord::test::IsOk;

TEST(RootUrl, BothWaysOfWritingThePathAreUnderstood) {
    for (auto const* text : {"roots://Site-A.example//data/fed", "roots://site-a.example:1094/data/fed/"}) {
        auto const url = parse_root_url(text);
        ASSERT_THAT(url, IsOk()) << text;
        EXPECT_TRUE(url->tls);
        EXPECT_EQ(url->endpoint(), "roots://site-a.example:1094");
        EXPECT_EQ(url->path, "/data/fed");
    }
    EXPECT_EQ(parse_root_url("root://h:443")->authority(), "h:443");
    EXPECT_EQ(parse_root_url("root://h:443")->path, "");
    EXPECT_EQ(parse_root_url("xroots://[2001:db8::1]:1095//x")->endpoint(), "roots://[2001:db8::1]:1095");
}

TEST(RootUrl, WhatCouldMeanSomethingElseIsRefused) {
    for (auto const* text :
         {"https://h/x", "root:/h/x", "root://", "root://user@h//x", "root://h:0//x", "root://h:99999//x", "root://h//x?authz=1",
          "root://h//x#y", "root://h//a/../b", "root://h//a%0Ab", "root://h//a%3Fb", "roots"})
        EXPECT_FALSE(parse_root_url(text)) << text;
}

TEST(RootUrl, CallPathsAreDecodedBelowTheSite) {
    auto const site = *parse_root_url("roots://h//data");
    EXPECT_EQ(*root_path(site, "fed/a%20b"), "/data/fed/a b");
    EXPECT_EQ(*root_path(site, "/x/"), "/data/x");
    EXPECT_EQ(*root_path(site, ""), "/data");
    EXPECT_EQ(*root_path(*parse_root_url("root://h"), ""), "/");
    EXPECT_THAT(root_path(site, "a/%2e%2e/b"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(root_path(site, "a%00"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(root_path(site, "a%0a"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(root_path(site, "what%3Fnow"), HasErrc(errc::unsupported));
}

}  // namespace
}  // namespace fjord::storage
