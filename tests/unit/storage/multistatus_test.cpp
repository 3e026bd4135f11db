#include "storage/multistatus.hpp"

#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fjord::storage {
namespace {

using test::FailsWith;
using test::HasErrc;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// As XRootD 5.5.3 writes it: other prefixes for the same namespace, an unknown namespace beside it.
constexpr std::string_view xrootd_listing = R"(<?xml version="1.0" encoding="utf-8"?>
<D:multistatus xmlns:D="DAV:" xmlns:ns1="http://apache.org/dav/props/" xmlns:ns0="DAV:">
<D:response xmlns:lp1="DAV:" xmlns:lp2="http://apache.org/dav/props/">
<D:href>/data/sub/</D:href><D:propstat><D:prop>
<lp1:getcontentlength>4096</lp1:getcontentlength>
<lp1:getlastmodified>Sat, 21 Nov 2026 02:05:00 GMT</lp1:getlastmodified>
<lp1:resourcetype><D:collection/></lp1:resourcetype>
<lp1:iscollection>1</lp1:iscollection>
<lp2:executable>T</lp2:executable></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>
<D:response><D:href>https://h:1/data/a%20b&amp;c.nc</D:href><D:propstat><D:prop>
<ns0:getcontentlength>17</ns0:getcontentlength><ns0:getetag>"x"</ns0:getetag><lp9:getcontentlength xmlns:lp9="urn:x">99</lp9:getcontentlength>
</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>
<D:propstat><D:prop><D:getlastmodified>Sat, 21 Nov 2026 02:05:00 GMT</D:getlastmodified></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>
</D:response></D:multistatus>)";

TEST(Multistatus, EntriesOfAnyPrefixAreRead) {
    auto const found = parse_multistatus(xrootd_listing);
    ASSERT_THAT(found, test::IsOk());
    ASSERT_THAT(*found, SizeIs(2));
    auto const& dir = (*found)[0];
    EXPECT_TRUE(dir.directory);
    EXPECT_EQ(dir.href, "/data/sub/");
    ASSERT_TRUE(dir.modified);
    EXPECT_EQ(format_http_date(*dir.modified), "Sat, 21 Nov 2026 02:05:00 GMT");
    auto const& file = (*found)[1];
    EXPECT_FALSE(file.directory);
    EXPECT_EQ(file.href, "https://h:1/data/a%20b&c.nc");
    EXPECT_EQ(file.size, 17u);
    EXPECT_EQ(file.etag, "\"x\"");
    EXPECT_FALSE(file.modified) << "a property under a 404 propstat is not there";
}

TEST(Multistatus, TheStatusOfAWholeEntryIsKept) {
    auto const found = parse_multistatus(
        R"(<multistatus xmlns="DAV:"><response><href>/x</href><status>HTTP/1.1 404 Not Found</status></response></multistatus>)");
    ASSERT_THAT(found, test::IsOk());
    EXPECT_EQ(found->front().status, 404u);
}

TEST(Multistatus, DocumentTypesAndWithThemEntitiesAreRefused) {
    auto const bomb = R"(<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
        <D:multistatus xmlns:D="DAV:"><D:response><D:href>&b;</D:href></D:response></D:multistatus>)";
    EXPECT_THAT(parse_multistatus(bomb), FailsWith(errc::corrupt, HasSubstr("document type")));
}

TEST(Multistatus, WhatIsNoMultistatusIsRefused) {
    EXPECT_THAT(parse_multistatus("<html><body>503</body></html>"), HasErrc(errc::corrupt));
    EXPECT_THAT(parse_multistatus(""), HasErrc(errc::corrupt));
    EXPECT_THAT(parse_multistatus(xrootd_listing.substr(0, 700)), HasErrc(errc::corrupt));
    EXPECT_THAT(parse_multistatus("<multistatus/>"), HasErrc(errc::corrupt)) << "not of the DAV: namespace";
}

TEST(Multistatus, DepthTextAndEntriesHaveLimits) {
    std::string deep = R"(<D:multistatus xmlns:D="DAV:">)";
    for (int i = 0; i < 40; ++i) deep += "<D:x>";
    EXPECT_THAT(parse_multistatus(deep), HasErrc(errc::limit_exceeded));
    auto const text = R"(<D:multistatus xmlns:D="DAV:"><D:response><D:href>)" + std::string(20'000, 'x') +
                      "</D:href></D:response></D:multistatus>";
    EXPECT_THAT(parse_multistatus(text), HasErrc(errc::limit_exceeded));
    auto const two = R"(<D:multistatus xmlns:D="DAV:"><D:response/><D:response/></D:multistatus>)";
    EXPECT_THAT(parse_multistatus(two, {.max_entries = 1}), HasErrc(errc::limit_exceeded));
}

TEST(Multistatus, DatesOfBothFormsAreRead) {
    EXPECT_EQ(parse_dav_date("Sat, 21 Nov 2026 02:05:00 GMT"), parse_dav_date("2026-11-21T02:05:00Z"));
    for (auto const* bad :
         {"", "yesterday", "Sat, 31 Feb 2026 02:05:00 GMT", "Sat, 21 Foo 2026 02:05:00 GMT", "Sat, 21 Nov 2026 02:05:00 CET"})
        EXPECT_EQ(parse_dav_date(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace fjord::storage
