#include "auth/discovery.hpp"

#include "base/json.hpp"
#include "net/client.hpp"

#include <boost/asio/ip/address.hpp>

#include <charconv>

namespace fjord::auth {
namespace {

namespace ip = boost::asio::ip;

error refused(std::string why) { return fail(errc::invalid_argument, std::move(why)); }

bool is_inner_v4(ip::address_v4 a) {
    auto bytes = a.to_bytes();
    return a.is_loopback() || a.is_unspecified() || a.is_multicast() || bytes[0] == 10 || (bytes[0] == 192 && bytes[1] == 168) ||
           (bytes[0] == 172 && bytes[1] >= 16 && bytes[1] < 32) || (bytes[0] == 169 && bytes[1] == 254);
}

bool is_inner_v6(ip::address_v6 a) {
    if (a.is_v4_mapped()) return is_inner_v4(ip::make_address_v4(ip::v4_mapped, a));
    return a.is_loopback() || a.is_unspecified() || a.is_link_local() || a.is_site_local() || a.is_multicast() ||
           (a.to_bytes()[0] & 0xfe) == 0xfc;
}

// Hosts that a foreign document must not send us to. Names are covered by the TLS check of their certificate.
bool is_inner_host(std::string host) {
    if (host == "localhost" || host.ends_with(".localhost")) return true;
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    boost::system::error_code ec;
    auto address = ip::make_address(host, ec);
    if (ec) return false;
    return address.is_v4() ? is_inner_v4(address.to_v4()) : is_inner_v6(address.to_v6());
}

}  // namespace

result<std::string> discovery_url(std::string_view issuer) {
    if (!issuer.starts_with("https://")) return refused("issuer " + std::string(issuer) + ": keys are fetched over https only");
    while (issuer.ends_with('/')) issuer.remove_suffix(1);
    return std::string(issuer) + "/.well-known/openid-configuration";
}

result<std::string> jwks_location(std::string_view issuer, std::string_view metadata) {
    auto document = parse_json(metadata, {.max_bytes = 256u << 10, .max_depth = 16});
    auto const* object = document ? document->if_object() : nullptr;
    if (!object) return refused("the metadata of " + std::string(issuer) + " is not a JSON object within limits");
    auto const* named = object->if_contains("issuer");
    if (!named || !named->is_string() || std::string_view(named->get_string()) != issuer)
        return refused("the metadata of " + std::string(issuer) + " names another issuer");
    auto const* uri = object->if_contains("jwks_uri");
    if (!uri || !uri->is_string()) return refused("the metadata of " + std::string(issuer) + " has no jwks_uri");
    auto target = net::parse_url(uri->get_string());
    auto own = net::parse_url(issuer);
    if (!target || target->scheme != "https") return refused("the jwks_uri of " + std::string(issuer) + " is not an https URL");
    if (is_inner_host(target->host) && (!own || own->host != target->host))
        return refused("the jwks_uri of " + std::string(issuer) + " points into an inner network");
    return std::string(uri->get_string());
}

seconds max_age_of(std::string_view cache_control) {
    if (cache_control.find("no-store") != std::string_view::npos || cache_control.find("no-cache") != std::string_view::npos)
        return seconds{0};
    auto at = cache_control.find("max-age=");
    if (at == std::string_view::npos) return seconds{3600};
    auto digits = cache_control.substr(at + 8);
    std::int64_t value = 0;
    auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (ec != std::errc{} || value < 0) return seconds{0};
    return seconds{std::min<std::int64_t>(value, 7 * 86400)};
}

}  // namespace fjord::auth
