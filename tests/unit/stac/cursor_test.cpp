#include "base/digest.hpp"
#include "stac/cursor.hpp"
#include "tests/support/matchers.hpp"

#include <gtest/gtest.h>

namespace fjord::stac {
namespace {

using fjord::test::HasErrc;

page_cursor sample() {
    return {{{instant{1'590'969'600'000'000}, 12.5, std::string("a\0b", 3), true, std::monostate{}},
             collection_id("c"),
             item_id("\u00fcber")},
            true};
}

TEST(cursor, OpensToWhatWasSealed) {
    cursor_signer const s(secret("0123456789abcdef"));
    EXPECT_EQ(s.open(s.seal(sample(), "q", "me"), "q", "me").value(), sample());
}

TEST(cursor, AnotherQueryCallerOrKeyIsRefused) {
    cursor_signer const s(secret("0123456789abcdef")), other(secret("fedcba9876543210"));
    auto const token = s.seal(sample(), "q", "me");
    EXPECT_THAT(s.open(token, "other", "me"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(s.open(token, "q", "you"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(other.open(token, "q", "me"), HasErrc(errc::invalid_argument));
    // The border between query and caller is part of what is signed.
    EXPECT_THAT(s.open(s.seal(sample(), "qm", "e"), "q", "me"), HasErrc(errc::invalid_argument));
}

TEST(cursor, EveryFlippedBitIsRefused) {
    cursor_signer const s(secret("0123456789abcdef"));
    auto const bytes = base64url_decode(s.seal(sample(), "q", "me")).value();
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        auto changed = bytes;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_THAT(s.open(base64url_encode(changed), "q", "me"), HasErrc(errc::invalid_argument)) << bit;
    }
}

TEST(cursor, GarbageIsRefused) {
    cursor_signer const s(secret("0123456789abcdef"));
    for (auto const& text :
         {std::string(), std::string("x"), std::string("!!!!"), std::string(10'000, 'A'), std::string(64, 'A')})
        EXPECT_THAT(s.open(text, "q", "me"), HasErrc(errc::invalid_argument));
}

}  // namespace
}  // namespace fjord::stac
