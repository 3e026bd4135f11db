// Edge vectors for EdDSA over Ed25519 (RFC 8032, RFC 8037).
#include "auth/jwk.hpp"
#include "base/digest.hpp"
#include "tests/unit/auth/support.hpp"

#include <openssl/evp.h>

namespace fjord::auth::test {
namespace {

std::string unhex(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return out;
}

json::object jwk_of(std::string const& x) {
    return {{"kid", "k"}, {"kty", "OKP"}, {"crv", "Ed25519"}, {"x", base64url_encode(x)}};
}

bool holds(evp_key const& key, std::string_view message, std::string const& raw) {
    return verify_signature(algorithm::eddsa, key, message, raw).has_value();
}

// RFC 8032 section 7.1, tests 2 and 3.
TEST(EddsaVectors, ThePublishedOnesHold) {
    struct row {
        char const *key, *message, *signature;
    };
    for (auto [key, message, signature] : {row{"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                                               "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e4"
                                               "58f3613d0f11d8c387b2eaeb4302aeeb00d"
                                               "291612bb0c00"},
                                           row{"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                                               "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290a"
                                               "e67f760984dc6594a7c15e9716ed28dc027"
                                               "beceea1ec40a"}}) {
        auto parsed = parse_jwk(jwk_of(unhex(key)));
        ASSERT_THAT(parsed, IsOk());
        EXPECT_TRUE(holds(parsed->key, unhex(message), unhex(signature)));
        EXPECT_FALSE(holds(parsed->key, "other", unhex(signature)));
    }
}

class Eddsa : public ::testing::Test {
protected:
    static constexpr std::string_view input = "header.payload";
    // Order of the base point, little-endian as S is (RFC 8032 section 5.1).
    static std::string plus_order(std::string s, int times) {
        auto const order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        for (int t = 0; t < times; ++t) {
            unsigned carry = 0;
            for (std::size_t i = 0; i < 32; ++i) {
                carry += static_cast<unsigned char>(s[i]) + static_cast<unsigned char>(order[i]);
                s[i] = static_cast<char>(carry & 0xff);
                carry >>= 8;
            }
        }
        return s;
    }
    test_key pair = test_key::ed25519("k");
    evp_key key = parse_jwk(pair.jwk()).value().key;
    std::string good = pair.sign("EdDSA", input);
    std::string r = good.substr(0, 32), s = good.substr(32);
};

TEST_F(Eddsa, BentSignaturesAreRefused) {
    auto const zero = std::string(32, '\0'), ones = std::string(32, '\xff');
    auto identity = zero;
    identity[0] = 1;
    auto high_bit = s;
    high_bit[31] = static_cast<char>(high_bit[31] | 0x80);
    struct row {
        char const* what;
        std::string raw;
    };
    for (auto const& [what, raw] :
         {row{"S + L, malleable", r + plus_order(s, 1)}, row{"S + 2 L", r + plus_order(s, 2)},
          row{"S with its top bit", r + high_bit}, row{"S = 0", r + zero}, row{"S all ones", r + ones}, row{"R = 0", zero + s},
          row{"R the identity", identity + s}, row{"R all ones, no point", ones + s}, row{"all zero", zero + zero},
          row{"swapped", s + r}, row{"empty", ""}, row{"only R", r}, row{"short", good.substr(1)}, row{"long", good + '\0'},
          row{"twice", good + good}})
        EXPECT_FALSE(holds(key, input, raw)) << what;
    EXPECT_TRUE(holds(key, input, good));
}

// With a key of small order one signature fits many messages. OpenSSL takes such keys, so we must not.
TEST_F(Eddsa, KeysOfSmallOrderAreRefused) {
    std::string const low_points[] = {
        unhex("0100000000000000000000000000000000000000000000000000000000000000"),  // order 1
        unhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),  // order 2
        unhex("0000000000000000000000000000000000000000000000000000000000000000"),  // order 4
        unhex("0000000000000000000000000000000000000000000000000000000000000080"),
        unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),  // order 8
        unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
        unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
    };
    for (auto const& low : low_points) {
        EXPECT_THAT(parse_jwk(jwk_of(low)), HasErrc(errc::bad_algorithm)) << to_hex(std::as_bytes(std::span(low)));
        // What would happen otherwise: some R of small order with S = 0 "signs" one of a few messages.
        evp_key raw(
            EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, reinterpret_cast<unsigned char const*>(low.data()), 32),
            EVP_PKEY_free);
        ASSERT_TRUE(raw);
        bool forged = false;
        for (int message = 0; message < 64 && !forged; ++message)
            for (auto const& r_point : low_points)
                forged = forged || holds(raw, std::to_string(message), r_point + std::string(32, '\0'));
        EXPECT_TRUE(forged) << "this vector proves nothing";
    }
    for (auto const* alias : {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p: 0 again
                              "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // p + 1: the identity again
                              "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"})
        EXPECT_THAT(parse_jwk(jwk_of(unhex(alias))), HasErrc(errc::bad_algorithm)) << alias;
}

TEST_F(Eddsa, KeysOfAnotherShapeAreRefused) {
    auto const x = std::string(pair.jwk()["x"].as_string());
    auto const raw = base64url_decode(x).value();
    for (auto const& bad : {std::string(), raw.substr(1), raw + '\0', '\0' + raw})
        EXPECT_THAT(parse_jwk(jwk_of(bad)), HasErrc(errc::bad_algorithm)) << bad.size();
    for (auto curve : {"Ed448", "X25519", "ed25519", "P-256"}) {
        auto other = pair.jwk();
        other["crv"] = curve;
        EXPECT_THAT(parse_jwk(other), HasErrc(errc::bad_algorithm)) << curve;
    }
}

}  // namespace
}  // namespace fjord::auth::test
