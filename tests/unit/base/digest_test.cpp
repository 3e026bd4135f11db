#include "base/digest.hpp"

#include "base/checksum.hpp"
#include "base/error.hpp"
#include "tests/support/matchers.hpp"

#include <string>
#include <vector>

using namespace fjord;
using namespace fjord::test;
using ::testing::HasSubstr;

namespace {

digest_set digests_of(std::string_view text) {
    digester d;
    d.update(text);
    return d.finish();
}

std::span<std::byte const> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

// Bytes that repeat only after 2^32: a plain linear congruential sequence.
std::string sample(std::size_t size) {
    std::string out(size, '\0');
    std::uint32_t state = 1;
    for (auto& c : out) {
        state = state * 1664525u + 1013904223u;
        c = static_cast<char>(state >> 24);
    }
    return out;
}

TEST(Digester, KnowsThePublishedVectors) {
    struct vector_case {
        char const *text, *sha256, *adler32, *crc32c, *md5;
    };
    vector_case const vectors[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "00000001", "00000000",
         "d41d8cd98f00b204e9800998ecf8427e"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "024d0127", "364b3fb7",
         "900150983cd24fb0d6963f7d28e17f72"},
        {"123456789", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225", "091e01de", "e3069283",
         "25f9e794323b453885f5181f1b624d0b"},
        {"Wikipedia", nullptr, "11e60398", nullptr, nullptr},
    };
    for (auto const& v : vectors) {
        auto const set = digests_of(v.text);
        EXPECT_EQ(set.adler32->hex(), v.adler32) << v.text;
        if (v.sha256) { EXPECT_EQ(set.sha256->hex(), v.sha256) << v.text; }
        if (v.crc32c) { EXPECT_EQ(set.crc32c->hex(), v.crc32c) << v.text; }
        if (v.md5) { EXPECT_EQ(set.md5->hex(), v.md5) << v.text; }
    }
}

