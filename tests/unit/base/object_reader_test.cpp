#include "base/json.hpp"
#include "tests/support/matchers.hpp"

using namespace fjord;
using namespace fjord::test;
using ::testing::AllOf;
using ::testing::HasSubstr;

namespace {

json::value value_of(char const* text) { return parse_json(text).value(); }

TEST(ObjectReader, ReadsMembersAndDefaults) {
    auto const value = value_of(R"({"uri":"c/i","copies":2,"whole":3.0,"deep":{"x":1},"on":true,"null":null})");
    object_reader in(value, "rule");
    EXPECT_EQ(in.string("uri"), "c/i");
    EXPECT_EQ(in.string("comment", "none"), "none");
    EXPECT_EQ(in.optional_string("site"), std::nullopt);
    EXPECT_EQ(in.integer("copies", 1, 10), 2);
    EXPECT_EQ(in.integer("whole", 1, 10), 3);
    EXPECT_EQ(in.integer("priority", 1, 5, 3), 3);
    EXPECT_TRUE(in.boolean("on", false));
    EXPECT_FALSE(in.boolean("off", false));
    EXPECT_NE(in.object("deep"), nullptr);
    EXPECT_EQ(in.object("absent"), nullptr);
    EXPECT_TRUE(in.member("null")->is_null());
    EXPECT_THAT(in.done(), IsOk());
}

TEST(ObjectReader, RefusesUnknownMembersByName) {
    auto const value = value_of(R"({"uri":"x","copeis":2,"z":0})");
    object_reader in(value, "rule");
    in.string("uri");
    EXPECT_THAT(in.done(),
                FailsWith(errc::invalid_argument, AllOf(HasSubstr("rule: "), HasSubstr("\"copeis\""), HasSubstr("\"z\""))));
}

TEST(ObjectReader, NamesTheFirstThingWrong) {
    struct wrong_case {
        char const* text;
        char const* reason;
    };
    wrong_case const cases[] = {
        {R"({"n":1})", "'uri' is missing"},
        {R"({"uri":3,"n":1})", "'uri' must be a string"},
        {R"({"uri":null,"n":1})", "'uri' must be a string"},
        {R"({"uri":"x"})", "'n' is missing"},
        {R"({"uri":"x","n":"1"})", "from 1 to 5"},
        {R"({"uri":"x","n":0})", "from 1 to 5"},
        {R"({"uri":"x","n":6})", "from 1 to 5"},
        {R"({"uri":"x","n":1.5})", "whole number"},
        {R"({"uri":"x","n":18446744073709551615})", "from 1 to 5"},
        {R"({"uri":"x","n":1e300})", "from 1 to 5"},
        {R"({"uri":"x","n":1,"on":"yes"})", "'on' must be true or false"},
        {R"({"uri":"x","n":1,"deep":[]})", "'deep' must be an object"},
        {R"([])", "must be a JSON object"},
        {R"("x")", "must be a JSON object"},
    };
    for (auto const& c : cases) {
        auto const value = value_of(c.text);
        object_reader in(value, "rule");
        in.string("uri");
        in.integer("n", 1, 5);
        in.boolean("on", false);
        in.object("deep");
        EXPECT_THAT(in.done(), FailsWith(errc::invalid_argument, HasSubstr(c.reason))) << c.text;
    }
}

TEST(ObjectReader, KeepsTheCallersOwnRefusal) {
    auto const value = value_of("{}");
    object_reader in(value, "rule");
    in.refuse("rule: no site fits");
    in.refuse("later");
    EXPECT_THAT(in.done(), FailsWith(errc::invalid_argument, "rule: no site fits"));
}

}  // namespace
