// What a token says: header and payload as JSON text, a line each, so that mutations meet the rules and not the encoding.
#include "auth/claims.hpp"
#include "auth/jwt.hpp"
#include "base/dataset_uri.hpp"
#include "base/digest.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace fjord;

void must(bool holds) {
    if (!holds) std::abort();
}

void check(auth::jwt const& token, auth::issuer_options const& issuer) {
    wall_time const now{seconds{1'795'222'942}};
    auto checked = auth::check_claims(token.claims, token.typ, issuer, {"https://data.example"}, now);
    if (!checked) return;
    auto const& who = checked->who;
    must(who.expires && *who.expires > now && !who.subject.empty() && !who.token_id.empty() && who.issuer == issuer.url);
    must(*who.expires - checked->issued_at <= issuer.max_lifetime);
    must(who.capabilities.empty() || (who.groups.empty() && who.roles.empty()));
    must(checked->bound_to.empty() || checked->bound_to.size() == 43);
    for (auto const& c : who.capabilities)
        for (auto const& segment : c.segments) must(check_name("segment", segment).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view text(reinterpret_cast<char const*>(data), size);
    auto const line = text.find('\n');
    auto const header = text.substr(0, line);
    auto const payload = line == std::string_view::npos ? std::string_view{} : text.substr(line + 1);
    auto const token = auth::parse_jwt(base64url_encode(header) + "." + base64url_encode(payload) + ".AAAA");
    if (!token) return 0;
    must(!token->kid.empty() && token->kid.size() <= auth::max_kid_bytes);
    auth::issuer_options issuer;
    issuer.url = "https://issuer.example";
    check(*token, issuer);
    issuer.allow_any_audience = true;
    issuer.groups_claim = "realm_access.roles";
    issuer.base_path = "/vo/data";
    issuer.admin_groups = {"/admins"};
    check(*token, issuer);
    return 0;
}
