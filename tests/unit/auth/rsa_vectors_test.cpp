// Edge vectors for RS256 and PS256: encodings are written byte by byte and put through the bare private-key operation, so that
// everything but the encoding is right (RFC 8017 sections 8.1.2, 8.2.2, 9.2).
#include "auth/jwk.hpp"
#include "base/digest.hpp"
#include "tests/unit/auth/support.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

namespace fjord::auth::test {
namespace {

constexpr std::string_view input = "header.payload";
constexpr std::size_t size = 256;  // bytes of the modulus

std::string raw_digest(EVP_MD const* md, std::string_view text) {
    unsigned char out[64];
    unsigned n = 0;
    EVP_Digest(text.data(), text.size(), out, &n, md, nullptr);
    return {reinterpret_cast<char const*>(out), n};
}

std::string bytes(std::initializer_list<int> list) {
    std::string out;
    for (int b : list) out += static_cast<char>(b);
    return out;
}

// DER of DigestInfo for SHA-256 (RFC 8017 section 9.2, note 1).
std::string const sha256_info =
    bytes({0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20});

class RsaVectors : public ::testing::Test {
protected:
    // m^d mod n, nothing else.
    std::string power(std::string const& block) const {
        std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> ctx(EVP_PKEY_CTX_new(key.native().get(), nullptr),
                                                                        EVP_PKEY_CTX_free);
        std::string out(size, '\0');
        std::size_t n = out.size();
        EVP_PKEY_sign_init(ctx.get());
        EVP_PKEY_CTX_set_rsa_padding(ctx.get(), RSA_NO_PADDING);
        if (EVP_PKEY_sign(ctx.get(), reinterpret_cast<unsigned char*>(out.data()), &n,
                          reinterpret_cast<unsigned char const*>(block.data()), block.size()) != 1)
            throw std::runtime_error("the bare RSA operation failed");
        return out;
    }
    // 00 01 FF.. 00 T, with `filler` bytes between.
    static std::string block(std::string const& t, int type = 1, char filler = '\xff') {
        return bytes({0, type}) + std::string(size - 3 - t.size(), filler) + '\0' + t;
    }
    bool holds(std::string const& signature, algorithm a = algorithm::rs256) const {
        return verify_signature(a, verifying, input, signature).has_value();
    }
    std::string modulus() const { return base64url_decode(std::string(key.jwk()["n"].as_string())).value(); }

