#include "cache/http_stream.hpp"

#include "tests/support/matchers.hpp"

#include <gtest/gtest.h>

namespace fjord::cache::test {
namespace {

using namespace fjord::test;

object_info thousand_bytes() {
    object_info info;
    info.sha256 = sha256_of("x");
    info.size = 1000;
    return info;
}

TEST(CheckAnswer, TheRightRangeOfTheRightObjectIsTaken) {
    auto info = thousand_bytes();
    EXPECT_THAT(check_answer({.status = 206, .content_range = "bytes 10-19/1000"}, info, {10, 20}), IsOk());
    EXPECT_THAT(check_answer({.status = 200, .content_length = "1000"}, info, {0, 1000}), IsOk());
    EXPECT_THAT(check_answer({.status = 200, .content_length = "1000"}, info, {0, 500}), IsOk()) << "the rest is not read";
}

TEST(CheckAnswer, AnotherRangeOrLengthIsAConflict) {
    auto info = thousand_bytes();
    for (auto range : {"bytes 10-18/1000", "bytes 10-19/1001", "bytes 0-9/1000", "bytes 10-19/*", "", "garbage"}) {
        EXPECT_THAT(check_answer({.status = 206, .content_range = range}, info, {10, 20}), HasErrc(errc::conflict)) << range;
    }
    EXPECT_THAT(check_answer({.status = 200, .content_length = "999"}, info, {0, 1000}), HasErrc(errc::conflict));
}

TEST(CheckAnswer, AWholeAnswerToAMiddleRangeIsRefused) {
    EXPECT_THAT(check_answer({.status = 200, .content_length = "1000"}, thousand_bytes(), {10, 20}), HasErrc(errc::unsupported));
}

TEST(CheckAnswer, AnotherDigestIsAnotherObject) {
    auto info = thousand_bytes();
    auto other = sha256_of("y");
    auto quoted = "\"" + other.hex() + "\"";
    auto field = repr_digest_header(other);
    EXPECT_THAT(check_answer({.status = 200, .etag = quoted}, info, {0, 1000}), HasErrc(errc::conflict));
    EXPECT_THAT(check_answer({.status = 200, .repr_digest = field}, info, {0, 1000}), HasErrc(errc::conflict));
    EXPECT_THAT(check_answer({.status = 200, .etag = "\"inode-17\""}, info, {0, 1000}), IsOk())
        << "says nothing about the content";
}

TEST(CheckAnswer, EncodedBytesAndFailuresAreRefused) {
    auto info = thousand_bytes();
    EXPECT_THAT(check_answer({.status = 200, .content_encoding = "gzip"}, info, {0, 1000}), HasErrc(errc::unsupported));
    EXPECT_THAT(check_answer({.status = 401}, info, {0, 1000}), HasErrc(errc::unauthenticated));
    EXPECT_THAT(check_answer({.status = 403}, info, {0, 1000}), HasErrc(errc::denied));
    EXPECT_THAT(check_answer({.status = 404}, info, {0, 1000}), HasErrc(errc::not_found));
    EXPECT_THAT(check_answer({.status = 412}, info, {0, 1000}), HasErrc(errc::conflict));
    EXPECT_THAT(check_answer({.status = 302}, info, {0, 1000}), HasErrc(errc::unavailable));
}

}  // namespace
}  // namespace fjord::cache::test
