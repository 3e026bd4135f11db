// Digest fields on the wire: RFC 3230 (Digest, Want-Digest) and RFC 9530 (Repr-Digest, Want-Repr-Digest).
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <charconv>

namespace fjord {

namespace {

// No field of ours lists more; a longer one is cut off rather than searched.
constexpr std::size_t max_members = 32;

// RFC 9530 section 7.2 registers adler32 under this key.
std::string_view structured_key(digest_algorithm a) noexcept { return a == digest_algorithm::adler32 ? "adler" : name_of(a); }

// Digest: base64 by the letter of RFC 3230, hex for adler32; some servers write hex for the others too. The lengths of
// the two forms never coincide except for the 32-bit ones, where only base64 has padding.
result<digest> parse_legacy_value(digest_algorithm a, std::string_view value) {
    bool const padded = !value.empty() && value.back() == '=';
    if (a == digest_algorithm::adler32 && !padded) return digest::from_hex(a, value);
    if (a == digest_algorithm::crc32c && !padded) return digest::from_hex(a, value);
    bool const hex_length =
        (a == digest_algorithm::sha256 && value.size() == 64) || (a == digest_algorithm::md5 && value.size() == 32);
    return hex_length ? digest::from_hex(a, value) : digest::from_base64(a, value);
}

// A byte sequence of RFC 8941 section 3.3.5, parameters after it ignored.
result<digest> parse_byte_sequence(digest_algorithm a, std::string_view value) {
    value = trim(take_until(value, ';'));
    if (value.size() < 2 || value.front() != ':' || value.back() != ':') {
        return fail(errc::invalid_argument, "Repr-Digest: " + std::string(name_of(a)) + " is not a byte sequence (:BASE64:)");
    }
    return digest::from_base64(a, value.substr(1, value.size() - 2));
}

template <class ParseValue>
result<digest_set> parse_members(std::string_view field, ParseValue parse_value) {
    digest_set out;
    for (std::size_t i = 0; i < max_members && !field.empty(); ++i) {
        auto value = trim(take_until(field, ','));
        auto const algorithm = digest_algorithm_named(trim(take_until(value, '=')));
        if (!algorithm) continue;
        auto parsed = parse_value(*algorithm, trim(value));
        if (!parsed) return parsed.error();
        out.set(*parsed);
    }
    return out;
}

// The weight of one member in thousandths: "sha-256;q=0.5" (RFC 3230) or "sha-256=10" (RFC 9530, 0..10). Malformed: 0.
unsigned weight_of(std::string_view parameters, std::string_view structured) noexcept {
    if (!structured.empty()) {
        auto const w = parse_unsigned<unsigned>(trim(take_until(structured, ';')));
        return w && *w <= 10 ? *w * 100 : 0;
    }
    while (!parameters.empty()) {
        auto value = trim(take_until(parameters, ';'));
        if (!iequals(trim(take_until(value, '=')), "q")) continue;
        value = trim(value);
        double q = 0;
        auto const [end, ec] = std::from_chars(value.data(), value.data() + value.size(), q, std::chars_format::fixed);
        bool const fine = ec == std::errc{} && end == value.data() + value.size() && q >= 0 && q <= 1;
        return fine ? static_cast<unsigned>(q * 1000) : 0;
    }
    return 1000;
}

}  // namespace

std::string digest_header(digest const& d) {
    bool const as_hex = d.algorithm() == digest_algorithm::adler32;
    return std::string(name_of(d.algorithm())) + "=" + (as_hex ? d.hex() : d.base64());
}

std::string repr_digest_header(digest const& d) { return std::string(structured_key(d.algorithm())) + "=:" + d.base64() + ":"; }

result<digest_set> parse_digest_header(std::string_view value) { return parse_members(value, parse_legacy_value); }

result<digest_set> parse_repr_digest_header(std::string_view value) { return parse_members(value, parse_byte_sequence); }

std::optional<digest_algorithm> preferred_digest(std::string_view want_header) noexcept {
    std::optional<digest_algorithm> best;
    unsigned best_weight = 0;
    for (std::size_t i = 0; i < max_members && !want_header.empty(); ++i) {
        auto parameters = trim(take_until(want_header, ','));
        auto structured = trim(take_until(parameters, ';'));
        auto const algorithm = digest_algorithm_named(trim(take_until(structured, '=')));
        if (!algorithm) continue;
        if (auto const weight = weight_of(parameters, trim(structured)); weight > best_weight) {
            best = algorithm;
            best_weight = weight;
        }
    }
    return best;
}

}  // namespace fjord
