// Signature Version 4 against the examples that AWS publishes (Amazon S3 API reference, "Signature Calculations for the
// Authorization Header" and "Authenticating Requests: Using Query Parameters"). The keys are AWS's documentation keys.
#include "storage/s3_credentials.hpp"
#include "storage/s3_signing.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace fjord::storage {
namespace {

using fjord::test::FailsWith;
using fjord::test::HasErrc;
using fjord::test::IsOk;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

s3_credentials documentation_keys() { return {"AKIAIOSFODNN7EXAMPLE", secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), {}}; }

wall_time documentation_time() { return *parse_rfc3339("2013-05-24T00:00:00Z"); }

signable_request request(std::string method, std::string path) {
    signable_request r;
    r.method = std::move(method);
    r.host = "examplebucket.s3.amazonaws.com";
    r.path = std::move(path);
    r.content_sha256 = sha256_of("").hex();
    return r;
}

std::string signature_of(signable_request r) {
    sign_request(r, documentation_keys(), "us-east-1", documentation_time());
    auto const field = std::string(r.headers.get("Authorization"));
    return field.substr(field.rfind('=') + 1);
}

TEST(S3Signing, GetOfARangeIsAsPublished) {
    auto r = request("GET", "/test.txt");
    r.headers.set("Range", "bytes=0-9");
    EXPECT_EQ(signature_of(r), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3Signing, PutOfAnObjectIsAsPublished) {
    auto r = request("PUT", s3_encode_path("/test$file.text"));
    r.headers.set("Date", "Fri, 24 May 2013 00:00:00 GMT");
    r.headers.set("x-amz-storage-class", "REDUCED_REDUNDANCY");
    r.content_sha256 = sha256_of("Welcome to Amazon S3.").hex();
    EXPECT_EQ(signature_of(r), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(S3Signing, AQueryWithoutValueIsAsPublished) {
    auto r = request("GET", "/");
    r.query.emplace_back("lifecycle", "");
    EXPECT_EQ(signature_of(r), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(S3Signing, AListingIsAsPublished) {
    auto r = request("GET", "/");
    r.query.emplace_back("prefix", "J");
    r.query.emplace_back("max-keys", "2");
    EXPECT_EQ(signature_of(r), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(S3Signing, APresignedUrlIsAsPublished) {
    auto const query = presigned_query(request("GET", "/test.txt"), documentation_keys(), "us-east-1", documentation_time(),
                                       std::chrono::seconds(86400));
    EXPECT_THAT(query, EndsWith("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"));
    EXPECT_THAT(query, HasSubstr("X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"));
}

TEST(S3Signing, SessionTokensAreSignedInBothForms) {
    auto keys = documentation_keys();
    keys.session_token = secret("sess/ion+token==");
    auto r = request("GET", "/x");
    sign_request(r, keys, "us-east-1", documentation_time());
    EXPECT_EQ(r.headers.get("x-amz-security-token"), "sess/ion+token==");
    EXPECT_THAT(std::string(r.headers.get("Authorization")), HasSubstr("x-amz-security-token"));
    EXPECT_THAT(presigned_query(request("GET", "/x"), keys, "us-east-1", documentation_time(), std::chrono::seconds(60)),
                HasSubstr("X-Amz-Security-Token=sess%2Fion%2Btoken%3D%3D"));
}

TEST(S3Signing, FieldsAreTrimmedSqueezedAndSorted) {
    auto r = request("GET", "/x");
    r.headers.set("X-B", "  two   words ");
    r.headers.set("X-A", "1");
    EXPECT_THAT(canonical_request(r), HasSubstr("host:examplebucket.s3.amazonaws.com\nx-a:1\nx-b:two words\n\nhost;x-a;x-b\n"));
}

TEST(S3Signing, PathsAndQueriesAreEncodedStrictly) {
    EXPECT_EQ(s3_encode_path("/a b/+&=:@/ü%"), "/a%20b/%2B%26%3D%3A%40/%C3%BC%25");
    query_items const items{{"b", "/"}, {"a", "x y"}, {"a", "w"}};
    EXPECT_EQ(s3_query(items), "a=w&a=x%20y&b=%2F");
}

TEST(S3Credentials, AreReadFromTheFormatOfTheAwsTools) {
    auto const text =
        "# ours\n[other]\naws_access_key_id=NO\n[default]\r\naws_access_key_id = AKIA1\r\n"
        "aws_secret_access_key = s3cr/et=\naws_session_token=tok\n";
    auto keys = parse_s3_credentials(text);
    ASSERT_THAT(keys, IsOk());
    EXPECT_EQ(keys->access_key_id, "AKIA1");
    EXPECT_EQ(keys->secret_access_key.reveal(), "s3cr/et=");
    EXPECT_EQ(keys->session_token.reveal(), "tok");
}

TEST(S3Credentials, WhatIsMissingIsNamedAndWhatIsThereIsNot) {
    EXPECT_THAT(parse_s3_credentials("[x]\naws_access_key_id=AKIA1\n"),
                FailsWith(errc::invalid_argument, HasSubstr("[default]")));
    EXPECT_THAT(parse_s3_credentials("[default]\naws_secret_access_key=hidden\n"),
                FailsWith(errc::invalid_argument, AllOf(HasSubstr("aws_access_key_id"), Not(HasSubstr("hidden")))));
    EXPECT_THAT(parse_s3_credentials("[default]\naws_access_key_id=AKIA1\n"),
                FailsWith(errc::invalid_argument, HasSubstr("aws_secret_access_key")));
}

TEST(S3Credentials, AFileIsReadAgainWhenItChangesAndAnUnreadableOneKeepsTheOldKeys) {
    fjord::test::temp_dir dir;
    auto const path = dir.write("keys", "[default]\naws_access_key_id=ONE\naws_secret_access_key=s\n");
    ::chmod(path.c_str(), 0600);
    s3_credentials_file file(path);
    EXPECT_EQ(file.get()->access_key_id, "ONE");
    auto const change = [&](std::string const& text, std::int64_t mtime) {
        dir.write("keys", text);
        timespec const times[2] = {{mtime, 0}, {mtime, 0}};
        ::utimensat(AT_FDCWD, path.c_str(), times, 0);
    };
    change("[default]\naws_access_key_id=TWO\naws_secret_access_key=s\n", 1000);
    EXPECT_EQ(file.get()->access_key_id, "TWO");
    change("half a file", 2000);
    EXPECT_EQ(file.get()->access_key_id, "TWO");
}

TEST(S3Credentials, AFileThatOthersMayReadIsRefused) {
    fjord::test::temp_dir dir;
    auto const path = dir.write("keys", "[default]\naws_access_key_id=ONE\naws_secret_access_key=s\n");
    ::chmod(path.c_str(), 0644);
    EXPECT_THAT(s3_credentials_file(path).get(), FailsWith(errc::unavailable, HasSubstr("chmod 600")));
    EXPECT_THAT(s3_credentials_file(dir.path("absent")).get(), HasErrc(errc::unavailable));
}

}  // namespace
}  // namespace fjord::storage
