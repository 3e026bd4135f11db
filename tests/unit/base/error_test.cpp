#include "base/error.hpp"

#include "tests/support/matchers.hpp"

#include <stdexcept>
#include <string>

using namespace fjord;
using namespace fjord::test;

namespace {

result<int> half(int n) {
    if (n % 2 != 0) return fail(errc::invalid_argument, std::to_string(n) + " is odd");
    return n / 2;
}

result<std::string> half_as_text(int n) {
    auto const h = half(n);
    if (!h) return h.error();
    return std::to_string(*h);
}

TEST(Result, CarriesCodeAndReasonUpward) {
    EXPECT_THAT(half_as_text(4), IsOkAnd(std::string("2")));
    EXPECT_THAT(half_as_text(3), FailsWith(errc::invalid_argument, "3 is odd"));
}

TEST(Result, ThrowsTheReasonWhenAFailureIsTakenForAValue) {
    try {
        half(3).value();
        FAIL() << "no exception";
    } catch (std::runtime_error const& e) { EXPECT_THAT(e.what(), ::testing::HasSubstr("3 is odd")); }
}

TEST(Error, HasATextForEveryCodeWithoutDetail) {
    for (int i = 1; i <= static_cast<int>(errc::internal); ++i) {
        auto const text = error(static_cast<errc>(i)).message();
        EXPECT_FALSE(text.empty());
        EXPECT_THAT(text, ::testing::Not(::testing::StartsWith("unknown")));
    }
    EXPECT_EQ(error(errc::not_found).code.category().name(), std::string("fjord"));
    EXPECT_EQ(error(errc::not_found, "no site x").message(), "no site x");
}

TEST(Error, OnlyPassingTroubleIsRetryable) {
    EXPECT_TRUE(is_retryable(make_error_code(errc::unavailable)));
    EXPECT_TRUE(is_retryable(make_error_code(errc::timed_out)));
    for (auto e : {errc::corrupt, errc::denied, errc::not_found, errc::cancelled, errc::no_space})
        EXPECT_FALSE(is_retryable(make_error_code(e)));
    EXPECT_FALSE(is_retryable(error_code{}));
}

}  // namespace
