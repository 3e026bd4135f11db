#include "broker/tokens.hpp"

#include "auth/auth.hpp"
#include "net/client.hpp"
#include "transfer/access.hpp"
#include "transfer/site_facts.hpp"

#include <algorithm>

namespace fjord::broker {
namespace {

secret mint(core const& c, principal const& who, std::string audience, std::string scope, wall_time until, std::string upload_id,
            auth::algorithm signature = auth::algorithm::es256) {
    auth::mint_request m;
    m.subject = who.is_anonymous() ? "anonymous" : who.subject;
    m.audience.push_back(std::move(audience));
    // A door that registers an upload hands the same token back to us.
    if (!upload_id.empty()) m.audience.push_back(c.opts.public_url);
    m.scope = std::move(scope);
    m.lifetime = std::max(seconds(1), std::chrono::duration_cast<seconds>(until - c.time.now()));
    m.upload_id = std::move(upload_id);
    m.signature = signature;
    return c.minter.mint(m);
}

std::string origin_of(std::string_view url) {
    auto parts = net::parse_url(url);
    return parts ? parts->origin() : std::string(url);
}

}  // namespace

wall_time token_end(catalog::site_record const& site, wall_time now, wall_time until) {
    if (transfer::fact(site, "expiry_strict") != false) return until;
    constexpr seconds remembered{60};
    return until - std::min<milliseconds>(remembered, (until - now) / 2);
}

secret mint_for_origin(core const& c, principal const& who, std::string_view url, std::string scope, wall_time until,
                       std::string upload_id) {
    return mint(c, who, origin_of(url), std::move(scope), until, std::move(upload_id));
}

secret mint_for_site(core const& c, principal const& who, catalog::site_record const& site, std::vector<std::string> const& verbs,
                     std::string_view path, wall_time until, std::string upload_id) {
    if (transfer::signs_requests(site)) return {};
    std::vector<transfer::grant> grants;
    for (auto const& verb : verbs) grants.push_back({verb, std::string(path)});
    auto const signature = transfer::wants_rs256(site) ? auth::algorithm::rs256 : auth::algorithm::es256;
    auto const audience = transfer::token_audience(site);
    return mint(c, who, audience ? *audience : site.url, transfer::token_scope(site, grants), until, std::move(upload_id),
                signature);
}

std::string with_credential(std::string const& url, std::string_view parameter, secret const& token) {
    // XRootD reads authz as a whole Authorization value; our own doors take the bare token.
    std::string const value = parameter == "authz" ? "Bearer%20" + token.reveal() : token.reveal();
    return url + (url.find('?') == std::string::npos ? "?" : "&") + std::string(parameter) + "=" + value;
}

}  // namespace fjord::broker
