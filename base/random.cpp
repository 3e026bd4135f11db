#include "base/random.hpp"

#include "base/clock.hpp"
#include "base/digest.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <span>
#include <vector>

namespace fjord {

namespace {

void fill_random(std::span<std::byte> out) {
    while (!out.empty()) {
        auto const n = ::getrandom(out.data(), out.size(), 0);
        if (n < 0 && errno != EINTR) throw std::runtime_error("the operating system gives no random bytes");
        if (n > 0) out = out.subspan(static_cast<std::size_t>(n));
    }
}

}  // namespace

std::string random_hex(std::size_t bytes) {
    std::vector<std::byte> buffer(bytes);
    fill_random(buffer);
    return to_hex(buffer);
}

// 48 bits of Unix milliseconds and 80 random bits, five bits per character; the first character holds the top three.
std::string new_ulid() {
    std::array<std::byte, 16> raw;
    fill_random(raw);
    auto const ms = static_cast<std::uint64_t>(system_clock().now().time_since_epoch().count());
    for (std::size_t i = 0; i < 6; ++i) raw[i] = static_cast<std::byte>(ms >> (40 - 8 * i));

    static constexpr char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::string out;
    unsigned window = 0;
    unsigned bits = 2;  // two leading zero bits make 130 = 26 * 5
    for (auto b : raw) {
        window = (window << 8 | std::to_integer<unsigned>(b)) & 0xFFFFu;
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            out += alphabet[window >> bits & 31u];
        }
    }
    return out;
}

}  // namespace fjord
