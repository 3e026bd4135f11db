// The attack table of the token rules: one test or more per row, named after it. Rows about the wire, paths and forwarding have
// their tests in `net`, `base`, `site` and `storage`; `ctest -R '[.]A[0-9][0-9]_'` lists the whole table.
#include "auth/jwt.hpp"
#include "auth/scope.hpp"
#include "base/dataset_uri.hpp"
#include "base/digest.hpp"
#include "tests/unit/auth/support.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <random>

namespace fjord::auth::test {
namespace {

std::string hmac_sha256(std::string_view key, std::string_view text) {
    unsigned char out[32];
    unsigned size = sizeof out;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<unsigned char const*>(text.data()), text.size(),
         out, &size);
    return {reinterpret_cast<char const*>(out), size};
}

class Attack : public ::testing::Test, protected one_issuer {
protected:
    token_text token = good_token(key);
};

TEST_F(Attack, A01_PublicKeyAsHmacSecret) {
    auto const& rsa = test_key::shared_rsa();
    source->answer(key_source::keys{jwks_of({rsa.jwk(), key.jwk()})});
    auto options = trusted();
    options.algorithms = {"RS256", "ES256", "HS256"};  // not even by configuration
    v.replace_issuers({options});
    token.header["alg"] = "HS256";
    for (auto const& kid : {rsa.kid(), key.kid()}) {
        token.header["kid"] = kid;
        for (auto const& secret_text : {json::serialize(rsa.jwk()), std::string(rsa.jwk()["n"].as_string()), std::string()})
            EXPECT_THAT(verify(token.with_signature(hmac_sha256(secret_text, token.signing_input()))),
                        HasErrc(errc::bad_algorithm));
    }
    // An RSA signature under the name of an EC key, and the other way round: the key decides.
    token.header["kid"] = key.kid();
    token.header["alg"] = "RS256";
    EXPECT_THAT(verify(token.signed_by(rsa)), HasErrc(errc::bad_algorithm));
}

TEST_F(Attack, A02_KeyWithoutAlgNeverMeansHmac) {
    auto rsa = test_key::shared_rsa().jwk();
    rsa.erase("alg");
    source->answer(key_source::keys{jwks_of({rsa})});
    token.header["kid"] = "rsa1";
    for (auto alg : {"HS256", "HS512"}) {
        token.header["alg"] = alg;
        EXPECT_THAT(verify(token.with_signature(hmac_sha256("", token.signing_input()))), HasErrc(errc::bad_algorithm));
    }
}

TEST_F(Attack, A03_AlgNoneAndEmptySignature) {
    for (auto alg : {"none", "None", "NONE", "nOnE", "", "es256", "ES256 "}) {
        token.header["alg"] = alg;
        EXPECT_THAT(verify(token.with_signature("")), HasErrc(errc::bad_algorithm)) << alg;
    }
    token.header["alg"] = "ES256";
    EXPECT_THAT(verify(token.with_signature("")), HasErrc(errc::bad_signature));
    token.header["alg"] = "PS256";  // known, but not configured for this issuer
    EXPECT_THAT(verify(token.with_signature("x")), HasErrc(errc::bad_algorithm));
}

TEST_F(Attack, A04_EncryptedAndNestedTokens) {
    auto inner = token.signed_by(key).reveal();
    EXPECT_THAT(verify(secret("eyJhbGciOiJSU0EtT0FFUCJ9.AA.AA.AA.AA")), HasErrc(errc::malformed));
    EXPECT_THAT(verify(secret(inner + ".AA.AA")), HasErrc(errc::malformed));
    auto nested = base64url_encode(R"({"alg":"ES256","kid":"k1","cty":"JWT"})") + "." + base64url_encode(inner);
    EXPECT_THAT(verify(secret(nested + "." + base64url_encode(key.sign("ES256", nested)))), HasErrc(errc::malformed));
}

TEST_F(Attack, A05_EcdsaZeroSignature) {
    EXPECT_THAT(verify(token.with_signature(std::string(64, '\0'))), HasErrc(errc::bad_signature));
}

TEST_F(Attack, A06_OversizedEcdsaSignature) {
    for (std::size_t size : {63, 65, 128, 4096})
        EXPECT_THAT(verify(token.with_signature(std::string(size, '\1'))), HasErrc(errc::bad_signature)) << size;
}

TEST_F(Attack, A07_ManyDotsHugeTokenDeepJsonDuplicateKeys) {
    EXPECT_THAT(verify(secret(std::string(5000, '.'))), HasErrc(errc::malformed));
    token.claims["pad"] = std::string(7000, 'a');
    EXPECT_THAT(verify(token), HasErrc(errc::malformed));
    EXPECT_THAT(verify(secret(std::string(1 << 20, 'a'))), HasErrc(errc::malformed));

    token.claims["pad"] = json::value(1);
    for (int i = 0; i < 10; ++i) token.claims["pad"] = json::array{json::value(token.claims["pad"])};
    EXPECT_THAT(verify(token), HasErrc(errc::malformed));

    token = good_token(key);
    for (int i = 0; i < 64; ++i) token.claims["c" + std::to_string(i)] = i;
    EXPECT_THAT(verify(token), HasErrc(errc::malformed));

    auto twice = json::serialize(good_token(key).claims);
    twice.insert(1, R"("sub":"admin",)");
    auto input = base64url_encode(json::serialize(token.header)) + "." + base64url_encode(twice);
    EXPECT_THAT(verify(secret(input + "." + base64url_encode(key.sign("ES256", input)))), HasErrc(errc::malformed));
}

TEST_F(Attack, A08_KeysInTheHeaderAreIgnored) {
    auto attacker = test_key::ec("k1");  // same name, other key
    token.header["jwk"] = attacker.jwk();
    token.header["jku"] = "https://attacker.example/jwks";
    token.header["x5u"] = "https://attacker.example/cert";
    token.header["x5c"] = json::array{"AAAA"};
    EXPECT_THAT(verify(token.signed_by(attacker)), HasErrc(errc::bad_signature));
    EXPECT_THAT(verify(token), IsOk()) << "they are ignored, not obeyed";
    EXPECT_EQ(source->fetches(), 1);
}

TEST_F(Attack, A09_KidIsAMapKeyAndAFloodCausesOneFetch) {
    EXPECT_THAT(verify(token), IsOk());
    time.advance(seconds{2});
    for (auto kid : {"../../etc/passwd", "' OR 1=1 --", "https://attacker.example/k", "k1\n", "K1"}) {
        token.header["kid"] = kid;
        EXPECT_THAT(verify(token), HasErrc(errc::unknown_key)) << kid;
    }
    for (int i = 0; i < 200; ++i) {
        token.header["kid"] = "random-" + std::to_string(i);
        EXPECT_THAT(verify(token), HasErrc(errc::unknown_key));
    }
    EXPECT_EQ(source->fetches(), 2);
    time.advance(seconds{300});
    EXPECT_THAT(verify(token), HasErrc(errc::unknown_key));
    EXPECT_EQ(source->fetches(), 3);
    token.header["kid"] = std::string(129, 'k');
    EXPECT_THAT(verify(token), HasErrc(errc::unknown_key));
    EXPECT_EQ(source->fetches(), 3);
}

TEST_F(Attack, A10_UnknownIssuerCausesNoRequest) {
    for (auto iss : {"https://attacker.example", "https://issuer.example/", "https://ISSUER.example", "http://issuer.example", "",
                     "https://169.254.169.254", "https://issuer.example.attacker.example"}) {
        token.claims["iss"] = iss;
        EXPECT_THAT(verify(token), HasErrc(errc::unknown_issuer)) << iss;
    }
    token.claims["iss"] = json::array{issuer_url};
    EXPECT_THAT(verify(token), HasErrc(errc::unknown_issuer));
    token.claims.erase("iss");
    EXPECT_THAT(verify(token), HasErrc(errc::unknown_issuer));
    EXPECT_EQ(source->fetches(), 0);
}

TEST_F(Attack, A11_KeysOfOneIssuerDoNotServeAnother) {
    class two_sources final : public key_source {
    public:
        std::string first, second;
        asio::awaitable<result<keys>> fetch(issuer_options const& issuer) override {
            co_return keys{issuer.url == issuer_url ? first : second, seconds{3600}};
        }
    };
    auto other_key = test_key::ec("k1");  // the same kid at another issuer
    auto both = std::make_shared<two_sources>();
    both->first = jwks_of({key.jwk()});
    both->second = jwks_of({other_key.jwk()});
    auto other = trusted();
    other.url = "https://other.example";
    verifier mixed({trusted(), other}, {our_origin}, both, time);
    EXPECT_THAT(run(mixed.verify(token.signed_by(key))), IsOk());
    EXPECT_THAT(run(mixed.verify(token.signed_by(other_key))), HasErrc(errc::bad_signature));
    token.claims["iss"] = other.url;
    EXPECT_THAT(run(mixed.verify(token.signed_by(key))), HasErrc(errc::bad_signature));
    EXPECT_THAT(run(mixed.verify(token.signed_by(other_key))), IsOk());
}

TEST_F(Attack, A13_PrefixWithoutSlash) {
    auto who = verify(token);  // storage.read:/foo
    ASSERT_THAT(who, IsOk());
    EXPECT_TRUE(allows(*who, "storage.read", {"foo", "f"}));
    EXPECT_FALSE(allows(*who, "storage.read", {"foobar", "f"}));
    EXPECT_FALSE(allows(*who, "storage.read", {"fo"}));
}

// Random pairs against the rule said in another way: as texts, the object is the scope's path or continues it with a slash.
TEST_F(Attack, A13_RandomPathPairsFollowTheComponentRule) {
    std::mt19937 random(20260602);
    auto const pick = [&random](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
    std::array<std::string_view, 9> const names{"foo", "foobar", "fo", "f", "foo.", "FOO", "a b", "bar", "caf\xc3\xa9"};
    auto const random_path = [&] {
        std::vector<std::string> out(pick(5));
        for (auto& segment : out) segment = names[pick(names.size())];
        return out;
    };
    auto const text_of = [](std::vector<std::string> const& segments) {
        std::string out;
        for (auto const& s : segments) out += "/" + encode_segment(s);
        return out.empty() ? "/" : out;
    };
    int granted = 0;
    for (int i = 0; i < 20'000; ++i) {
        auto const scope = random_path();
        auto object = random_path();
        if (pick(2) == 0) {  // below, beside or above the scope's path more often than by chance
            object = scope;
            if (pick(2) == 0) object.push_back(std::string(names[pick(names.size())]));
            if (!object.empty() && pick(2) == 0) object.back() += names[pick(names.size())];
        }
        bool const slash = pick(4) == 0 && !scope.empty();
        auto const held = parse_scopes("storage.read:" + text_of(scope) + (slash ? "/" : ""), dialect::wlcg);
        ASSERT_THAT(held, IsOk());
        principal who;
        who.capabilities = *held;
        auto const above = text_of(scope) == "/" ? std::string() : text_of(scope), below = text_of(object);
        bool const same = above == below || (above.empty() && below == "/");
        bool const expected = below.starts_with(above + "/") || (same && !slash);
        EXPECT_EQ(allows(who, "storage.read", object), expected) << text_of(scope) << (slash ? "/" : "") << " on " << below;
        granted += expected;
    }
    EXPECT_GT(granted, 2'000);
    EXPECT_LT(granted, 18'000);
}

TEST_F(Attack, A14_PathTricksInScopes) {
    for (auto path : {"/foo/../bar", "/%2e%2e/bar", "/%252e%252e/bar", "/foo%2fbar", "/foo\\bar", "/foo%00", "//foo", "/..;a/bar",
                      "foo", ""}) {
        token.claims["scope"] = "openid storage.read:" + std::string(path);
        EXPECT_THAT(verify(token), HasErrc(errc::bad_scope)) << path;
    }
}

TEST_F(Attack, A15_AliasesOfNamesAreOtherNames) {
    token.claims["scope"] = "storage.read:/caf%C3%A9";  // composed
    auto who = verify(token);
    ASSERT_THAT(who, IsOk());
    EXPECT_TRUE(allows(*who, "storage.read", {"caf\xc3\xa9"}));
    EXPECT_FALSE(allows(*who, "storage.read", {"cafe\xcc\x81"}));  // decomposed
    EXPECT_FALSE(allows(*who, "storage.read", {"CAF\xc3\x89"}));
    for (auto alias : {"/cafe%CC%81", "/%E2%84%AB", "/%c0%ae%c0%ae/x", "/%ed%a0%80", "/%ff"}) {
        token.claims["scope"] = "storage.read:" + std::string(alias);
        EXPECT_THAT(verify(token), HasErrc(errc::bad_scope)) << alias;
    }
}

TEST_F(Attack, A16_AudienceMissingForeignOrWildcard) {
    for (json::value aud : {json::value("https://other.example"), json::value("https://wlcg.cern.ch/jwt/v1/any"),
                            json::value("ANY"), json::value("*"), json::value(json::array{}), json::value(nullptr)}) {
        token.claims["aud"] = aud;
        EXPECT_THAT(verify(token), HasErrc(errc::bad_audience)) << aud;
    }
    token.claims.erase("aud");
    EXPECT_THAT(verify(token), HasErrc(errc::bad_audience));
}

TEST_F(Attack, A17_IdAndRefreshTokens) {
    for (auto name : {"nonce", "at_hash", "c_hash", "events"}) {
        auto id_token = token;
        id_token.claims[name] = "x";
        EXPECT_THAT(verify(id_token), HasErrc(errc::bad_profile)) << name;
    }
    for (auto kind : {"ID", "Refresh", "Offline"}) {
        auto other = token;
        other.claims["typ"] = kind;
        EXPECT_THAT(verify(other), HasErrc(errc::bad_profile)) << kind;
    }
    for (auto typ : {"dpop+jwt", "logout+jwt", "JOSE", "entity-statement+jwt"}) {
        token.header["typ"] = typ;
        EXPECT_THAT(verify(token), HasErrc(errc::bad_profile)) << typ;
    }
    token.header["typ"] = "at+jwt";
    EXPECT_THAT(verify(token), IsOk());
}

TEST_F(Attack, A18_ExpiryHoldsThroughTheDecisionCache) {
    auto text = token.signed_by(key);
    EXPECT_THAT(verify(text), IsOk());
    time.advance(seconds{3599});
    EXPECT_THAT(verify(text), IsOk());
    time.advance(seconds{1});
    EXPECT_THAT(verify(text), HasErrc(errc::expired));
}

TEST_F(Attack, A18_ACachedTokenDoesNotSpeakForItsAlteredCopy) {
    auto text = token.signed_by(key).reveal();
    EXPECT_THAT(verify(secret(text)), IsOk());
    for (std::size_t i = 0; i < text.size(); i += 11) {
        auto bent = text;
        bent[i] = bent[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(verify(secret(bent)).has_value()) << i;
    }
}

TEST_F(Attack, A24_SkewedClocks) {
    auto now = std::chrono::duration_cast<seconds>(time.now().time_since_epoch()).count();
    token.claims["iat"] = now + 61;
    EXPECT_THAT(verify(token), HasErrc(errc::not_yet_valid));
    token.claims["iat"] = now;
    token.claims["nbf"] = now + 61;
    EXPECT_THAT(verify(token), HasErrc(errc::not_yet_valid));
    token.claims["nbf"] = now + 3600;  // nbf >= exp
    EXPECT_THAT(verify(token), HasErrc(errc::not_yet_valid));
    token.claims["nbf"] = now + 60;
    token.claims["iat"] = now + 60;
    EXPECT_THAT(verify(token), IsOk());
}

TEST_F(Attack, A25_ForeignMacaroonsAreNotTaken) {
    EXPECT_THAT(verify(secret("MDAxY2xvY2F0aW9uIE9wdGlvbmFsLmVtcHR5CjAwMThpZGVudGlmaWVyIFdKdGZQZFF2CjAwMmZzaWduYXR1cmUg")),
                HasErrc(errc::malformed));
    // The binary form (libmacaroons v2) and one dressed up as three parts.
    EXPECT_THAT(verify(secret("AgEGaXNzdWVyAg1maWxlOi8vL2V0YwAABiA")), HasErrc(errc::malformed));
    EXPECT_THAT(verify(secret("MDAxY2xvY2F0aW9u.MDAyZnNpZ25hdHVyZQ.AAAA")), HasErrc(errc::malformed));
}

TEST_F(Attack, A26_ATokenForAnotherServiceOrBoundToAKeyIsRefused) {
    token.claims["aud"] = "https://site-b.example";
    EXPECT_THAT(verify(token), HasErrc(errc::bad_audience));
    token.claims["aud"] = our_origin;
    for (auto cnf : {json::object{{"jkt", std::string(43, 'a')}}, json::object{{"jkt", "abc"}}, json::object{},
                     json::object{{"x5t#S256", std::string(43, 'a')}}, json::object{{"kid", "k"}},
                     json::object{{"jkt", std::string(43, 'a')}, {"x5t#S256", std::string(43, 'a')}}}) {
        token.claims["cnf"] = cnf;
        EXPECT_THAT(verify(token), HasErrc(errc::proof_required)) << cnf;
    }
}

}  // namespace
}  // namespace fjord::auth::test
