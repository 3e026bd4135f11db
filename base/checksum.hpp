#pragma once
// The 32-bit checksums behind digester (crc32c() itself is in digest.hpp). Any thread.
#include <cstddef>
#include <cstdint>
#include <span>

namespace fjord {

// RFC 1950 section 8.2; seed 1 to start.
std::uint32_t adler32(std::uint32_t seed, std::span<std::byte const> bytes) noexcept;
std::uint32_t adler32_portable(std::uint32_t seed, std::span<std::byte const> bytes) noexcept;  // what runs without AVX2

// The table-driven crc32c that runs where there is no SSE 4.2.
std::uint32_t crc32c_portable(std::uint32_t seed, std::span<std::byte const> bytes) noexcept;

}  // namespace fjord
