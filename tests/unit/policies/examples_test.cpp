// The example policies of the reference as decision tables.
#include "tests/unit/policies/support.hpp"

namespace fjord::policies::test {
namespace {

constexpr char const* flood_member = "urn:geant:egi.eu:group:flood.dt:role=member#aai.egi.eu";

resource nc_thing() {
    auto r = thing("any");
    r.license = "CC-BY-NC-4.0";
    return r;
}

struct row {
    char const* name;
    asking ask;
    bool permitted;
};

class Examples : public ::testing::TestWithParam<row> {};

TEST_P(Examples, DecideAsTheTableSays) {
    engine e;
    e.replace(rules(example_rules));
    EXPECT_EQ(GetParam().ask.of(e).permitted, GetParam().permitted);
}

INSTANTIATE_TEST_SUITE_P(
    Policies, Examples,
    ::testing::Values(row{"AnonymousReadsPublic", {anonymous(), thing("era5-open")}, true},
                      row{"AnonymousDiscoversPublic", {anonymous(), thing("era5-open"), action::discover}, true},
                      row{"AnonymousMayNotShare", {anonymous(), thing("era5-open"), action::share}, false},
                      row{"NobodyReadsTheUnnamed", {member({"/a"}), thing("elsewhere")}, false},
                      row{"EmbargoKeepsOutsidersOut", {member({"/ligo"}), thing("ligo-o5")}, false},
                      row{"EmbargoStopsAggregation", {member({"/ligo"}), thing("ligo-o5"), action::aggregate}, false},
                      row{"EmbargoedThingsAreDescribed", {member({"/ligo"}), thing("ligo-o5"), action::describe}, true},
                      row{"EmbargoLetsTheAnalystsIn", {member({"/virgo/analysis"}), thing("ligo-o5")}, true},
                      row{"EmbargoDoesNotImplyParents", {member({"/virgo"}), thing("ligo-o5")}, false},
                      row{"PartnerReadsFlood", {member({flood_member}), thing("flood-dt")}, true},
                      row{"StrangerDoesNot", {member({"/stranger"}), thing("flood-dt")}, false},
                      row{"AnonymousDoesNot", {anonymous(), thing("flood-dt")}, false},
                      row{"BiomedicalPurpose", {.who = member({}), .on = thing("h", "hosp-air"), .purpose = "DUO:0000006"}, true},
                      row{"NarrowerPurpose", {.who = member({}), .on = thing("h", "hosp-air"), .purpose = "DUO:0000007"}, true},
                      row{"WiderPurpose", {.who = member({}), .on = thing("h", "hosp-air"), .purpose = "DUO:0000042"}, false},
                      row{"NoPurpose", {.who = member({}), .on = thing("h", "hosp-air")}, false},
                      row{"NonCommercialUse", {.who = anonymous(), .on = nc_thing(), .commercial = false}, true},
                      row{"CommercialUse", {.who = anonymous(), .on = nc_thing(), .commercial = true}, false},
                      row{"UndeclaredUse", {.who = anonymous(), .on = nc_thing()}, false},
                      row{"UndeclaredUseIsDescribed", {.who = anonymous(), .on = nc_thing(), .what = action::describe}, true}),
    [](auto const& info) { return info.param.name; });

}  // namespace
}  // namespace fjord::policies::test
