#include "base/digest.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace fjord {

namespace {

struct algorithm_facts {
    digest_algorithm algorithm;
    std::string_view name;
    std::size_t size;            // bytes
    std::string_view multihash;  // code and length in hex; the multicodec table has none for the 32-bit checksums of storage
};
constexpr algorithm_facts facts[] = {
    {digest_algorithm::sha256, "sha-256", 32, "1220"},
    {digest_algorithm::adler32, "adler32", 4, ""},
    {digest_algorithm::crc32c, "crc32c", 4, ""},
    {digest_algorithm::md5, "md5", 16, "d50110"},
};

constexpr algorithm_facts const& facts_of(digest_algorithm a) noexcept { return facts[static_cast<std::size_t>(a)]; }

error bad_digest(digest_algorithm a, std::string_view why) {
    return fail(errc::invalid_argument, "malformed " + std::string(name_of(a)) + " digest: " + std::string(why));
}

std::span<std::byte const> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

}  // namespace

std::string_view name_of(digest_algorithm a) noexcept { return facts_of(a).name; }

std::optional<digest_algorithm> digest_algorithm_named(std::string_view name) noexcept {
    for (auto const& f : facts) {
        if (iequals(f.name, name)) return f.algorithm;
    }
    // Spellings met in the field: RFC 9530 registers "adler", storage tools write "sha256".
    if (iequals(name, "adler")) return digest_algorithm::adler32;
    if (iequals(name, "sha256")) return digest_algorithm::sha256;
    return std::nullopt;
}

result<digest> digest::from_bytes(digest_algorithm a, std::span<std::byte const> bytes) {
    if (bytes.size() != facts_of(a).size) {
        return bad_digest(a, std::to_string(bytes.size()) + " bytes, not " + std::to_string(facts_of(a).size));
    }
    digest d;
    d.algorithm_ = a;
    d.size_ = static_cast<std::uint8_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), d.bytes_.begin());
    return d;
}

result<digest> digest::from_hex(digest_algorithm a, std::string_view hex) {
    auto const width = facts_of(a).size * 2;
    // Only the checksums that are numbers lose leading zeros on their way.
    bool const is_number = facts_of(a).size == 4;
    if (hex.empty() || hex.size() > width || (hex.size() < width && !is_number)) {
        return bad_digest(a, "expected " + std::to_string(width) + " hex digits");
    }
    auto const padded = std::string(width - hex.size(), '0').append(hex);
    std::array<std::byte, 32> bytes{};
    for (std::size_t i = 0; i < width; ++i) {
        int const nibble = hex_value(padded[i]);
        if (nibble < 0) return bad_digest(a, "not a hex digit");
        bytes[i / 2] = bytes[i / 2] << 4 | static_cast<std::byte>(nibble);
    }
    return from_bytes(a, std::span(bytes).first(width / 2));
}

result<digest> digest::from_base64(digest_algorithm a, std::string_view text) {
    auto decoded = base64_decode(text);
    if (!decoded) return bad_digest(a, decoded.error().detail);
    return from_bytes(a, bytes_of(*decoded));
}

result<digest> digest::from_text(std::string_view text) {
    auto rest = text;
    auto const name = take_until(rest, ':');
    auto const algorithm = digest_algorithm_named(name);
    if (!algorithm) return fail(errc::invalid_argument, "a digest reads ALGORITHM:HEX with sha-256, adler32, crc32c or md5");
    return from_hex(*algorithm, rest);
}

std::string digest::hex() const { return to_hex(bytes()); }

std::string digest::base64() const { return base64_encode({reinterpret_cast<char const*>(bytes_.data()), size_}); }

std::string digest::text() const { return std::string(name_of(algorithm_)) + ":" + hex(); }

std::string digest::multihash_hex() const {
    auto const prefix = facts_of(algorithm_).multihash;
    return prefix.empty() || empty() ? std::string{} : std::string(prefix) + hex();
}

bool operator==(digest const& a, digest const& b) noexcept {
    return a.algorithm_ == b.algorithm_ && std::ranges::equal(a.bytes(), b.bytes());
}

std::optional<digest> const& digest_set::get(digest_algorithm a) const noexcept {
    switch (a) {
        case digest_algorithm::adler32:
            return adler32;
        case digest_algorithm::crc32c:
            return crc32c;
        case digest_algorithm::md5:
            return md5;
        case digest_algorithm::sha256:
            break;
    }
    return sha256;
}

void digest_set::set(digest d) {
    switch (d.algorithm()) {
        case digest_algorithm::sha256:
            sha256 = d;
            break;
        case digest_algorithm::adler32:
            adler32 = d;
            break;
        case digest_algorithm::crc32c:
            crc32c = d;
            break;
        case digest_algorithm::md5:
            md5 = d;
            break;
    }
}

bool digest_set::empty() const noexcept { return !sha256 && !adler32 && !crc32c && !md5; }

digest_match compare(digest_set const& a, digest_set const& b) noexcept {
    bool shared = false;
    for (auto const& f : facts) {
        auto const& x = a.get(f.algorithm);
        auto const& y = b.get(f.algorithm);
        if (!x || !y) continue;
        if (!(*x == *y)) return digest_match::different;
        shared = true;
    }
    return shared ? digest_match::equal : digest_match::nothing_in_common;
}

}  // namespace fjord
