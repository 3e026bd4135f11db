// Which groups may do what where: as the WLCG compliance suite and StoRM's fine-grained authorization want it.
#include "site/group_access.hpp"

#include "base/dataset_uri.hpp"
#include "tests/support/matchers.hpp"

namespace fjord::site {
namespace {

using fjord::test::FailsWith;
using fjord::test::HasErrc;
using ::testing::HasSubstr;

constexpr char const *ours = "https://issuer.test", *theirs = "https://other.test";

principal member(std::vector<std::string> groups, std::string issuer = ours) {
    principal p;
    p.kind = principal_kind::human;
    p.issuer = std::move(issuer);
    p.groups = std::move(groups);
    return p;
}

std::string rights(group_access const& access, principal const& who, std::string_view path) {
    auto const g = access.at(who, decode_path(path).value().segments);
    return std::string(g.read ? "r" : "") + (g.write ? "w" : "");
}

group_access rules() {
    return group_access::make({{"/wlcg", "", {"/wlcg"}, {"/wlcg"}},
                               {"/wlcg/protected", "", {"/wlcg"}, {"/wlcg/test"}},
                               {"/open", ours, {"*"}, {"urn:geant:Example.ORG:group:twins#aai.example.org"}}})
        .value();
}

TEST(GroupAccess, TheLongestPathDecidesAlone) {
    struct row {
        std::vector<std::string> groups;
        char const *path, *rights;
    };
    for (auto const& [groups, path, expected] : {
             row{{"/wlcg"}, "/wlcg", "rw"},
             row{{"/wlcg"}, "/wlcg/a/b", "rw"},
             row{{"/wlcg"}, "/wlcg/protected", "r"},
             row{{"/wlcg"}, "/wlcg/protected/x", "r"},
             row{{"/wlcg", "/wlcg/test"}, "/wlcg/protected/x", "rw"},
             row{{"/wlcg/test"}, "/wlcg/protected/x", "w"},  // membership of a subgroup does not imply that of its parent
             row{{"/wlcg/test"}, "/wlcg/a", ""},
             row{{"/wlcg"}, "/wlcg2/a", ""},
             row{{"/wlcg"}, "/wlcg/protected2", "rw"},
             row{{"/wlcg"}, "/", ""},
             row{{}, "/wlcg", ""},
         })
        EXPECT_EQ(rights(rules(), member(groups), path), expected) << ::testing::PrintToString(groups) << " at " << path;
}

TEST(GroupAccess, ARuleMayBeForOneIssuerOnly) {
    EXPECT_EQ(rights(rules(), member({}), "/open/x"), "r") << "* is every token of the issuer";
    EXPECT_EQ(rights(rules(), member({}, theirs), "/open/x"), "");
    EXPECT_EQ(rights(rules(), member({"urn:geant:example.org:group:twins#aai.example.org"}), "/open/x"), "rw")
        << "entitlements compare in normal form";
    auto const both = group_access::make({{"/d", "", {"/g"}, {}}, {"/d", theirs, {}, {"/g"}}}).value();
    EXPECT_EQ(rights(both, member({"/g"}, theirs), "/d"), "w") << "the rule that names the issuer goes first";
    EXPECT_EQ(rights(both, member({"/g"}), "/d"), "r");
}

TEST(GroupAccess, CapabilitiesBeatGroupsAndNobodyHasNone) {
    auto who = member({"/wlcg"});
    who.capabilities.push_back({"compute.read", {}, false});
    EXPECT_EQ(rights(rules(), who, "/wlcg/a"), "");
    EXPECT_EQ(rights(rules(), principal{}, "/open/x"), "");
}

TEST(GroupAccess, BadRulesAreNamed) {
    EXPECT_THAT(group_access::make({{"/a/../b", "", {}, {}}}), FailsWith(errc::invalid_argument, HasSubstr("/a/../b")));
    EXPECT_THAT(group_access::make({{"/a", "", {"not a group"}, {}}}),
                FailsWith(errc::invalid_argument, HasSubstr("not a group")));
    EXPECT_THAT(group_access::make({{"/a", "", {}, {}}, {"/a/", "", {}, {}}}), HasErrc(errc::invalid_argument));
}

}  // namespace
}  // namespace fjord::site
