// Documents that others write about issuers: JWKS, metadata, the JWKS cache, lists of revocations.
#include "auth/discovery.hpp"
#include "auth/jwk.hpp"
#include "auth/jwks_cache.hpp"
#include "auth/revocation.hpp"
#include "base/text.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

bool is_https(std::string_view url) { return fjord::iequals(url.substr(0, 8), "https://"); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace fjord;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    constexpr std::string_view issuer = "https://issuer.example";
    if (auto keys = auth::parse_jwks(text); keys && (keys->size() == 0 || keys->size() > auth::max_jwks_keys)) std::abort();
    if (auto address = auth::jwks_location(issuer, text); address && !is_https(*address)) std::abort();
    (void)auth::max_age_of(text);
    if (auto entry = auth::find_cached_jwks(text, issuer)) {
        auto const again = auth::find_cached_jwks(auth::write_cached_jwks(issuer, *entry), issuer);
        if (entry->jwks.size() <= auth::max_jwks_bytes / 2 && again && again->expiration != entry->expiration) std::abort();
    }
    if (auto list = auth::read_revocations(text)) {
        auto const written = auth::write_revocations(*list);
        auto const again = auth::read_revocations(written);
        if (!again || auth::write_revocations(*again) != written) std::abort();
    }
    return 0;
}