    test_key const& key = test_key::shared_rsa();
    evp_key verifying = parse_jwk(key.jwk()).value().key;
    std::string hash = raw_digest(EVP_sha256(), input);
    std::string good = key.sign("RS256", input);
};

TEST_F(RsaVectors, OnlyTheOnePaddingIsTaken) {
    ASSERT_TRUE(holds(power(block(sha256_info + hash)))) << "the construction itself is right";
    auto const info = sha256_info;
    auto no_null =
        bytes({0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20}) + hash;
    auto long_form = bytes({0x30, 0x81, 0x31}) + info.substr(2) + hash;
    auto with_parameter =
        bytes({0x30, 0x33, 0x30, 0x0f}) + info.substr(4, 11) + bytes({0x04, 0x02, 0x41, 0x41, 0x04, 0x20}) + hash;
    auto short_hash = info;
    short_hash[1] = 0x30;
    short_hash[18] = 0x1f;
    auto const spliced = block(info + hash);
    auto garbage_after = bytes({0, 1}) + std::string(8, '\xff') + '\0' + info + hash;
    garbage_after.resize(size, '\x42');
    auto garbage_inside = spliced;
    garbage_inside[100] = '\x42';
    auto no_separator = spliced;
    no_separator[size - 1 - 51] = '\xff';
    auto leading = spliced;
    leading[0] = 1;
    struct row {
        char const* what;
        std::string em;
    };
    for (auto const& [what, em] : {
             row{"no NULL parameter", block(no_null)},
             row{"BER long form", block(long_form)},
             row{"a parameter with room to hide in", block(with_parameter)},
             row{"a digest one byte short", block(short_hash + hash.substr(1))},
             row{"a bare digest", block(hash)},
             row{"the digest of other text", block(info + raw_digest(EVP_sha256(), "other"))},
             row{"SHA-1 named, its digest",
                 block(bytes({0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}) +
                       raw_digest(EVP_sha1(), input))},
             row{"SHA-512 named, its digest", block(bytes({0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
                                                           0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40}) +
                                                    raw_digest(EVP_sha512(), input))},
             row{"SHA-384 named, a SHA-256 digest", block(bytes({0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
                                                                 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x20}) +
                                                          hash)},
             row{"block type 0", block(info + hash, 0)},
             row{"block type 2", block(info + hash, 2)},
             row{"zero filler", block(info + hash, 1, '\0')},
             row{"short filler, garbage behind", garbage_after},
             row{"garbage in the filler", garbage_inside},
             row{"no separator", no_separator},
             row{"trailing bytes after the digest",
                 bytes({0, 1}) + std::string(size - 3 - 53, '\xff') + '\0' + info + hash + "AA"},
         }) {
        ASSERT_EQ(em.size(), size) << what;
        EXPECT_FALSE(holds(power(em))) << what;
    }
    // A leading byte that is not 0 makes the number exceed any modulus that starts below it; where it does not, it is refused.
    if (leading < modulus()) { EXPECT_FALSE(holds(power(leading))); }
}

TEST_F(RsaVectors, TheSignatureIsANumberOfItsLengthBelowTheModulus) {
    auto const n = modulus();
    auto below = n;
    below.back() = static_cast<char>(below.back() - 1);  // odd: no borrow
    auto const add_modulus = [&n](std::string s) {
        unsigned carry = 0;
        for (std::size_t i = s.size(); i-- > 0;) {
            carry += static_cast<unsigned char>(s[i]) + static_cast<unsigned char>(n[i]);
            s[i] = static_cast<char>(carry & 0xff);
            carry >>= 8;
        }
        return static_cast<char>(carry) + s;
    };
    auto const zero = std::string(size, '\0');
    auto one = zero;
    one.back() = 1;
    struct row {
        char const* what;
        std::string raw;
    };
    for (auto const& [what, raw] :
         {row{"empty", ""}, row{"0", zero}, row{"1", one}, row{"n", n}, row{"n - 1", below}, row{"s + n", add_modulus(good)},
          row{"a zero in front", '\0' + good}, row{"a byte short", good.substr(1)}, row{"a byte long", good + '\0'},
          row{"all ones", std::string(size, '\xff')}, row{"twice", good + good}, row{"8 KiB", std::string(8192, '\x01')}})
        EXPECT_FALSE(holds(raw)) << what;
    EXPECT_TRUE(holds(good));
}

class PssVectors : public RsaVectors {
protected:
    std::string pss(EVP_MD const* md, EVP_MD const* mgf, int salt) const {
        std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> ctx(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        EVP_PKEY_CTX* inner = nullptr;
        std::string out(size, '\0');
        std::size_t n = out.size();
        if (EVP_DigestSignInit(ctx.get(), &inner, md, nullptr, key.native().get()) != 1 ||
            EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING) != 1 || EVP_PKEY_CTX_set_rsa_mgf1_md(inner, mgf) != 1 ||
            EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, salt) != 1 ||
            EVP_DigestSign(ctx.get(), reinterpret_cast<unsigned char*>(out.data()), &n,
                           reinterpret_cast<unsigned char const*>(input.data()), input.size()) != 1)
            throw std::runtime_error("signing with PSS failed");
        return out;
    }
};

// RFC 7518 section 3.5: SHA-256, MGF1 with SHA-256, a salt as long as the digest.
TEST_F(PssVectors, OnlyTheParametersOfPs256AreTaken) {
    EXPECT_TRUE(holds(pss(EVP_sha256(), EVP_sha256(), 32), algorithm::ps256));
    for (int salt : {0, 20, 31, 33, 64, 222})
        EXPECT_FALSE(holds(pss(EVP_sha256(), EVP_sha256(), salt), algorithm::ps256)) << "salt " << salt;
    EXPECT_FALSE(holds(pss(EVP_sha256(), EVP_sha1(), 32), algorithm::ps256)) << "another mask";
    EXPECT_FALSE(holds(pss(EVP_sha384(), EVP_sha384(), 48), algorithm::ps256)) << "PS384";
    EXPECT_FALSE(holds(pss(EVP_sha256(), EVP_sha256(), 32), algorithm::rs256)) << "the other scheme";
    EXPECT_FALSE(holds(good, algorithm::ps256)) << "the other scheme";
}

TEST(RsaKeys, WeakOnesAreRefused) {
    auto const good = test_key::shared_rsa().jwk();
    auto const n = base64url_decode(std::string(good.at("n").as_string())).value();
    auto const with = [&good](char const* member, std::string const& raw) {
        auto key = good;
        key[member] = base64url_encode(raw);
        return key;
    };
    EXPECT_THAT(parse_jwk(good), IsOk());
    struct row {
        char const* what;
        json::object key;
    };
    auto even = n;
    even.back() = static_cast<char>(even.back() & 0xfe);
    for (auto const& [what, key] : {
             row{"e = 0", with("e", bytes({0}))},
             row{"e = 1: a signature is its own message", with("e", bytes({1}))},
             row{"e = 2", with("e", bytes({2}))},
             row{"e = 3", with("e", bytes({3}))},
             row{"e = 17", with("e", bytes({17}))},
             row{"e = 65535", with("e", bytes({0xff, 0xff}))},
             row{"e = 65536, even", with("e", bytes({1, 0, 0}))},
             row{"e of five bytes", with("e", bytes({1, 0, 0, 0, 1}))},
             row{"no e", with("e", "")},
             row{"n = 0", with("n", std::string(size, '\0'))},
             row{"n = 1", with("n", bytes({1}))},
             row{"no n", with("n", "")},
             row{"n even", with("n", even)},
             row{"1024 bits", with("n", n.substr(0, 127) + n.back())},
             row{"2047 bits, written in 2048", with("n", bytes({0x7f}) + n.substr(1))},
             row{"8200 bits", with("n", std::string(1024, '\xff') + bytes({0xff}))},
             row{"a padded kilobyte", with("n", std::string(2048, '\0') + n)},
         })
        EXPECT_THAT(parse_jwk(key), HasErrc(errc::bad_algorithm)) << what;
}

}  // namespace
}  // namespace fjord::auth::test
