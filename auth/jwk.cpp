#include "auth/jwk.hpp"

#include "auth/jwt.hpp"
#include "base/digest.hpp"
#include "base/free_with.hpp"
#include "base/json.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>

namespace fjord::auth {
namespace {

using big_number = std::unique_ptr<BIGNUM, free_with<BN_free>>;
using key_context = std::unique_ptr<EVP_PKEY_CTX, free_with<EVP_PKEY_CTX_free>>;
using param_builder = std::unique_ptr<OSSL_PARAM_BLD, free_with<OSSL_PARAM_BLD_free>>;
using param_list = std::unique_ptr<OSSL_PARAM, free_with<OSSL_PARAM_free>>;

error unfit(std::string reason) {
    ERR_clear_error();
    return fail(errc::bad_algorithm, std::move(reason));
}

std::optional<std::string> text_member(json::object const& o, std::string_view name) {
    auto const* v = o.if_contains(name);
    if (!v || !v->is_string()) return std::nullopt;
    return std::string(v->get_string());
}

std::optional<std::string> bytes_member(json::object const& o, std::string_view name) {
    auto text = text_member(o, name);
    if (!text) return std::nullopt;
    auto raw = base64url_decode(*text);
    if (!raw) return std::nullopt;
    return std::move(*raw);
}

big_number number_of(std::string const& raw) {
    return big_number(BN_bin2bn(reinterpret_cast<unsigned char const*>(raw.data()), static_cast<int>(raw.size()), nullptr));
}

// Builds the key and has OpenSSL check it (a point off the curve fails here).
evp_key build(char const* type, OSSL_PARAM* params) {
    key_context make(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* raw = nullptr;
    if (!make || EVP_PKEY_fromdata_init(make.get()) != 1 || EVP_PKEY_fromdata(make.get(), &raw, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return nullptr;
    evp_key key(raw, EVP_PKEY_free);
    key_context check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
    if (!check || EVP_PKEY_public_check(check.get()) != 1) return nullptr;
    return key;
}

result<evp_key> rsa_key(json::object const& o) {
    auto n = bytes_member(o, "n"), e = bytes_member(o, "e");
    if (!n || !e || n->size() > 1025 || e->size() > 4) return unfit("RSA key without usable n and e");
    auto modulus = number_of(*n), exponent = number_of(*e);
    if (!modulus || !exponent) return unfit("RSA key without usable n and e");
    int bits = BN_num_bits(modulus.get());
    if (bits < 2048 || bits > 8192) return unfit("RSA modulus of " + std::to_string(bits) + " bits; 2048 to 8192 are taken");
    if (!BN_is_odd(exponent.get()) || BN_get_word(exponent.get()) < 65537) return unfit("RSA exponent below 65537 or even");
    param_builder builder(OSSL_PARAM_BLD_new());
    if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
        return unfit("RSA key refused by OpenSSL");
    param_list params(OSSL_PARAM_BLD_to_param(builder.get()));
    auto key = params ? build("RSA", params.get()) : nullptr;
    if (!key) return unfit("RSA key refused by OpenSSL");
    return key;
}

result<evp_key> ec_key(json::object const& o, key_family family) {
    bool p256 = family == key_family::p256;
    std::size_t field = p256 ? 32 : 48;
    auto x = bytes_member(o, "x"), y = bytes_member(o, "y");
    if (!x || !y || x->size() != field || y->size() != field) return unfit("EC key without coordinates of its field's size");
    std::string point = std::string(1, '\x04') + *x + *y;  // SEC 1 section 2.3.3, uncompressed
    std::string group = p256 ? "prime256v1" : "secp384r1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_construct_end(),
    };
    auto key = build("EC", params);
    if (!key) return unfit("EC point is not on its curve");
    return key;
}

// Points whose order divides 8, as y-coordinates (little-endian, RFC 8032 section 5.1.2) without the sign bit, and the aliases of
// 0 and 1 above p. OpenSSL takes them; under such a key one signature fits many messages.
bool has_small_order(std::string const& point) {
    static constexpr std::string_view low[] = {
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "7P_______________________________________38", "7f_______________________________________38",
        "7v_______________________________________38", "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
        "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
    };
    auto plain = point;
    plain.back() = static_cast<char>(plain.back() & 0x7f);
    auto const text = base64url_encode(plain);
    return std::find(std::begin(low), std::end(low), text) != std::end(low);
}

result<evp_key> ed25519_key(json::object const& o) {
    auto x = bytes_member(o, "x");
    if (!x || x->size() != 32) return unfit("Ed25519 key without 32 bytes of x");
    if (has_small_order(*x)) return unfit("Ed25519 key of small order");
    evp_key key(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, reinterpret_cast<unsigned char const*>(x->data()), x->size()),
        EVP_PKEY_free);
    if (!key) return unfit("Ed25519 key refused by OpenSSL");
    return key;
}

result<evp_key> key_of(key_family family, json::object const& o) {
    if (family == key_family::rsa) return rsa_key(o);
    if (family == key_family::ed25519) return ed25519_key(o);
    return ec_key(o, family);
}

std::optional<key_family> family_of(json::object const& o) {
    auto kty = text_member(o, "kty"), crv = text_member(o, "crv");
    if (kty == "RSA") return key_family::rsa;
    if (kty == "EC" && crv == "P-256") return key_family::p256;
    if (kty == "EC" && crv == "P-384") return key_family::p384;
    if (kty == "OKP" && crv == "Ed25519") return key_family::ed25519;
    return std::nullopt;
}

bool is_for_verifying(json::object const& o) {
    if (auto const* use = o.if_contains("use"); use && (!use->is_string() || use->get_string() != "sig")) return false;
    auto const* ops = o.if_contains("key_ops");
    if (!ops) return true;
    if (!ops->is_array()) return false;
    for (auto const& op : ops->get_array())
        if (op.is_string() && op.get_string() == "verify") return true;
    return false;
}

// RFC 7638 section 3.2: the required members in the order of their names, without spaces. The values are base64url, so nothing in
// them needs an escape.
std::string thumbprint_of(json::object const& o, key_family family) {
    std::vector<std::string_view> members{"crv", "kty", "x", "y"};
    if (family == key_family::rsa) members = {"e", "kty", "n"};
    if (family == key_family::ed25519) members = {"crv", "kty", "x"};
    std::string text;
    for (auto name : members) {
        text += text.empty() ? "{\"" : ",\"";
        text += std::string(name) + "\":\"" + text_member(o, name).value_or("") + '"';
    }
    auto const digest = sha256_of(text + '}');
    return base64url_encode({reinterpret_cast<char const*>(digest.bytes().data()), digest.bytes().size()});
}

}  // namespace

bool key_set::has(std::string_view kid) const noexcept {
    for (auto const& k : keys_)
        if (k.kid == kid) return true;
    return false;
}

jwk const* key_set::find(std::string_view kid, algorithm a) const noexcept {
    for (auto const& k : keys_)
        if (k.kid == kid && fits(a, k.family) && (!k.only || *k.only == a)) return &k;
    return nullptr;
}

result<public_key> parse_public_key(json::object const& members) {
    for (auto name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
        if (members.contains(name)) return unfit("the key holds private members");
    public_key out;
    auto family = family_of(members);
    if (!family) return unfit("key type not taken: RSA, EC P-256, EC P-384 and OKP Ed25519 are");
    out.family = *family;
    auto key = key_of(out.family, members);
    if (!key) return key.error();
    out.key = std::move(*key);
    out.thumbprint = thumbprint_of(members, out.family);
    return out;
}

result<jwk> parse_jwk(json::object const& members) {
    jwk out;
    auto kid = text_member(members, "kid");
    if (!kid || kid->empty() || kid->size() > max_kid_bytes) return unfit("key without a usable kid");
    out.kid = std::move(*kid);
    auto family = family_of(members);
    if (!family) return unfit("key type not taken: RSA, EC P-256, EC P-384 and OKP Ed25519 are");
    out.family = *family;
    if (!is_for_verifying(members)) return unfit("key is not for verifying signatures");
    if (members.contains("alg")) {
        auto name = text_member(members, "alg");
        out.only = name ? algorithm_named(*name) : std::nullopt;
        if (!out.only || !fits(*out.only, out.family)) return unfit("key's alg is not known or does not fit its type");
    }
    auto key = key_of(out.family, members);
    if (!key) return key.error();
    out.key = std::move(*key);
    return out;
}

result<key_set> parse_jwks(std::string_view text) {
    auto document = parse_json(text, {.max_bytes = max_jwks_bytes, .max_depth = 8});
    if (!document)
        return fail(errc::keys_unavailable, "the key document is not JSON within limits: " + document.error().message());
    auto const* object = document->if_object();
    auto const* keys = object ? object->if_contains("keys") : nullptr;
    if (!keys || !keys->is_array()) return fail(errc::keys_unavailable, "the key document has no array \"keys\"");
    if (keys->get_array().size() > max_jwks_keys) return fail(errc::keys_unavailable, "the key document has over 100 keys");
    std::vector<jwk> usable;
    for (auto const& k : keys->get_array()) {
        if (!k.is_object()) continue;
        if (auto parsed = parse_jwk(k.get_object())) usable.push_back(std::move(*parsed));
    }
    if (usable.empty()) return fail(errc::keys_unavailable, "the key document holds no usable key");
    return key_set(std::move(usable));
}

}  // namespace fjord::auth
