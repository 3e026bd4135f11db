// RFC 9449: proofs by themselves, and tokens bound to a key over HTTP.
#include "auth/dpop.hpp"
#include "auth/jwk.hpp"
#include "auth/replay_window.hpp"
#include "base/digest.hpp"
#include "tests/unit/auth/support.hpp"

#include <boost/json/serialize.hpp>

namespace fjord::auth::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string sha256_base64url(std::string_view text) {
    auto const d = sha256_of(text);
    return base64url_encode({reinterpret_cast<char const*>(d.bytes().data()), d.bytes().size()});
}

// RFC 7638 section 3.1.
TEST(Thumbprint, ThePublishedOneComesOut) {
    auto const key =
        parse_json(R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS)"
                   R"(oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY36)"
                   R"(8QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3)"
                   R"(XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})")
            .value();
    auto const parsed = parse_public_key(key.as_object());
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(parsed->thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(TargetUri, HasOneSpelling) {
    for (auto [url, normal] : {std::pair{"https://A.Example/x", "https://a.example/x"},
                               {"HTTPS://a.example:443/x?q=1#f", "https://a.example/x"},
                               {"http://a.example:80", "http://a.example/"},
                               {"https://a.example:8443/%7euser/%c3%a9/a%2fb", "https://a.example:8443/~user/%C3%A9/a%2Fb"},
                               {"https://a.example?x", "https://a.example/"},
                               {"ftp://a.example/x", ""},
                               {"https://u@a.example/x", ""},
                               {"/x", ""},
                               {"", ""}})
        EXPECT_EQ(normal_target_uri(url), normal) << url;
}

// A client that holds a key, and what it says of one request.
class Proof : public ::testing::Test {
protected:
    Proof() {
        auto const second = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
        auto jwk = key.jwk();
        jwk.erase("kid");
        jwk.erase("use");
        text.header = {{"typ", "dpop+jwt"}, {"alg", "ES256"}, {"jwk", jwk}};
        text.claims = {
            {"jti", "p-1"}, {"htm", "GET"}, {"htu", "https://data.example/x"}, {"iat", second}, {"ath", sha256_base64url(token)}};
    }
    result<dpop_proof> check(std::string proof, std::string method = "GET", std::string path = "/x") {
        return check_dpop_proof({std::move(proof), std::move(method), std::move(path)}, token,
                                {our_origin, "https://localhost:1"}, now);
    }
    result<dpop_proof> check() { return check(text.signed_by(key).reveal()); }

    wall_time now = manual_clock().now();
    std::string token = "a.b.c";
    test_key key = test_key::ec("client");
    token_text text;
};

TEST_F(Proof, AGoodOneNamesItsKey) {
    auto const proof = check();
    ASSERT_THAT(proof, IsOk());
    EXPECT_EQ(proof->thumbprint, parse_public_key(key.jwk())->thumbprint);
    EXPECT_EQ(proof->id, "p-1");
    text.claims["htu"] = "https://LOCALHOST:1/x?query#fragment";
    EXPECT_THAT(check(), IsOk()) << "another of our names, in another spelling";
}

TEST_F(Proof, EveryAsymmetricAlgorithmIsTaken) {
    auto const p384 = test_key::ec("a", "P-384"), ed = test_key::ed25519("b");
    for (auto [other, alg] :
         {std::pair{&p384, "ES384"}, {&ed, "EdDSA"}, {&test_key::shared_rsa(), "RS256"}, {&test_key::shared_rsa(), "PS256"}}) {
        text.header["alg"] = alg;
        text.header["jwk"] = other->jwk();
        EXPECT_THAT(check(text.signed_by(*other).reveal()), IsOk()) << alg;
    }
}

struct bent_proof {
    char const* name;
    void (*bend)(token_text& text);
    char const* reason;
};
class BentProof : public Proof, public ::testing::WithParamInterface<bent_proof> {};

TEST_P(BentProof, IsRefused) {
    GetParam().bend(text);
    EXPECT_THAT(check(), FailsWith(errc::bad_proof, HasSubstr(GetParam().reason)));
}

INSTANTIATE_TEST_SUITE_P(
    Proof, BentProof,
    ::testing::Values(
        bent_proof{"NoTyp", [](token_text& t) { t.header.erase("typ"); }, "typ"},
        bent_proof{"TypOfAToken", [](token_text& t) { t.header["typ"] = "at+jwt"; }, "typ"},
        bent_proof{"Crit", [](token_text& t) { t.header["crit"] = json::array{"b64"}; }, "extension"},
        bent_proof{"NoKey", [](token_text& t) { t.header.erase("jwk"); }, "no key"},
        bent_proof{"KeyAsText", [](token_text& t) { t.header["jwk"] = "k"; }, "no key"},
        bent_proof{"PrivateKey", [](token_text& t) { t.header["jwk"].as_object()["d"] = "AAAA"; }, "private"},
        bent_proof{"SecretKey",
                   [](token_text& t) {
                       t.header["jwk"] = json::object{{"kty", "oct"}, {"k", "AAAA"}};
                   },
                   "private"},
        bent_proof{"OtherKey", [](token_text& t) { t.header["jwk"] = test_key::ec("x").jwk(); }, "signature"},
        bent_proof{"KeyOfAnotherType", [](token_text& t) { t.header["jwk"] = test_key::ed25519("x").jwk(); }, "does not fit"},
        bent_proof{"OtherMethod", [](token_text& t) { t.claims["htm"] = "PUT"; }, "htm"},
        bent_proof{"MethodInSmallLetters", [](token_text& t) { t.claims["htm"] = "get"; }, "htm"},
        bent_proof{"NoMethod", [](token_text& t) { t.claims.erase("htm"); }, "htm"},
        bent_proof{"OtherPath", [](token_text& t) { t.claims["htu"] = "https://data.example/xx"; }, "htu"},
        bent_proof{"OtherOrigin", [](token_text& t) { t.claims["htu"] = "https://evil.example/x"; }, "htu"},
        bent_proof{"Cleartext", [](token_text& t) { t.claims["htu"] = "http://data.example/x"; }, "htu"},
        bent_proof{"NoUrl", [](token_text& t) { t.claims.erase("htu"); }, "htu"},
        bent_proof{"OtherToken", [](token_text& t) { t.claims["ath"] = sha256_base64url("d.e.f"); }, "ath"},
        bent_proof{"NoToken", [](token_text& t) { t.claims.erase("ath"); }, "ath"},
        bent_proof{"NoId", [](token_text& t) { t.claims.erase("jti"); }, "jti"},
        bent_proof{"LongId", [](token_text& t) { t.claims["jti"] = std::string(129, 'j'); }, "jti"},
        bent_proof{"NoTime", [](token_text& t) { t.claims.erase("iat"); }, "iat"},
        bent_proof{"TimeAsText", [](token_text& t) { t.claims["iat"] = "now"; }, "iat"},
        bent_proof{"Old", [](token_text& t) { t.claims["iat"] = t.claims["iat"].as_int64() - 61; }, "minute"},
        bent_proof{"OfTheFuture", [](token_text& t) { t.claims["iat"] = t.claims["iat"].as_int64() + 61; }, "minute"},
        bent_proof{"Overlong", [](token_text& t) { t.claims["pad"] = std::string(9000, 'x'); }, "8 KiB"}),
    [](auto const& info) { return std::string(info.param.name); });

TEST_F(Proof, SymmetricAndNoAlgorithmsAreRefused) {
    for (auto alg : {"none", "HS256", "es256", ""}) {
        text.header["alg"] = alg;
        EXPECT_THAT(check(text.with_signature("x").reveal()), FailsWith(errc::bad_proof, HasSubstr("algorithm"))) << alg;
    }
    for (auto bad : {"", "a", "a.b", "a.b.c.d", "a.b.c.d.e", "..", "e30.e30."})
        EXPECT_THAT(check(bad), HasErrc(errc::bad_proof)) << bad;
}

wall_time const t0{seconds{1'000'000}};

TEST(ReplayWindow, AProofCountsOnce) {
    replay_window w(seconds{120}, t0);
    EXPECT_EQ(w.admit("a", t0, t0), replay_window::verdict::fresh);
    EXPECT_EQ(w.admit("a", t0, t0), replay_window::verdict::seen);
    EXPECT_EQ(w.admit("b", t0, t0), replay_window::verdict::fresh);
    for (int s = 1; s <= 120; ++s) EXPECT_EQ(w.admit("a", t0, t0 + seconds{s}), replay_window::verdict::seen) << s;
}

TEST(ReplayWindow, MemoryIsBoundedAndGivenBack) {
    replay_window w(seconds{120}, t0, 1000);
    int fresh = 0;
    for (int i = 0; i < 5000; ++i) fresh += w.admit(std::to_string(i), t0, t0) == replay_window::verdict::fresh;
    EXPECT_EQ(fresh, 1000);
    EXPECT_EQ(w.admit("x", t0, t0), replay_window::verdict::overflow) << "what cannot be remembered is refused";
    EXPECT_EQ(w.admit("x", t0, t0 + seconds{120}), replay_window::verdict::fresh);
    EXPECT_EQ(w.size(), 1001u);
    EXPECT_EQ(w.admit("y", t0, t0 + seconds{1000}), replay_window::verdict::fresh);
    EXPECT_EQ(w.size(), 1u);
}

TEST(ReplayWindow, ProofsFromBeforeTheStartMayHaveBeenUsed) {
    replay_window w(seconds{120}, t0 + milliseconds{700});
    EXPECT_EQ(w.admit("a", t0 - seconds{1}, t0 + seconds{1}), replay_window::verdict::too_old);
    EXPECT_EQ(w.admit("b", t0, t0 + seconds{1}), replay_window::verdict::fresh) << "iat has whole seconds";
}

class Dpop : public ::testing::Test, protected one_issuer {
protected:
    Dpop() {
        request.tls = true;
        request.base_url = "https://b.example";
        request.method = "GET";
        request.raw_path = "/x";
        auto t = good_token(key);
        t.claims["cnf"] = json::object{{"jkt", parse_public_key(client.jwk())->thumbprint}};
        bound = t.signed_by(key).reveal();
    }
    std::string proof(test_key const& by, std::string id, std::string const& token) const {
        token_text t;
        t.header = {{"typ", "dpop+jwt"}, {"alg", "ES256"}, {"jwk", by.jwk()}};
        t.claims = {{"jti", std::move(id)},
                    {"htm", "GET"},
                    {"htu", std::string(our_origin) + "/x"},
                    {"iat", std::chrono::duration_cast<seconds>(time.now().time_since_epoch()).count()},
                    {"ath", sha256_base64url(token)}};
        return t.signed_by(by).reveal();
    }
    std::optional<net::response> send(std::string const& authorization, std::string const& proof_field = {}) {
        request.headers.set("Authorization", authorization);
        request.headers.remove("DPoP");
        if (!proof_field.empty()) request.headers.set("DPoP", proof_field);
        return run(authenticate(request, v, "fjord"));
    }
    static std::string challenge(std::optional<net::response> const& r) {
        return r ? std::string(r->headers.get("WWW-Authenticate")) : std::string();
    }

    test_key client = test_key::ec("client");
    std::string bound;
    net::request request;
};

TEST_F(Dpop, ABoundTokenWithItsProofIsTaken) {
    EXPECT_FALSE(send("DPoP " + bound, proof(client, "1", bound)));
    EXPECT_EQ(request.caller->subject, "user-1");
    EXPECT_FALSE(send("dpop " + bound, proof(client, "2", bound))) << "a known token, a new proof";
}

TEST_F(Dpop, ABoundTokenAsPlainBearerIsRefused) {
    for (int seen_before = 0; seen_before < 2; ++seen_before) {
        auto const answer = send("Bearer " + bound, proof(client, "b" + std::to_string(seen_before), bound));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 401u);
        EXPECT_THAT(challenge(answer), AllOf(StartsWith("DPoP realm=\"fjord\", error=\"invalid_token\""),
                                             HasSubstr("algs=\"ES256 ES384 EdDSA RS256 PS256\"")));
        EXPECT_TRUE(request.caller->is_anonymous());
        EXPECT_FALSE(send("DPoP " + bound, proof(client, std::to_string(seen_before), bound)));
    }
}

