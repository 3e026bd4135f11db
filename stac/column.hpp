#pragma once
// One property of the rows of a segment, packed. Every row has a code; what the codes stand for is one of
//   values   an entry of a dictionary of JSON values, in the order of sortby. An entry may be a range [low, high] of values that
//            share a code (numbers or texts of high variety): predicates that cut through it need the document;
//   numbers  (base + code - 2) / 10^scale, exactly;
//   times    base + (code - 2) * unit, of texts that read as date-times.
// Code 0 is null or absent, code 1 is "look into the document".
#include "base/error.hpp"
#include "stac/cql2/evaluate.hpp"
#include "stac/datetime.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fjord::stac {

// Unsigned numbers of 0 to 8 bytes; 0 bytes: all are `only`. A view; eight bytes from any of them on can be read.
struct packed_codes {
    unsigned char const* data = nullptr;
    std::uint8_t width = 0;
    std::uint64_t only = 0;

    std::uint64_t operator[](std::size_t row) const noexcept {
        switch (width) {
            case 0:
                return only;
            case 1:
                return data[row];
            default: {
                std::uint64_t v;
                std::memcpy(&v, data + row * width, sizeof v);
                return v & (~std::uint64_t{0} >> (64 - 8 * width));
            }
        }
    }
    // Calls visit with something that gives the code of a row, for loops over many rows.
    template <class Visit>
    decltype(auto) with_type(Visit visit) const {
        switch (width) {
            case 1:
                return visit(reinterpret_cast<std::uint8_t const*>(data));
            case 2:
                return visit(reinterpret_cast<std::uint16_t const*>(data));
            case 4:
                return visit(reinterpret_cast<std::uint32_t const*>(data));
            default:
                return visit(*this);
        }
    }
};
// Bytes needed for codes up to `most`.
std::uint8_t width_for(std::uint64_t most) noexcept;

struct column {
    enum class kind : std::uint8_t { values, numbers, times };
    static constexpr std::uint64_t absent = 0, opaque = 1, first = 2;

    std::string_view name;
    kind type = kind::values;
    packed_codes codes;
    // values: the texts of entry e are offsets[e] .. offsets[e + 1], twice as many when they are ranges (low, high, ...).
    std::uint32_t entries = 0;
    bool ranges = false;
    bool ordered = true;  // entries are in the order of sortby and do not overlap
    std::span<std::uint32_t const> offsets;
    std::string_view text;
    // numbers, times
    std::int64_t base = 0, unit = 1;
    std::uint64_t most = 0;  // the greatest code
    std::int8_t scale = 0;   // numbers: decimals; times: digits of the fraction as written, -1 when the text is not known

    std::string_view low(std::uint32_t e) const noexcept { return slice(ranges ? 2 * e : e); }
    std::string_view high(std::uint32_t e) const noexcept { return slice(ranges ? 2 * e + 1 : e); }
    bool width_is_constant() const noexcept { return codes.width == 0; }
    bool exact(std::uint64_t code) const noexcept {
        if (code == opaque) return false;
        return code == absent || type != kind::values || !ranges || low(entry(code)) == high(entry(code));
    }
    static std::uint32_t entry(std::uint64_t code) noexcept { return static_cast<std::uint32_t>(code - first); }
    double number(std::uint64_t code) const noexcept;
    instant time(std::uint64_t code) const noexcept { return base + static_cast<std::int64_t>(code - first) * unit; }
    std::string written_time(std::uint64_t code) const;  // times with a known text

    // The value as a filter sees it; nullopt when only the document can tell. For times whose text is lost, an instant is given
    // when `instants` says that this is as good.
    std::optional<cql2::value> value(std::uint64_t code, bool instants = false) const;

private:
    std::string_view slice(std::uint32_t i) const noexcept { return text.substr(offsets[i], offsets[i + 1] - offsets[i]); }
};

// "2020-01-01T00:00:00.000Z": with exactly `digits` (0..6) of a fraction.
std::string format_instant_with(instant t, int digits);

}  // namespace fjord::stac
