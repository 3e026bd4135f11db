#include "auth/revocation.hpp"

#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>

namespace fjord::auth {
namespace {

using test::HasErrc;
using test::IsOk;

wall_time const t0{seconds{1'795'222'942}};

TEST(Revocations, CoverTokensAndIssuers) {
    revocation_set r;
    EXPECT_FALSE(r.covers("i", "j", t0));
    r.replace({{{}, "i", t0}, {{}, "i", t0 - seconds{100}}});
    EXPECT_FALSE(r.covers("i", "j", t0));
    EXPECT_TRUE(r.covers("i", "j", t0 - milliseconds{1})) << "of two moments the later one counts";
    EXPECT_FALSE(r.covers("k", "j", t0 - seconds{1}));
    r.replace({{token_fingerprint("i", "j"), {}, {}}});
    EXPECT_TRUE(r.covers("i", "j", t0));
    EXPECT_FALSE(r.covers("i", "jj", t0));
    r.replace({});
    EXPECT_FALSE(r.covers("i", "j", t0));
}

TEST(Revocations, FingerprintsKeepIssuerAndIdApart) {
    EXPECT_NE(token_fingerprint("https://a", "b"), token_fingerprint("https://ab", ""));
    EXPECT_NE(token_fingerprint("https://a", "b"), token_fingerprint("https://b", "a"));
    EXPECT_EQ(token_fingerprint("https://a", "b").size(), 64u);
}

TEST(Revocations, AListIsReadAsWrittenAndEqualListsAreEqualTexts) {
    std::vector<revocation> const list{
        {token_fingerprint("i", "2"), {}, {}}, {{}, "https://i.example", t0}, {token_fingerprint("i", "1"), {}, {}}};
    auto const text = write_revocations(list);
    auto const back = read_revocations(text);
    ASSERT_THAT(back, IsOk());
    EXPECT_THAT(*back, ::testing::UnorderedElementsAreArray(list));
    EXPECT_EQ(write_revocations(*back), text);
    EXPECT_EQ(write_revocations({}), R"({"issuers":[],"tokens":[]})");
}

TEST(Revocations, WhatIsNoListIsRefused) {
    for (auto text : {"", "[]", "{}", R"({"issuers":[]})", R"({"tokens":[],"issuers":{}})", R"({"issuers":[],"tokens":["abc"]})",
                      R"({"issuers":[],"tokens":[7]})", R"({"issuers":[{"issuer":"i"}],"tokens":[]})",
                      R"({"issuers":[{"issuer":"i","issued_before":"soon"}],"tokens":[]})",
                      R"({"issuers":[{"issuer":"","issued_before":"2026-01-01T00:00:00Z"}],"tokens":[]})"})
        EXPECT_THAT(read_revocations(text), HasErrc(errc::invalid_argument)) << text;
}

}  // namespace
}  // namespace fjord::auth
