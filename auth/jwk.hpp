#pragma once
// JSON Web Keys of an issuer (RFC 7517, RFC 7518 section 6, RFC 8037) turned into OpenSSL public keys. Pure.
// Taken: RSA of 2048..8192 bits with an odd exponent >= 65537, EC P-256 and P-384 with the point on the curve, OKP Ed25519.
// Skipped: `oct` and all else, keys without kid, keys for encryption.
#include "auth/signature.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::auth {

inline constexpr std::size_t max_jwks_bytes = 256u << 10;
inline constexpr std::size_t max_jwks_keys = 100;

struct jwk {
    std::string kid;
    key_family family = key_family::rsa;
    std::optional<algorithm> only;  // `alg`, when the issuer ties the key to one
    evp_key key;
};

// Keys of one issuer at one moment. Immutable once built.
class key_set {
public:
    explicit key_set(std::vector<jwk> keys) : keys_(std::move(keys)) {}
    bool has(std::string_view kid) const noexcept;
    // The key of that name that may be used with `a`; null when the name is known and no key of it fits.
    jwk const* find(std::string_view kid, algorithm a) const noexcept;
    std::size_t size() const noexcept { return keys_.size(); }

private:
    std::vector<jwk> keys_;
};

// A public key by itself, as a DPoP proof carries it. errc::bad_algorithm with the reason, also for private members.
struct public_key {
    key_family family = key_family::rsa;
    evp_key key;
    std::string thumbprint;  // RFC 7638 with SHA-256, base64url
};
result<public_key> parse_public_key(boost::json::object const& members);

// One key. errc::bad_algorithm with the reason.
result<jwk> parse_jwk(boost::json::object const& members);

// {"keys": [...]}. Unusable keys are skipped (RFC 7517 section 5); none left is a failure, so that an error page or an empty
// document never replaces good keys. errc::keys_unavailable.
result<key_set> parse_jwks(std::string_view text);

}  // namespace fjord::auth
