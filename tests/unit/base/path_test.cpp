#include "base/dataset_uri.hpp"
#include "base/error.hpp"
#include "tests/support/matchers.hpp"

#include <string>
#include <string_view>

using namespace fjord;
using namespace fjord::test;
using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

TEST(DecodePath, SplitsAndDecodesOnce) {
    EXPECT_THAT(decode_path("/a/b%20c/d")->segments, ElementsAre("a", "b c", "d"));
    EXPECT_THAT(decode_path("/a%252e%252e")->segments, ElementsAre("a%2e%2e"));
    EXPECT_THAT(decode_path("/x;v=1/y:z@w")->segments, ElementsAre("x;v=1", "y:z@w"));
    EXPECT_THAT(decode_path("/%C3%A9/%E2%82%AC")->segments, ElementsAre("\xC3\xA9", "\xE2\x82\xAC"));
    EXPECT_THAT(decode_path("/...")->segments, ElementsAre("..."));
    EXPECT_THAT(decode_path("/.hidden/a..b")->segments, ElementsAre(".hidden", "a..b"));
    EXPECT_THAT(decode_path("/a+b")->segments, ElementsAre("a+b"));
}

TEST(DecodePath, TellsATrailingSlashFromTheRoot) {
    EXPECT_TRUE(decode_path("/a/")->trailing_slash);
    EXPECT_FALSE(decode_path("/a")->trailing_slash);
    EXPECT_THAT(decode_path("/")->segments, IsEmpty());
    EXPECT_FALSE(decode_path("/")->trailing_slash);
}

TEST(DecodePath, RefusesEveryPathTrick) {
    std::string const tricks[] = {
        "",      "a",           "a/b",           "*",       "//",         "//a",           "/a//b",      "/a//",    "/.",
        "/..",   "/a/../b",     "/a/./b",        "/../",    "/a/..",      "/a/.",          "/%2e",       "/%2e%2e", "/.%2e",
        "/%2E.", "/a/%2e%2e/b", "/%2e%2e/",      "/a%2fb",  "/a%2Fb",     "/%2f",          "/..%2f..",   "/a%5cb",  "/a%5Cb",
        "/a\\b", "/..\\..",     "/a%00",         "/a\0b"s,  "/%00",       "/a%0a",         "/a%0Db",     "/a\nb",   "/a%7f",
        "/a%1f", "/a\tb",       "/%C2%85",       "/%",      "/a%2",       "/a%zz",         "/a%2gb",     "/%%41",   "/%u0041",
        "/%80",  "/%C3",        "/%C0%AE%C0%AE", "/%C0%AF", "/%ED%A0%80", "/%F5%80%80%80", "/%E0%80%AF", "/\xff",   "/%FE",
    };
    for (auto const& path : tricks) EXPECT_THAT(decode_path(path), HasErrc(errc::invalid_argument)) << path;
}

TEST(DecodePath, RefusesAPathWithoutEnd) {
    EXPECT_THAT(decode_path("/" + std::string(20'000, 'a')), HasErrc(errc::invalid_argument));
}

TEST(CheckName, SaysWhichRuleAndOfWhat) {
    EXPECT_THAT(check_name("the item", "scene-1"), IsOk());
    EXPECT_THAT(check_name("the item", "S2A:T33UVP 2024"), IsOk());
    EXPECT_THAT(check_name("the item", std::string(255, 'a')), IsOk());
    for (auto const& name : {""s, "."s, ".."s, "a/b"s, "a\\b"s, "a\0"s, "a\n"s, "\xff"s, std::string(256, 'a')}) {
        EXPECT_THAT(check_name("the item", name),
                    FailsWith(errc::invalid_argument, ::testing::StartsWith("the item is not a valid name: ")));
    }
}

TEST(PercentEncoding, KeepsWhatASegmentMayHold) {
    EXPECT_EQ(encode_segment("a-._~!$&'()*+,;=:@Z9"), "a-._~!$&'()*+,;=:@Z9");
    EXPECT_EQ(encode_segment("a b/c%?#[]\\\xC3\xA9"), "a%20b%2Fc%25%3F%23%5B%5D%5C%C3%A9");
    EXPECT_EQ(encode_query("a b&c=d+e/\xC3\xA9"), "a%20b%26c%3Dd%2Be%2F%C3%A9");
}

TEST(PercentEncoding, ReadsBackWhatItWrote) {
    std::string all;
    for (int i = 1; i < 256; ++i) all += static_cast<char>(i);
    EXPECT_THAT(percent_decode(encode_segment(all)), IsOkAnd(all));
    EXPECT_THAT(percent_decode(encode_query(all)), IsOkAnd(all));
}

}  // namespace
