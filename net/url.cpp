#include "base/log.hpp"
#include "base/text.hpp"
#include "net/client.hpp"

#include <algorithm>

namespace fjord::net {

namespace {

constexpr std::size_t max_url = 16u << 10;

error bad_url(std::string_view url, std::string_view why) {
    return fail(errc::invalid_argument, "URL '" + scrub(url.substr(0, 200)) + "': " + std::string(why));
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_host(std::string_view host) {
    if (host.empty() || host.size() > 255) return false;
    if (host.front() == '[') {
        auto const inner = host.substr(1, host.size() - 2);
        return host.back() == ']' && !inner.empty() &&
               std::all_of(inner.begin(), inner.end(), [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; });
    }
    return std::all_of(host.begin(), host.end(),
                       [](char c) { return is_alpha(c) || is_digit(c) || c == '.' || c == '-' || c == '_'; });
}

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

// "b.c" of "a.b.c"; empty when less than two labels would be left, and of IP addresses.
std::string_view domain_of(std::string_view host) {
    if (host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string_view::npos) return {};
    auto const dot = host.find('.');
    if (dot == std::string_view::npos) return {};
    host.remove_prefix(dot + 1);
    return host.find('.') == std::string_view::npos ? std::string_view{} : host;
}

bool is_below(std::string_view host, std::string_view domain) {
    return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.';
}

}  // namespace

result<void> within_site(url_parts const& from, url_parts const& to) {
    if (from.scheme == "https" && to.scheme != "https")
        return fail(errc::denied,
                    from.origin() + " redirects to " + to.origin() + ", where the data would be readable on the way");
    auto const domain = domain_of(from.host);
    if (to.host == from.host || (!domain.empty() && is_below(to.host, domain))) return {};
    return fail(errc::denied, from.origin() + " redirects to " + to.origin() + ", which is not of the same site" +
                                  (domain.empty() ? "" : " (*." + std::string(domain) + ")"));
}

std::string url_parts::origin() const {
    auto out = scheme + "://" + host;
    if (port != default_port(scheme)) out += ":" + std::to_string(port);
    return out;
}

result<url_parts> parse_url(std::string_view url) {
    if (url.size() > max_url) return bad_url(url, "longer than 16 KiB");
    if (!is_printable(url)) return bad_url(url, "blanks, control and non-ASCII characters must be percent-encoded");
    if (url.find('#') != std::string_view::npos) return bad_url(url, "a fragment is not allowed");
    if (url.find('\\') != std::string_view::npos) return bad_url(url, "a backslash is not allowed");
    url_parts out;
    auto const colon = url.find("://");
    if (colon == std::string_view::npos) return bad_url(url, "must start with https:// or http://");
    out.scheme = to_lower(url.substr(0, colon));
    if (out.scheme != "https" && out.scheme != "http") return bad_url(url, "only https and http are understood");

    auto const rest = url.substr(colon + 3);
    auto const authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.find('@') != std::string_view::npos) return bad_url("", "credentials in a URL are not allowed");
    auto const bracket = authority.find(']');
    auto const port_at = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    out.host = to_lower(authority.substr(0, port_at));
    if (!is_host(out.host)) return bad_url(url, "the host is missing or malformed");
    out.port = default_port(out.scheme);
    if (port_at != std::string_view::npos) {
        auto const port = parse_unsigned<std::uint16_t>(authority.substr(port_at + 1));
        if (!port || *port == 0) return bad_url(url, "the port must be 1 to 65535");
        out.port = *port;
    }

    auto tail = rest.substr(authority.size());
    out.path = std::string(take_until(tail, '?'));
    out.query = std::string(tail);
    if (out.path.empty()) out.path = "/";
    return out;
}

}  // namespace fjord::net
