#include "auth/groups.hpp"

#include "base/json.hpp"
#include "tests/support/matchers.hpp"

namespace fjord::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Groups, EntitlementsHaveOneSpelling) {
    struct row {
        char const* sent;
        std::optional<std::string> normal;
    };
    for (auto const& [sent, normal] : {
             row{"urn:geant:egi.eu:group:flood.dt:role=member#aai.egi.eu",
                 "urn:geant:egi.eu:group:flood.dt:role=member#aai.egi.eu"},
             row{"URN:GEANT:EGI.eu:Group:Flood.dt:ROLE=Member#AAI.egi.EU",
                 "urn:geant:egi.eu:group:Flood.dt:role=Member#aai.egi.eu"},
             row{"urn:geant:h-df.de:sub:group:a:b#x.de", "urn:geant:h-df.de:sub:group:a:b#x.de"},
             row{"urn:geant:e:group:%66lood%2ddt", "urn:geant:e:group:flood-dt"},
             row{"urn:geant:e:group:a%3ab%c3%a9", "urn:geant:e:group:a%3Ab%C3%A9"},
             row{"urn:MACE:dir:Entitlement:common-lib-terms", "urn:mace:dir:Entitlement:common-lib-terms"},
             row{"urn:geant::group:a", std::nullopt},
             row{"urn:geant:e:group:a b", std::nullopt},
             row{"urn:geant:e:group:a%2", std::nullopt},
             row{"urn:geant:e:group:a%zz", std::nullopt},
             row{"urn:geant", std::nullopt},
             row{"geant:egi.eu:group:a", std::nullopt},
             row{"", std::nullopt},
         })
        EXPECT_EQ(normalise_entitlement(sent), normal) << sent;
}

TEST(Groups, NamesFollowTheProfile) {
    for (auto good : {"/cms", "/cms/uscms", "/a.b/c-d_e/0", "cms"}) EXPECT_TRUE(is_group_name(good)) << good;
    for (auto bad : {"", "/", "//a", "/a/", "/a//b", "/.a", "/-a", "/a/..", "/a b", "/\xc3\xa9", "/a\n"})
        EXPECT_FALSE(is_group_name(bad)) << bad;
}

std::vector<std::string> groups(std::string_view claims, std::string_view claim) {
    std::vector<std::string> out;
    add_groups(parse_json(claims).value().as_object(), claim, out);
    return out;
}

TEST(Groups, AreReadFromTheConfiguredClaim) {
    EXPECT_THAT(groups(R"({"wlcg.groups":["/b","/a","/b"]})", "wlcg.groups"), ElementsAre("/b", "/a"));
    EXPECT_THAT(groups(R"({"realm_access":{"roles":["x"]}})", "realm_access.roles"), ElementsAre("x"));
    EXPECT_THAT(groups(R"({"groups":"one"})", "groups"), ElementsAre("one"));
    EXPECT_THAT(groups(R"({"groups":["/ok","/../bad",7,null,"URN:x:y"]})", "groups"), ElementsAre("/ok", "urn:x:y"));
    EXPECT_THAT(groups(R"({"groups":{"a":1}})", "groups"), IsEmpty());
    EXPECT_THAT(groups(R"({})", "groups"), IsEmpty());
}

}  // namespace
}  // namespace fjord::auth
