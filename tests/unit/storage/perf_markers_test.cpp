#include "storage/perf_markers.hpp"

#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fjord::storage {
namespace {

using test::HasErrc;
using test::IsOk;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view xrootd_body =
    "Perf Marker\nTimestamp: 1795222942\nStripe Index: 0\nStripe Bytes Transferred: 49397760\nTotal Stripe Count: 1\n"
    "RemoteConnections: tcp:192.0.2.7:1094,tcp:[2001:db8::1]:2345\nEnd\nsuccess: Created";

perf_marker_parser parsed(std::string_view body) {
    perf_marker_parser parser;
    EXPECT_THAT(parser.feed(body), IsOk());
    EXPECT_THAT(parser.finish(), IsOk());
    return parser;
}

TEST(PerfMarkers, XrootdReportWithoutLastNewlineIsUnderstood) {
    auto parser = parsed(xrootd_body);
    auto const markers = parser.take_markers();
    ASSERT_THAT(markers, SizeIs(1));
    EXPECT_EQ(markers[0].bytes, 49397760u);
    EXPECT_EQ(markers[0].timestamp, 1795222942);
    EXPECT_EQ(markers[0].remote, "tcp:192.0.2.7:1094,tcp:[2001:db8::1]:2345");
    EXPECT_EQ(parser.verdict(), copy_verdict::success);
    EXPECT_EQ(parser.reason(), "Created");
}

TEST(PerfMarkers, CuttingTheBytesAnywhereChangesNothing) {
    for (std::size_t cut = 0; cut <= xrootd_body.size(); ++cut) {
        perf_marker_parser parser;
        ASSERT_THAT(parser.feed(xrootd_body.substr(0, cut)), IsOk());
        ASSERT_THAT(parser.feed(xrootd_body.substr(cut)), IsOk());
        ASSERT_THAT(parser.finish(), IsOk());
        EXPECT_EQ(parser.verdict(), copy_verdict::success) << "cut at " << cut;
        EXPECT_THAT(parser.take_markers(), SizeIs(1));
    }
}

TEST(PerfMarkers, DcacheIndentsAndAddsKeys) {
    auto parser = parsed(
        "Perf Marker\n    Timestamp: 1795222942\n    State: 4\n    State description: Mover created\n    Stripe Index: 0\n"
        "    Stripe Start Time: 1795222940\n    Stripe Bytes Transferred: 17\n    Stripe Status: RUNNING\n"
        "    Total Stripe Count: 1\n    RemoteConnections: tcp:192.0.2.7:443\nEnd\nsuccess: Created\n");
    auto const markers = parser.take_markers();
    ASSERT_THAT(markers, SizeIs(1));
    EXPECT_EQ(markers[0].bytes, 17u);
    EXPECT_EQ(parser.verdict(), copy_verdict::success);
}

TEST(PerfMarkers, CarriageReturnsAndABareSuccessAreAccepted) {
    auto parser = parsed("Perf Marker\r\n\tTimestamp: 1\r\n\tStripe Bytes Transferred: 5\r\nEnd\r\nSuccess\r\n");
    EXPECT_THAT(parser.take_markers(), SizeIs(1));
    EXPECT_EQ(parser.verdict(), copy_verdict::success);
}

TEST(PerfMarkers, StripesAreSummed) {
    auto parser = parsed(
        "Perf Marker\nStripe Index: 0\nStripe Bytes Transferred: 10\nTotal Stripe Count: 2\nEnd\n"
        "Perf Marker\nStripe Index: 1\nStripe Bytes Transferred: 7\nTotal Stripe Count: 2\nEnd\n"
        "Perf Marker\nStripe Index: 0\nStripe Bytes Transferred: 20\nTotal Stripe Count: 2\nEnd\n");
    auto const markers = parser.take_markers();
    ASSERT_THAT(markers, SizeIs(3));
    EXPECT_EQ(markers[1].bytes, 17u);
    EXPECT_EQ(markers[2].bytes, 27u);
}

TEST(PerfMarkers, AStreamWithoutResultStaysUndecided) {
    auto parser = parsed("Perf Marker\nStripe Bytes Transferred: 10\nEnd\n");
    EXPECT_EQ(parser.verdict(), copy_verdict::undecided);
    EXPECT_EQ(parsed("").verdict(), copy_verdict::undecided);
}

struct verdict_case {
    std::string_view body;
    copy_verdict verdict;
    std::string_view reason;
};

TEST(PerfMarkers, OnlyASuccessLineOutsideAMarkerIsSuccess) {
    verdict_case const cases[] = {
        {"success: Created\n", copy_verdict::success, "Created"},
        {"Success", copy_verdict::success, ""},
        {"successor: none\n", copy_verdict::undecided, ""},
        {"no success: here\n", copy_verdict::undecided, ""},
        {"Perf Marker\nsuccess: Created\n", copy_verdict::undecided, ""},
        {"failure: Couldn't connect to server\n", copy_verdict::failure, "Couldn't connect to server"},
        {"failed because of rain\n", copy_verdict::failure, "because of rain"},
        {"aborted: shutdown\n", copy_verdict::aborted, "shutdown"},
        {"Perf Marker\nStripe Index: 0\nfailure: disk\n", copy_verdict::failure, "disk"},
        {"success: Created\nfailure: late\n", copy_verdict::failure, "late"},
        {"failure: first\nsuccess: Created\n", copy_verdict::failure, "first"},
        {"<html>502 Bad Gateway</html>\n", copy_verdict::undecided, ""},
    };
    for (auto const& c : cases) {
        auto parser = parsed(c.body);
        EXPECT_EQ(parser.verdict(), c.verdict) << c.body;
        EXPECT_EQ(parser.reason(), c.reason) << c.body;
    }
}

TEST(PerfMarkers, AnEndlessLineIsRefused) {
    perf_marker_parser parser;
    std::string const half(perf_marker_parser::max_line, 'x');
    EXPECT_THAT(parser.feed(half), IsOk());
    EXPECT_THAT(parser.feed("y"), HasErrc(errc::limit_exceeded));
}

TEST(PerfMarkers, TooManyStripesAreRefused) {
    perf_marker_parser parser;
    EXPECT_THAT(parser.feed("Perf Marker\nStripe Index: 1024\n"), HasErrc(errc::limit_exceeded));
}

TEST(PerfMarkers, NonsenseNumbersAreSkipped) {
    auto parser = parsed(
        "Perf Marker\nStripe Index: -1\nStripe Bytes Transferred: 99999999999999999999999\nTimestamp: soon\nEnd\nsuccess:");
    auto const markers = parser.take_markers();
    ASSERT_THAT(markers, SizeIs(1));
    EXPECT_EQ(markers[0].bytes, 0u);
    EXPECT_EQ(markers[0].timestamp, std::nullopt);
    EXPECT_EQ(parser.verdict(), copy_verdict::success);
}

TEST(PerfMarkers, FailureTextsTellTheKind) {
    struct {
        std::string_view text;
        errc kind;
    } const cases[] = {
        {"Remote side failed with status code 403; error message: \"x\"", errc::denied},
        {"rejected GET: 404 Not Found", errc::not_found},
        {"Pull failed, status code: 507", errc::no_space},
        {"Couldn't connect to server", errc::unavailable},
        {"Checksum mismatch: adler32", errc::corrupt},
        {"No space left on device", errc::no_space},
        {"status code 99999", errc::unavailable},
        {"", errc::unavailable},
    };
    for (auto const& c : cases) EXPECT_EQ(make_error_code(classify_copy_failure(c.text)), make_error_code(c.kind)) << c.text;
}

}  // namespace
}  // namespace fjord::storage
