// The S3 driver against a server that answers as real ones do, faults included. What it promises against a real server stands in
// tests/conformance.
#include "storage/s3.hpp"

#include "fake_site.hpp"
#include "base/log.hpp"
#include "tests/support/matchers.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <atomic>

namespace fjord::storage {
namespace {

using fjord::test::FailsWith;
using fjord::test::HasErrc;
using fjord::test::IsOk;
using test::fake_site;
using test::seen_request;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t small_part = 1000;

call soon() { return {secret(), system_clock().steady() + seconds{5}}; }

s3_options options_for(fake_site const& site, std::string const& tail = "/bucket/pre") {
    s3_options o;
    o.url = site.url() + tail;
    o.part_size = small_part;
    o.retry_pause = milliseconds{1};
    o.credentials = []() -> result<s3_credentials> { return s3_credentials{"AKIA1", secret("hidden-key"), {}}; };
    return o;
}

asio::awaitable<result<std::size_t>> give(std::shared_ptr<std::uint64_t> left, std::span<char> out) {
    auto const n = std::min<std::uint64_t>({out.size(), *left, 300});
    std::fill_n(out.begin(), n, 'x');
    *left -= n;
    co_return n;
}

byte_source bytes(std::uint64_t size) {
    return [left = std::make_shared<std::uint64_t>(size)](std::span<char> out) { return give(left, out); };
}

net::response refuse(unsigned status, std::string const& code) {
    return net::text_response(status, "<Error><Code>" + code + "</Code><Message>why</Message></Error>", "application/xml");
}

std::vector<std::string> lines(std::vector<seen_request> const& requests) {
    std::vector<std::string> out;
    for (auto const& r : requests) out.push_back(r.method + " " + r.path + (r.query.empty() ? "" : "?" + r.query));
    return out;
}

// Answers uploads in parts as S3 does; `fault` may answer first.
net::response parts_server(seen_request const& r, std::function<std::optional<net::response>(seen_request const&)> const& fault) {
    if (fault)
        if (auto answer = fault(r)) return std::move(*answer);
    if (r.method == "HEAD") return net::empty_response(404);
    if (r.method == "POST" && r.query == "uploads=")
        return net::text_response(200, "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
    if (r.method == "POST")
        return net::text_response(200, "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>");
    auto answer = net::empty_response(r.method == "DELETE" ? 204 : 200);
    answer.headers.set("ETag", "\"part\"");
    return answer;
}

TEST(S3Driver, SignsEveryRequestAndSendsNoBearerToken) {
    fake_site site([](seen_request const&) {
        auto answer = net::empty_response(200);
        answer.head_length = 7;
        return answer;
    });
    auto driver = make_s3_driver(options_for(site), site.client());
    auto c = soon();
    c.token = secret("not-for-s3");
    ASSERT_THAT(site.run(driver->stat(c, "a%20b/%C3%BC+.nc")), IsOk());
    auto const seen = site.seen();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].path, "/bucket/pre/a%20b/%C3%BC%2B.nc");
    EXPECT_THAT(std::string(seen[0].headers.get("Authorization")),
                AllOf(HasSubstr("AWS4-HMAC-SHA256 Credential=AKIA1/"), Not(HasSubstr("not-for-s3")), Not(HasSubstr("hidden"))));
}

TEST(S3Driver, VirtualHostAddressingNamesTheBucketInTheHostOnly) {
    fake_site site([](seen_request const&) { return net::empty_response(200); });
    auto o = options_for(site, "/pre");
    o.virtual_host = true;
    auto driver = make_s3_driver(o, site.client());
    ASSERT_THAT(site.run(driver->stat(soon(), "x")), IsOk());
    EXPECT_EQ(site.seen()[0].path, "/pre/x");
}

TEST(S3Driver, UrlsWithoutBucketAreRefused) {
    EXPECT_THAT(check_s3_url("https://s3.example", false), FailsWith(errc::invalid_argument, HasSubstr("names its bucket")));
    EXPECT_THAT(check_s3_url("https://bucket.s3.example", true), IsOk());
    EXPECT_THAT(check_s3_url("https://s3.example/bucket?x=1", false), HasErrc(errc::invalid_argument));
}

TEST(S3Driver, LargeFilesGoUpInPartsWithAChecksumOfTheWhole) {
    fake_site site([](seen_request const& r) { return parts_server(r, {}); });
    auto driver = make_s3_driver(options_for(site), site.client());
    ASSERT_THAT(site.run(driver->write(soon(), "x", 2500, bytes(2500))), IsOk());
    auto const seen = site.seen();
    ASSERT_EQ(seen.size(), 6u);
    EXPECT_THAT(lines(seen),
                ElementsAre("HEAD /bucket/pre/x", "POST /bucket/pre/x?uploads=", "PUT /bucket/pre/x?partNumber=1&uploadId=u1",
                            "PUT /bucket/pre/x?partNumber=2&uploadId=u1", "PUT /bucket/pre/x?partNumber=3&uploadId=u1",
                            "POST /bucket/pre/x?uploadId=u1"));
    EXPECT_EQ(seen[1].headers.get("x-amz-checksum-type"), "FULL_OBJECT");
    EXPECT_EQ(seen[4].body.size(), 500u);
    auto const& last = seen.back();
    std::string const whole(2500, 'x');
    auto const crc = crc32c(0, std::as_bytes(std::span(whole)));
    auto const told = digest::from_base64(digest_algorithm::crc32c, last.headers.get("x-amz-checksum-crc32c"));
    ASSERT_THAT(told, IsOk());
    char hex[9];
    std::snprintf(hex, sizeof hex, "%08x", crc);
    EXPECT_EQ(told->hex(), hex);
    EXPECT_EQ(last.headers.get("If-None-Match"), "*");
    EXPECT_THAT(last.body, HasSubstr("<PartNumber>3</PartNumber><ETag>\"part\"</ETag><ChecksumCRC32C>"));
}

TEST(S3Driver, AFailedPartIsSentAgain) {
    std::atomic<int> refused{0};
    fake_site site([&](seen_request const& r) {
        return parts_server(r, [&](seen_request const& one) -> std::optional<net::response> {
            bool const second = one.query.starts_with("partNumber=2");
            if (second && refused.fetch_add(1) < 2) return refuse(503, "SlowDown");
            return std::nullopt;
        });
    });
    auto driver = make_s3_driver(options_for(site), site.client());
    EXPECT_THAT(site.run(driver->write(soon(), "x", 2500, bytes(2500))), IsOk());
    EXPECT_EQ(refused, 3);
}

TEST(S3Driver, AnUploadThatFailsIsAborted) {
    fake_site site([](seen_request const& r) {
        return parts_server(r, [](seen_request const& one) -> std::optional<net::response> {
            if (one.query.starts_with("partNumber=2")) return refuse(403, "QuotaExceeded");
            return std::nullopt;
        });
    });
    auto driver = make_s3_driver(options_for(site), site.client());
    EXPECT_THAT(site.run(driver->write(soon(), "x", 2500, bytes(2500))), HasErrc(errc::no_space));
    EXPECT_EQ(lines(site.seen()).back(), "DELETE /bucket/pre/x?uploadId=u1");
}

TEST(S3Driver, ASourceThatEndsEarlyOrLateIsAnErrorAndLeavesNothing) {
    fake_site site([](seen_request const& r) { return parts_server(r, {}); });
    auto driver = make_s3_driver(options_for(site), site.client());
    EXPECT_THAT(site.run(driver->write(soon(), "x", 2500, bytes(2400))),
                FailsWith(errc::invalid_argument, HasSubstr("too early")));
    EXPECT_EQ(lines(site.seen()).back(), "DELETE /bucket/pre/x?uploadId=u1");
    EXPECT_THAT(site.run(driver->write(soon(), "y", 10, bytes(11))), FailsWith(errc::invalid_argument, HasSubstr("more bytes")));
    EXPECT_EQ(lines(site.seen()).back(), "HEAD /bucket/pre/y");
}

TEST(S3Driver, SuccessWithAnErrorInsideIsAFailureAndAborted) {
    fake_site site([](seen_request const& r) {
        return parts_server(r, [](seen_request const& one) -> std::optional<net::response> {
            if (one.method == "POST" && one.query == "uploadId=u1") return refuse(200, "InternalError");
            return std::nullopt;
        });
    });
    auto driver = make_s3_driver(options_for(site), site.client());
    EXPECT_THAT(site.run(driver->write(soon(), "x", 2500, bytes(2500))),
                FailsWith(errc::unavailable, HasSubstr("InternalError")));
    EXPECT_EQ(lines(site.seen()).back(), "DELETE /bucket/pre/x?uploadId=u1");
}

TEST(S3Driver, CompositeChecksumsAndEtagsOfPartsAreNoDigests) {
    net::header_list fields;
    fake_site site([&](seen_request const&) {
        auto answer = net::empty_response(200);
        for (auto const& [name, value] : fields.items()) answer.headers.set(name, value);
        return answer;
    });
    auto o = options_for(site);
    auto const ask = [&] {
        std::vector<digest_algorithm> const all{digest_algorithm::sha256, digest_algorithm::crc32c, digest_algorithm::md5};
        return site.run(make_s3_driver(o, site.client())->checksum(soon(), "x", all));
    };
    fields.set("x-amz-checksum-crc32c", "yZRlqg==-3");
    EXPECT_THAT(ask(), HasErrc(errc::unsupported));
    fields.set("x-amz-checksum-crc32c", "yZRlqg==");
    EXPECT_EQ(ask()->text(), "crc32c:c99465aa");
    fields.set("x-amz-checksum-type", "COMPOSITE");
    EXPECT_THAT(ask(), HasErrc(errc::unsupported));
    fields = {};
    fields.set("ETag", "\"d41d8cd98f00b204e9800998ecf8427e\"");
    EXPECT_THAT(ask(), HasErrc(errc::unsupported)) << "an ETag is md5 only where the site says so";
    o.etag_is_md5 = true;
    EXPECT_EQ(ask()->text(), "md5:d41d8cd98f00b204e9800998ecf8427e");
    fields.set("ETag", "\"d41d8cd98f00b204e9800998ecf8427e-2\"");
    EXPECT_THAT(ask(), HasErrc(errc::unsupported));
    fields.set("ETag", "\"d41d8cd98f00b204e9800998ecf8427e\"");
    fields.set("x-amz-server-side-encryption", "aws:kms");
    EXPECT_THAT(ask(), HasErrc(errc::unsupported));
}

TEST(S3Driver, RenameKeepsTheSourceWhenTheCopyDiffers) {
    fake_site site([](seen_request const& r) {
        static std::atomic<int> heads{0};
        if (r.method == "PUT") return net::text_response(200, "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>");
        auto const n = r.method == "HEAD" ? heads.fetch_add(1) : 9;
        auto answer = net::empty_response(n == 0 ? 404 : 200);  // target free, source, target after the copy
        answer.headers.set("x-amz-checksum-crc32c", n == 1 ? "yZRlqg==" : "AAAAAA==");
        return answer;
    });
    auto driver = make_s3_driver(options_for(site), site.client());
    EXPECT_THAT(site.run(driver->rename(soon(), "a", "b")), FailsWith(errc::corrupt, HasSubstr("another checksum")));
    auto const seen = site.seen();
    EXPECT_EQ(seen[2].headers.get("x-amz-copy-source"), "/bucket/pre/a");
    for (auto const& r : seen) EXPECT_NE(r.method, "DELETE");
}

TEST(S3Driver, ListingsAreFollowedToTheEndAndLoopsAreNot) {
    fake_site site([](seen_request const& r) {
        auto const more = [](std::string const& key, std::string const& next) {
            return net::text_response(200, "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>" + next +
                                               "</NextContinuationToken><Contents><Key>" + key +
                                               "</Key><Size>1</Size></Contents></ListBucketResult>");
        };
        if (r.query.find("prefix=pre%2Floop") != std::string::npos) return more("pre/loop/a", "same");
        if (r.query.find("continuation-token=n1") == std::string::npos) return more("pre/d/a", "n1");
        return net::text_response(200,
                                  "<ListBucketResult><Contents><Key>pre/d/b</Key><Size>2</Size></Contents><Contents>"
                                  "<Key>elsewhere/c</Key><Size>2</Size></Contents></ListBucketResult>");
    });
    auto driver = make_s3_driver(options_for(site), site.client());
    auto entries = site.run(driver->list(soon(), "d"));
    ASSERT_THAT(entries, IsOk());
    ASSERT_EQ(entries->size(), 2u);
    EXPECT_EQ((*entries)[1].name, "b");
    EXPECT_THAT(site.run(driver->list(soon(), "loop")), HasErrc(errc::corrupt));
}

TEST(S3Driver, PresignedUrlsNameEverythingButTheKey) {
    s3_options o;
    o.url = "https://s3.example:9000/bucket/pre";
    o.credentials = []() -> result<s3_credentials> { return s3_credentials{"AKIA1", secret("hidden-key"), {}}; };
    net::header_list once;
    once.set("If-None-Match", "*");
    auto url = presigned_url(o, "PUT", "a%20b", *parse_rfc3339("2026-11-21T02:05:00Z"), seconds{60}, once);
    ASSERT_THAT(url, IsOk());
    EXPECT_THAT(url->reveal(), AllOf(HasSubstr("https://s3.example:9000/bucket/pre/a%20b?"), HasSubstr("X-Amz-Expires=60&"),
                                     HasSubstr("X-Amz-SignedHeaders=host%3Bif-none-match"), Not(HasSubstr("hidden-key"))));
    EXPECT_THAT(scrub(url->reveal()), Not(HasSubstr(url->reveal().substr(url->reveal().rfind('=') + 1))));
}

}  // namespace
}  // namespace fjord::storage