TEST_F(Dpop, AProofServesOnce) {
    auto const once = proof(client, "1", bound);
    EXPECT_FALSE(send("DPoP " + bound, once));
    auto const answer = send("DPoP " + bound, once);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 401u);
    EXPECT_THAT(challenge(answer),
                AllOf(StartsWith("DPoP "), HasSubstr("error=\"invalid_dpop_proof\""), HasSubstr("used before")));
    EXPECT_TRUE(request.caller->is_anonymous());
}

TEST_F(Dpop, AThiefsKeyDoesNotServe) {
    auto const thief = test_key::ec("thief");
    EXPECT_THAT(challenge(send("DPoP " + bound, proof(thief, "1", bound))), HasSubstr("another key"));
    EXPECT_THAT(challenge(send("DPoP " + bound)), HasSubstr("needs a proof"));
    EXPECT_THAT(challenge(send("DPoP " + bound, "nonsense")), HasSubstr("three parts"));
}

TEST_F(Dpop, TheProofIsOfThisRequest) {
    request.raw_path = "/y";
    EXPECT_THAT(challenge(send("DPoP " + bound, proof(client, "1", bound))), HasSubstr("another URL"));
    request.raw_path = "/x";
    request.method = "DELETE";
    EXPECT_THAT(challenge(send("DPoP " + bound, proof(client, "2", bound))), HasSubstr("another method"));
}

