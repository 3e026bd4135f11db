#include "stac/datetime.hpp"
#include "tests/support/matchers.hpp"
#include "tests/unit/stac/validator_times.hpp"

#include <gtest/gtest.h>

namespace fjord::stac {
namespace {

using fjord::test::HasErrc;
using fjord::test::IsOk;

TEST(datetime_parameter, AcceptsWhatTheValidatorCallsValid) {
    for (auto const* text : test::accepted_times) EXPECT_THAT(parse_datetime_parameter(text), IsOk()) << text;
}

TEST(datetime_parameter, RefusesWhatTheValidatorCallsInvalid) {
    for (auto const* text : test::refused_times)
        EXPECT_THAT(parse_datetime_parameter(text), HasErrc(errc::invalid_argument)) << text;
    for (auto const* text : {"", "1985-02-29T00:00:00Z"})
        EXPECT_THAT(parse_datetime_parameter(text), HasErrc(errc::invalid_argument)) << text;
}

TEST(datetime_parameter, OpenEndsReachToInfinity) {
    auto const from = parse_datetime_parameter("2020-01-01T00:00:00Z/..").value();
    EXPECT_EQ(from.end, open_end);
    auto const to = parse_datetime_parameter("/2020-01-01T00:00:00Z").value();
    EXPECT_EQ(to.start, open_start);
}

TEST(instant, OffsetsNameTheSameMoment) {
    EXPECT_EQ(parse_instant("2020-07-23T03:00:00+03:00").value(), parse_instant("2020-07-23T00:00:00Z").value());
    EXPECT_EQ(parse_instant("1996-12-19T16:39:57-08:00").value(), parse_instant("1996-12-20T00:39:57Z").value());
}

TEST(instant, FormatsToTheTextItWasReadFrom) {
    for (auto const* text :
         {"2020-07-23T00:00:00Z", "1937-01-01T12:00:27.87Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"})
        EXPECT_EQ(format_instant(parse_instant(text).value()), text);
}

TEST(instant, LeapSecondIsTheSecondAfter) {
    EXPECT_EQ(parse_instant("1990-12-31T23:59:60Z").value(), parse_instant("1991-01-01T00:00:00Z").value());
}

}  // namespace
}  // namespace fjord::stac
