// The token parser and, for what it takes, the claim rules.
#include "auth/claims.hpp"
#include "auth/jwt.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace fjord;
    std::string_view text(reinterpret_cast<char const*>(data), size);
    auto token = auth::parse_jwt(text);
    if (!token) return 0;
    if (token->kid.empty() || token->kid.size() > auth::max_kid_bytes || text.size() > auth::max_token_bytes) std::abort();
    auth::issuer_options issuer;
    issuer.url = "https://issuer.example";
    auto checked =
        auth::check_claims(token->claims, token->typ, issuer, {"https://data.example"}, wall_time{seconds{1'795'222'942}});
    if (checked && (!checked->who.expires || checked->who.subject.empty())) std::abort();
    return 0;
}
