#include "base/json.hpp"

#include "tests/support/matchers.hpp"

#include <boost/json/serialize.hpp>

#include <cstdlib>
#include <string>

using namespace fjord;
using namespace fjord::test;
using namespace std::string_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace {

TEST(ParseJson, ReadsEveryKindOfValue) {
    auto const value =
        parse_json(R"({"s":"x\u00e9\ud83d\ude00","i":-3,"u":18446744073709551615,"d":1.5,"t":true,"n":null,"a":[1,{}]})");
    ASSERT_THAT(value, IsOk());
    EXPECT_EQ(value->at("s").as_string(), "x\xC3\xA9\xF0\x9F\x98\x80");
    EXPECT_EQ(value->at("i").as_int64(), -3);
    EXPECT_EQ(value->at("u").as_uint64(), ~0ull);
    EXPECT_EQ(value->at("d").as_double(), 1.5);
    EXPECT_EQ(value->at("a").as_array().size(), 2u);
    EXPECT_THAT(parse_json(" \n[]\t "), IsOk());
    EXPECT_THAT(parse_json("3"), IsOk());
}

TEST(ParseJson, GivesTheNearestDouble) {
    for (auto const* text :
         {"0.1", "2.2250738585072011e-308", "9007199254740993.0", "123456.789012345678", "5e-324", "-17.000000000000004",
          "1.7976931348623157e308", "0.3333333333333333148296", "1e23", "179.99999999999997", "8.41e21"}) {
        EXPECT_EQ(parse_json(text)->as_double(), std::strtod(text, nullptr)) << text;
    }
    EXPECT_EQ(parse_json("1e-400")->as_double(), 0);
}

TEST(ParseJson, RefusesDuplicateKeysAnywhereWithThePlace) {
    EXPECT_THAT(parse_json(R"({"a":1,"a":2})"),
                FailsWith(errc::invalid_argument, AllOf(HasSubstr("line 1"), HasSubstr("\"a\" appears twice"))));
    EXPECT_THAT(parse_json("{\"x\":[{\"b\":0,\n  \"b\":{}}]}"), FailsWith(errc::invalid_argument, HasSubstr("line 2")));
    EXPECT_THAT(parse_json(R"({"a":{"k":1,"k":1},"a":0})"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(parse_json(R"({"é":1,"\u00e9":2})"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(parse_json(R"({"a":{"a":1},"b":{"a":2}})"), IsOk());
}

TEST(ParseJson, RefusesDepthOverTheLimit) {
    std::string const deep = std::string(64, '[') + std::string(64, ']');
    EXPECT_THAT(parse_json(deep), IsOk());
    EXPECT_THAT(parse_json("[" + deep + "]"), FailsWith(errc::limit_exceeded, HasSubstr("64")));
    EXPECT_THAT(parse_json(std::string(1'000'000, '[')), HasErrc(errc::limit_exceeded));
    EXPECT_THAT(parse_json(R"({"a":{"a":{"a":0}}})", {.max_depth = 2}), HasErrc(errc::limit_exceeded));
}

TEST(ParseJson, RefusesSizesOverTheLimit) {
    EXPECT_THAT(parse_json("[1,2,3]", {.max_bytes = 6}), HasErrc(errc::limit_exceeded));
    EXPECT_THAT(parse_json("[1,2,3]", {.max_bytes = 7}), IsOk());
}

TEST(ParseJson, RefusesWhatIsNotJson) {
    std::string const texts[] = {
        "",
        " ",
        "{",
        "[1,2",
        "[1,]",
        "{\"a\":1,}",
        "{'a':1}",
        "{a:1}",
        "nul",
        "True",
        "NaN",
        "[NaN]",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "[1e400]",
        "01",
        "+1",
        ".5",
        "1.",
        "0x1",
        "\"\t\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "// c\n1",
        "/**/1",
        "\xEF\xBB\xBF{}",
        "1 2",
        "{} x",
        "[]]",
        "\"a",
        "\"\xff\"",
        "\"\xC0\xAE\"",
        "\"\xED\xA0\x80\"",
        "{\"\xff\":1}",
        "\0"s,
        "[]\0"s,
    };
    for (auto const& text : texts) EXPECT_THAT(parse_json(text), HasErrc(errc::invalid_argument)) << text;
}

TEST(ParseJson, ReasonNamesLineAndColumn) {
    EXPECT_THAT(parse_json("{\n  \"a\": 1,\n  \"b\": x\n}"), FailsWith(errc::invalid_argument, HasSubstr("line 3, column 8:")));
    EXPECT_THAT(parse_json("[1] 2"),
                FailsWith(errc::invalid_argument, AllOf(HasSubstr("column 5"), HasSubstr("more after the end"))));
    EXPECT_THAT(parse_json("[1"), FailsWith(errc::invalid_argument, HasSubstr("ends too early")));
}

TEST(JsonQuote, AlwaysWritesAValidString) {
    EXPECT_EQ(json_quote("a\"b\\c\n\x01\xC3\xA9"), "\"a\\\"b\\\\c\\n\\u0001\xC3\xA9\"");
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    EXPECT_THAT(parse_json(json_quote(all)), IsOk());
    EXPECT_EQ(parse_json(json_quote("x\xffy"))->as_string(), "x\xEF\xBF\xBDy");
}

}  // namespace
