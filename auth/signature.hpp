#pragma once
// Signatures by OpenSSL's EVP only. There is no symmetric algorithm here and none may be added: a public key can then never be
// taken for an HMAC secret (A01, A02). Pure; any thread.
#include "auth/error.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;    // EVP_PKEY
struct evp_md_ctx_st;  // EVP_MD_CTX

namespace fjord::auth {

using evp_key = std::shared_ptr<evp_pkey_st>;

enum class algorithm { rs256, es256, es384, eddsa, ps256 };  // RFC 7518 section 3.1, RFC 8037
enum class key_family { rsa, p256, p384, ed25519 };

std::optional<algorithm> algorithm_named(std::string_view name) noexcept;  // exact spelling only
std::string_view name_of(algorithm a) noexcept;
// The kty -> algorithm table: the key decides what it may be used for, never the token.
bool fits(algorithm a, key_family f) noexcept;

// The key must fit the algorithm. ECDSA signatures are r||s of exactly twice the field size (RFC 7518 section 3.4).
// errc::bad_signature.
result<void> verify_signature(algorithm a, evp_key const& key, std::string_view input, std::string_view signature);

// Signs with one key, ES256 (r||s, 64 bytes) or RS256. The context is prepared once and copied for each signature, a tenth
// cheaper than anew. Any thread.
class signer {
public:
    // errc::bad_algorithm: the key is of another kind, or the algorithm is one that we do not sign with.
    static result<signer> make(evp_key key, algorithm a);
    result<std::string> sign(std::string_view input) const;  // errc::bad_signature when OpenSSL fails

private:
    signer() = default;
    evp_key key_;
    std::shared_ptr<evp_md_ctx_st> prepared_;  // EVP_MD_CTX
    bool raw_ = true;
};

}  // namespace fjord::auth
