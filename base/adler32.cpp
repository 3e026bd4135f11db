#include "base/checksum.hpp"

#include <algorithm>

namespace fjord {

namespace {

constexpr std::uint32_t modulus = 65521;
// The largest n for which 255 n (n+1) / 2 + (n+1)(modulus-1) fits 32 bits: so many bytes need no division.
constexpr std::size_t block = 5552;
constexpr std::size_t stride = 16;

}  // namespace

std::uint32_t adler32(std::uint32_t seed, std::span<std::byte const> bytes) noexcept {
    std::uint32_t a = seed & 0xFFFFu;
    std::uint32_t b = seed >> 16;
    auto const* p = reinterpret_cast<unsigned char const*>(bytes.data());
    auto left = bytes.size();
    while (left > 0) {
        auto n = std::min(left, block);
        left -= n;
        for (; n >= stride; n -= stride, p += stride) {
            // The sums of 16 bytes at once: `a` grows by all of them, `b` by 16 times the old a plus a falling weight.
            std::uint32_t sum = 0;
            std::uint32_t weighted = 0;
            for (std::uint32_t i = 0; i < stride; ++i) {
                sum += p[i];
                weighted += (stride - i) * p[i];
            }
            b += stride * a + weighted;
            a += sum;
        }
        for (; n > 0; --n) {
            a += *p++;
            b += a;
        }
        a %= modulus;
        b %= modulus;
    }
    return b << 16 | a;
}

}  // namespace fjord
