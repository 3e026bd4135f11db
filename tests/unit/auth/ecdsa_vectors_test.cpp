// Edge vectors for ES256 and ES384 in the manner of Project Wycheproof, computed here: a point R and a value s are chosen first
// and the public key that makes (r, s) valid is solved for, so corners that no signer ever hits get a valid signature too.
#include "auth/jwk.hpp"
#include "base/digest.hpp"
#include "tests/unit/auth/support.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include <ostream>

namespace fjord::auth::test {
namespace {

template <auto Free>
struct freeing {
    template <class T>
    void operator()(T* p) const noexcept {
        Free(p);
    }
};
using number = std::shared_ptr<BIGNUM>;
using group_ptr = std::unique_ptr<EC_GROUP, freeing<EC_GROUP_free>>;
using point = std::unique_ptr<EC_POINT, freeing<EC_POINT_free>>;
using context = std::unique_ptr<BN_CTX, freeing<BN_CTX_free>>;

constexpr std::string_view input = "header.payload";

struct curve_case {
    char const* name;
    int nid;
    algorithm alg;
    int field;  // bytes
};
void PrintTo(curve_case const& c, std::ostream* os) { *os << c.name; }

class EcdsaVectors : public ::testing::TestWithParam<curve_case> {
protected:
    number num(long value = 0) const {
        number out(BN_new(), BN_free);
        BN_set_word(out.get(), static_cast<BN_ULONG>(value));
        return out;
    }
    number minus(number const& a, number const& b) const {
        auto out = num();
        BN_sub(out.get(), a.get(), b.get());
        return out;
    }
    number plus(number const& a, number const& b) const {
        auto out = num();
        BN_add(out.get(), a.get(), b.get());
        return out;
    }
    std::string bytes(number const& n, int size = 0) const {
        std::string out(static_cast<std::size_t>(size ? size : c.field), '\0');
        if (BN_bn2binpad(n.get(), reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) < 0)
            throw std::runtime_error("a number does not fit its field");
        return out;
    }
    std::string pair(number const& r, number const& s) const { return bytes(r) + bytes(s); }

    // The first point whose x is at least `from`.
    point point_at(number from) const {
        point out(EC_POINT_new(group.get()));
        while (EC_POINT_set_compressed_coordinates(group.get(), out.get(), from.get(), 0, ctx.get()) != 1)
            BN_add_word(from.get(), 1);
        return out;
    }
    number x_of(EC_POINT const* p) const {
        auto x = num(), y = num();
        EC_POINT_get_affine_coordinates(group.get(), p, x.get(), y.get(), ctx.get());
        return x;
    }
    number digest_of(std::string_view text) const {
        unsigned char out[64];
        unsigned size = 0;
        EVP_Digest(text.data(), text.size(), out, &size, c.field == 32 ? EVP_sha256() : EVP_sha384(), nullptr);
        return number(BN_bin2bn(out, static_cast<int>(size), nullptr), BN_free);
    }
    // a*G + b*P, b and a modulo the order.
    point combine(number const& a, point const& p, number const& b) const {
        point out(EC_POINT_new(group.get()));
        EC_POINT_mul(group.get(), out.get(), a.get(), p.get(), b.get(), ctx.get());
        return out;
    }
    number modular(int (*f)(BIGNUM*, BIGNUM const*, BIGNUM const*, BIGNUM const*, BN_CTX*), number const& a,
                   number const& b) const {
        auto out = num();
        f(out.get(), a.get(), b.get(), order.get(), ctx.get());
        return out;
    }
    number inverse(number const& a) const {
        auto out = num();
        BN_mod_inverse(out.get(), a.get(), order.get(), ctx.get());
        return out;
    }
    // Q = (s R - e G) / r: the key for which (x(R) mod n, s) signs `input` (SEC 1 section 4.1.6).
    json::object key_for(point const& r_point, number const& s) const {
        auto r = modular(BN_mod_add, x_of(r_point.get()), num(0));
        auto back = inverse(r);
        auto e = modular(BN_mod_mul, minus(order, modular(BN_mod_add, digest_of(input), num(0))), back);
        return jwk_of(combine(e, r_point, modular(BN_mod_mul, s, back)));
    }
    json::object jwk_of(point const& q) const {
        auto x = num(), y = num();
        EC_POINT_get_affine_coordinates(group.get(), q.get(), x.get(), y.get(), ctx.get());
        return jwk_of(bytes(x), bytes(y));
    }
    json::object jwk_of(std::string const& x, std::string const& y) const {
        return {{"kid", "k"},
                {"kty", "EC"},
                {"crv", c.field == 32 ? "P-256" : "P-384"},
                {"x", base64url_encode(x)},
                {"y", base64url_encode(y)}};
    }
    bool holds(json::object const& key, std::string const& raw) const {
        auto parsed = parse_jwk(key);
        EXPECT_THAT(parsed, IsOk());
        return parsed && verify_signature(c.alg, parsed->key, input, raw).has_value();
    }

