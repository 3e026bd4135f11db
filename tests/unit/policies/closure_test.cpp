#include "policies/closure.hpp"

#include <gtest/gtest.h>

namespace fjord::policies {
namespace {

TEST(Closure, CountriesAreIsoCodesOnly) {
    for (auto code : {"DE", "JP", "GB", "GR", "ZW", "AD"}) EXPECT_TRUE(is_country(code)) << code;
    for (auto code : {"UK", "EL", "EU", "de", "D", "DEU", "", "E ", " D"}) EXPECT_FALSE(is_country(code)) << code;
}

TEST(Closure, RegionsHoldTheirMembers) {
    struct row {
        char const* country;
        char const* region;
        bool holds;
    };
    for (auto [country, region, holds] :
         {row{"DE", "EU", true}, row{"NO", "EU", false}, row{"NO", "EEA", true}, row{"IS", "EU_EEA", true},
          row{"CH", "EU_EEA", false}, row{"CH", "ADEQUACY", true}, row{"JP", "EU_EEA_ADEQUACY", true},
          row{"FR", "EU_EEA_ADEQUACY", true}, row{"FR", "ADEQUACY", false}, row{"US", "ADEQUACY", false}, row{"GB", "EU", false},
          row{"DE", "DE", true}, row{"DE", "FR", false}, row{"DE", "MARS", false}})
        EXPECT_EQ(country_isa(country, region), holds) << country << " in " << region;
}

TEST(Closure, TheUnionHas27Members) {
    int members = 0;
    for (char a = 'A'; a <= 'Z'; ++a)
        for (char b = 'A'; b <= 'Z'; ++b) members += country_isa(std::string{a, b}, "EU") && is_country(std::string{a, b});
    EXPECT_EQ(members, 27);
}

TEST(Closure, NarrowerPurposesAreTheWiderOnes) {
    EXPECT_EQ(purpose_isa("DUO:0000007", "DUO:0000006"), true);  // disease specific is biomedical
    EXPECT_EQ(purpose_isa("DUO:0000007", "DUO:0000004"), true);
    EXPECT_EQ(purpose_isa("DUO:0000042", "DUO:0000006"), false);  // general use is not biomedical
    EXPECT_EQ(purpose_isa("DUO:0000011", "DUO:0000006"), false);  // ancestry stands apart
    EXPECT_EQ(purpose_isa("DUO:0000006", "DUO:0000006"), true);
    EXPECT_EQ(purpose_isa("dpv:AcademicResearch", "DUO:0000006"), std::nullopt);
}

}  // namespace
}  // namespace fjord::policies
