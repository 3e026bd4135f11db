#include "transfer/site_address.hpp"

#include "net/client.hpp"
#include "storage/root_url.hpp"
#include "storage/s3.hpp"

namespace fjord::transfer {

namespace {

std::string without_trailing_slash(std::string text) {
    while (!text.empty() && text.back() == '/') text.pop_back();
    return text;
}

bool speaks_root(catalog::site_record const& site) { return storage::is_root_url(site.url); }

result<void> check_https(std::string const& what, std::string const& url, std::string const& why) {
    auto parts = net::parse_url(url);
    if (!parts) return error(parts.error().code, what + ": " + parts.error().message());
    if (parts->scheme != "https") return fail(errc::invalid_argument, what + " must be https, " + why);
    if (!parts->query.empty()) return fail(errc::invalid_argument, what + " must have no query");
    return {};
}

result<void> check_xrootd(catalog::site_record const& site) {
    auto url = storage::parse_root_url(site.url);
    if (!url) return url.error();
    if (!url->tls)
        return fail(errc::invalid_argument, "url must be roots:// (or https://), because tokens travel to it: " +
                                                url->endpoint() + " would send them in the clear");
    auto const https = attribute(site, "https_url");
    return https.empty() ? result<void>{} : check_https("attribute https_url", https, "because tokens travel to it");
}

result<void> check_s3(catalog::site_record const& site) {
    auto const addressing = attribute(site, "addressing");
    if (!addressing.empty() && addressing != "path" && addressing != "virtual")
        return fail(errc::invalid_argument, "attribute addressing must be path or virtual");
    if (auto ok = check_https("url", site.url, "because the bytes are guarded by TLS"); !ok) return ok;
    return storage::check_s3_url(site.url, addressing == "virtual");
}

}  // namespace

std::string attribute(catalog::site_record const& site, std::string const& key) {
    auto found = site.attributes.find(key);
    return found == site.attributes.end() ? std::string() : found->second;
}

copy_protocol copy_protocol_of(catalog::site_record const& site) {
    if (signs_requests(site)) return copy_protocol::s3;
    return speaks_root(site) && attribute(site, "https_url").empty() ? copy_protocol::root : copy_protocol::http;
}

bool signs_requests(catalog::site_record const& site) noexcept { return site.kind == "s3"; }

bool takes_copies(catalog::site_record const& site) noexcept {
    return site.kind == "door" || site.kind == "webdav" || site.kind == "xrootd";
}

result<void> check_site(catalog::site_record const& site) {
    if (site.kind == "s3") return check_s3(site);
    if (site.kind == "xrootd" && speaks_root(site)) return check_xrootd(site);
    if (site.kind == "door" || site.kind == "webdav" || site.kind == "xrootd")
        return check_https("url", site.url, "because tokens travel to it");
    return fail(errc::invalid_argument, "kind must be door, webdav, xrootd or s3");
}

std::string peer_url(catalog::site_record const& site) {
    if (!speaks_root(site)) return without_trailing_slash(site.url);
    if (auto https = attribute(site, "https_url"); !https.empty()) return without_trailing_slash(https);
    auto const url = storage::parse_root_url(site.url);
    return url ? url->endpoint() + "/" + prefix_of(site) : site.url;
}

std::string url_of(catalog::site_record const& site, std::string_view path) { return peer_url(site) + "/" + std::string(path); }

std::string prefix_of(catalog::site_record const& site) {
    if (speaks_root(site)) {
        auto const url = storage::parse_root_url(site.url);
        return url ? url->path : std::string();
    }
    auto parts = net::parse_url(site.url);
    return parts ? without_trailing_slash(parts->path) : std::string();
}

result<std::string> token_audience(catalog::site_record const& site) {
    if (auto said = attribute(site, "audience"); !said.empty()) return said;
    if (speaks_root(site) && attribute(site, "https_url").empty()) {
        auto url = storage::parse_root_url(site.url);
        if (!url) return url.error();
        return "https://" + url->authority();
    }
    auto parts = net::parse_url(peer_url(site));
    if (!parts) return parts.error();
    return parts->origin();
}

}  // namespace fjord::transfer
