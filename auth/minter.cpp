#include "auth/auth.hpp"
#include "auth/signature.hpp"
#include "base/digest.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/random.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace fjord::auth {
namespace {

logger const log("auth");
constexpr seconds backdate{60};  // XRootD 5.5.3 refuses tokens without nbf, and clocks differ

struct bio_free {
    void operator()(BIO* b) const noexcept { BIO_free(b); }
};
using bio = std::unique_ptr<BIO, bio_free>;

error unusable(std::string const& file, std::string_view why) {
    ERR_clear_error();
    return fail(fjord::errc::invalid_argument, "signing key " + file + ": " + std::string(why));
}

// Never asks a terminal for a pass phrase.
int no_passphrase(char*, int, int, void*) { return 0; }

result<evp_key> read_key(std::string const& file, std::string const& pem) {
    bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    evp_key key(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr) : nullptr, EVP_PKEY_free);
    if (!key) return unusable(file, "not an unencrypted PEM private key");
    char group[32] = {};
    if (EVP_PKEY_get_utf8_string_param(key.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, nullptr) != 1 ||
        std::string_view(group) != "prime256v1")
        return unusable(file, "not an EC P-256 key; make one with: openssl ecparam -name prime256v1 -genkey -noout");
    return key;
}

result<evp_key> create_key(std::string const& file) {
    evp_key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    bio out(BIO_new(BIO_s_mem()));
    if (!key || !out || PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return unusable(file, "cannot be made by OpenSSL");
    char* text = nullptr;
    auto size = BIO_get_mem_data(out.get(), &text);
    if (auto ok = write_file_atomically(file, {text, static_cast<std::size_t>(size)}, 0600); !ok)
        return unusable(file, "cannot be written: " + ok.error().message());
    log.info("signing key created", {{"file", file}});
    return key;
}

std::optional<std::string> coordinate(evp_key const& key, char const* name) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key.get(), name, &raw) != 1) return std::nullopt;
    std::unique_ptr<BIGNUM, decltype(&BN_free)> number(raw, BN_free);
    std::string bytes(32, '\0');
    if (BN_bn2binpad(number.get(), reinterpret_cast<unsigned char*>(bytes.data()), 32) != 32) return std::nullopt;
    return base64url_encode(bytes);
}

json::value list_or_one(std::vector<std::string> const& texts) {
    if (texts.size() == 1) return json::value(texts.front());
    return json::value_from(texts);
}

std::int64_t unix_seconds(wall_time t) { return std::chrono::duration_cast<seconds>(t.time_since_epoch()).count(); }

}  // namespace

struct minter::impl {
    std::string issuer;
    evp_key key;
    clock* time = nullptr;
    std::string kid, x, y;
    std::string header;  // encoded once

    json::object claims_of(mint_request const& request) const;
};

json::object minter::impl::claims_of(mint_request const& request) const {
    auto now = unix_seconds(time->now());
    json::object c;
    c["iss"] = issuer;
    c["sub"] = request.subject;
    c["aud"] = list_or_one(request.audience);
    c["iat"] = now;
    c["nbf"] = now - backdate.count();
    c["exp"] = now + request.lifetime.count();
    c["jti"] = new_ulid();
    c["wlcg.ver"] = "1.0";  // older relying parties refuse every other text
    if (!request.scope.empty()) c["scope"] = request.scope;
    // WLCG wants scope or groups; an identity without either says so with an empty list.
    if (!request.groups.empty() || request.scope.empty()) c["wlcg.groups"] = json::value_from(request.groups);
    if (!request.upload_id.empty()) c["fjord.upload"] = request.upload_id;
    if (!request.org.empty()) c["fjord.org"] = request.org;
    if (!request.kind.empty()) c["fjord.kind"] = request.kind;
    return c;
}

minter::minter() : impl_(std::make_unique<impl>()) {}
minter::minter(minter&&) noexcept = default;
minter& minter::operator=(minter&&) noexcept = default;
minter::~minter() = default;

result<minter> minter::open(std::string issuer_url, std::string const& key_file, clock& time) {
    auto pem = read_file(key_file, 64u << 10);
    if (!pem && pem.error().code != fjord::errc::not_found) return unusable(key_file, pem.error().message());
    auto key = pem ? read_key(key_file, *pem) : create_key(key_file);
    if (!key) return key.error();
    auto x = coordinate(*key, OSSL_PKEY_PARAM_EC_PUB_X), y = coordinate(*key, OSSL_PKEY_PARAM_EC_PUB_Y);
    if (!x || !y) return unusable(key_file, "has no public part");
    minter out;
    auto& m = *out.impl_;
    m.issuer = std::move(issuer_url);
    m.key = std::move(*key);
    m.time = &time;
    m.x = std::move(*x);
    m.y = std::move(*y);
    // RFC 7638 section 3: members in this order, no spaces.
    auto thumbprint = sha256_of(R"({"crv":"P-256","kty":"EC","x":")" + m.x + R"(","y":")" + m.y + R"("})");
    m.kid = base64url_encode({reinterpret_cast<char const*>(thumbprint.bytes().data()), thumbprint.bytes().size()});
    m.header = base64url_encode(json::serialize(json::object{{"alg", "ES256"}, {"kid", m.kid}, {"typ", "at+jwt"}}));
    return out;
}

secret minter::mint(mint_request const& request) const {
    auto input = impl_->header + '.' + base64url_encode(json::serialize(impl_->claims_of(request)));
    auto signature = sign_es256(impl_->key, input);
    if (!signature) {
        log.error("a token could not be signed", {{"issuer", impl_->issuer}});
        return {};
    }
    return secret(input + '.' + base64url_encode(*signature));
}

std::string minter::jwks() const {
    json::object key{{"kty", "EC"}, {"crv", "P-256"}, {"alg", "ES256"}, {"use", "sig"}};
    key["kid"] = impl_->kid;
    key["x"] = impl_->x;
    key["y"] = impl_->y;
    return json::serialize(json::object{{"keys", json::array{std::move(key)}}});
}

std::string const& minter::issuer() const noexcept { return impl_->issuer; }

}  // namespace fjord::auth
