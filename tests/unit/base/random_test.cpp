#include "base/random.hpp"

#include <gmock/gmock.h>

#include <set>
#include <string>

using namespace fjord;

namespace {

TEST(RandomHex, HasTheAskedLengthAndDoesNotRepeat) {
    EXPECT_THAT(random_hex(16), ::testing::MatchesRegex("[0-9a-f]{32}"));
    EXPECT_EQ(random_hex(0), "");
    EXPECT_NE(random_hex(16), random_hex(16));
}

TEST(Ulid, LooksLikeOneAndDoesNotRepeat) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        auto const id = new_ulid();
        EXPECT_EQ(id.size(), 26u);
        EXPECT_EQ(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), std::string::npos) << id;
        EXPECT_LE(id[0], '7') << id;
        seen.insert(id);
    }
    EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