TEST_F(Dpop, ATokenInAFormIsTakenFromWhoeverHoldsItsKey) {
    auto no_ath = [this](test_key const& by, std::string id) {
        token_text t;
        t.header = {{"typ", "dpop+jwt"}, {"alg", "ES256"}, {"jwk", by.jwk()}};
        t.claims = {{"jti", std::move(id)}, {"htm", "POST"}, {"htu", std::string(our_origin) + "/oauth/token"}};
        t.claims["iat"] = std::chrono::duration_cast<seconds>(time.now().time_since_epoch()).count();
        return presented_proof{t.signed_by(by).reveal(), "POST", "/oauth/token"};
    };
    auto const thief = test_key::ec("thief");
    auto const sent = no_ath(client, "1");
    auto const held = v.take_proof(sent), stolen = v.take_proof(no_ath(thief, "2"));
    ASSERT_THAT(held, IsOk());
    ASSERT_THAT(stolen, IsOk());
    EXPECT_THAT(run(v.verify_held(secret(bound), *held)), IsOk());
    EXPECT_THAT(run(v.verify_held(secret(bound), *stolen)), HasErrc(errc::bad_proof));
    EXPECT_THAT(run(v.verify_held(secret(bound), "")), HasErrc(errc::proof_required));
    auto const plain = good_token(key).signed_by(key);
    EXPECT_THAT(run(v.verify_held(plain, "")), IsOk());
    EXPECT_THAT(run(v.verify_held(plain, *held)), IsOk()) << "it becomes bound by being exchanged";
    EXPECT_THAT(v.take_proof(sent), HasErrc(errc::bad_proof)) << "a proof serves once";
}

TEST_F(Dpop, APlainTokenGainsNothingByAProof) {
    auto const plain = good_token(key).signed_by(key).reveal();
    EXPECT_THAT(challenge(send("DPoP " + plain, proof(client, "1", plain))), HasSubstr("not bound to a key"));
    EXPECT_FALSE(send("Bearer " + plain));
}

TEST_F(Dpop, TwoProofsAnswer400) {
    request.headers.add("DPoP", proof(client, "1", bound));
    request.headers.add("dpop", proof(client, "2", bound));
    request.headers.set("Authorization", "DPoP " + bound);
    auto const answer = run(authenticate(request, v, "fjord"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400u);
}

}  // namespace
}  // namespace fjord::auth::test
