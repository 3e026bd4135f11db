#include "storage/s3_xml.hpp"
#include "tests/support/matchers.hpp"

namespace fjord::storage {
namespace {

using fjord::test::FailsWith;
using fjord::test::HasErrc;
using fjord::test::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(S3Listing, AwsPageIsRead) {
    auto page = parse_s3_page(R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>d/</Prefix><KeyCount>2</KeyCount>
<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>1/abc==</NextContinuationToken>
<Contents><Key>d/a+b%2Bc%25</Key><LastModified>2026-11-21T02:05:00.000Z</LastModified><ETag>&quot;0123&quot;</ETag><Size>42</Size>
<StorageClass>STANDARD</StorageClass></Contents><CommonPrefixes><Prefix>d/sub/</Prefix></CommonPrefixes></ListBucketResult>)");
    ASSERT_THAT(page, IsOk());
    ASSERT_EQ(page->objects.size(), 1u);
    EXPECT_EQ(page->objects[0].key, "d/a b+c%");
    EXPECT_EQ(page->objects[0].size, 42u);
    EXPECT_EQ(page->objects[0].etag, "\"0123\"");
    EXPECT_EQ(format_rfc3339(*page->objects[0].modified), "2026-11-21T02:05:00Z");
    EXPECT_THAT(page->prefixes, ElementsAre("d/sub/"));
    EXPECT_EQ(page->next, "1/abc==");
}

TEST(S3Listing, KeysStayAsTheyAreWithoutUrlEncoding) {
    auto page = parse_s3_page("<ListBucketResult><Contents><Key>a+b%20</Key><Size>1</Size></Contents></ListBucketResult>");
    ASSERT_THAT(page, IsOk());
    EXPECT_EQ(page->objects[0].key, "a+b%20");
    EXPECT_EQ(page->next, "");
}

TEST(S3Listing, ContradictionsAndOtherDocumentsAreRefused) {
    EXPECT_THAT(parse_s3_page("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"), HasErrc(errc::corrupt));
    EXPECT_THAT(parse_s3_page("<html><body>It works</body></html>"), HasErrc(errc::corrupt));
    EXPECT_THAT(parse_s3_page("<ListBucketResult><Contents><Size>-1</Size></Contents></ListBucketResult>"),
                HasErrc(errc::corrupt));
    EXPECT_THAT(parse_s3_page("<ListBucketResult>"), HasErrc(errc::corrupt));
}

TEST(S3Listing, EntitiesAndDepthAreLimited) {
    EXPECT_THAT(parse_s3_page("<!DOCTYPE x [<!ENTITY a 'b'>]><ListBucketResult/>"),
                FailsWith(errc::corrupt, HasSubstr("refused")));
    std::string deep = "<ListBucketResult>";
    for (int i = 0; i < 64; ++i) deep += "<a>";
    EXPECT_THAT(parse_s3_page(deep), HasErrc(errc::limit_exceeded));
    auto const long_key = "<ListBucketResult><Contents><Key>" + std::string(20'000, 'k') + "</Key></Contents></ListBucketResult>";
    EXPECT_THAT(parse_s3_page(long_key), HasErrc(errc::limit_exceeded));
}

TEST(S3Errors, CodesSayMoreThanStatuses) {
    auto const body = [](std::string const& code) { return "<Error><Code>" + code + "</Code><Message>m</Message></Error>"; };
    struct row {
        char const* code;
        unsigned status;
        errc kind;
    };
    for (auto const& r : {row{"NoSuchKey", 404, errc::not_found}, row{"AccessDenied", 403, errc::denied},
                          row{"SignatureDoesNotMatch", 403, errc::unauthenticated},
                          row{"ExpiredToken", 400, errc::unauthenticated}, row{"XAmzContentChecksumMismatch", 400, errc::corrupt},
                          row{"SlowDown", 503, errc::unavailable}, row{"PreconditionFailed", 412, errc::already_exists},
                          row{"QuotaExceeded", 403, errc::no_space}, row{"SomethingNew", 403, errc::denied}}) {
        auto const e = error_from_s3("PUT b/k", r.status, body(r.code));
        EXPECT_EQ(e.code, make_error_code(r.kind)) << r.code;
        EXPECT_THAT(e.detail, HasSubstr(r.code));
    }
    EXPECT_EQ(error_from_s3("GET b/k", 404, "<html>no</html>").code, make_error_code(errc::not_found));
}

TEST(S3Errors, MembersAreFoundOrMissed) {
    auto const xml =
        "<InitiateMultipartUploadResult xmlns='x'><Bucket>b</Bucket><UploadId>u-1</UploadId></InitiateMultipartUploadResult>";
    EXPECT_EQ(*s3_member(xml, "UploadId"), "u-1");
    EXPECT_THAT(s3_member(xml, "ETag"), HasErrc(errc::corrupt));
}

}  // namespace
}  // namespace fjord::storage
