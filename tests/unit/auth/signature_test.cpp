#include "auth/signature.hpp"

#include "auth/jwk.hpp"
#include "tests/unit/auth/support.hpp"

#include <openssl/bn.h>

namespace fjord::auth::test {
namespace {

constexpr std::string_view input = "header.payload";
// Order of P-256 (SEC 2 section 2.4.2).
constexpr char const* p256_order = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";

evp_key public_part(test_key const& k) { return parse_jwk(k.jwk()).value().key; }

TEST(Signature, EveryAlgorithmVerifiesItsOwn) {
    auto const& rsa = test_key::shared_rsa();
    auto p256 = test_key::ec("a"), p384 = test_key::ec("b", "P-384"), ed = test_key::ed25519("c");
    struct row {
        algorithm a;
        test_key const* key;
    };
    for (auto [a, key] : {row{algorithm::rs256, &rsa}, row{algorithm::ps256, &rsa}, row{algorithm::es256, &p256},
                          row{algorithm::es384, &p384}, row{algorithm::eddsa, &ed}}) {
        auto signature = key->sign(name_of(a), input);
        EXPECT_THAT(verify_signature(a, public_part(*key), input, signature), IsOk()) << name_of(a);
        EXPECT_THAT(verify_signature(a, public_part(*key), "other", signature), HasErrc(errc::bad_signature)) << name_of(a);
        for (std::size_t i = 0; i < signature.size(); i += 7) {
            auto bent = signature;
            bent[i] = static_cast<char>(bent[i] ^ 1);
            EXPECT_THAT(verify_signature(a, public_part(*key), input, bent), HasErrc(errc::bad_signature))
                << name_of(a) << " byte " << i;
        }
        EXPECT_THAT(verify_signature(a, public_part(*key), input, ""), HasErrc(errc::bad_signature));
        EXPECT_THAT(verify_signature(a, public_part(*key), input, signature + '\0'), HasErrc(errc::bad_signature));
    }
}

TEST(Signature, PaddingSchemesOfRsaAreNotInterchangeable) {
    auto const& key = test_key::shared_rsa();
    EXPECT_THAT(verify_signature(algorithm::rs256, public_part(key), input, key.sign("PS256", input)),
                HasErrc(errc::bad_signature));
    EXPECT_THAT(verify_signature(algorithm::ps256, public_part(key), input, key.sign("RS256", input)),
                HasErrc(errc::bad_signature));
}

class Ecdsa : public ::testing::Test {
protected:
    test_key key = test_key::ec("k");
    evp_key verifying = public_part(key);
    std::string good = key.sign("ES256", input);

    static std::string big(char const* hex, int add) {
        BIGNUM* n = nullptr;
        BN_hex2bn(&n, hex);
        add >= 0 ? BN_add_word(n, static_cast<BN_ULONG>(add)) : BN_sub_word(n, static_cast<BN_ULONG>(-add));
        std::string out(32, '\0');
        BN_bn2binpad(n, reinterpret_cast<unsigned char*>(out.data()), 32);
        BN_free(n);
        return out;
    }
    result<void> verify(std::string const& raw) { return verify_signature(algorithm::es256, verifying, input, raw); }
};

TEST_F(Ecdsa, ZeroAndOutOfRangeAreRefused) {
    std::string zero(32, '\0'), one = zero;
    one[31] = 1;
    auto n = big(p256_order, 0), above = big(p256_order, 1), below = big(p256_order, -1);
    auto r = good.substr(0, 32), s = good.substr(32);
    for (auto const& raw : {zero + zero, zero + s, r + zero, n + s, r + n, n + n, above + s, r + above, below + below, one + one,
                            std::string(64, '\xff'), s + r})
        EXPECT_THAT(verify(raw), HasErrc(errc::bad_signature));
}

TEST_F(Ecdsa, OnlyTwiceTheFieldSizeIsTaken) {
    for (std::size_t size : {0, 1, 32, 63, 65, 72, 96, 128, 4096}) {
        auto raw = good;
        raw.resize(size);
        EXPECT_THAT(verify(raw), HasErrc(errc::bad_signature)) << size;
    }
    EXPECT_THAT(verify(std::string(1, '\0') + good), HasErrc(errc::bad_signature));
}

TEST_F(Ecdsa, DerIsNotTaken) {
    std::string der = "\x30\x44\x02\x20" + good.substr(0, 32) + "\x02\x20" + good.substr(32);
    EXPECT_THAT(verify(der), HasErrc(errc::bad_signature));
}

// JWS does not demand low S (RFC 7518 section 3.4); both halves of the range are valid signatures.
TEST_F(Ecdsa, BothValuesOfSAreTaken) {
    BIGNUM *n = nullptr, *s = BN_bin2bn(reinterpret_cast<unsigned char const*>(good.data()) + 32, 32, nullptr);
    BN_hex2bn(&n, p256_order);
    BN_sub(s, n, s);
    std::string other = good;
    BN_bn2binpad(s, reinterpret_cast<unsigned char*>(other.data()) + 32, 32);
    BN_free(s);
    BN_free(n);
    EXPECT_NE(other, good);
    EXPECT_THAT(verify(good), IsOk());
    EXPECT_THAT(verify(other), IsOk());
}

TEST_F(Ecdsa, SigningGivesTheRawForm) {
    auto by = signer::make(key.native(), algorithm::es256);
    ASSERT_THAT(by, IsOk());
    auto raw = by->sign(input);
    ASSERT_THAT(raw, IsOk());
    EXPECT_EQ(raw->size(), 64u);
    EXPECT_THAT(verify(*raw), IsOk());
    for (int i = 0; i < 2000; ++i) {  // r and s with leading zeros come about once in 128
        raw = by->sign(input);
        ASSERT_THAT(raw, IsOk());
        ASSERT_EQ(raw->size(), 64u);
        ASSERT_THAT(verify(*raw), IsOk());
    }
}

TEST_F(Ecdsa, AKeySignsWithItsOwnAlgorithmOnly) {
    EXPECT_THAT(signer::make(key.native(), algorithm::rs256), HasErrc(errc::bad_algorithm));
    EXPECT_THAT(signer::make(key.native(), algorithm::eddsa), HasErrc(errc::bad_algorithm));
    EXPECT_THAT(signer::make(nullptr, algorithm::es256), HasErrc(errc::bad_algorithm));
}

TEST(Signature, NamesAreExact) {
    EXPECT_EQ(algorithm_named("ES256"), algorithm::es256);
    for (std::string_view name : {"none", "None", "", "es256", "ES256 ", "HS256", "HS384", "RS384", "ES256K", "EDDSA"})
        EXPECT_EQ(algorithm_named(name), std::nullopt) << name;
}

TEST(Signature, EachFamilyHasItsAlgorithms) {
    struct row {
        key_family f;
        std::vector<algorithm> fit;
    };
    for (auto const& [f, fit] :
         {row{key_family::rsa, {algorithm::rs256, algorithm::ps256}}, row{key_family::p256, {algorithm::es256}},
          row{key_family::p384, {algorithm::es384}}, row{key_family::ed25519, {algorithm::eddsa}}})
        for (auto a : {algorithm::rs256, algorithm::es256, algorithm::es384, algorithm::eddsa, algorithm::ps256})
            EXPECT_EQ(fits(a, f), std::find(fit.begin(), fit.end(), a) != fit.end()) << name_of(a);
}

}  // namespace
}  // namespace fjord::auth::test
