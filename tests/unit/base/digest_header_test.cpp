#include "base/digest.hpp"

#include "base/error.hpp"
#include "tests/support/matchers.hpp"

using namespace fjord;
using namespace fjord::test;
using ::testing::Eq;
using ::testing::Optional;

namespace {

digest_set digests_of(std::string_view text) {
    digester d;
    d.update(text);
    return d.finish();
}

TEST(DigestHeader, WritesWhatStoragePeersExpect) {
    auto const set = digests_of("123456789");
    EXPECT_EQ(digest_header(*set.adler32), "adler32=091e01de");
    EXPECT_EQ(digest_header(*set.crc32c), "crc32c=4waSgw==");
    EXPECT_EQ(digest_header(*set.md5), "md5=JfnnlDI7RTiF9RgfG2JNCw==");
    EXPECT_EQ(digest_header(*set.sha256), "sha-256=FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=");
}

TEST(DigestHeader, ReadsWhatStoragePeersSend) {
    auto const set = digests_of("123456789");
    EXPECT_THAT(parse_digest_header("adler32=091e01de").value().adler32, Optional(*set.adler32));
    EXPECT_THAT(parse_digest_header("adler32=91e01de").value().adler32, Optional(*set.adler32));
    EXPECT_THAT(parse_digest_header("ADLER32=091E01DE").value().adler32, Optional(*set.adler32));
    EXPECT_THAT(parse_digest_header("crc32c=4waSgw==").value().crc32c, Optional(*set.crc32c));
    EXPECT_THAT(parse_digest_header("crc32c=e3069283").value().crc32c, Optional(*set.crc32c));
    EXPECT_THAT(parse_digest_header("md5=JfnnlDI7RTiF9RgfG2JNCw==").value().md5, Optional(*set.md5));
    EXPECT_THAT(parse_digest_header("md5=25f9e794323b453885f5181f1b624d0b").value().md5, Optional(*set.md5));
    auto const several = parse_digest_header("unixsum=30637, adler32=091e01de , sha-256=" + set.sha256->base64()).value();
    EXPECT_EQ(compare(several, set), digest_match::equal);
    EXPECT_TRUE(several.sha256 && several.adler32 && !several.md5);
}

TEST(DigestHeader, RefusesMalformedKnownAndSkipsUnknownAlgorithms) {
    EXPECT_THAT(parse_digest_header("adler32=xyz"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(parse_digest_header("md5=AAAA"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(parse_digest_header("sha-256="), HasErrc(errc::invalid_argument));
    EXPECT_TRUE(parse_digest_header("sha-512=zzz, id-sha=1").value().empty());
    EXPECT_TRUE(parse_digest_header("").value().empty());
}

TEST(ReprDigest, UsesByteSequencesAndRegisteredKeys) {
    auto const set = digests_of("123456789");
    EXPECT_EQ(repr_digest_header(*set.sha256), "sha-256=:FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=:");
    EXPECT_EQ(repr_digest_header(*set.adler32), "adler=:CR4B3g==:");
    for (auto const& d : {*set.sha256, *set.adler32, *set.crc32c, *set.md5}) {
        EXPECT_THAT(parse_repr_digest_header(repr_digest_header(d)).value().get(d.algorithm()), Optional(d));
    }
    EXPECT_THAT(parse_repr_digest_header("sha-512=:AA==:, adler=:CR4B3g==:;x=1").value().adler32, Optional(*set.adler32));
}

TEST(ReprDigest, RefusesOtherForms) {
    EXPECT_THAT(parse_repr_digest_header("sha-256=FeKw08M4"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(parse_repr_digest_header("sha-256=:"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(parse_repr_digest_header("md5=:AAAA:"), HasErrc(errc::invalid_argument));
}

TEST(WantDigest, PicksTheHeaviestThatWeCanServe) {
    EXPECT_THAT(preferred_digest("adler32"), Optional(digest_algorithm::adler32));
    EXPECT_THAT(preferred_digest("sha-256;q=0.3, md5;q=1"), Optional(digest_algorithm::md5));
    EXPECT_THAT(preferred_digest("sha-512;q=1, crc32c;q=0.1"), Optional(digest_algorithm::crc32c));
    EXPECT_THAT(preferred_digest("adler32, md5"), Optional(digest_algorithm::adler32));
    EXPECT_THAT(preferred_digest("sha-256=3, adler=10"), Optional(digest_algorithm::adler32));
    EXPECT_THAT(preferred_digest("sha-256=0, md5;q=0"), Eq(std::nullopt));
    EXPECT_THAT(preferred_digest("sha-512"), Eq(std::nullopt));
    EXPECT_THAT(preferred_digest(""), Eq(std::nullopt));
    EXPECT_THAT(preferred_digest("md5;q=banana, adler32;q=0.1"), Optional(digest_algorithm::adler32));
}

}  // namespace
