#include "transfer/access.hpp"

#include "auth/auth.hpp"
#include "net/client.hpp"
#include "storage/webdav.hpp"

#include <map>
#include <mutex>

namespace fjord::transfer {

namespace {

constexpr std::size_t max_drivers = 4096;

std::string without_trailing_slash(std::string text) {
    while (!text.empty() && text.back() == '/') text.pop_back();
    return text;
}

// The part of the site's url after the origin, "/prefix" or "".
std::string prefix_of(catalog::site_record const& site) {
    auto parts = net::parse_url(site.url);
    return parts ? without_trailing_slash(parts->path) : std::string();
}

class minting_access final : public site_access {
public:
    minting_access(auth::minter const& tokens, net::http_client& client) : tokens_(tokens), client_(client) {}

    result<std::shared_ptr<storage::driver>> driver(catalog::site_record const& site) override {
        if (site.kind != "door" && site.kind != "webdav" && site.kind != "xrootd")
            return fail(errc::unsupported,
                        "site " + site.id.str() + " is of kind " + site.kind + ", for which there is no driver");
        std::lock_guard guard(mutex_);
        if (drivers_.size() >= max_drivers) drivers_.clear();
        auto& known = drivers_[site.url];
        if (!known) known = storage::make_webdav_driver(site.url, client_);
        return known;
    }

    secret token(catalog::site_record const& site, std::vector<grant> const& grants) override {
        auth::mint_request request;
        request.subject = "transfer";
        if (auto audience = token_audience(site)) request.audience = {*audience};
        request.scope = token_scope(site, grants);
        if (wants_rs256(site)) request.signature = auth::algorithm::rs256;
        return tokens_.mint(request);
    }

private:
    auth::minter const& tokens_;
    net::http_client& client_;
    std::mutex mutex_;                                                 // guards drivers_, never held over a wait
    std::map<std::string, std::shared_ptr<storage::driver>> drivers_;  // by url
};

}  // namespace

std::unique_ptr<site_access> make_site_access(auth::minter const& tokens, net::http_client& client) {
    return std::make_unique<minting_access>(tokens, client);
}

result<std::string> token_audience(catalog::site_record const& site) {
    auto parts = net::parse_url(site.url);
    if (!parts) return parts.error();
    return parts->origin();
}

std::string token_scope(catalog::site_record const& site, std::vector<grant> const& grants) {
    auto prefix = prefix_of(site);
    if (auto base = site.attributes.find("token_base"); base != site.attributes.end()) {
        auto stripped = without_trailing_slash(base->second);
        bool inside = prefix == stripped || prefix.starts_with(stripped + "/");
        if (inside) prefix.erase(0, stripped.size());
    }
    std::string scope;
    for (auto const& g : grants) scope += (scope.empty() ? "" : " ") + std::string(g.verb) + ":" + prefix + "/" + g.path;
    return scope;
}

bool wants_rs256(catalog::site_record const& site) {
    auto const alg = site.attributes.find("token_alg");
    return alg != site.attributes.end() && alg->second == "RS256";
}

std::string url_of(catalog::site_record const& site, std::string_view path) {
    return without_trailing_slash(site.url) + "/" + std::string(path);
}

}  // namespace fjord::transfer
