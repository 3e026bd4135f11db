#include "cache/record.hpp"

#include <gtest/gtest.h>

using namespace fjord;
using namespace fjord::cache;

namespace {

object_meta sample() {
    object_meta m;
    m.path = "c/i/a";
    m.sha256 = sha256_of("hello");
    m.version = m.sha256->text();
    m.size = 5;
    m.media_type = "image/tiff";
    m.etag = "\"x\"";
    m.last_modified = "Sat, 21 Nov 2026 02:05:00 GMT";
    m.stored = wall_time(milliseconds(1234567));
    m.verified = true;
    return m;
}

TEST(Record, AnObjectSurvivesTheRoundTrip) {
    auto m = sample();
    auto back = decode_object(encode(m));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->path, m.path);
    EXPECT_EQ(back->version, m.version);
    EXPECT_EQ(back->sha256, m.sha256);
    EXPECT_EQ(back->size, m.size);
    EXPECT_EQ(back->media_type, m.media_type);
    EXPECT_EQ(back->etag, m.etag);
    EXPECT_EQ(back->last_modified, m.last_modified);
    EXPECT_EQ(back->stored, m.stored);
    EXPECT_TRUE(back->verified);
    EXPECT_FALSE(back->superseded);
}

TEST(Record, EveryCutOfARecordIsRefused) {
    auto object = encode(sample());
    for (std::size_t n = 0; n < object.size(); ++n) EXPECT_FALSE(decode_object(object.substr(0, n))) << n;
    EXPECT_FALSE(decode_object(object + "x"));
    extent_record e;
    e.crc = {1, 2, 3};
    e.present.set(0).set(2);
    auto extent = encode(e);
    for (std::size_t n = 0; n < extent.size(); ++n) EXPECT_FALSE(decode_extent(extent.substr(0, n))) << n;
    EXPECT_FALSE(decode_extent(extent + "x"));
}

TEST(Record, AnExtentKeepsPresenceAndChecksums) {
    extent_record e;
    e.crc = {11, 22, 33, 44, 55, 66, 77, 88, 99};
    e.present.set(1).set(8);
    auto back = decode_extent(encode(e));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->present, e.present);
    EXPECT_EQ(back->crc.size(), 9u);
    EXPECT_EQ(back->crc[1], 22u);
    EXPECT_EQ(back->crc[8], 99u);
}

TEST(Record, ABitBeyondTheLastBlockIsRefused) {
    std::string bytes("\x01\x03\x00\xff", 4);
    EXPECT_FALSE(decode_extent(bytes + std::string(32, 'x')));
}

TEST(Record, AChecksumIsBoundToFileAndBlock) {
    auto crc = block_checksum(7, 3, "same bytes");
    EXPECT_EQ(crc, block_checksum(7, 3, "same bytes"));
    EXPECT_NE(crc, block_checksum(8, 3, "same bytes"));
    EXPECT_NE(crc, block_checksum(7, 4, "same bytes"));
    EXPECT_NE(crc, block_checksum(7, 3, "same bytez"));
    EXPECT_NE(block_checksum(7, 3, std::string(block_size, '\0')), 0u) << "a hole never verifies as an empty record";
}

TEST(Record, IdsSortAsTheyCount) {
    EXPECT_LT(encode_id(255), encode_id(256));
    EXPECT_EQ(decode_id(encode_id(0x1234567890abcdefu)), 0x1234567890abcdefu);
    EXPECT_FALSE(decode_id("short"));
}

}  // namespace
