#include "auth/signature.hpp"

#include "base/free_with.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <algorithm>

namespace fjord::auth {
namespace {

using digest_context = std::unique_ptr<EVP_MD_CTX, free_with<EVP_MD_CTX_free>>;

unsigned char const* bytes(std::string_view text) noexcept { return reinterpret_cast<unsigned char const*>(text.data()); }

error refused() {
    ERR_clear_error();  // the queue is per thread; what is left there would be reported by the next TLS call
    return fail(errc::bad_signature, "the token's signature does not hold");
}

// INTEGER of a big-endian number: without leading zeros, with one where the first bit would be a sign (X.690 section 8.3).
// False for zero.
bool add_integer(std::string& der, std::string_view number) {
    number.remove_prefix(std::min(number.find_first_not_of('\0'), number.size()));
    if (number.empty()) return false;
    bool const needs_zero = (static_cast<unsigned char>(number.front()) & 0x80) != 0;
    der += '\x02';
    der += static_cast<char>(number.size() + needs_zero);
    if (needs_zero) der += '\0';
    der += number;
    return true;
}

// The raw form has a fixed length, checked before any DER work (A06); the DER form of 2 * 48 bytes needs no long lengths.
std::optional<std::string> der_of(std::string_view raw, std::size_t field) {
    if (raw.size() != 2 * field) return std::nullopt;
    std::string der("\x30\x00", 2);
    der.reserve(2 * field + 8);
    if (!add_integer(der, raw.substr(0, field)) || !add_integer(der, raw.substr(field))) return std::nullopt;
    der[1] = static_cast<char>(der.size() - 2);
    return der;
}

// r||s of 64 bytes from OpenSSL's own DER, whose integers have at most 32 bytes and a leading zero.
std::optional<std::string> raw_of(std::string_view der) {
    std::string raw(64, '\0');
    if (der.size() < 8 || der[0] != 0x30) return std::nullopt;
    der.remove_prefix(2);
    for (std::size_t end : {32u, 64u}) {
        if (der.size() < 2 || der[0] != 0x02 || der.size() < 2u + static_cast<unsigned char>(der[1])) return std::nullopt;
        auto number = der.substr(2, static_cast<unsigned char>(der[1]));
        der.remove_prefix(2 + number.size());
        while (number.size() > 32 && number.front() == 0) number.remove_prefix(1);
        if (number.size() > 32) return std::nullopt;
        std::copy(number.begin(), number.end(), raw.begin() + static_cast<std::ptrdiff_t>(end - number.size()));
    }
    return raw;
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

result<signer> signer::make(evp_key key, algorithm a) {
    signer out;
    out.prepared_ = std::shared_ptr<EVP_MD_CTX>(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    char const* const kind = a == algorithm::es256 ? "EC" : a == algorithm::rs256 ? "RSA" : nullptr;
    if (!kind || !key || EVP_PKEY_is_a(key.get(), kind) != 1 || !out.prepared_ ||
        EVP_DigestSignInit(out.prepared_.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1) {
        ERR_clear_error();
        return fail(errc::bad_algorithm, "the key cannot sign with " + std::string(name_of(a)));
    }
    out.key_ = std::move(key);
    out.raw_ = a == algorithm::es256;
    return out;
}

result<std::string> signer::sign(std::string_view input) const {
    digest_context context(EVP_MD_CTX_new());
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
    std::size_t length = signature.size();
    if (!context || EVP_MD_CTX_copy_ex(context.get(), prepared_.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, bytes(input), input.size()) !=
            1)
        return refused();
    signature.resize(length);
    if (!raw_) return signature;
    auto raw = raw_of(signature);
    if (!raw) return refused();
    return std::move(*raw);
}

}  // namespace fjord::auth
