#include "auth/jwk.hpp"
#include "auth/jwt.hpp"
#include "base/digest.hpp"
#include "base/file.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/auth/support.hpp"

#include <boost/json/array.hpp>

#include <sys/stat.h>

namespace fjord::auth::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Minter : public ::testing::Test {
protected:
    result<minter> open() { return minter::open(issuer_url, dir.path("key.pem"), time); }
    json::object claims_of(secret const& token) { return parse_jwt(token.reveal()).value().claims; }
    mint_request read_one() { return {.subject = "user-1", .audience = {our_origin}, .scope = "storage.read:/ds/abc"}; }

    temp_dir dir;
    manual_clock time;
};

TEST_F(Minter, WhatIsMintedIsVerified) {
    auto m = open();
    ASSERT_THAT(m, IsOk());
    auto own = trusted();
    own.org.clear();
    verifier v({own}, {our_origin}, make_fixed_key_source(issuer_url, m->jwks(), nullptr), time);
    auto request = read_one();
    request.upload_id = "01JUPLOAD";
    request.org = "org-z";
    request.kind = "service";
    auto who = run(v.verify(m->mint(request)));
    ASSERT_THAT(who, IsOk());
    EXPECT_EQ(who->subject, "user-1");
    EXPECT_EQ(who->upload_id, "01JUPLOAD");
    EXPECT_EQ(who->org, "org-z");
    EXPECT_EQ(who->kind, principal_kind::service);
    EXPECT_TRUE(allows(*who, "storage.read", {"ds", "abc"}));
    EXPECT_FALSE(allows(*who, "storage.read", {"ds", "abd"}));
    time.advance(seconds{600});
    EXPECT_THAT(run(v.verify(m->mint(request))), IsOk());
}

TEST_F(Minter, ATokenEndsWithItsLifetime) {
    auto m = open();
    verifier v({trusted()}, {our_origin}, make_fixed_key_source(issuer_url, m->jwks(), nullptr), time);
    auto token = m->mint(read_one());
    EXPECT_THAT(run(v.verify(token)), IsOk());
    time.advance(seconds{600});
    EXPECT_THAT(run(v.verify(token)), HasErrc(errc::expired));
}

TEST_F(Minter, ClaimsAreTheOnesEveryPeerNeeds) {
    auto m = open();
    auto now = std::chrono::duration_cast<seconds>(time.now().time_since_epoch()).count();
    auto c = claims_of(m->mint(read_one()));
    EXPECT_EQ(c.at("iss"), issuer_url);
    EXPECT_EQ(c.at("aud"), our_origin);
    EXPECT_EQ(c.at("iat"), now);
    EXPECT_EQ(c.at("nbf"), now - 60);
    EXPECT_EQ(c.at("exp"), now + 600);
    EXPECT_EQ(c.at("wlcg.ver"), "1.0");
    EXPECT_EQ(c.at("scope"), "storage.read:/ds/abc");
    EXPECT_FALSE(c.contains("wlcg.groups"));
    EXPECT_FALSE(c.contains("fjord.upload"));
    EXPECT_NE(c.at("jti"), claims_of(m->mint(read_one())).at("jti"));
}

// StoRM WebDAV verifies with Spring's defaults, which refuse at+jwt; nobody refuses JWT.
TEST_F(Minter, TheHeaderIsOneThatEveryPeerTakes) {
    auto m = open();
    auto const text = m->mint(read_one()).reveal();
    auto const header = parse_json(base64url_decode(text.substr(0, text.find('.'))).value()).value();
    EXPECT_EQ(header.at("alg"), "ES256");
    EXPECT_EQ(header.at("typ"), "JWT");
    EXPECT_EQ(header.as_object().size(), 3u) << "kid beside them, and nothing that points elsewhere";
}

TEST_F(Minter, NoTokenIsMadeForEverybody) {
    auto m = open();
    for (auto const& audience : std::vector<std::vector<std::string>>{
             {}, {""}, {"ANY"}, {"*"}, {"https://wlcg.cern.ch/jwt/v1/any"}, {our_origin, "https://wlcg.cern.ch/jwt/v1/any"}}) {
        auto request = read_one();
        request.audience = audience;
        EXPECT_TRUE(m->mint(request).empty()) << audience.size();
    }
}

TEST_F(Minter, ActorAndKeyAreWrittenAsTheirRfcsSay) {
    auto m = open();
    auto request = read_one();
    request.act = R"({"sub":"job-7","iss":"https://idp.example"})";
    request.key_thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    auto const c = claims_of(m->mint(request));
    EXPECT_EQ(c.at("act").at("sub"), "job-7");
    EXPECT_EQ(c.at("cnf").at("jkt").as_string(), request.key_thumbprint);
}

TEST_F(Minter, TwoAudiencesAreAList) {
    auto m = open();
    auto request = read_one();
    request.audience = {"https://a.example", "https://b.example"};
    EXPECT_EQ(claims_of(m->mint(request)).at("aud"), (json::array{"https://a.example", "https://b.example"}));
}

TEST_F(Minter, IdentitiesWithoutScopeCarryTheirGroups) {
    auto m = open();
    verifier v({trusted()}, {our_origin}, make_fixed_key_source(issuer_url, m->jwks(), nullptr), time);
    mint_request request{.subject = "user-1", .audience = {our_origin}, .groups = {"/twins/flood"}};
    auto who = run(v.verify(m->mint(request)));
    ASSERT_THAT(who, IsOk());
    EXPECT_THAT(who->groups, ElementsAre("/twins/flood"));
    request.groups.clear();
    who = run(v.verify(m->mint(request)));
    ASSERT_THAT(who, IsOk()) << "a stranger has an identity too";
    EXPECT_THAT(who->groups, IsEmpty());
}

TEST_F(Minter, TheKeyIsCreatedForItsOwnerOnlyAndKept) {
    auto first = open();
    ASSERT_THAT(first, IsOk());
    struct stat info {};
    ASSERT_EQ(::stat(dir.path("key.pem").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    auto second = open();
    ASSERT_THAT(second, IsOk());
    EXPECT_EQ(first->jwks(), second->jwks());
    EXPECT_EQ(second->issuer(), issuer_url);
}

TEST_F(Minter, KeysAreNamedByTheirThumbprint) {
    auto m = open();
    auto keys = parse_json(m->jwks()).value().at("keys").as_array();
    ASSERT_EQ(keys.size(), 1u);
    EXPECT_EQ(keys[0].at("kid").as_string().size(), 43u);
    EXPECT_EQ(parse_jwt(m->mint(read_one()).reveal())->kid, keys[0].at("kid").as_string());
    EXPECT_FALSE(keys[0].as_object().contains("d"));
    EXPECT_THAT(parse_jwks(m->jwks()), IsOk());
}

TEST_F(Minter, OtherKeysAreRefused) {
    dir.write("key.pem", "not a key");
    EXPECT_THAT(open(), FailsWith(fjord::errc::invalid_argument, HasSubstr("not an unencrypted PEM")));
    dir.write("key.pem", R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
)");
    EXPECT_THAT(open(), FailsWith(fjord::errc::invalid_argument, HasSubstr("P-256")));
    EXPECT_THAT(minter::open(issuer_url, dir.path("no/such/folder/key.pem"), time), HasErrc(fjord::errc::invalid_argument));
}

}  // namespace
}  // namespace fjord::auth::test
