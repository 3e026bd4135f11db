#include "broker/ranking.hpp"

#include <gmock/gmock.h>

namespace fjord::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

candidate site(std::string name, std::string country) { return {place_kind::site, name, name, std::move(country)}; }
candidate cache(std::string name, std::string near, std::string country = "DE") {
    return {place_kind::cache, std::move(name), std::move(near), std::move(country)};
}

std::vector<std::string> order(std::vector<candidate> const& all, std::string_view at, std::string_view country = "") {
    std::vector<std::string> names;
    for (auto const& r : rank(all, at, country, "c/i/a")) names.push_back(all[r.index].name);
    return names;
}

TEST(Ranking, CacheBesideTheCallerComesFirst) {
    EXPECT_THAT(order({site("hpc", "DE"), cache("k", "hpc")}, "hpc"), ElementsAre("k", "hpc"));
}

TEST(Ranking, OwnSiteBeatsOwnCountryBeatsTheRest) {
    EXPECT_THAT(order({site("far", "JP"), site("near", "DE"), site("here", "FR")}, "here", "DE"),
                ElementsAre("here", "near", "far"));
}

TEST(Ranking, CacheOfAnotherSiteIsNoDetour) {
    EXPECT_THAT(order({site("a", "DE"), cache("k", "elsewhere")}, "hpc"), ElementsAre("a"));
}

TEST(Ranking, PreferenceBreaksTies) {
    auto low = site("a", ""), high = site("b", "");
    high.preference = 5;
    EXPECT_THAT(order({low, high}, ""), ElementsAre("b", "a"));
}

TEST(Ranking, TheSameQuestionHasTheSameAnswerAndAssetsSpread) {
    std::vector<candidate> const all{site("a", ""), site("b", ""), site("c", "")};
    EXPECT_EQ(order(all, ""), order(all, ""));
    std::size_t first_a = 0;
    for (int i = 0; i < 300; ++i) first_a += all[rank(all, "", "", "asset-" + std::to_string(i)).front().index].name == "a";
    EXPECT_GT(first_a, 60u);
    EXPECT_LT(first_a, 140u);
}

TEST(Ranking, EveryRankSaysWhy) {
    for (auto const& r : rank({site("a", "DE"), cache("k", "hpc")}, "hpc", "DE", "x")) EXPECT_FALSE(r.why.empty());
    EXPECT_THAT(rank({cache("k", "hpc")}, "hpc", "", "x").front().why, HasSubstr("hpc"));
}

TEST(Networks, LongestPrefixWins) {
    std::vector<network> const nets{{"10.0.0.0/8", "wide"}, {"10.1.0.0/16", "narrow"}, {"2001:db8::/32", "six"}};
    EXPECT_EQ(site_of_address(nets, "10.1.2.3"), "narrow");
    EXPECT_EQ(site_of_address(nets, "10.2.2.3"), "wide");
    EXPECT_EQ(site_of_address(nets, "2001:db8::7"), "six");
    EXPECT_EQ(site_of_address(nets, "192.0.2.1"), "");
    EXPECT_EQ(site_of_address(nets, "nonsense"), "");
}

}  // namespace
}  // namespace fjord::broker
