// DPoP proofs: the text as it comes, and the claims under a signature that holds, so that the rules behind it are met too.
#include "auth/dpop.hpp"
#include "auth/replay_window.hpp"
#include "base/digest.hpp"

#include <openssl/evp.h>

#include <cstdint>
#include <cstdlib>
#include <memory>

namespace {

using namespace fjord;

struct signer {
    std::shared_ptr<EVP_PKEY> key{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
    std::string header;

    signer() {
        unsigned char raw[32];
        std::size_t n = sizeof raw;
        EVP_PKEY_get_raw_public_key(key.get(), raw, &n);
        header = R"({"typ":"dpop+jwt","alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":")" +
                 base64url_encode({reinterpret_cast<char const*>(raw), n}) + "\"}}";
    }
    std::string sign(std::string_view claims) const {
        auto const input = base64url_encode(header) + "." + base64url_encode(claims);
        std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        std::string out(64, '\0');
        std::size_t n = out.size();
        if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
            EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &n,
                           reinterpret_cast<unsigned char const*>(input.data()), input.size()) != 1)
            std::abort();
        return input + "." + base64url_encode(out);
    }
};

void check(std::string proof) {
    wall_time const now{seconds{1'795'222'942}};
    auto const shown = auth::check_dpop_proof({std::move(proof), "GET", "/x"}, "a.b.c", {"https://data.example"}, now);
    if (!shown) return;
    if (shown->id.empty() || shown->id.size() > 128 || shown->thumbprint.size() != 43) std::abort();
    if (shown->issued_at + auth::proof_window < now || shown->issued_at > now + auth::proof_window) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static signer const by;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    check(std::string(text));
    check(by.sign(text));
    auto const normal = auth::normal_target_uri(text);
    if (auth::normal_target_uri(normal) != normal) std::abort();
    return 0;
}
