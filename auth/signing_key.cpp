#include "auth/signing_key.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/free_with.hpp"

#include <boost/json/serialize.hpp>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <optional>

namespace fjord::auth {
namespace {

namespace json = boost::json;

using bio = std::unique_ptr<BIO, free_with<BIO_free>>;

constexpr int rsa_bits = 2048;

error unusable(std::string const& where, std::string_view why) {
    ERR_clear_error();
    return fail(fjord::errc::invalid_argument, "signing key " + where + ": " + std::string(why));
}

// Never asks a terminal for a pass phrase.
int no_passphrase(char*, int, int, void*) { return 0; }

std::optional<algorithm> algorithm_of(EVP_PKEY const* key) {
    if (EVP_PKEY_is_a(key, "RSA")) return EVP_PKEY_get_bits(key) >= rsa_bits ? std::optional(algorithm::rs256) : std::nullopt;
    char group[32] = {};
    bool const p256 = EVP_PKEY_is_a(key, "EC") &&
                      EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, nullptr) == 1 &&
                      std::string_view(group) == "prime256v1";
    return p256 ? std::optional(algorithm::es256) : std::nullopt;
}

// A number of the public key in base64url; `bytes` is its fixed length, 0 its own.
std::optional<std::string> number(evp_key const& key, char const* name, int bytes) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key.get(), name, &raw) != 1) return std::nullopt;
    std::unique_ptr<BIGNUM, decltype(&BN_free)> value(raw, BN_free);
    if (bytes == 0) bytes = BN_num_bytes(value.get());
    std::string text(static_cast<std::size_t>(bytes), '\0');
    if (BN_bn2binpad(value.get(), reinterpret_cast<unsigned char*>(text.data()), bytes) != bytes) return std::nullopt;
    return base64url_encode(text);
}

// RFC 7638 section 3: the required members in this order, no spaces.
std::string thumbprint(std::string_view members) {
    auto const hash = sha256_of(members);
    return base64url_encode({reinterpret_cast<char const*>(hash.bytes().data()), hash.bytes().size()});
}

}  // namespace

result<std::shared_ptr<signing_key const>> signing_key::generate(algorithm a) {
    evp_key key(a == algorithm::rs256 ? EVP_RSA_gen(rsa_bits) : EVP_EC_gen("P-256"), EVP_PKEY_free);
    if (!key) {
        ERR_clear_error();
        return fail(fjord::errc::internal, "OpenSSL could not make a signing key");
    }
    return describe(std::move(key), a == algorithm::rs256 ? a : algorithm::es256, "(new)");
}

result<std::shared_ptr<signing_key const>> signing_key::from_pem(std::string_view pem, std::string const& where) {
    bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    evp_key key(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr) : nullptr, EVP_PKEY_free);
    if (!key) return unusable(where, "not an unencrypted PEM private key");
    auto const alg = algorithm_of(key.get());
    if (!alg)
        return unusable(where,
                        "neither an EC P-256 key nor an RSA key of 2048 bits; make one with: "
                        "openssl ecparam -name prime256v1 -genkey -noout");
    return describe(std::move(key), *alg, where);
}

result<std::shared_ptr<signing_key const>> signing_key::describe(evp_key key, algorithm a, std::string const& where) {
    bool const rsa = a == algorithm::rs256;
    auto const first = number(key, rsa ? OSSL_PKEY_PARAM_RSA_E : OSSL_PKEY_PARAM_EC_PUB_X, rsa ? 0 : 32);
    auto const second = number(key, rsa ? OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_EC_PUB_Y, rsa ? 0 : 32);
    if (!first || !second) return unusable(where, "has no public part");
    auto out = std::shared_ptr<signing_key>(new signing_key);
    auto made = signer::make(key, a);
    if (!made) return unusable(where, "is not usable by OpenSSL");
    out->signer_ = std::move(*made);
    out->key_ = std::move(key);
    out->alg_ = a;
    auto& members = out->public_;
    if (rsa) {
        out->kid_ = thumbprint(R"({"e":")" + *first + R"(","kty":"RSA","n":")" + *second + R"("})");
        members = {{"kty", "RSA"}, {"e", *first}, {"n", *second}};
    } else {
        out->kid_ = thumbprint(R"({"crv":"P-256","kty":"EC","x":")" + *first + R"(","y":")" + *second + R"("})");
        members = {{"kty", "EC"}, {"crv", "P-256"}, {"x", *first}, {"y", *second}};
    }
    members["alg"] = name_of(a);
    members["use"] = "sig";
    members["kid"] = out->kid_;
    out->header_ = base64url_encode(json::serialize(json::object{{"alg", name_of(a)}, {"kid", out->kid_}, {"typ", "JWT"}}));
    return std::shared_ptr<signing_key const>(std::move(out));
}

result<secret> signing_key::pem() const {
    bio out(BIO_new(BIO_s_mem()));
    if (!out || PEM_write_bio_PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return fail(fjord::errc::internal, "OpenSSL could not write a signing key");
    char* text = nullptr;
    auto const size = BIO_get_mem_data(out.get(), &text);
    return secret(std::string(text, static_cast<std::size_t>(size)));
}

secret signing_key::sign(std::string_view payload) const {
    std::string token = header_ + '.' + base64url_encode(payload);
    auto const signature = signer_->sign(token);
    return signature ? secret(token + '.' + base64url_encode(*signature)) : secret();
}

}  // namespace fjord::auth
