#include "base/line_framer.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

namespace fjord {
namespace {

using ::testing::ElementsAre;

void put(line_framer& f, std::string_view bytes) { f.put(bytes); }

std::vector<std::string> shown(line_batch const& b) {
    std::vector<std::string> out;
    for (auto const& l : b.lines)
        out.push_back(std::to_string(l.number) + ":" + (l.too_long ? "(too long)" : std::string(b.of(l))));
    return out;
}

TEST(line_framer, LinesComeWholeAndNumbered) {
    line_framer f(100);
    put(f, "one\ntwo\r\n\n  \nfi");
    EXPECT_THAT(shown(f.take()), ElementsAre("1:one", "2:two"));
    put(f, "ve\nsix");
    EXPECT_THAT(shown(f.take()), ElementsAre("5:five"));
    f.finish();
    EXPECT_THAT(shown(f.take()), ElementsAre("6:six"));
    f.finish();
    EXPECT_THAT(shown(f.take()), ElementsAre());
}

TEST(line_framer, RecordSeparatorsOfTextSequencesAreDropped) {
    line_framer f(100);
    put(f, "\x1e{\"a\":1}\n\x1e{\"b\":2}\n");
    EXPECT_THAT(shown(f.take()), ElementsAre("1:{\"a\":1}", "2:{\"b\":2}"));
}

TEST(line_framer, ALongLineCostsOnlyItself) {
    line_framer f(8);
    put(f, "short\n");
    for (int i = 0; i < 1000; ++i) put(f, "0123456789");
    EXPECT_LT(f.held(), 100u) << "what is too long is not kept";
    put(f, "end\nnext\n123456789\nlast\n0123456789");
    f.finish();
    EXPECT_THAT(shown(f.take()), ElementsAre("1:short", "2:(too long)", "3:next", "4:(too long)", "5:last", "6:(too long)"));
}

// However the bytes are cut into pieces and batches, the same lines come out.
TEST(line_framer, PiecesDoNotMatter) {
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (int i = 0; i < 60; ++i) text += "ab\n\r\x1e {"[random() % 7];
        line_framer whole(6), pieces(6);
        if (!text.empty()) put(whole, text);
        whole.finish();
        std::vector<std::string> got;
        for (std::size_t at = 0; at < text.size();) {
            auto const n = std::min<std::size_t>(1 + random() % 9, text.size() - at);
            put(pieces, std::string_view(text).substr(at, n));
            at += n;
            if (random() % 3 == 0)
                for (auto& s : shown(pieces.take())) got.push_back(s);
        }
        pieces.finish();
        for (auto& s : shown(pieces.take())) got.push_back(s);
        ASSERT_EQ(got, shown(whole.take())) << ::testing::PrintToString(text);
    }
}

}  // namespace
}  // namespace fjord
