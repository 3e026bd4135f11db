#include "cli/chunk_map.hpp"

#include <gtest/gtest.h>

namespace fjord::cli {
namespace {

constexpr auto chunk = chunk_map::chunk_bytes;

TEST(ChunkMap, CoversTheWholeFileExactly) {
    chunk_map m(2 * chunk + 5);
    ASSERT_EQ(m.count(), 3u);
    EXPECT_EQ(m.span(0), (byte_span{0, chunk}));
    EXPECT_EQ(m.span(2), (byte_span{2 * chunk, 2 * chunk + 5}));
}

TEST(ChunkMap, AnEmptyFileIsCompleteAtOnce) { EXPECT_TRUE(chunk_map(0).complete()); }

TEST(ChunkMap, EachChunkIsTakenOnceAndComesBackWhenItFailed) {
    chunk_map m(2 * chunk);
    EXPECT_EQ(m.take(), 0u);
    EXPECT_EQ(m.take(), 1u);
    EXPECT_EQ(m.take(), std::nullopt);
    m.give_back(0);
    EXPECT_EQ(m.take(), 0u);
    m.finish(0);
    m.finish(1);
    EXPECT_TRUE(m.complete());
    EXPECT_EQ(m.bytes_done(), 2 * chunk);
}

TEST(ChunkMap, AResumedRunFetchesOnlyWhatIsMissing) {
    chunk_map before(3 * chunk);
    before.take();
    before.finish(0);
    before.take();  // in flight when the run ended
    chunk_map after(3 * chunk);
    after.load(before.save());
    EXPECT_EQ(after.take(), 1u);
    after.load("10");  // another shape: ignored
    EXPECT_EQ(after.bytes_done(), chunk);
}

}  // namespace
}  // namespace fjord::cli
