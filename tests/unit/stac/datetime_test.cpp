#include "stac/datetime.hpp"
#include "tests/support/matchers.hpp"

#include <gtest/gtest.h>

namespace fjord::stac {
namespace {

using fjord::test::HasErrc;
using fjord::test::IsOk;

// The lists of the STAC API validator.
constexpr char const* accepted[] = {"1985-04-12T23:20:50.52Z",
                                    "../1985-04-12T23:20:50.52Z",
                                    "1985-04-12T23:20:50.52Z/..",
                                    "/1985-04-12T23:20:50.52Z",
                                    "1985-04-12T23:20:50.52Z/",
                                    "1985-04-12T23:20:50.52Z/1986-04-12T23:20:50.52Z",
                                    "1996-12-19T16:39:57-00:00",
                                    "1996-12-19T16:39:57+00:00",
                                    "1996-12-19T16:39:57-08:00",
                                    "1996-12-19T16:39:57+08:00",
                                    "1985-04-12T23:20:50.52+01:00/1986-04-12T23:20:50.52+01:00",
                                    "1985-04-12T23:20:50.52-01:00/1986-04-12T23:20:50.52-01:00",
                                    "1937-01-01T12:00:27.87+01:00",
                                    "1937-01-01T12:00:27.8710+01:00",
                                    "1937-01-01T12:00:27.8+01:00",
                                    "1937-01-01T12:00:27.8Z",
                                    "2020-07-23T00:00:00.000+03:00",
                                    "2020-07-23T00:00:00+03:00",
                                    "1985-04-12t23:20:50.000z",
                                    "2020-07-23T00:00:00Z",
                                    "2020-07-23T00:00:00.0Z",
                                    "2020-07-23T00:00:00.01Z",
                                    "2020-07-23T00:00:00.012Z",
                                    "2020-07-23T00:00:00.0123Z",
                                    "2020-07-23T00:00:00.01234Z",
                                    "2020-07-23T00:00:00.012345Z",
                                    "2020-07-23T00:00:00.0123456Z",
                                    "2020-07-23T00:00:00.01234567Z",
                                    "2020-07-23T00:00:00.012345678Z"};

constexpr char const* refused[] = {"/",
                                   "../..",
                                   "/..",
                                   "../",
                                   "/1984-04-12T23:20:50.52Z/1985-04-12T23:20:50.52Z",
                                   "1984-04-12T23:20:50.52Z/1985-04-12T23:20:50.52Z/",
                                   "/1984-04-12T23:20:50.52Z/1985-04-12T23:20:50.52Z/",
                                   "1985-04-12",
                                   "1937-01-01T12:00:27.87+0100",
                                   "37-01-01T12:00:27.87Z",
                                   "1985-12-12T23:20:50.52",
                                   "21985-12-12T23:20:50.52Z",
                                   "1985-13-12T23:20:50.52Z",
                                   "1985-12-32T23:20:50.52Z",
                                   "1985-12-01T25:20:50.52Z",
                                   "1985-12-01T00:60:50.52Z",
                                   "1985-12-01T00:06:61.52Z",
                                   "1985-04-12T23:20:50.Z",
                                   "1985-04-12T23:20:50,Z",
                                   "1990-12-31T23:59:61Z",
                                   "1986-04-12T23:20:50.52Z/1985-04-12T23:20:50.52Z",
                                   "1985-04-12T23:20:50,52Z",
                                   "",
                                   "1985-02-29T00:00:00Z"};

TEST(datetime_parameter, AcceptsWhatTheValidatorCallsValid) {
    for (auto const* text : accepted) EXPECT_THAT(parse_datetime_parameter(text), IsOk()) << text;
}

TEST(datetime_parameter, RefusesWhatTheValidatorCallsInvalid) {
    for (auto const* text : refused) EXPECT_THAT(parse_datetime_parameter(text), HasErrc(errc::invalid_argument)) << text;
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
