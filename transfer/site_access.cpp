#include "transfer/access.hpp"

#include "auth/auth.hpp"
#include "net/client.hpp"
#include "storage/root_url.hpp"
#include "storage/s3.hpp"
#include "storage/s3_credentials.hpp"
#include "storage/webdav.hpp"
#include "storage/xrootd.hpp"

#include <map>
#include <mutex>

namespace fjord::transfer {

namespace {

constexpr std::size_t max_drivers = 4096;

// What a driver is made from: when it changes, there is another driver.
std::string identity_of(catalog::site_record const& site) {
    auto out = site.kind + "\n" + site.url;
    for (auto const* key : {"https_url", "addressing", "region", "checksums", "etag_is_md5"}) out += "\n" + attribute(site, key);
    // Two S3 sites in one bucket may have credentials of their own.
    return signs_requests(site) ? out + "\n" + site.id.str() : out;
}

class minting_access final : public site_access {
public:
    minting_access(auth::minter const& tokens, net::http_client& client, blocking_pool& pool, site_access_options options)
        : tokens_(tokens), client_(client), pool_(pool) {
        for (auto& s : options.s3)
            keys_[s.site] = std::make_shared<storage::s3_credentials_file>(std::move(s.file), std::move(s.profile));
    }

    result<std::shared_ptr<storage::driver>> driver(catalog::site_record const& site) override {
        std::lock_guard guard(mutex_);
        if (drivers_.size() >= max_drivers) drivers_.clear();
        auto& known = drivers_[identity_of(site)];
        if (known) return known;
        auto made = make(site);
        if (!made) return made.error();
        known = std::move(*made);
        return known;
    }

    result<secret> presign(catalog::site_record const& site, std::string method, std::string_view path, seconds lifetime,
                           net::header_list must_send) override {
        auto options = s3_options_of(site);
        if (!options) return options.error();
        return storage::presigned_url(*options, std::move(method), path, system_clock().now(), lifetime, std::move(must_send));
    }

    secret token(catalog::site_record const& site, std::vector<grant> const& grants) override {
        if (signs_requests(site)) return {};
        auth::mint_request request;
        request.subject = "transfer";
        if (auto audience = token_audience(site)) request.audience = {*audience};
        request.scope = token_scope(site, grants);
        if (wants_rs256(site)) request.signature = auth::algorithm::rs256;
        return tokens_.mint(request);
    }

private:
    result<std::unique_ptr<storage::driver>> make(catalog::site_record const& site) {
        if (auto ok = check_site(site); !ok)
            return fail(errc::unsupported, "there is no driver for site " + site.id.str() + ": " + ok.error().message());
        if (signs_requests(site)) {
            auto options = s3_options_of(site);
            if (!options) return options.error();
            return storage::make_s3_driver(std::move(*options), client_);
        }
        if (!storage::is_root_url(site.url)) return storage::make_webdav_driver(site.url, client_);
        auto const https = attribute(site, "https_url");
        auto for_copies = https.empty() ? nullptr : storage::make_webdav_driver(https, client_);
        return storage::make_xrootd_driver(site.url, pool_, std::move(for_copies));
    }

    result<storage::s3_options> s3_options_of(catalog::site_record const& site) const {
        if (!signs_requests(site))
            return fail(errc::unsupported, "site " + site.id.str() + " goes by tokens; there are no presigned URLs for it");
        auto const keys = keys_.find(site.id.str());
        if (keys == keys_.end())
            return fail(errc::unavailable, "this broker has no credentials for the S3 site " + site.id.str() +
                                               "; add [[s3_credentials]] with site and file to its configuration");
        storage::s3_options o;
        o.url = site.url;
        o.virtual_host = attribute(site, "addressing") == "virtual";
        if (auto region = attribute(site, "region"); !region.empty()) o.region = std::move(region);
        o.checksums = attribute(site, "checksums") != "false";
        o.etag_is_md5 = attribute(site, "etag_is_md5") == "true";
        o.credentials = [file = keys->second] { return file->get(); };
        return o;
    }

    auth::minter const& tokens_;
    net::http_client& client_;
    blocking_pool& pool_;
    std::map<std::string, std::shared_ptr<storage::s3_credentials_file>> keys_;  // by site; not changed after construction
    std::mutex mutex_;                                                           // guards drivers_, never held over a wait
    std::map<std::string, std::shared_ptr<storage::driver>> drivers_;            // by identity_of()
};

}  // namespace

result<secret> site_access::presign(catalog::site_record const& site, std::string, std::string_view, seconds, net::header_list) {
    return fail(errc::unsupported, "there are no presigned URLs for site " + site.id.str());
}

std::unique_ptr<site_access> make_site_access(auth::minter const& tokens, net::http_client& client, blocking_pool& pool,
                                              site_access_options options) {
    return std::make_unique<minting_access>(tokens, client, pool, std::move(options));
}

std::string token_scope(catalog::site_record const& site, std::vector<grant> const& grants) {
    auto prefix = prefix_of(site);
    if (auto base = site.attributes.find("token_base"); base != site.attributes.end()) {
        auto stripped = base->second;
        while (stripped.ends_with('/')) stripped.pop_back();
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

}  // namespace fjord::transfer
