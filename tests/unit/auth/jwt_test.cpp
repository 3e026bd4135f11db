#include "auth/jwt.hpp"

#include "base/digest.hpp"
#include "tests/support/matchers.hpp"

namespace fjord::auth {
namespace {

using fjord::test::HasErrc;
using fjord::test::IsOk;

std::string part(std::string_view json) { return base64url_encode(json); }
std::string const header = part(R"({"alg":"ES256","kid":"k","typ":"JWT"})");
std::string const payload = part(R"({"iss":"x"})");
std::string const signature = base64url_encode("signature");

TEST(Jwt, ReadsAWellFormedToken) {
    auto text = header + "." + payload + "." + signature;
    auto t = parse_jwt(text);
    ASSERT_THAT(t, IsOk());
    EXPECT_EQ(t->alg, "ES256");
    EXPECT_EQ(t->kid, "k");
    EXPECT_EQ(t->typ, "jwt");
    EXPECT_EQ(t->claims.at("iss"), "x");
    EXPECT_EQ(t->signing_input, header + "." + payload);
    EXPECT_EQ(t->signature, "signature");
}

TEST(Jwt, TypIsComparedWithoutCaseAndPrefix) {
    auto t = parse_jwt(part(R"({"alg":"ES256","kid":"k","typ":"application/AT+JWT"})") + "." + payload + "." + signature);
    ASSERT_THAT(t, IsOk());
    EXPECT_EQ(t->typ, "at+jwt");
}

TEST(Jwt, MalformedTextsAreRefused) {
    for (auto const& text : {
             std::string(),
             std::string("."),
             std::string(".."),
             std::string("a.b.c"),
             header + "." + payload,
             header + "." + payload + "." + signature + ".",
             header + "." + payload + "." + signature + "=",
             header + "." + payload + "==." + signature,
             header + "." + payload + ".a+b/",
             header + "." + payload + ". " + signature,
             header + "\n." + payload + "." + signature,
             header + "." + part("[]") + "." + signature,
             header + "." + part("\"iss\"") + "." + signature,
             header + "." + part("{\"a\":1}x") + "." + signature,
             header + "." + part("{\"a\":\"\xff\"}") + "." + signature,
             part("[]") + "." + payload + "." + signature,
             part(R"({"alg":"ES256","kid":"k","crit":["b64"],"b64":false})") + "." + payload + "." + signature,
             part(R"({"alg":"ES256","kid":"k","typ":7})") + "." + payload + "." + signature,
         })
        EXPECT_THAT(parse_jwt(text), HasErrc(errc::malformed)) << text;
}

TEST(Jwt, NonCanonicalBase64IsRefused) {
    EXPECT_THAT(parse_jwt(header + "." + payload + ".QQ"), IsOk());
    EXPECT_THAT(parse_jwt(header + "." + payload + ".QR"), HasErrc(errc::malformed))
        << "trailing bits would give a token two spellings";
}

TEST(Jwt, KeyNameAndAlgorithmMustBeThere) {
    auto with = [](std::string_view h) { return parse_jwt(part(h) + "." + payload + "." + signature); };
    EXPECT_THAT(with(R"({"alg":"ES256"})"), HasErrc(errc::unknown_key));
    EXPECT_THAT(with(R"({"alg":"ES256","kid":""})"), HasErrc(errc::unknown_key));
    EXPECT_THAT(with(R"({"alg":"ES256","kid":7})"), HasErrc(errc::unknown_key));
    EXPECT_THAT(with(R"({"alg":"ES256","kid":")" + std::string(129, 'k') + "\"}"), HasErrc(errc::unknown_key));
    EXPECT_THAT(with(R"({"alg":"ES256","kid":")" + std::string(128, 'k') + "\"}"), IsOk());
    EXPECT_THAT(with(R"({"kid":"k"})"), HasErrc(errc::bad_algorithm));
    EXPECT_THAT(with(R"({"alg":["ES256"],"kid":"k"})"), HasErrc(errc::bad_algorithm));
}

}  // namespace
}  // namespace fjord::auth