TEST(Digester, GivesTheSameInAnyPieces) {
    auto const text = sample(300'001);
    auto const whole = digests_of(text);
    for (std::size_t piece : {1u, 7u, 4096u, 65536u, 65537u}) {
        digester d;
        for (std::size_t at = 0; at < text.size(); at += piece) d.update(std::string_view(text).substr(at, piece));
        EXPECT_EQ(d.size(), text.size());
        auto const set = d.finish();
        EXPECT_EQ(*set.sha256, *whole.sha256) << piece;
        EXPECT_EQ(*set.adler32, *whole.adler32) << piece;
        EXPECT_EQ(*set.crc32c, *whole.crc32c) << piece;
        EXPECT_EQ(*set.md5, *whole.md5) << piece;
    }
}

TEST(Digester, ComputesOnlyWhatIsWanted) {
    digester d({digest_algorithm::sha256, digest_algorithm::adler32});
    d.update("abc");
    auto const set = d.finish();
    EXPECT_EQ(set.sha256, sha256_of("abc"));
    EXPECT_EQ(set.adler32->hex(), "024d0127");
    EXPECT_FALSE(set.md5 || set.crc32c);
}

TEST(Adler32, MatchesTheDefinitionByteByByte) {
    // All bytes 255 is the worst case for the sums kept without division.
    for (auto const& text : {sample(20'000), std::string(20'000, '\xff')}) {
        std::uint32_t a = 1;
        std::uint32_t b = 0;
        for (unsigned char c : text) {
            a = (a + c) % 65521;
            b = (b + a) % 65521;
        }
        EXPECT_EQ(adler32(1, bytes_of(text)), b << 16 | a);
        EXPECT_EQ(adler32_portable(1, bytes_of(text)), b << 16 | a);
    }
}

TEST(Adler32, FastAndPortableAgreeForAllLengthsAndOffsets) {
    auto const text = sample(20'000);
    for (std::size_t size : {0u, 1u, 15u, 16u, 31u, 32u, 33u, 63u, 64u, 5551u, 5552u, 5553u, 5584u, 11'104u, 19'990u}) {
        for (std::size_t offset : {0u, 1u, 5u}) {
            auto const part = bytes_of(std::string_view(text).substr(offset, size));
            EXPECT_EQ(adler32(1, part), adler32_portable(1, part)) << size << " at " << offset;
            EXPECT_EQ(adler32(0xFFF0FFF0u, part), adler32_portable(0xFFF0FFF0u, part)) << size << " at " << offset;
        }
    }
}

TEST(Crc32c, HardwareAndTableAgreeForAllLengthsAndOffsets) {
    auto const text = sample(20'000);
    for (std::size_t size : {0u, 1u, 7u, 8u, 9u, 63u, 2048u, 6143u, 6144u, 6145u, 12288u, 19'990u}) {
        for (std::size_t offset : {0u, 1u, 5u}) {
            auto const part = bytes_of(std::string_view(text).substr(offset, size));
            EXPECT_EQ(crc32c(0, part), crc32c_portable(0, part)) << size << " at " << offset;
            EXPECT_EQ(crc32c(0x12345678u, part), crc32c_portable(0x12345678u, part)) << size << " at " << offset;
        }
    }
}

TEST(Digest, PadsNumbersThatLostTheirLeadingZeros) {
    EXPECT_EQ(digest::from_hex(digest_algorithm::adler32, "24d0127").value().hex(), "024d0127");
    EXPECT_EQ(digest::from_hex(digest_algorithm::adler32, "1").value().hex(), "00000001");
    EXPECT_EQ(digest::from_hex(digest_algorithm::crc32c, "E3069283").value().hex(), "e3069283");
}

TEST(Digest, RefusesWhatDoesNotFitTheAlgorithm) {
    EXPECT_THAT(digest::from_hex(digest_algorithm::md5, "24d0127"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(digest::from_hex(digest_algorithm::adler32, ""), HasErrc(errc::invalid_argument));
    EXPECT_THAT(digest::from_hex(digest_algorithm::adler32, "024d0127a"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(digest::from_hex(digest_algorithm::adler32, "024d012x"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(digest::from_base64(digest_algorithm::sha256, "AAAA"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(digest::from_bytes(digest_algorithm::md5, bytes_of("short")), HasErrc(errc::invalid_argument));
}

TEST(Digest, HasOneTextForm) {
    auto const d = sha256_of("abc");
    EXPECT_EQ(d.text(), "sha-256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_THAT(digest::from_text(d.text()), IsOkAnd(d));
    EXPECT_THAT(digest::from_text("SHA-256:" + d.hex()), IsOkAnd(d));
    EXPECT_THAT(digest::from_text("sha-512:00"), FailsWith(errc::invalid_argument, HasSubstr("ALGORITHM:HEX")));
    EXPECT_THAT(digest::from_text("abc"), HasErrc(errc::invalid_argument));
}

TEST(Digest, MultihashHasCodeAndLength) {
    EXPECT_EQ(sha256_of("").multihash_hex(), "1220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(digests_of("").md5->multihash_hex(), "d50110d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(digests_of("").adler32->multihash_hex(), "");
}

TEST(DigestSet, ComparesByWhatBothKnow) {
    auto const a = digests_of("abc");
    digest_set only_adler;
    only_adler.set(*a.adler32);
    digest_set only_md5;
    only_md5.set(*a.md5);
    auto wrong = a;
    wrong.set(*digests_of("abd").crc32c);
    EXPECT_EQ(compare(a, a), digest_match::equal);
    EXPECT_EQ(compare(a, only_adler), digest_match::equal);
    EXPECT_EQ(compare(a, wrong), digest_match::different);
    EXPECT_EQ(compare(only_md5, only_adler), digest_match::nothing_in_common);
    EXPECT_EQ(compare({}, {}), digest_match::nothing_in_common);
    EXPECT_TRUE(digest_set{}.empty());
    EXPECT_FALSE(only_md5.empty());
}

}  // namespace
