#include "stac/column.hpp"

#include <bit>

namespace fjord::stac {
namespace {

constexpr double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

}  // namespace

std::uint8_t width_for(std::uint64_t most) noexcept { return static_cast<std::uint8_t>((std::bit_width(most) + 7) / 8); }

std::string format_instant_with(instant t, int digits) {
    auto out = format_instant(t - (t % 1'000'000 + 1'000'000) % 1'000'000);
    if (digits <= 0) return out;
    auto fraction = std::to_string((t % 1'000'000 + 1'000'000) % 1'000'000);
    fraction.insert(0, 6 - fraction.size(), '0');
    out.back() = '.';
    return out += fraction.substr(0, static_cast<std::size_t>(digits)) + 'Z';
}

// Dividing one exact number by another rounds once, as reading the decimal text did: the result is the same double.
double column::number(std::uint64_t code) const noexcept {
    return static_cast<double>(base + static_cast<std::int64_t>(code - first)) / powers[scale];
}

std::string column::written_time(std::uint64_t code) const { return format_instant_with(time(code), scale); }

std::optional<cql2::value> column::value(std::uint64_t code, bool instants) const {
    using cql2::value;
    if (code == absent) return value{};
    if (!exact(code)) return std::nullopt;
    switch (type) {
        case kind::values:
            return cql2::value_of_json(low(entry(code)));
        case kind::numbers:
            return value::of(number(code));
        case kind::times:
            break;
    }
    if (instants) return value::at(time(code));
    if (scale < 0) return std::nullopt;
    return value::of(written_time(code));
}

}  // namespace fjord::stac
