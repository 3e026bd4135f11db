#include "storage/root_url.hpp"

#include "base/dataset_uri.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "net/client.hpp"

namespace fjord::storage {

namespace {

error bad(std::string_view url, std::string_view why) {
    return fail(errc::invalid_argument, "URL '" + scrub(url.substr(0, 200)) + "': " + std::string(why));
}

result<void> check_segments(std::string_view path) {
    if (path.find('?') != std::string_view::npos)
        return fail(errc::unsupported, "XRootD takes '?' for the end of a name; this one cannot be expressed");
    if (has_control_characters(path)) return fail(errc::invalid_argument, "a control character is not allowed in a path");
    while (!path.empty())
        if (auto const segment = take_until(path, '/'); segment == ".." || segment == ".")
            return fail(errc::invalid_argument, "'.' and '..' are not names");
    return {};
}

}  // namespace

std::string root_url::endpoint() const { return scheme() + "://" + authority(); }

bool is_root_url(std::string_view url) noexcept {
    auto const scheme = url.substr(0, url.find("://"));
    return scheme.size() < url.size() &&
           (iequals(scheme, "root") || iequals(scheme, "roots") || iequals(scheme, "xroot") || iequals(scheme, "xroots"));
}

result<root_url> parse_root_url(std::string_view url) {
    if (!is_root_url(url)) return bad(url, "must start with roots:// or root://");
    if (url.find('?') != std::string_view::npos) return bad(url, "a query is not allowed");
    auto const colon = url.find("://");
    root_url out;
    out.tls = ascii_lower(url[colon - 1]) == 's';
    // Host and port follow the same rules as in https.
    auto const parts = net::parse_url("https" + std::string(url.substr(colon)));
    if (!parts) return bad(url, parts.error().message());
    out.host = parts->host;
    auto const authority = url.substr(colon + 3, url.find('/', colon + 3) - colon - 3);
    auto const after_host = authority.substr(std::min(authority.size(), out.host.size()));
    if (after_host.starts_with(':')) out.port = parts->port;
    auto path = percent_decode(parts->path);
    if (!path) return bad(url, path.error().message());
    std::string_view rest(*path);
    while (rest.starts_with('/')) rest.remove_prefix(1);
    while (rest.ends_with('/')) rest.remove_suffix(1);
    if (auto ok = check_segments(rest); !ok) return bad(url, ok.error().message());
    if (!rest.empty()) out.path = "/" + std::string(rest);
    return out;
}

result<std::string> root_path(root_url const& site, std::string_view path) {
    while (path.starts_with('/')) path.remove_prefix(1);
    while (path.ends_with('/')) path.remove_suffix(1);
    auto decoded = percent_decode(path);
    if (!decoded) return decoded.error();
    if (auto ok = check_segments(*decoded); !ok) return ok.error();
    if (decoded->empty()) return site.path.empty() ? std::string("/") : site.path;
    return site.path + "/" + *decoded;
}

}  // namespace fjord::storage