    curve_case const c = GetParam();
    context ctx{BN_CTX_new()};
    group_ptr group{EC_GROUP_new_by_curve_name(c.nid)};
    number order{BN_dup(EC_GROUP_get0_order(group.get())), BN_free};
    number prime{BN_dup(EC_GROUP_get0_field(group.get())), BN_free};
};

TEST_P(EcdsaVectors, ValidCornersAreTaken) {
    struct row {
        char const* what;
        point r_point;
        number s;
    };
    std::vector<row> rows;
    auto const one = num(1);
    rows.push_back({"s = 1", point_at(num(0x1234567)), one});
    rows.push_back({"s = n - 1", point_at(num(0x1234567)), minus(order, one)});
    rows.push_back({"r tiny, all leading zeros", point_at(one), num(77)});
    rows.push_back({"r and s tiny", point_at(one), one});
    rows.push_back({"x(R) >= n, reduced once", point_at(plus(order, one)), num(5)});
    rows.push_back({"x(R) just below p", point_at(minus(prime, num(300))), num(5)});
    for (auto const& [what, r_point, s] : rows) {
        auto r = modular(BN_mod_add, x_of(r_point.get()), num(0));
        auto const key = key_for(r_point, s);
        EXPECT_TRUE(holds(key, pair(r, s))) << what;
        EXPECT_TRUE(holds(key, pair(r, minus(order, s)))) << what << ", negated";
        auto const next = plus(s, one);
        if (BN_cmp(next.get(), order.get()) < 0) { EXPECT_FALSE(holds(key, pair(r, next))) << what << ", s off"; }
        EXPECT_FALSE(holds(key, pair(plus(r, one), s))) << what << ", r off";
    }
}

TEST_P(EcdsaVectors, ValuesOutsideTheirRangeAreRefused) {
    auto const key = test_key::ec("k", c.field == 32 ? "P-256" : "P-384");
    auto const jwk = key.jwk();
    auto const good = key.sign(name_of(c.alg), input);
    auto const field = static_cast<std::size_t>(c.field);
    ASSERT_TRUE(holds(jwk, good));
    auto const r = good.substr(0, field), s = good.substr(field), all_ones = std::string(field, '\xff');
    auto const zero = bytes(num(0)), one = bytes(num(1)), n = bytes(order), n1 = bytes(plus(order, num(1))), p = bytes(prime);
    struct row {
        char const* what;
        std::string raw;
    };
    for (auto const& [what, raw] : {
             row{"r = s = 0", zero + zero},
             row{"r = 0", zero + s},
             row{"s = 0", r + zero},
             row{"r = n", n + s},
             row{"s = n", r + n},
             row{"r = s = n", n + n},
             row{"r = n + 1", n1 + s},
             row{"s = n + 1", r + n1},
             row{"r = p", p + s},
             row{"s = p", r + p},
             row{"r = 2^k - 1", all_ones + s},
             row{"s = 2^k - 1", r + all_ones},
             row{"r = s = 1", one + one},
             row{"r = 1, s = 0", one + zero},
             row{"r = n, s = 0", n + zero},
             row{"swapped", s + r},
             row{"r twice", r + r},
         })
        EXPECT_FALSE(holds(jwk, raw)) << what;
}

// r + n and s + n would name the same residues: one token must not have several signatures by arithmetic.
TEST_P(EcdsaVectors, ResiduesHaveOneSpelling) {
    auto const r_point = point_at(num(1));
    auto const s = num(9), r = x_of(r_point.get());
    auto const key = key_for(r_point, s);
    ASSERT_TRUE(holds(key, pair(r, s)));
    EXPECT_FALSE(holds(key, pair(plus(r, order), s)));
    EXPECT_FALSE(holds(key, pair(r, plus(s, order))));
}

TEST_P(EcdsaVectors, OnlyTheFixedRawFormIsTaken) {
    auto const key = test_key::ec("k", c.field == 32 ? "P-256" : "P-384");
    auto const good = key.sign(name_of(c.alg), input);
    auto const field = static_cast<std::size_t>(c.field);
    auto const r = good.substr(0, field), s = good.substr(field);
    unsigned char der[160];
    auto* end = der;
    ECDSA_SIG* sig = ECDSA_SIG_new();
    auto const part = [](std::string const& b) {
        return BN_bin2bn(reinterpret_cast<unsigned char const*>(b.data()), static_cast<int>(b.size()), nullptr);
    };
    ECDSA_SIG_set0(sig, part(r), part(s));
    auto const der_size = static_cast<std::size_t>(i2d_ECDSA_SIG(sig, &end));
    ECDSA_SIG_free(sig);
    std::string const as_der(reinterpret_cast<char const*>(der), der_size);
    auto padded = as_der;
    padded.resize(2 * field, '\0');  // DER cut or filled to the raw length
    struct row {
        char const* what;
        std::string raw;
    };
    for (auto const& [what, raw] :
         {row{"empty", ""}, row{"DER", as_der}, row{"DER of raw length", padded}, row{"one byte short", good.substr(1)},
          row{"one byte long", good + '\0'}, row{"a zero in front", '\0' + good}, row{"r with a leading zero", '\0' + r + s},
          row{"s with a leading zero", r + '\0' + s}, row{"both with leading zeros", '\0' + r + '\0' + s}, row{"only r", r},
          row{"three halves", good + r}, row{"twice", good + good}, row{"hex", to_hex(std::as_bytes(std::span(good)))},
          row{"4 KiB", std::string(4096, '\x01')}})
        EXPECT_FALSE(holds(key.jwk(), raw)) << what;
    EXPECT_TRUE(holds(key.jwk(), good));
}

// e G + r Q = O: whatever s says, the sum is the point at infinity and has no x.
TEST_P(EcdsaVectors, ASumAtInfinityIsRefused) {
    auto const r = num(123456789);
    auto const e = modular(BN_mod_add, digest_of(input), num(0));
    auto const k = modular(BN_mod_mul, minus(order, e), inverse(r));
    point base(EC_POINT_dup(EC_GROUP_get0_generator(group.get()), group.get()));
    auto const key = jwk_of(combine(num(0), base, k));
    for (long s : {1, 2, 987654321}) EXPECT_FALSE(holds(key, pair(r, num(s)))) << s;
}

TEST_P(EcdsaVectors, AnotherHashIsAnotherSignature) {
    auto const key = test_key::ec("k", c.field == 32 ? "P-256" : "P-384");
    auto const other_hash = key.sign(c.field == 32 ? "ES384" : "ES256", input);  // the same curve, the other digest
    EXPECT_EQ(other_hash.size(), 2 * static_cast<std::size_t>(c.field));
    EXPECT_FALSE(holds(key.jwk(), other_hash));
}

TEST_P(EcdsaVectors, KeysThatAreNoPointsAreRefused) {
    auto const low = point_at(num(1));
    auto x = num(), y = num();
    EC_POINT_get_affine_coordinates(group.get(), low.get(), x.get(), y.get(), ctx.get());
    auto const good_x = bytes(x), good_y = bytes(y), zero = bytes(num(0));
    EXPECT_THAT(parse_jwk(jwk_of(good_x, good_y)), IsOk());
    struct row {
        char const* what;
        std::string x, y;
    };
    for (auto const& [what, bad_x, bad_y] :
         {row{"(0, 0), the usual spelling of infinity", zero, zero}, row{"empty, the other one", "", ""},
          row{"not on the curve", good_x, bytes(plus(y, num(1)))}, row{"swapped", good_y, good_x},
          row{"x + p names the same point", bytes(plus(x, prime)), good_y}, row{"x = p", bytes(prime), good_y},
          row{"all ones", std::string(good_x.size(), '\xff'), std::string(good_x.size(), '\xff')},
          row{"a leading zero too many", '\0' + good_x, good_y}, row{"a leading zero too few", good_x.substr(1), good_y},
          row{"a compressed point", '\x02' + good_x, ""}, row{"an uncompressed point in x", '\x04' + good_x + good_y, ""}})
        EXPECT_THAT(parse_jwk(jwk_of(bad_x, bad_y)), HasErrc(errc::bad_algorithm)) << what;
    auto other_curve = jwk_of(good_x, good_y);
    other_curve["crv"] = c.field == 32 ? "P-384" : "P-256";
    EXPECT_THAT(parse_jwk(other_curve), HasErrc(errc::bad_algorithm));
    for (auto unknown : {"secp256k1", "P-521", "P-224", "p-256", "prime256v1", ""}) {
        other_curve["crv"] = unknown;
        EXPECT_THAT(parse_jwk(other_curve), HasErrc(errc::bad_algorithm)) << unknown;
    }
}

INSTANTIATE_TEST_SUITE_P(Curves, EcdsaVectors,
                         ::testing::Values(curve_case{"P256", NID_X9_62_prime256v1, algorithm::es256, 32},
                                           curve_case{"P384", NID_secp384r1, algorithm::es384, 48}),
                         [](auto const& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace fjord::auth::test
