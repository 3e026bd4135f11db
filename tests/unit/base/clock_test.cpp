#include "base/clock.hpp"

#include "base/error.hpp"
#include "tests/support/matchers.hpp"

using namespace fjord;
using namespace fjord::test;
using ::testing::HasSubstr;

namespace {

wall_time at(std::int64_t ms) { return wall_time{milliseconds{ms}}; }

TEST(Rfc3339, ReadsWhatTheStandardAllows) {
    constexpr std::int64_t x = 482196050520;  // 1985-04-12T23:20:50.52Z
    std::pair<char const*, std::int64_t> const valid[] = {
        {"1985-04-12T23:20:50.52Z", x},
        {"1985-04-12t23:20:50.52z", x},
        {"1985-04-13T00:20:50.52+01:00", x},
        {"1985-04-12T22:20:50.52-01:00", x},
        {"1996-12-19T16:39:57-00:00", 851013597000},
        {"1996-12-19T16:39:57+00:00", 851013597000},
        {"1996-12-19T16:39:57-08:00", 851042397000},
        {"1996-12-19T16:39:57+08:00", 850984797000},
        {"1937-01-01T12:00:27.87+01:00", -1041339572130},
        {"1937-01-01T12:00:27.8710+01:00", -1041339572129},
        {"1937-01-01T12:00:27.8+01:00", -1041339572200},
        {"1937-01-01T12:00:27.8Z", -1041335972200},
        {"2020-07-23T00:00:00.000+03:00", 1595451600000},
        {"2020-07-23T00:00:00+03:00", 1595451600000},
        {"1985-04-12t23:20:50.000z", 482196050000},
        {"2020-07-23T00:00:00Z", 1595462400000},
        {"2020-07-23T00:00:00.0Z", 1595462400000},
        {"2020-07-23T00:00:00.01Z", 1595462400010},
        {"2020-07-23T00:00:00.012Z", 1595462400012},
        {"2020-07-23T00:00:00.0123Z", 1595462400012},
        {"2020-07-23T00:00:00.012345678Z", 1595462400012},
        {"2020-02-29T23:59:59Z", 1583020799000},
        {"1990-12-31T23:59:60Z", 662688000000},
        {"1990-12-31T15:59:60-08:00", 662688000000},
        {"0000-01-01T00:00:00Z", -62167219200000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
    };
    for (auto const& [text, ms] : valid) EXPECT_THAT(parse_rfc3339(text), IsOkAnd(at(ms))) << text;
}

TEST(Rfc3339, RefusesWhatTheStandardForbids) {
    char const* const invalid[] = {
        "",
        "/",
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
        "1985-04-12T23:20:50,52Z",
        "2021-02-29T00:00:00Z",
        "1985-04-12T23:20:60Z",
        "1985-04-12T24:00:00Z",
        "1985-04-12 23:20:50Z",
        "1985-04-12T23:20Z",
        "1985-04-12T23:20:50Zx",
        " 1985-04-12T23:20:50Z",
        "1985-04-12T23:20:50+24:00",
        "1985-04-12T23:20:50+01:60",
        "1985-04-12T23:20:50+1:00",
        "-985-04-12T23:20:50Z",
        "1985-00-12T23:20:50Z",
        "1985-04-00T23:20:50Z",
        "1985-4-12T23:20:50Z",
    };
    for (auto const* text : invalid) EXPECT_THAT(parse_rfc3339(text), HasErrc(errc::invalid_argument)) << text;
}

TEST(Rfc3339, ReasonShowsTheTextAndTheFault) {
    EXPECT_THAT(parse_rfc3339("1985-04-31T00:00:00Z"), FailsWith(errc::invalid_argument, HasSubstr("no such day")));
    EXPECT_THAT(parse_rfc3339("1985-04-12"), FailsWith(errc::invalid_argument, HasSubstr("'1985-04-12'")));
}

TEST(Rfc3339, PrintsMillisecondsOnlyWhenThereAreSome) {
    EXPECT_EQ(format_rfc3339(at(0)), "1970-01-01T00:00:00Z");
    EXPECT_EQ(format_rfc3339(at(1595462400012)), "2020-07-23T00:00:00.012Z");
    EXPECT_EQ(format_rfc3339(at(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(HttpDate, IsTheFixedLengthForm) { EXPECT_EQ(format_http_date(at(784111777000)), "Sun, 06 Nov 1994 08:49:37 GMT"); }

TEST(Duration, ReadsWeeksToSeconds) {
    std::pair<char const*, std::int64_t> const valid[] = {
        {"P30D", 2592000}, {"PT6H", 21600}, {"P1DT12H", 129600},      {"P2W", 1209600},
        {"PT90S", 90},     {"PT0S", 0},     {"P1W1DT1H1M1S", 694861},
    };
    for (auto const& [text, s] : valid) EXPECT_THAT(parse_duration(text), IsOkAnd(seconds{s})) << text;
}

TEST(Duration, RefusesWhatHasNoFixedLengthOrNoForm) {
    char const* const invalid[] = {"",           "P",     "PT",    "30D",  "P1",   "P1Y",
                                   "P1M",        "P-1D",  "P1.5D", "P1H",  "PT1D", "P1DT",
                                   "PT1S1M",     "P1D1D", "pt1h",  "P 1D", "P1D ", "P99999999999999999999D",
                                   "P36600001D", "PTT1H"};
    for (auto const* text : invalid) EXPECT_THAT(parse_duration(text), HasErrc(errc::invalid_argument)) << text;
}

TEST(Duration, PrintsSoThatItReadsBack) {
    for (std::int64_t s : {0L, 1L, 59L, 60L, 3600L, 86400L, 90061L, 2592000L}) {
        EXPECT_THAT(parse_duration(format_duration(seconds{s})), IsOkAnd(seconds{s})) << s;
    }
    EXPECT_EQ(format_duration(seconds{129600}), "P1DT12H");
    EXPECT_EQ(format_duration(seconds{0}), "PT0S");
}

TEST(ManualClock, MovesOnlyWhenTold) {
    manual_clock time(at(1000));
    auto const wall = time.now();
    auto const steady = time.steady();
    EXPECT_EQ(time.now(), wall);
    time.advance(milliseconds{250});
    EXPECT_EQ(time.now() - wall, milliseconds{250});
    EXPECT_EQ(time.steady() - steady, milliseconds{250});
}

}  // namespace
