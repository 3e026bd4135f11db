#include "base/digest.hpp"
#include "base/error.hpp"
#include "tests/support/matchers.hpp"

#include <string>

using namespace fjord;
using namespace fjord::test;

namespace {

TEST(Base64, MatchesTheVectorsOfRfc4648) {
    std::pair<char const*, char const*> const vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (auto const& [plain, coded] : vectors) {
        EXPECT_EQ(base64_encode(plain), coded);
        EXPECT_THAT(base64_decode(coded), IsOkAnd(std::string(plain)));
    }
}

TEST(Base64Url, HasItsOwnAlphabetAndNoPadding) {
    EXPECT_EQ(base64url_encode("\xfb\xff\xfe"), "-__-");
    EXPECT_EQ(base64url_encode("f"), "Zg");
    EXPECT_THAT(base64url_decode("-__-"), IsOkAnd(std::string("\xfb\xff\xfe")));
    EXPECT_THAT(base64url_decode("Zg=="), HasErrc(errc::invalid_argument));
    EXPECT_THAT(base64url_decode("+//+"), HasErrc(errc::invalid_argument));
}

TEST(Base64, RefusesEveryOtherSpelling) {
    for (auto const* text : {"Zg", "Zg=", "Zg===", "Z===", "====", "Zm9v\n", " Zm9v", "Zm9-", "Zh==", "Zm9=", "Z", "Zg==Zg=="}) {
        EXPECT_THAT(base64_decode(text), HasErrc(errc::invalid_argument)) << text;
    }
    EXPECT_THAT(base64url_decode("Z"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(base64url_decode("Zh"), HasErrc(errc::invalid_argument));
}

TEST(Base64, RoundTripsAllBytes) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    EXPECT_THAT(base64_decode(base64_encode(all)), IsOkAnd(all));
    EXPECT_THAT(base64url_decode(base64url_encode(all)), IsOkAnd(all));
}

}  // namespace
