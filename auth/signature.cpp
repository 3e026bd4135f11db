#include "auth/signature.hpp"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

namespace fjord::auth {
namespace {

template <auto Free>
struct deleter {
    template <class T>
    void operator()(T* p) const noexcept {
        Free(p);
    }
};
using digest_context = std::unique_ptr<EVP_MD_CTX, deleter<EVP_MD_CTX_free>>;
using ecdsa_signature = std::unique_ptr<ECDSA_SIG, deleter<ECDSA_SIG_free>>;

unsigned char const* bytes(std::string_view text) noexcept { return reinterpret_cast<unsigned char const*>(text.data()); }

error refused() {
    ERR_clear_error();  // the queue is per thread; what is left there would be reported by the next TLS call
    return fail(errc::bad_signature, "the token's signature does not hold");
}

// The raw form has a fixed length, checked before any DER work (A06).
std::optional<std::string> der_of(std::string_view raw, std::size_t field) {
    if (raw.size() != 2 * field) return std::nullopt;
    ecdsa_signature sig(ECDSA_SIG_new());
    BIGNUM* r = BN_bin2bn(bytes(raw), static_cast<int>(field), nullptr);
    BIGNUM* s = BN_bin2bn(bytes(raw.substr(field)), static_cast<int>(field), nullptr);
    if (!sig || !r || !s || BN_is_zero(r) || BN_is_zero(s) || ECDSA_SIG_set0(sig.get(), r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return std::nullopt;
    }
    int length = i2d_ECDSA_SIG(sig.get(), nullptr);
    if (length <= 0) return std::nullopt;
    std::string der(static_cast<std::size_t>(length), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_ECDSA_SIG(sig.get(), &out);
    return der;
}

EVP_MD const* digest_of(algorithm a) noexcept {
    if (a == algorithm::eddsa) return nullptr;
    return a == algorithm::es384 ? EVP_sha384() : EVP_sha256();
}

bool use_pss(EVP_PKEY_CTX* context) noexcept {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
}

}  // namespace

std::optional<algorithm> algorithm_named(std::string_view name) noexcept {
    for (auto a : {algorithm::rs256, algorithm::es256, algorithm::es384, algorithm::eddsa, algorithm::ps256})
        if (name == name_of(a)) return a;
    return std::nullopt;
}

std::string_view name_of(algorithm a) noexcept {
    switch (a) {
        case algorithm::rs256:
            return "RS256";
        case algorithm::es256:
            return "ES256";
        case algorithm::es384:
            return "ES384";
        case algorithm::eddsa:
            return "EdDSA";
        case algorithm::ps256:
            return "PS256";
    }
    return "";
}

bool fits(algorithm a, key_family f) noexcept {
    switch (f) {
        case key_family::rsa:
            return a == algorithm::rs256 || a == algorithm::ps256;
        case key_family::p256:
            return a == algorithm::es256;
        case key_family::p384:
            return a == algorithm::es384;
        case key_family::ed25519:
            return a == algorithm::eddsa;
    }
    return false;
}

result<void> verify_signature(algorithm a, evp_key const& key, std::string_view input, std::string_view signature) {
    std::string der;
    if (a == algorithm::es256 || a == algorithm::es384) {
        auto converted = der_of(signature, a == algorithm::es256 ? 32 : 48);
        if (!converted) return refused();
        der = std::move(*converted);
        signature = der;
    }
    digest_context context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* inner = nullptr;
    if (!context || EVP_DigestVerifyInit(context.get(), &inner, digest_of(a), nullptr, key.get()) != 1) return refused();
    if (a == algorithm::ps256 && !use_pss(inner)) return refused();
    if (EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(input), input.size()) != 1) return refused();
    return {};
}

result<std::string> sign_es256(evp_key const& key, std::string_view input) {
    digest_context context(EVP_MD_CTX_new());
    std::string der(80, '\0');  // a P-256 signature in DER takes at most 72 bytes
    std::size_t length = der.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &length, bytes(input), input.size()) != 1)
        return refused();
    auto const* in = bytes(der);
    ecdsa_signature sig(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(length)));
    std::string raw(64, '\0');
    auto* out = reinterpret_cast<unsigned char*>(raw.data());
    if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig.get()), out, 32) != 32 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig.get()), out + 32, 32) != 32)
        return refused();
    return raw;
}

}  // namespace fjord::auth
