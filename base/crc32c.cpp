// CRC-32C (Castagnoli, RFC 9260 appendix B). The SSE 4.2 instruction takes three cycles but a new one may start every
// cycle, so three neighbouring runs are computed at once and joined by a table that appends zero bytes to a CRC.
#include "base/checksum.hpp"
#include "base/digest.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace fjord {

namespace {

constexpr std::uint32_t polynomial = 0x82F63B78u;  // reflected 0x1EDC6F41

constexpr auto byte_table = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1u) != 0 ? crc >> 1 ^ polynomial : crc >> 1;
        table[i] = crc;
    }
    return table;
}();

std::uint32_t by_table(std::uint32_t crc, unsigned char const* p, std::size_t n) noexcept {
    for (; n > 0; --n) crc = crc >> 8 ^ byte_table[(crc ^ *p++) & 0xFFu];
    return crc;
}

#if defined(__x86_64__)

// What a CRC register becomes after `length` zero bytes. That is linear in its bits, so four tables of 256 hold it all.
class zeros_operator {
public:
    explicit zeros_operator(std::size_t length) noexcept {
        std::array<std::uint32_t, 32> image{};
        for (std::size_t bit = 0; bit < 32; ++bit) {
            std::uint32_t crc = 1u << bit;
            for (std::size_t i = 0; i < length; ++i) crc = crc >> 8 ^ byte_table[crc & 0xFFu];
            image[bit] = crc;
        }
        for (std::size_t i = 0; i < 4 * 256; ++i) {
            std::uint32_t value = 0;
            for (std::size_t bit = 0; bit < 8; ++bit) value ^= (i & 1u << bit) != 0 ? image[8 * (i / 256) + bit] : 0;
            table_[i / 256][i % 256] = value;
        }
    }

    std::uint32_t operator()(std::uint32_t crc) const noexcept {
        return table_[0][crc & 0xFFu] ^ table_[1][crc >> 8 & 0xFFu] ^ table_[2][crc >> 16 & 0xFFu] ^ table_[3][crc >> 24];
    }

private:
    std::array<std::array<std::uint32_t, 256>, 4> table_;
};

constexpr std::size_t run = 2048;  // bytes per lane: long enough to hide the joining, short enough for small blocks

std::uint64_t load(unsigned char const* p) noexcept {
    std::uint64_t word;
    std::memcpy(&word, p, sizeof word);
    return word;
}

__attribute__((target("sse4.2"))) std::uint32_t by_hardware(std::uint32_t crc, unsigned char const* p, std::size_t n) noexcept {
    static zeros_operator const append_run(run);
    for (; n >= 3 * run; n -= 3 * run, p += 3 * run) {
        std::uint64_t first = crc;
        std::uint64_t second = 0;
        std::uint64_t third = 0;
        for (std::size_t i = 0; i < run; i += 8) {
            first = _mm_crc32_u64(first, load(p + i));
            second = _mm_crc32_u64(second, load(p + run + i));
            third = _mm_crc32_u64(third, load(p + 2 * run + i));
        }
        crc = append_run(static_cast<std::uint32_t>(first)) ^ static_cast<std::uint32_t>(second);
        crc = append_run(crc) ^ static_cast<std::uint32_t>(third);
    }
    std::uint64_t tail = crc;
    for (; n >= 8; n -= 8, p += 8) tail = _mm_crc32_u64(tail, load(p));
    crc = static_cast<std::uint32_t>(tail);
    for (; n > 0; --n) crc = _mm_crc32_u8(crc, *p++);
    return crc;
}

bool has_hardware() noexcept {
    static bool const present = __builtin_cpu_supports("sse4.2");
    return present;
}

#endif

}  // namespace

std::uint32_t crc32c_portable(std::uint32_t seed, std::span<std::byte const> bytes) noexcept {
    return ~by_table(~seed, reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size());
}

std::uint32_t crc32c(std::uint32_t seed, std::span<std::byte const> bytes) noexcept {
#if defined(__x86_64__)
    if (has_hardware()) return ~by_hardware(~seed, reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size());
#endif
    return crc32c_portable(seed, bytes);
}

}  // namespace fjord
