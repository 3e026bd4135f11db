#pragma once
// Checksums of file content. sha-256 names a version; adler32, crc32c and md5 are what storage peers speak.
// Sources: RFC 9530 (Repr-Digest), RFC 3230 (Digest), STAC file extension v2.1 (multihash).
#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fjord {

enum class digest_algorithm { sha256, adler32, crc32c, md5 };

// "sha-256", "adler32", "crc32c", "md5": the names of the IANA registries.
std::string_view name_of(digest_algorithm a) noexcept;
std::optional<digest_algorithm> digest_algorithm_named(std::string_view name) noexcept;  // case-insensitive

// The bytes of one digest, big-endian for the 32-bit ones.
class digest {
public:
    digest() = default;
    // errc::invalid_argument when the length does not fit the algorithm.
    static result<digest> from_bytes(digest_algorithm a, std::span<std::byte const> bytes);
    // Hex in either case; 7-digit adler32 and lost leading zeros are padded (StoRM, WMCore).
    static result<digest> from_hex(digest_algorithm a, std::string_view hex);
    static result<digest> from_base64(digest_algorithm a, std::string_view text);
    // "sha-256:HEX", the form of ?version= and of our records.
    static result<digest> from_text(std::string_view text);

    digest_algorithm algorithm() const noexcept { return algorithm_; }
    std::span<std::byte const> bytes() const noexcept { return {bytes_.data(), size_}; }
    bool empty() const noexcept { return size_ == 0; }
    std::string hex() const;
    std::string base64() const;
    std::string text() const;           // "sha-256:HEX"
    std::string multihash_hex() const;  // "1220..." for sha-256; empty for algorithms without a multihash code

    friend bool operator==(digest const& a, digest const& b) noexcept;

private:
    digest_algorithm algorithm_ = digest_algorithm::sha256;
    std::uint8_t size_ = 0;
    std::array<std::byte, 32> bytes_{};
};

// What is known of one content. A set compares equal to another when they share at least one algorithm and none differs.
struct digest_set {
    std::optional<digest> sha256, adler32, crc32c, md5;

    std::optional<digest> const& get(digest_algorithm a) const noexcept;
    void set(digest d);
    bool empty() const noexcept;
};
enum class digest_match { equal, different, nothing_in_common };
digest_match compare(digest_set const& a, digest_set const& b) noexcept;

// One pass over the bytes, all four at once or only those wanted (md5 alone takes half of the time of all four).
// Not copyable; one thread at a time.
class digester {
public:
    digester();
    explicit digester(std::initializer_list<digest_algorithm> wanted);
    explicit digester(std::span<digest_algorithm const> wanted);
    ~digester();
    digester(digester&&) noexcept;
    digester& operator=(digester&&) noexcept;
    void update(std::span<std::byte const> bytes);
    void update(std::string_view bytes);
    std::uint64_t size() const noexcept;  // bytes seen
    digest_set finish();                  // once; only what was wanted

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

std::uint32_t crc32c(std::uint32_t seed, std::span<std::byte const> bytes) noexcept;  // seed 0 to start; hardware when present
digest sha256_of(std::string_view bytes);

std::string to_hex(std::span<std::byte const> bytes);
std::string base64_encode(std::string_view bytes);            // RFC 4648 section 4, padded
std::string base64url_encode(std::string_view bytes);         // RFC 4648 section 5, no padding
result<std::string> base64_decode(std::string_view text);     // strict
result<std::string> base64url_decode(std::string_view text);  // strict, no padding

// Header fields. Digest/Want-Digest: RFC 3230 (adler32 hex as XRootD and dCache write it, crc32c, md5 and sha-256 base64).
// Repr-Digest: RFC 9530 structured field dictionary with byte sequences.
std::string digest_header(digest const& d);       // "adler32=0a1b2c3d" / "sha-256=BASE64"
std::string repr_digest_header(digest const& d);  // "sha-256=:BASE64:"
// Unknown algorithms are skipped, malformed known ones are errc::invalid_argument.
result<digest_set> parse_digest_header(std::string_view value);
result<digest_set> parse_repr_digest_header(std::string_view value);
// The best algorithm we can serve from a Want-Digest / Want-Repr-Digest value, by its weights; none: nullopt.
std::optional<digest_algorithm> preferred_digest(std::string_view want_header) noexcept;

}  // namespace fjord
