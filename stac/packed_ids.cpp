#include "stac/packed_ids.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace fjord::stac {
namespace {

constexpr std::size_t longest = 255;

// Bits from the most significant one on.
class bit_writer {
public:
    explicit bit_writer(unsigned char* to) : to_(to) {}
    void put(unsigned value, unsigned bits) {
        for (; bits > 0; --bits, ++at_)
            if ((value >> (bits - 1)) & 1) to_[at_ / 8] = static_cast<unsigned char>(to_[at_ / 8] | (0x80 >> (at_ % 8)));
    }

private:
    unsigned char* to_;
    std::size_t at_ = 0;
};

class bit_reader {
public:
    explicit bit_reader(unsigned char const* from) : from_(from) {}
    unsigned take(unsigned bits) {
        unsigned value = 0;
        while (bits > 0) {
            auto const here = std::min<unsigned>(bits, 8 - at_ % 8);
            value = (value << here) | ((from_[at_ / 8] >> (8 - at_ % 8 - here)) & ((1u << here) - 1));
            at_ += here;
            bits -= here;
        }
        return value;
    }

private:
    unsigned char const* from_;
    std::size_t at_ = 0;
};

}  // namespace

void id_alphabet::add(std::string_view characters, bool ends) {
    auto const count = static_cast<std::uint16_t>(characters.size() + ends);
    auto const bits = static_cast<std::uint8_t>(std::bit_width(static_cast<unsigned>(count - 1)));
    // How many characters, whether ids end here, the characters.
    stored_ += static_cast<char>(characters.size());
    stored_ += static_cast<char>(ends);
    positions_.push_back({bits, count, ends, static_cast<std::uint32_t>(stored_.size())});
    stored_ += characters;
}

void id_alphabet::finish() {
    std::size_t bits = 0;
    for (auto const& p : positions_) bits += p.bits;
    width_ = std::max<std::size_t>(1, (bits + 7) / 8);
}

std::optional<id_alphabet> id_alphabet::of(std::span<std::string_view const> ids) {
    std::size_t length = 0;
    for (auto const id : ids) length = std::max(length, id.size());
    if (length > longest) return std::nullopt;
    std::vector<std::array<bool, 256>> seen(length);
    std::vector<bool> ends(length);
    for (auto const id : ids) {
        for (std::size_t i = 0; i < id.size(); ++i) seen[i][static_cast<unsigned char>(id[i])] = true;
        for (auto i = id.size(); i < length; ++i) ends[i] = true;
    }
    id_alphabet out;
    for (std::size_t i = 0; i < length; ++i) {
        std::string characters;
        for (unsigned c = 0; c < 256; ++c)
            if (seen[i][c]) characters += static_cast<char>(c);
        if (characters.size() > 255) return std::nullopt;
        out.add(characters, ends[i]);
    }
    out.finish();
    return out;
}

std::optional<id_alphabet> id_alphabet::read(std::string_view stored) {
    id_alphabet out;
    while (!stored.empty()) {
        if (stored.size() < 2) return std::nullopt;
        auto const count = static_cast<unsigned char>(stored[0]);
        bool const ends = stored[1] != 0;
        if (count == 0 || static_cast<unsigned char>(stored[1]) > 1 || stored.size() - 2 < count) return std::nullopt;
        auto const characters = stored.substr(2, count);
        auto const ascending = [](char a, char b) { return static_cast<unsigned char>(a) < static_cast<unsigned char>(b); };
        for (std::size_t i = 1; i < characters.size(); ++i)
            if (!ascending(characters[i - 1], characters[i])) return std::nullopt;
        if (out.positions_.size() == longest) return std::nullopt;
        out.add(characters, ends);
        stored.remove_prefix(2 + count);
    }
    out.finish();
    return out;
}

void id_alphabet::encode(std::string_view id, unsigned char* to) const { place(id, to); }

bool id_alphabet::decode(unsigned char const* code, std::string& to) const {
    to.clear();
    bit_reader in(code);
    bool ended = false;
    for (auto const& p : positions_) {
        auto symbol = in.take(p.bits);
        if (symbol >= p.count) return false;
        if (ended || (p.ends && symbol == 0)) {
            if (symbol != 0) return false;
            ended = true;
            continue;
        }
        to += stored_[p.begin + symbol - p.ends];
    }
    return true;
}

id_alphabet::side id_alphabet::place(std::string_view id, unsigned char* to) const {
    std::memset(to, 0, width_);
    bit_writer out(to);
    // Once it is settled on which side of the other ids it lies: all zeros or all ones.
    auto where = side::exact;
    for (std::size_t i = 0; i < positions_.size(); ++i) {
        auto const& p = positions_[i];
        unsigned const highest = (1u << p.bits) - 1;
        if (where != side::exact) {
            out.put(where == side::after ? highest : 0, p.bits);
            continue;
        }
        if (i >= id.size()) {
            // A prefix of other ids comes before them.
            if (!p.ends) where = side::before;
            out.put(0, p.bits);
            continue;
        }
        auto const* first = reinterpret_cast<unsigned char const*>(stored_.data()) + p.begin;
        auto const* last = first + p.count - p.ends;
        auto const* found = std::lower_bound(first, last, static_cast<unsigned char>(id[i]));
        if (found != last && *found == static_cast<unsigned char>(id[i])) {
            out.put(static_cast<unsigned>(found - first) + p.ends, p.bits);
        } else if (found != last) {
            out.put(static_cast<unsigned>(found - first) + p.ends, p.bits);
            where = side::before;
        } else {
            out.put(highest, p.bits);
            where = side::after;
        }
    }
    // A continuation of an id comes after it.
    return where == side::exact && id.size() > positions_.size() ? side::after : where;
}

}  // namespace fjord::stac
