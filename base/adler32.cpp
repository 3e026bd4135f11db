// Adler-32 (RFC 1950 section 8.2): a is 1 plus the sum of all bytes, b the sum of all values that a took, both modulo 65521.
// Over a run of n bytes a grows by their sum, b by n times the old a plus the bytes weighted n, n-1, ... 1; so many bytes are
// taken at once.
#include "base/checksum.hpp"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fjord {

namespace {

constexpr std::uint32_t modulus = 65521;
// The largest n for which 255 n (n+1) / 2 + (n+1)(modulus-1) fits 32 bits: so many bytes need no division.
constexpr std::size_t block = 5552;
constexpr std::size_t stride = 16;

struct sums {
    std::uint32_t a, b;
};

void add_portably(sums& s, unsigned char const* p, std::size_t n) noexcept {
    for (; n >= stride; n -= stride, p += stride) {
        std::uint32_t sum = 0;
        std::uint32_t weighted = 0;
        for (std::uint32_t i = 0; i < stride; ++i) {
            sum += p[i];
            weighted += (stride - i) * p[i];
        }
        s.b += stride * s.a + weighted;
        s.a += sum;
    }
    for (; n > 0; --n) {
        s.a += *p++;
        s.b += s.a;
    }
}

#if defined(__x86_64__)

bool has_avx2() noexcept {
    static bool const present = __builtin_cpu_supports("avx2");
    return present;
}

__attribute__((target("avx2"))) std::uint32_t lanes_of(__m256i v) noexcept {
    alignas(32) std::uint32_t lane[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lane), v);
    std::uint32_t sum = 0;
    for (auto x : lane) sum += x;
    return sum;
}

// 32 bytes a step. The sums of earlier steps count 32 times in b for each later step, which `before` collects.
__attribute__((target("avx2"))) void add_by_32(sums& s, unsigned char const* p, std::size_t n) noexcept {
    auto const weights = _mm256_set_epi8(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
                                         25, 26, 27, 28, 29, 30, 31, 32);
    auto const zero = _mm256_setzero_si256();
    auto const ones = _mm256_set1_epi16(1);
    auto sum = zero, before = zero, weighted = zero;
    auto const steps = static_cast<std::uint32_t>(n / 32);
    for (std::uint32_t i = 0; i < steps; ++i, p += 32) {
        auto const bytes = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(p));
        before = _mm256_add_epi32(before, sum);
        sum = _mm256_add_epi32(sum, _mm256_sad_epu8(bytes, zero));
        weighted = _mm256_add_epi32(weighted, _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, weights), ones));
    }
    s.b += 32 * steps * s.a + 32 * lanes_of(before) + lanes_of(weighted);
    s.a += lanes_of(sum);
    add_portably(s, p, n % 32);
}

#endif

template <class Add>
std::uint32_t run(std::uint32_t seed, std::span<std::byte const> bytes, Add add) noexcept {
    sums s{seed & 0xFFFFu, seed >> 16};
    auto const* p = reinterpret_cast<unsigned char const*>(bytes.data());
    for (auto left = bytes.size(); left > 0;) {
        auto const n = std::min(left, block);
        add(s, p, n);
        s.a %= modulus;
        s.b %= modulus;
        p += n;
        left -= n;
    }
    return s.b << 16 | s.a;
}

}  // namespace

std::uint32_t adler32_portable(std::uint32_t seed, std::span<std::byte const> bytes) noexcept {
    return run(seed, bytes, add_portably);
}

std::uint32_t adler32(std::uint32_t seed, std::span<std::byte const> bytes) noexcept {
#if defined(__x86_64__)
    if (has_avx2()) return run(seed, bytes, add_by_32);
#endif
    return adler32_portable(seed, bytes);
}

}  // namespace fjord
