#include "tests/unit/auth/support.hpp"

#include "base/digest.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <stdexcept>

namespace fjord::auth::test {
namespace {

void must(bool ok) {
    if (!ok) throw std::runtime_error("OpenSSL failed in a test");
}

std::string number(evp_pkey_st* key, char const* name, int size = 0) {
    BIGNUM* raw = nullptr;
    must(EVP_PKEY_get_bn_param(key, name, &raw) == 1);
    std::string bytes(static_cast<std::size_t>(size ? size : BN_num_bytes(raw)), '\0');
    must(BN_bn2binpad(raw, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) >= 0);
    BN_free(raw);
    return base64url_encode(bytes);
}

std::string raw_ecdsa(std::string const& der, int field) {
    auto const* in = reinterpret_cast<unsigned char const*>(der.data());
    ECDSA_SIG* sig = d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size()));
    must(sig != nullptr);
    std::string raw(static_cast<std::size_t>(2 * field), '\0');
    auto* out = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, field);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + field, field);
    ECDSA_SIG_free(sig);
    return raw;
}

}  // namespace

test_key::test_key(std::string kid, evp_pkey_st* key) : kid_(std::move(kid)), key_(key, EVP_PKEY_free) { must(key != nullptr); }

test_key test_key::ec(std::string kid, std::string curve) { return {std::move(kid), EVP_EC_gen(curve.c_str())}; }

test_key test_key::ed25519(std::string kid) { return {std::move(kid), EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")}; }

test_key test_key::rsa(std::string kid, unsigned bits, unsigned exponent) {
    auto* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
    auto* e = BN_new();
    BN_set_word(e, exponent);
    EVP_PKEY* key = nullptr;
    must(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(context, static_cast<int>(bits)) == 1 &&
         EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e) == 1 && EVP_PKEY_generate(context, &key) == 1);
    BN_free(e);
    EVP_PKEY_CTX_free(context);
    return {std::move(kid), key};
}

test_key const& test_key::shared_rsa() {
    static test_key const key = rsa("rsa1");
    return key;
}

json::object test_key::jwk() const {
    json::object out{{"kid", kid_}, {"use", "sig"}};
    switch (EVP_PKEY_get_base_id(key_.get())) {
        case EVP_PKEY_RSA:
            out["kty"] = "RSA";
            out["n"] = number(key_.get(), OSSL_PKEY_PARAM_RSA_N);
            out["e"] = number(key_.get(), OSSL_PKEY_PARAM_RSA_E);
            break;
        case EVP_PKEY_EC: {
            bool p256 = EVP_PKEY_get_bits(key_.get()) == 256;
            out["kty"] = "EC";
            out["crv"] = p256 ? "P-256" : "P-384";
            out["x"] = number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, p256 ? 32 : 48);
            out["y"] = number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, p256 ? 32 : 48);
            break;
        }
        default: {
            unsigned char raw[32];
            std::size_t size = sizeof raw;
            must(EVP_PKEY_get_raw_public_key(key_.get(), raw, &size) == 1);
            out["kty"] = "OKP";
            out["crv"] = "Ed25519";
            out["x"] = base64url_encode({reinterpret_cast<char const*>(raw), size});
        }
    }
    return out;
}

std::string test_key::sign(std::string_view algorithm, std::string_view input) const {
    auto* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* inner = nullptr;
    auto const* md = algorithm == "EdDSA" ? nullptr : algorithm == "ES384" ? EVP_sha384() : EVP_sha256();
    must(EVP_DigestSignInit(context, &inner, md, nullptr, key_.get()) == 1);
    if (algorithm == "PS256")
        must(EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, 32) == 1);
    std::size_t size = 0;
    auto const* data = reinterpret_cast<unsigned char const*>(input.data());
    must(EVP_DigestSign(context, nullptr, &size, data, input.size()) == 1);
    std::string out(size, '\0');
    must(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size, data, input.size()) == 1);
    out.resize(size);
    EVP_MD_CTX_free(context);
    if (EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_EC) return raw_ecdsa(out, EVP_PKEY_get_bits(key_.get()) / 8);
    return out;
}

std::string jwks_of(std::vector<json::object> keys) {
    json::array list;
    for (auto& k : keys) list.push_back(std::move(k));
    return json::serialize(json::object{{"keys", list}});
}

std::string token_text::signing_input() const {
    return base64url_encode(json::serialize(header)) + "." + base64url_encode(json::serialize(claims));
}

secret token_text::signed_by(test_key const& key) const {
    return with_signature(key.sign(std::string(header.at("alg").as_string()), signing_input()));
}

secret token_text::with_signature(std::string_view raw) const { return secret(signing_input() + "." + base64url_encode(raw)); }

token_text good_token(test_key const& key, wall_time now, std::string alg) {
    auto second = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
    token_text t;
    t.header = {{"alg", alg}, {"kid", key.kid()}, {"typ", "JWT"}};
    t.claims = {{"iss", issuer_url}, {"sub", "user-1"},    {"aud", our_origin},
                {"iat", second},     {"nbf", second - 60}, {"exp", second + 3600},
                {"jti", "id-1"},     {"wlcg.ver", "1.0"},  {"scope", "storage.read:/foo"}};
    return t;
}

issuer_options trusted() {
    issuer_options out;
    out.url = issuer_url;
    out.org = "org-a";
    return out;
}

asio::awaitable<result<key_source::keys>> fake_key_source::fetch(issuer_options const&) {
    ++fetches_;
    asio::steady_timer pause(co_await asio::this_coro::executor);
    while (held_) {
        pause.expires_after(milliseconds(1));
        co_await pause.async_wait(asio::use_awaitable);
    }
    co_return answer_;
}

one_issuer::one_issuer(issuer_options options) : v({std::move(options)}, {our_origin}, source, time) {}

result<principal> one_issuer::verify(secret token) { return run(v.verify(std::move(token))); }

}  // namespace fjord::auth::test
