#include "site/copy_request.hpp"

#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fjord::site {
namespace {

using test::FailsWith;
using test::HasErrc;
using test::IsOk;
using ::testing::HasSubstr;

using fields = std::vector<std::pair<std::string, std::string>>;

net::header_list headers(fields const& list) {
    net::header_list out;
    for (auto const& [name, value] : list) out.add(name, value);
    return out;
}

TEST(CopyRequest, APullIsReadWithAllItsParts) {
    auto const parsed = parse_copy_request(headers({{"Source", "https://src.example:1094/eo/scene.nc"},
                                                    {"credential", "none"},
                                                    {"Overwrite", "F"},
                                                    {"RequireChecksumVerification", "true"},
                                                    {"X-Number-Of-Streams", "4"},
                                                    {"transferheaderauthorization", "bearer abc.def.ghi"},
                                                    {"TransferHeaderSciTag", "1"},
                                                    {"TransferHeaderX-Request-Id", "r1"},
                                                    {"SciTag", "313"}}),
                                           {});
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(parsed->direction, copy_direction::pull);
    EXPECT_FALSE(parsed->overwrite);
    EXPECT_EQ(parsed->checksum, checksum_rule::required);
    EXPECT_EQ(parsed->remote_token.reveal(), "abc.def.ghi");
    EXPECT_EQ(parsed->forwarded.get("SciTag"), "313") << "SciTag wins over TransferHeaderSciTag";
    EXPECT_EQ(parsed->forwarded.get("X-Request-Id"), "r1");
    EXPECT_EQ(parsed->forwarded.count("Authorization"), 0u);
}

TEST(CopyRequest, DefaultsFollowTheStandards) {
    auto const parsed = parse_copy_request(headers({{"Destination", "https://dst.example/x"}}), {});
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(parsed->direction, copy_direction::push);
    EXPECT_TRUE(parsed->overwrite);
    EXPECT_EQ(parsed->checksum, checksum_rule::if_offered);
}

TEST(CopyRequest, WhatBreaksTheRulesIs400) {
    std::string const src = "https://src.example/x";
    fields const cases[] = {
        {},
        {{"Source", src}, {"Destination", src}},
        {{"Source", src}, {"Source", src}},
        {{"Source", "file:///etc/hostname"}},
        {{"Source", "http://src.example/x"}},
        {{"Source", "https://user@src.example/x"}},
        {{"Source", src}, {"Credential", "gridsite"}},
        {{"Source", src}, {"Credential", "oidc"}},
        {{"Source", src}, {"Overwrite", "maybe"}},
        {{"Source", src}, {"RequireChecksumVerification", "perhaps"}},
        {{"Source", src}, {"TransferHeaderHost", "evil"}},
        {{"Source", src}, {"TransferHeaderContent-Length", "3"}},
        {{"Source", src}, {"TransferHeaderCookie", "a=b"}},
        {{"Source", src}, {"TransferHeader", "x"}},
        {{"Source", src}, {"TransferHeaderTransferHeaderAuthorization", "Bearer x"}},
        {{"Source", src}, {"TransferHeaderAuthorization", "Basic eDp5"}},
        {{"Source", src}, {"TransferHeaderAuthorization", "Bearer"}},
        {{"Source", src}, {"TransferHeaderAuthorization", "Bearer a b"}},
        {{"Source", src}, {"TransferHeaderAuthorization", "Bearer a"}, {"TransferHeaderAuthorization", "Bearer b"}},
    };
    for (auto const& c : cases) {
        std::string text;
        for (auto const& [name, value] : c) text += name + ": " + value + "\n";
        EXPECT_THAT(parse_copy_request(headers(c), {}), HasErrc(errc::invalid_argument)) << text;
    }
}

TEST(CopyRequest, ARefusedTokenIsNotRepeatedInTheReason) {
    auto const parsed =
        parse_copy_request(headers({{"Source", "https://x/y"}, {"TransferHeaderAuthorization", "Bearer eyJ secret"}}), {});
    ASSERT_FALSE(parsed);
    EXPECT_THAT(parsed.error().detail, ::testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace fjord::site
