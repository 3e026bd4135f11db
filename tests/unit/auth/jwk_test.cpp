#include "auth/jwk.hpp"

#include "base/digest.hpp"
#include "tests/unit/auth/support.hpp"

#include <boost/json/array.hpp>

namespace fjord::auth::test {
namespace {

using ::testing::HasSubstr;

TEST(Jwk, KnownTypesAreTaken) {
    struct row {
        json::object key;
        key_family family;
    };
    for (auto const& [key, family] :
         {row{test_key::ec("k").jwk(), key_family::p256}, row{test_key::ec("k", "P-384").jwk(), key_family::p384},
          row{test_key::ed25519("k").jwk(), key_family::ed25519}, row{test_key::shared_rsa().jwk(), key_family::rsa}}) {
        auto parsed = parse_jwk(key);
        ASSERT_THAT(parsed, IsOk());
        EXPECT_EQ(parsed->family, family);
    }
}

// Vector of RFC 7515 appendix A.3: an ES256 signature made by somebody else.
TEST(Jwk, VerifiesThePublishedEs256Example) {
    auto key = parse_json(R"({"kid":"a3","kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                              "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})")
                   .value()
                   .as_object();
    auto parsed = parse_jwk(key);
    ASSERT_THAT(parsed, IsOk());
    std::string input =
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    auto signature =
        base64url_decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q").value();
    EXPECT_THAT(verify_signature(algorithm::es256, parsed->key, input, signature), IsOk());
}

struct unfit_key {
    char const* name;
    void (*change)(json::object& key);
    char const* reason;
};

class UnfitKey : public ::testing::TestWithParam<unfit_key> {};

TEST_P(UnfitKey, IsRefused) {
    auto key = test_key::ec("k").jwk();
    GetParam().change(key);
    EXPECT_THAT(parse_jwk(key), FailsWith(errc::bad_algorithm, HasSubstr(GetParam().reason)));
}

INSTANTIATE_TEST_SUITE_P(
    Jwk, UnfitKey,
    ::testing::Values(
        unfit_key{"NoKid", [](json::object& k) { k.erase("kid"); }, "kid"},
        unfit_key{"LongKid", [](json::object& k) { k["kid"] = std::string(129, 'k'); }, "kid"},
        unfit_key{"ForEncryption", [](json::object& k) { k["use"] = "enc"; }, "not for verifying"},
        unfit_key{"OtherOperations", [](json::object& k) { k["key_ops"] = json::array{json::value("deriveKey")}; },
                  "not for verifying"},
        unfit_key{"OtherCurve", [](json::object& k) { k["crv"] = "secp256k1"; }, "type not taken"},
        unfit_key{"SymmetricKey",
                  [](json::object& k) {
                      k["kty"] = "oct";
                      k["k"] = "c2VjcmV0";
                  },
                  "type not taken"},
        unfit_key{"AlgOfAnotherFamily", [](json::object& k) { k["alg"] = "RS256"; }, "does not fit"},
        unfit_key{"AlgHmac", [](json::object& k) { k["alg"] = "HS256"; }, "not known"},
        unfit_key{"AlgNotText", [](json::object& k) { k["alg"] = 7; }, "not known"},
        unfit_key{"ShortX", [](json::object& k) { k["x"] = "AAAA"; }, "coordinates"},
        unfit_key{"OffTheCurve", [](json::object& k) { k["x"] = base64url_encode(std::string(32, '\1')); }, "not on its curve"},
        unfit_key{"PaddedX", [](json::object& k) { k["x"] = std::string(k["x"].as_string()) + "="; }, "coordinates"}),
    [](auto const& info) { return info.param.name; });

TEST(Jwk, WeakRsaKeysAreRefused) {
    EXPECT_THAT(parse_jwk(test_key::rsa("k", 1024).jwk()), FailsWith(errc::bad_algorithm, HasSubstr("1024 bits")));
    auto key = test_key::shared_rsa().jwk();
    for (std::string_view e :
         {std::string_view("\x03", 1), std::string_view("\x01", 1), std::string_view("\x01\x00\x00", 3), std::string_view("")}) {
        key["e"] = base64url_encode(e);
        EXPECT_THAT(parse_jwk(key), HasErrc(errc::bad_algorithm)) << key["e"];
    }
    key["e"] = "AQAB";
    EXPECT_THAT(parse_jwk(key), IsOk());
    key["n"] = base64url_encode(std::string(1025, '\xff'));
    EXPECT_THAT(parse_jwk(key), HasErrc(errc::bad_algorithm));
}

TEST(Jwk, UnusableKeysAreSkippedAndTheRestIsTaken) {
    auto bad = test_key::ec("bad").jwk();
    bad["x"] = "AA";
    auto keys = parse_jwks(jwks_of({bad, test_key::ec("good").jwk()}));
    ASSERT_THAT(keys, IsOk());
    EXPECT_EQ(keys->size(), 1u);
    EXPECT_TRUE(keys->has("good"));
    EXPECT_FALSE(keys->has("bad"));
}

TEST(Jwk, WhatIsNoKeyDocumentNeverCountsAsOne) {
    for (auto text : {"", "{}", "[]", "<html>503</html>", R"({"keys":{}})", R"({"keys":[]})",
                      R"({"keys":[7,{"kty":"oct","kid":"a","k":"AA"}]})", R"({"error":"temporarily_unavailable"})"})
        EXPECT_THAT(parse_jwks(text), HasErrc(errc::keys_unavailable)) << text;
    auto key = test_key::ec("k").jwk();
    EXPECT_THAT(parse_jwks(jwks_of(std::vector<json::object>(101, key))), HasErrc(errc::keys_unavailable));
}

TEST(Jwk, AKeyIsFoundByNameAndUse) {
    auto tied = test_key::shared_rsa().jwk();
    tied["alg"] = "RS256";
    auto keys = parse_jwks(jwks_of({tied, test_key::ec("e").jwk()}));
    ASSERT_THAT(keys, IsOk());
    EXPECT_NE(keys->find("rsa1", algorithm::rs256), nullptr);
    EXPECT_EQ(keys->find("rsa1", algorithm::ps256), nullptr) << "the issuer tied it to RS256";
    EXPECT_EQ(keys->find("e", algorithm::rs256), nullptr);
    EXPECT_NE(keys->find("e", algorithm::es256), nullptr);
    EXPECT_EQ(keys->find("E", algorithm::es256), nullptr);
}

}  // namespace
}  // namespace fjord::auth::test
