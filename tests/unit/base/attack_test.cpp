// Rows of the attack table that concern names, paths and logs.
#include "base/dataset_uri.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "tests/support/matchers.hpp"

#include <concepts>

using namespace fjord;
using namespace fjord::test;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

TEST(Attack, A14_PathTricksInRequestPaths) {
    for (auto path : {"/foo/../bar", "/%2e%2e/bar", "/.%2E/bar", "/foo%2fbar", "/foo%2Fbar", "/foo\\bar", "/foo%5cbar", "/foo%00",
                      "//foo", "/foo//bar", "/foo/./bar", "/%zz", "/foo%"})
        EXPECT_THAT(decode_path(path), HasErrc(errc::invalid_argument)) << path;
    // Decoded exactly once: what is still an escape then is a name with a percent sign, and parameters are text.
    EXPECT_EQ(decode_path("/%252e%252e").value().segments, std::vector<std::string>{"%2e%2e"});
    EXPECT_EQ(decode_path("/foo;v=1").value().segments, std::vector<std::string>{"foo;v=1"});
}

TEST(Attack, A15_NamesOutsideNormalFormCAreRefused) {
    struct row {
        std::string_view name;
        bool is_taken;
    };
    for (auto [name, is_taken] : {
             row{"caf\xC3\xA9", true},                // U+00E9
             row{"cafe\xCC\x81", false},              // e and U+0301
             row{"\xE2\x84\xAB", false},              // ANGSTROM SIGN, a singleton for U+00C5
             row{"\xE2\x84\xA6", false},              // OHM SIGN
             row{"\xEA\xB0\x80", true},               // a Hangul syllable
             row{"\xE1\x84\x80\xE1\x85\xA1", false},  // the same one in conjoining letters
             row{"q\xCC\xA3\xCC\x87", true},          // marks in canonical order, no composed form
             row{"q\xCC\x87\xCC\xA3", false},         // marks out of order
             row{"\xEF\xAC\x81", true},               // a ligature: compatibility forms are other names
             row{"\xF0\x9D\x85\x9E", false},          // U+1D15E, excluded from composition
             row{"\xE6\xBC\xA2\xE5\xAD\x97", true},
         }) {
        EXPECT_EQ(is_nfc(name), is_taken) << name;
        EXPECT_EQ(check_name("item", name).has_value(), is_taken) << name;
        EXPECT_EQ(decode_path("/" + encode_segment(name)).has_value(), is_taken) << name;
        EXPECT_EQ(dataset_uri::parse("c/" + encode_segment(name)).has_value(), is_taken) << name;
    }
    EXPECT_THAT(check_name("item", "cafe\xCC\x81"), FailsWith(errc::invalid_argument, HasSubstr("normal form C")));
}

TEST(Attack, A15_NamesCompareAsBytes) {
    EXPECT_NE(decode_path("/caf%C3%A9").value().segments, decode_path("/CAF%C3%89").value().segments);
    EXPECT_NE(decode_path("/%EF%AC%81").value().segments, decode_path("/fi").value().segments);
}

TEST(Attack, A19_NothingThatLooksLikeATokenIsLogged) {
    std::string const token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2ln";
    for (auto const& text : {"GET /x?authz=" + token, "GET /x?access_token=" + token + "&a=b", "/x?ticket=" + token,
                             "Authorization: Bearer " + token, "/x?authz=Bearer%20" + token, "DPoP: " + token, token,
                             std::string("TransferHeaderAuthorization: bearer opaque-0123456789")})
        EXPECT_THAT(scrub(text), AllOf(Not(HasSubstr("c2ln")), Not(HasSubstr("opaque")), HasSubstr("[removed]"))) << text;
    static_assert(!std::constructible_from<log_field, std::string_view, secret>, "one logger, and it takes no secret");
}

}  // namespace
