// The scan that every integration suite ends with can fail.
#include "tests/support/token_scan.hpp"

#include "base/log.hpp"

#include <gtest/gtest.h>

namespace fjord::test {
namespace {

std::string const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlc2lnbmF0dXJl";

TEST(TokenScan, FindsTokensHoweverTheyGotThere) {
    for (std::string const& line :
         std::vector<std::string>{"x " + jwt, "GET /f?authz=" + jwt.substr(21), "ticket=AbCdEfGhIjKlMnOp",
                                  "Authorization: Bearer AbCdEfGhIjKlMnOpQrStUvWxYz012345",
                                  std::string("{\"url\":\"https://h/p?access_token=AbCdEfGhIjKlMnOp&x=1\"}"),
                                  "refresh_token=0123456789abcdef", "DPoP " + jwt})
        EXPECT_TRUE(find_token(line)) << line;
    EXPECT_TRUE(find_token("a part of it: " + jwt.substr(jwt.size() - 20), {tail_of_token(jwt)}));
}

TEST(TokenScan, IsQuietAboutWhatIsNoToken) {
    for (std::string const& line : std::vector<std::string>{
             std::string("credentials are needed; send Authorization: Bearer TOKEN"), std::string("GET /f?authz=[removed]"),
             std::string("ticket=[removed]&x=1"), std::string("fjord_token_exchanges_total{outcome=\"issued\"} 1"),
             std::string("the eyJ prefix"), std::string("kid eyes Bearer realm=\"fjord\"")})
        EXPECT_FALSE(find_token(line, {tail_of_token(jwt)})) << line << ": " << find_token(line).value_or("");
}

TEST(TokenScan, FindsNothingInWhatScrubLeaves) {
    for (std::string const& line :
         std::vector<std::string>{"x " + jwt, "GET /f?authz=Bearer%20" + jwt, "ticket=" + jwt, "Authorization: Bearer " + jwt})
        EXPECT_FALSE(find_token(scrub(line), {tail_of_token(jwt)})) << scrub(line);
}

}  // namespace
}  // namespace fjord::test
