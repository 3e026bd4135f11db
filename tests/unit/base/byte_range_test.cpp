#include "base/byte_range.hpp"

#include <gmock/gmock.h>

#include <string>

using namespace fjord;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace fjord {
void PrintTo(byte_span const& s, std::ostream* os) { *os << "[" << s.begin << "," << s.end << ")"; }
}  // namespace fjord

namespace {

struct range_case {
    char const* field;
    std::uint64_t size;
    range_verdict verdict;
    std::vector<byte_span> spans;
};

range_case const cases[] = {
    // one range
    {"bytes=0-0", 100, range_verdict::partial, {{0, 1}}},
    {"bytes=0-99", 100, range_verdict::partial, {{0, 100}}},
    {"bytes=10-", 100, range_verdict::partial, {{10, 100}}},
    {"bytes=99-", 100, range_verdict::partial, {{99, 100}}},
    {"bytes=90-1000", 100, range_verdict::partial, {{90, 100}}},
    {"BYTES=1-2", 100, range_verdict::partial, {{1, 3}}},
    {"bytes= 1-2 ", 100, range_verdict::partial, {{1, 3}}},
    {"bytes=007-008", 100, range_verdict::partial, {{7, 9}}},
    // suffixes
    {"bytes=-1", 100, range_verdict::partial, {{99, 100}}},
    {"bytes=-100", 100, range_verdict::partial, {{0, 100}}},
    {"bytes=-500", 100, range_verdict::partial, {{0, 100}}},
    {"bytes=-0", 100, range_verdict::unsatisfiable, {}},
    // outside
    {"bytes=100-", 100, range_verdict::unsatisfiable, {}},
    {"bytes=100-200", 100, range_verdict::unsatisfiable, {}},
    {"bytes=0-1,200-300", 100, range_verdict::partial, {{0, 2}}},
    {"bytes=-0,200-300", 100, range_verdict::unsatisfiable, {}},
    // nothing there at all
    {"bytes=0-", 0, range_verdict::unsatisfiable, {}},
    {"bytes=0-0", 0, range_verdict::unsatisfiable, {}},
    {"bytes=-5", 0, range_verdict::whole, {}},
    {"bytes=-0", 0, range_verdict::unsatisfiable, {}},
    // numbers beyond 64 bits are positions like any other
    {"bytes=0-18446744073709551615", 100, range_verdict::partial, {{0, 100}}},
    {"bytes=0-18446744073709551616", 100, range_verdict::partial, {{0, 100}}},
    {"bytes=99999999999999999999999-", 100, range_verdict::unsatisfiable, {}},
    {"bytes=-99999999999999999999999", 100, range_verdict::partial, {{0, 100}}},
    {"bytes=18446744073709551615-18446744073709551615", ~0ull, range_verdict::unsatisfiable, {}},
    {"bytes=18446744073709551614-", ~0ull, range_verdict::partial, {{~0ull - 1, ~0ull}}},
    // several
    {"bytes=0-1,10-11", 100, range_verdict::partial, {{0, 2}, {10, 12}}},
    {"bytes=10-11,0-1", 100, range_verdict::partial, {{10, 12}, {0, 2}}},
    {"bytes=0-9,5-14", 100, range_verdict::partial, {{0, 15}}},
    {"bytes=50-59,0-4,55-64", 100, range_verdict::partial, {{50, 65}, {0, 5}}},
    {"bytes=0-4,10-14,3-11", 100, range_verdict::partial, {{0, 15}}},
    {"bytes=0-4,5-9", 100, range_verdict::partial, {{0, 5}, {5, 10}}},
    {"bytes=0-,0-,0-,0-", 100, range_verdict::partial, {{0, 100}}},
    {"bytes=,0-1, ,3-4,", 100, range_verdict::partial, {{0, 2}, {3, 5}}},
    // not for us, or malformed
    {"", 100, range_verdict::whole, {}},
    {"bytes", 100, range_verdict::whole, {}},
    {"bytes=", 100, range_verdict::whole, {}},
    {"bytes=,", 100, range_verdict::whole, {}},
    {"bytes=-", 100, range_verdict::whole, {}},
    {"bytes=5-4", 100, range_verdict::whole, {}},
    {"bytes=a-b", 100, range_verdict::whole, {}},
    {"bytes=1", 100, range_verdict::whole, {}},
    {"bytes=1-2-3", 100, range_verdict::whole, {}},
    {"bytes=--1", 100, range_verdict::whole, {}},
    {"bytes=+1-2", 100, range_verdict::whole, {}},
    {"bytes=1 - 2", 100, range_verdict::whole, {}},
    {"bytes=0x1-0x2", 100, range_verdict::whole, {}},
    {"bytes=0-1,x", 100, range_verdict::whole, {}},
    {"items=0-1", 100, range_verdict::whole, {}},
    {"bytes 0-1", 100, range_verdict::whole, {}},
};

TEST(ResolveRanges, AnswersEachFieldByTheRules) {
    for (auto const& c : cases) {
        auto const answer = resolve_ranges(c.field, c.size);
        EXPECT_EQ(answer.verdict, c.verdict) << c.field << " of " << c.size;
        EXPECT_EQ(answer.spans, c.spans) << c.field << " of " << c.size;
    }
}

TEST(ResolveRanges, ServesTheLimitAndAnswersMoreRangesAsWhole) {
    std::string field = "bytes=0-0";
    for (std::size_t i = 1; i < max_ranges; ++i) field += "," + std::to_string(10 * i) + "-" + std::to_string(10 * i);
    EXPECT_EQ(resolve_ranges(field, 1000).spans.size(), max_ranges);
    EXPECT_EQ(resolve_ranges(field + ",900-900", 1000).verdict, range_verdict::whole);
}

TEST(ResolveRanges, NeverAnswersMoreBytesThanThereAre) {
    auto const answer = resolve_ranges("bytes=0-60,40-99,-80,20-30", 100);
    EXPECT_THAT(answer.spans, ElementsAre(byte_span{0, 100}));
}

TEST(RangeText, NamesClosedRangesOnTheWire) {
    EXPECT_EQ(content_range({0, 10}, 100), "bytes 0-9/100");
    EXPECT_EQ(range_field({5, 6}), "bytes=5-5");
    EXPECT_THAT(resolve_ranges(range_field({5, 60}), 100).spans, ElementsAre(byte_span{5, 60}));
}

}  // namespace
