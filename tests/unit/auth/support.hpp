#pragma once
// Keys, tokens and key sources of a make-believe issuer.
#include "auth/auth.hpp"
#include "auth/signature.hpp"
#include "base/json.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/run.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

namespace fjord::auth::test {

using namespace fjord::test;

inline constexpr char const* issuer_url = "https://issuer.example";
inline constexpr char const* our_origin = "https://data.example";

// A key pair with its public JWK.
class test_key {
public:
    static test_key ec(std::string kid, std::string curve = "P-256");
    static test_key ed25519(std::string kid);
    static test_key rsa(std::string kid, unsigned bits = 2048, unsigned exponent = 65537);
    static test_key const& shared_rsa();  // made once per process

    json::object jwk() const;
    std::string sign(std::string_view algorithm, std::string_view input) const;  // as JWS wants it
    evp_key const& native() const { return key_; }
    std::string const& kid() const { return kid_; }

private:
    test_key(std::string kid, evp_pkey_st* key);
    std::string kid_;
    evp_key key_;
};

std::string jwks_of(std::vector<json::object> keys);

// Header and claims of a good token at manual_clock's start; change what the test is about.
struct token_text {
    json::object header;
    json::object claims;
    std::string signing_input() const;
    secret signed_by(test_key const& key) const;  // with the header's alg
    secret with_signature(std::string_view raw) const;
};
token_text good_token(test_key const& key, wall_time now = manual_clock().now(), std::string alg = "ES256");

issuer_options trusted();  // of issuer_url, as good_token needs it

// Answers what it is told, counts, and can be made to wait.
class fake_key_source final : public key_source {
public:
    explicit fake_key_source(std::string jwks) : answer_(keys{std::move(jwks), seconds{3600}}) {}
    asio::awaitable<result<keys>> fetch(issuer_options const& issuer) override;

    void answer(result<keys> a) { answer_ = std::move(a); }
    void hold() { held_ = true; }
    void release() { held_ = false; }
    int fetches() const { return fetches_; }

private:
    result<keys> answer_;
    bool held_ = false;
    int fetches_ = 0;
};

// A verifier of one issuer with one ES256 key.
struct one_issuer {
    explicit one_issuer(issuer_options options = trusted());
    result<principal> verify(secret token);
    result<principal> verify(token_text const& token) { return verify(token.signed_by(key)); }

    manual_clock time;
    test_key key = test_key::ec("k1");
    std::shared_ptr<fake_key_source> source = std::make_shared<fake_key_source>(jwks_of({key.jwk()}));
    verifier v;
};

}  // namespace fjord::auth::test
