#include "stac/json_scan.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include <vector>

namespace fjord::stac {
namespace {

TEST(json_scan, MembersKeepTheirBytes) {
    std::string const text = R"( {"a" : 1.0, "b":{"c":[1,{"d":"}"}]} ,"e\"f": "x\\" , "g":null})";
    member_walk walk(text);
    std::vector<std::pair<std::string, std::string>> seen;
    while (auto m = walk.next()) seen.emplace_back(m->key(), std::string(m->value));
    ASSERT_EQ(seen.size(), 4u);
    EXPECT_EQ(seen[0].second, "1.0");
    EXPECT_EQ(seen[1].second, R"({"c":[1,{"d":"}"}]})");
    EXPECT_EQ(seen[2].first, "e\"f");
    EXPECT_EQ(seen[3].second, "null");
}

TEST(json_scan, FindsMembersWhoseKeysAreEscaped) { EXPECT_EQ(find_member(R"({"\u0061b":7})", "ab"), "7"); }

TEST(json_scan, DecodesEscapesAndSurrogatePairs) {
    EXPECT_EQ(decode_string(R"("a\n\u00e9\ud83d\ude00\/")"), "a\n\u00e9\U0001F600/");
    EXPECT_EQ(decode_string(R"("\ud83d")"), "\uFFFD");
}

TEST(json_scan, EmptyContainersHaveNothing) {
    EXPECT_FALSE(member_walk("{ }").next());
    EXPECT_FALSE(element_walk("[ ]").next());
    EXPECT_FALSE(member_walk("[1]").next());
}

TEST(json_scan, GarbageNeverLeavesTheText) {
    for (auto const* text :
         {"{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":[", "[1,", "[\"\\", "{\"a\":\"\\", "", "}", "{\"a\" \"b\"}"}) {
        member_walk m(text);
        for (int i = 0; i < 10 && m.next(); ++i) {}
        element_walk e(text);
        for (int i = 0; i < 10 && e.next(); ++i) {}
    }
}

// RFC 7386, appendix A.
TEST(merge_patch, AnswersTheExamplesOfTheStandard) {
    struct row {
        char const *target, *patch, *expected;
    };
    constexpr row rows[] = {{R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
                            {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
                            {R"({"a":"b"})", R"({"a":null})", R"({})"},
                            {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
                            {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
                            {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
                            {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
                            {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
                            {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
                            {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
                            {R"({"a":"foo"})", "null", "null"},
                            {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
                            {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
                            {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"}};
    for (auto const& r : rows) EXPECT_EQ(merge_patch(r.target, r.patch), r.expected) << r.target << " + " << r.patch;
}

TEST(merge_patch, LeavesNumbersAsTheyWereWritten) {
    EXPECT_EQ(merge_patch(R"({"a":1.000,"b":{"c":1e-05,"d":2}})", R"({"b":{"d":3.10}})"),
              R"({"a":1.000,"b":{"c":1e-05,"d":3.10}})");
}

// Values of every length and nesting around the blocks that are skipped at once, escapes included.
TEST(json_scan, LongValuesEndWhereTheyEnd) {
    std::mt19937 random(3);
    auto const pick = [&](unsigned n) { return random() % n; };
    std::function<std::string(int)> const value = [&](int depth) -> std::string {
        switch (pick(depth > 0 ? 5 : 3)) {
            case 0:
                return std::to_string(random());
            case 1:
            case 2: {
                static constexpr char const* parts[] = {"a", "{", "}", "[", "]", "\\\"", "\\\\", ",", "bcdefgh", ":", " "};
                std::string out = "\"";
                for (auto n = pick(40); n > 0; --n) out += parts[pick(pick(3) ? 5 : 11)];
                return out + "\"";
            }
            case 3: {
                std::string out = "[";
                for (auto n = pick(6); n > 0; --n) out += value(depth - 1) + (n > 1 ? "," : "");
                return out + "]";
            }
            default: {
                std::string out = "{";
                for (auto n = pick(6); n > 0; --n) out += "\"k\":" + value(depth - 1) + (n > 1 ? ", " : "");
                return out + "}";
            }
        }
    };
    for (int i = 0; i < 3000; ++i) {
        auto const first = value(5), second = value(3);
        auto const object = "{\"one\":" + first + ",\"two\":" + second + "}";
        ASSERT_EQ(find_member(object, "one"), first) << object;
        ASSERT_EQ(find_member(object, "two"), second) << object;
    }
}

}  // namespace
}  // namespace fjord::stac
