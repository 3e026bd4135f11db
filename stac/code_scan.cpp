#include "stac/code_scan.hpp"

#include <limits>
#include <type_traits>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fjord::stac {
namespace {

// One bit for each of 64 codes at `p` that lies in [first, first + span].
template <class T>
std::uint64_t mask_of(T const* p, T first, T span, std::size_t count) {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < count; ++i) mask |= static_cast<std::uint64_t>(static_cast<T>(p[i] - first) <= span) << i;
    return mask;
}

#if defined(__SSE2__)
__m128i load(void const* p) { return _mm_loadu_si128(static_cast<__m128i const*>(p)); }

std::uint64_t mask_of_64(std::uint8_t const* p, std::uint8_t first, std::uint8_t span) {
    auto const low = _mm_set1_epi8(static_cast<char>(first)), most = _mm_set1_epi8(static_cast<char>(span));
    std::uint64_t mask = 0;
    for (int i = 0; i < 4; ++i) {
        auto const v = _mm_sub_epi8(load(p + 16 * i), low);
        auto const in = _mm_cmpeq_epi8(_mm_min_epu8(v, most), v);
        mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(in))) << (16 * i);
    }
    return mask;
}

std::uint64_t mask_of_64(std::uint16_t const* p, std::uint16_t first, std::uint16_t span) {
    auto const low = _mm_set1_epi16(static_cast<short>(first)), most = _mm_set1_epi16(static_cast<short>(span));
    auto const zero = _mm_setzero_si128();
    auto const in = [&](std::uint16_t const* q) {
        return _mm_cmpeq_epi16(_mm_subs_epu16(_mm_sub_epi16(load(q), low), most), zero);
    };
    std::uint64_t mask = 0;
    for (int i = 0; i < 4; ++i) {
        auto const both = _mm_packs_epi16(in(p + 16 * i), in(p + 16 * i + 8));
        mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(both))) << (16 * i);
    }
    return mask;
}

std::uint64_t mask_of_64(std::uint32_t const* p, std::uint32_t first, std::uint32_t span) {
    auto const low = _mm_set1_epi32(static_cast<int>(first));
    // Unsigned comparison by signed: both sides moved by 2^31.
    auto const sign = _mm_set1_epi32(std::numeric_limits<int>::min()),
               most = _mm_set1_epi32(static_cast<int>(span ^ 0x80000000u));
    std::uint64_t mask = 0;
    for (int i = 0; i < 16; ++i) {
        auto const v = _mm_xor_si128(_mm_sub_epi32(load(p + 4 * i), low), sign);
        auto const out = _mm_cmpgt_epi32(v, most);
        mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(out)) ^ 15)) << (4 * i);
    }
    return mask;
}
#else
template <class T>
std::uint64_t mask_of_64(T const* p, T first, T span) {
    return mask_of(p, first, span, 64);
}
#endif

}  // namespace

row_set rows_in_codes(packed_codes const& codes, std::uint64_t first, std::uint64_t last, row_set const& among) {
    if (codes.width == 0) return first <= codes.only && codes.only <= last ? among : row_set(among.rows());
    row_set out(among.rows());
    codes.with_type([&](auto const& p) {
        using code = std::remove_cvref_t<decltype(p[0])>;
        constexpr std::uint64_t most = std::numeric_limits<code>::max();
        if (first > last || first > most) return;
        auto const low = static_cast<code>(first);
        auto const span = static_cast<code>(std::min(last, most) - first);
        for (std::size_t w = 0; w < out.words().size(); ++w) {
            auto const wanted = among.words()[w];
            if (wanted == 0) continue;
            if constexpr (std::is_pointer_v<std::remove_cvref_t<decltype(p)>>) {
                auto const left = among.rows() - w * 64;
                out.words()[w] = wanted & (left >= 64 ? mask_of_64(p + w * 64, low, span) : mask_of(p + w * 64, low, span, left));
            } else {
                for (auto bits = wanted; bits != 0; bits &= bits - 1)
                    if (p[w * 64 + static_cast<std::size_t>(std::countr_zero(bits))] - low <= span)
                        out.words()[w] |= bits & -bits;
            }
        }
    });
    return out;
}

}  // namespace fjord::stac
