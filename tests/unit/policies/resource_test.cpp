#include "tests/unit/policies/support.hpp"

namespace fjord::policies::test {
namespace {

json::object object(std::string_view text) { return parse_json(text).value().as_object(); }

TEST(Resource, ReadsTheCollection) {
    auto r = resource_of("c", object(R"({"license":"CC-BY-4.0","fjord:sensitivity":2,"fjord:personal_data":"special",
        "fjord:subjects_country":"DE","fjord:embargo_until":"2027-03-01T00:00:00Z"})"));
    EXPECT_EQ(r.collection, "c");
    EXPECT_EQ(r.dataset, "");
    EXPECT_EQ(r.license, "CC-BY-4.0");
    EXPECT_EQ(r.sensitivity, 2);
    EXPECT_EQ(r.personal_data, "special");
    EXPECT_EQ(r.subjects_country, "DE");
    EXPECT_EQ(r.embargo_until, at("2027-03-01T00:00:00Z"));
}

TEST(Resource, ItemPropertiesOverrideTheCollection) {
    auto r = resource_of("c", object(R"({"license":"CC-BY-4.0","fjord:sensitivity":2})"), "i",
                         object(R"({"properties":{"fjord:sensitivity":4},"license":"not here"})"));
    EXPECT_EQ(r.dataset, "i");
    EXPECT_EQ(r.sensitivity, 4);
    EXPECT_EQ(r.license, "CC-BY-4.0");
}

TEST(Resource, AMalformedAttributeOfAnItemIsUnknownAndNotTheCollections) {
    auto collection = object(R"({"license":"x","fjord:sensitivity":0,"fjord:personal_data":"none","fjord:subjects_country":"DE",
                                 "fjord:embargo_until":"2020-01-01T00:00:00Z"})");
    auto r = resource_of("c", collection, "i",
                         object(R"({"properties":{"license":null,"fjord:sensitivity":"0","fjord:personal_data":"None",
                                 "fjord:subjects_country":"Germany","fjord:embargo_until":"soon"}})"));
    EXPECT_FALSE(r.license || r.sensitivity || r.personal_data || r.subjects_country || r.embargo_until);
    auto high = resource_of("c", object(R"({"fjord:sensitivity":9})"));
    EXPECT_FALSE(high.sensitivity);
}

TEST(Resource, KeysDifferWhereAttributesDo) {
    auto a = thing("c"), b = thing("c"), c = thing("c"), d = thing("c", "x");
    b.sensitivity = 1;
    c.license.reset();
    EXPECT_NE(a.key(), b.key());
    EXPECT_NE(a.key(), c.key());
    EXPECT_EQ(a.key(), d.key());  // items of a collection share their decisions
    auto left = thing("a"), right = thing("a1");
    left.role = "1:b", right.role = ":b";
    EXPECT_NE(left.key(), right.key());
}

}  // namespace
}  // namespace fjord::policies::test
