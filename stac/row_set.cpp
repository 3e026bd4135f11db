#include "stac/row_set.hpp"

namespace fjord::stac {
namespace {

std::size_t by_arithmetic(std::span<std::uint64_t const> words) noexcept {
    std::size_t n = 0;
    for (auto const w : words) n += static_cast<std::size_t>(std::popcount(w));
    return n;
}

#if defined(__x86_64__)
__attribute__((target("popcnt"))) std::size_t by_instruction(std::span<std::uint64_t const> words) noexcept {
    std::size_t n = 0;
    for (auto const w : words) n += static_cast<std::size_t>(__builtin_popcountll(w));
    return n;
}
#endif

}  // namespace

std::size_t bits_in(std::span<std::uint64_t const> words) noexcept {
#if defined(__x86_64__)
    static bool const has_instruction = __builtin_cpu_supports("popcnt");
    if (has_instruction) return by_instruction(words);
#endif
    return by_arithmetic(words);
}

}  // namespace fjord::stac
