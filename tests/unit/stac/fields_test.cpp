#include "stac/fields.hpp"

#include <gtest/gtest.h>

namespace fjord::stac {
namespace {

constexpr char const* item =
    R"({"type":"Feature","stac_version":"1.0.0","id":"i","collection":"c","geometry":{"type":"Point","coordinates":[1.0,2]},"bbox":[1,2,1,2],)"
    R"("properties":{"datetime":"2020-01-01T00:00:00Z","gsd":1.50,"eo:cloud_cover":3},"links":[{"rel":"self","href":"x"}],)"
    R"("assets":{"visual":{"href":"v","roles":["data"]},"thumb":{"href":"t"}},"extra":1})";

std::string get(std::string_view fields) { return field_selection::from_text(fields).apply(item); }
std::string post(std::string_view fields) { return field_selection::from_json(parse_json(fields).value()).value().apply(item); }

TEST(fields, EmptySelectionIsTheDefaultSet) {
    auto const expected =
        R"({"type":"Feature","stac_version":"1.0.0","id":"i","collection":"c","geometry":{"type":"Point","coordinates":[1.0,2]},"bbox":[1,2,1,2],)"
        R"("properties":{"datetime":"2020-01-01T00:00:00Z"},"links":[{"rel":"self","href":"x"}],)"
        R"("assets":{"visual":{"href":"v","roles":["data"]},"thumb":{"href":"t"}}})";
    EXPECT_EQ(get(""), expected);
    EXPECT_EQ(post("{}"), expected);
    EXPECT_EQ(post(R"({"include":null,"exclude":null})"), expected);
    EXPECT_EQ(post(R"({"include":[],"exclude":[]})"), expected);
}

TEST(fields, IncludeGivesExactlyThose) {
    EXPECT_EQ(get("id"), R"({"id":"i"})");
    EXPECT_EQ(get("+id,+bbox"), R"({"id":"i","bbox":[1,2,1,2]})");
    EXPECT_EQ(get(" id"), R"({"id":"i"})");
    EXPECT_EQ(get("id,properties.eo:cloud_cover"), R"({"id":"i","properties":{"eo:cloud_cover":3}})");
    EXPECT_EQ(get("assets.visual.href"), R"({"assets":{"visual":{"href":"v"}}})");
    EXPECT_EQ(get("nothing.such"), "{}");
}

TEST(fields, ExcludeLeavesTheRestUntouched) {
    EXPECT_EQ(get("-geometry,-links,-assets,-properties,-bbox,-stac_version"),
              R"({"type":"Feature","id":"i","collection":"c","extra":1})");
    EXPECT_EQ(get("-properties.gsd").find("gsd"), std::string::npos);
    EXPECT_NE(get("-properties.datetime").find("\"gsd\":1.50"), std::string::npos);
}

TEST(fields, ExcludeWithEmptyIncludeStartsFromTheDefaultSet) {
    auto const out = post(R"({"include":[],"exclude":["geometry"]})");
    EXPECT_EQ(out.find("gsd"), std::string::npos);
    EXPECT_EQ(out.find("geometry"), std::string::npos);
    EXPECT_NE(post(R"({"exclude":["geometry"]})").find("gsd"), std::string::npos);
}

TEST(fields, TheLongerPathWins) {
    EXPECT_EQ(get("properties,-properties.datetime"), R"({"properties":{"gsd":1.50,"eo:cloud_cover":3}})");
    auto const out = post(R"({"exclude":["properties"],"include":["properties.gsd"]})");
    EXPECT_EQ(out,
              R"({"type":"Feature","id":"i","collection":"c","properties":{"gsd":1.50},"links":[{"rel":"self","href":"x"}]})");
}

TEST(fields, IncludedAndExcludedIsIncluded) { EXPECT_EQ(get("+id,-id"), R"({"id":"i"})"); }

TEST(fields, BodiesOfAnotherShapeAreRefused) {
    for (auto const* text : {"null", "[]", "\"id\"", R"({"include":"id"})", R"({"include":[1]})"})
        EXPECT_FALSE(field_selection::from_json(parse_json(text).value())) << text;
}

}  // namespace
}  // namespace fjord::stac
