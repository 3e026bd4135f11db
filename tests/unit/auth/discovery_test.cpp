#include "auth/discovery.hpp"

#include "tests/support/matchers.hpp"

namespace fjord::auth {
namespace {

using fjord::test::FailsWith;
using fjord::test::IsOk;
using fjord::test::IsOkAnd;
using ::testing::Eq;
using ::testing::HasSubstr;

TEST(Discovery, TheAddressIsIssuerPlusWellKnown) {
    EXPECT_THAT(discovery_url("https://i.example"), IsOkAnd(Eq("https://i.example/.well-known/openid-configuration")));
    EXPECT_THAT(discovery_url("https://i.example/vo/"), IsOkAnd(Eq("https://i.example/vo/.well-known/openid-configuration")));
    for (auto bad : {"http://i.example", "", "file:///etc/passwd", "HTTPS://i.example"})
        EXPECT_THAT(discovery_url(bad), FailsWith(fjord::errc::invalid_argument, HasSubstr("https only"))) << bad;
}

std::string metadata(std::string_view issuer, std::string_view uri) {
    return R"({"issuer":")" + std::string(issuer) + R"(","jwks_uri":")" + std::string(uri) + R"("})";
}

TEST(Discovery, A11_TheIssuerMustMatchByteForByte) {
    constexpr std::string_view us = "https://i.example";
    EXPECT_THAT(jwks_location(us, metadata("https://i.example", "https://i.example/jwk")), IsOkAnd(Eq("https://i.example/jwk")));
    for (auto other : {"https://i.example/", "https://I.example", "https://j.example", ""})
        EXPECT_THAT(jwks_location(us, metadata(other, "https://i.example/jwk")),
                    FailsWith(fjord::errc::invalid_argument, HasSubstr("another issuer")));
    EXPECT_THAT(jwks_location(us, R"({"jwks_uri":"https://i.example/jwk"})"),
                FailsWith(fjord::errc::invalid_argument, HasSubstr("another issuer")));
}

TEST(Discovery, A12_KeysAreNotFetchedFromInnerAddressesOrCleartext) {
    constexpr std::string_view us = "https://i.example";
    for (auto uri : {"http://i.example/jwk", "ftp://i.example/jwk", "/jwk", "", "https://169.254.169.254/latest",
                     "https://127.0.0.1/jwk", "https://localhost/jwk", "https://[::1]/jwk", "https://10.0.0.1/jwk",
                     "https://192.168.1.1/jwk", "https://172.16.0.1/jwk", "https://[fe80::1]/jwk", "https://[fd00::1]/jwk",
                     "https://[::ffff:127.0.0.1]/jwk", "https://0.0.0.0/jwk", "https://user@i.example/jwk"})
        EXPECT_FALSE(jwks_location(us, metadata(us, uri)).has_value()) << uri;
    EXPECT_THAT(jwks_location(us, metadata(us, "https://keys.example:8443/jwk")), IsOk());
    EXPECT_THAT(jwks_location("https://localhost:9/", metadata("https://localhost:9/", "https://localhost:9/jwk")), IsOk())
        << "an issuer configured on an inner host may keep its keys there";
}

TEST(Discovery, MetadataMustBeAnObjectWithinLimits) {
    for (auto text : {"", "[]", "<html>", "{\"issuer\":"})
        EXPECT_FALSE(jwks_location("https://i.example", text).has_value()) << text;
    EXPECT_FALSE(
        jwks_location("https://i.example", metadata("https://i.example", "https://i.example/" + std::string(300'000, 'a')))
            .has_value());
}

TEST(Discovery, CacheControlIsRead) {
    EXPECT_EQ(max_age_of("public, max-age=7200"), seconds{7200});
    EXPECT_EQ(max_age_of(""), seconds{3600});
    EXPECT_EQ(max_age_of("no-store, max-age=9"), seconds{0});
    EXPECT_EQ(max_age_of("max-age=abc"), seconds{0});
    EXPECT_EQ(max_age_of("max-age=99999999999999999999"), seconds{0});
    EXPECT_EQ(max_age_of("max-age=999999999"), seconds{7 * 86400});
}

}  // namespace
}  // namespace fjord::auth
