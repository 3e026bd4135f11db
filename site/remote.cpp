#include "site/remote.hpp"

#include "base/text.hpp"

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

namespace fjord::site {

namespace ip = boost::asio::ip;

namespace {

struct v4_block {
    std::uint32_t base;
    unsigned bits;
};
// IANA special-purpose registry (RFC 6890 and updates): none of these is a storage site on the Internet.
constexpr std::array special_v4{v4_block{0x00000000, 8},  v4_block{0x0a000000, 8},  v4_block{0x64400000, 10},
                                v4_block{0x7f000000, 8},  v4_block{0xa9fe0000, 16}, v4_block{0xac100000, 12},
                                v4_block{0xc0000000, 24}, v4_block{0xc0000200, 24}, v4_block{0xc0586300, 24},
                                v4_block{0xc0a80000, 16}, v4_block{0xc6120000, 15}, v4_block{0xc6336400, 24},
                                v4_block{0xcb007100, 24}, v4_block{0xe0000000, 4},  v4_block{0xf0000000, 4}};

bool is_public_v4(std::uint32_t address) noexcept {
    return std::none_of(special_v4.begin(), special_v4.end(),
                        [address](v4_block b) { return (address ^ b.base) >> (32 - b.bits) == 0; });
}

std::uint32_t v4_at(ip::address_v6::bytes_type const& bytes, std::size_t at) noexcept {
    return static_cast<std::uint32_t>(bytes[at]) << 24 | static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
           static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

bool is_public_v6(ip::address_v6 const& address) noexcept {
    auto const bytes = address.to_bytes();
    if (address.is_v4_mapped()) return is_public_v4(v4_at(bytes, 12));
    // 64:ff9b::/96 reaches the IPv4 address inside (RFC 6052), 2002::/16 likewise (6to4).
    constexpr std::array<unsigned char, 12> nat64{0, 0x64, 0xff, 0x9b};
    if (std::equal(nat64.begin(), nat64.end(), bytes.begin())) return is_public_v4(v4_at(bytes, 12));
    if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_public_v4(v4_at(bytes, 2));
    // Only 2000::/3 is global unicast; inside it 2001:db8::/32 is documentation and 2001::/23 protocol assignments (Teredo).
    if ((bytes[0] & 0xe0) != 0x20) return false;
    bool const documentation = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0d && bytes[3] == 0xb8;
    bool const protocol = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 2;
    return !documentation && !protocol;
}

bool is_listed(net::url_parts const& remote, remote_rules const& rules) {
    auto const name = remote.host + ":" + std::to_string(remote.port);
    return std::any_of(rules.allow.begin(), rules.allow.end(),
                       [&name](std::string const& entry) { return iequals(entry, name); });
}

}  // namespace

result<net::url_parts> parse_remote(std::string_view url, remote_rules const& rules) {
    std::string text(trim(url));
    if (iequals(std::string_view(text).substr(0, 7), "davs://")) text = "https://" + text.substr(7);
    auto parts = net::parse_url(text);
    if (!parts) return parts.error();
    if (parts->scheme != "https") return fail(errc::invalid_argument, "third-party copies go over https only");
    if (!rules.ports.empty() && std::find(rules.ports.begin(), rules.ports.end(), parts->port) == rules.ports.end())
        return fail(errc::denied, "port " + std::to_string(parts->port) + " is not among those this site may copy with");
    return parts;
}

std::string url_text(net::url_parts const& parts) {
    return parts.origin() + parts.path + (parts.query.empty() ? "" : "?" + parts.query);
}

bool is_public(ip::address const& address) noexcept {
    return address.is_v4() ? is_public_v4(address.to_v4().to_uint()) : is_public_v6(address.to_v6());
}

result<void> judge_addresses(net::url_parts const& remote, std::vector<ip::address> const& addresses, remote_rules const& rules) {
    if (rules.allow_local || is_listed(remote, rules)) return {};
    for (auto const& address : addresses)
        if (!is_public(address))
            return fail(errc::denied, remote.host + " has the address " + address.to_string() +
                                          ", which is not a public one; the site's configuration would have to allow " +
                                          remote.host + ":" + std::to_string(remote.port));
    return {};
}

result<void> judge_redirect(net::url_parts const& from, net::url_parts const& to, remote_rules const& rules) {
    auto by_rules = parse_remote(url_text(to), rules);
    auto fine = by_rules ? result<void>{} : by_rules.error();
    if (fine && !is_listed(to, rules)) fine = net::within_site(from, to);
    if (fine) return {};
    return error(errc::denied, "the remote side redirects to where this site does not go: " + fine.error().message());
}

result<std::vector<ip::address>> resolve_remote(std::string const& host) {
    auto const bare = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    if (int const rc = ::getaddrinfo(bare.c_str(), nullptr, &hints, &raw); rc != 0)
        return fail(errc::unavailable, "cannot resolve " + host + ": " + ::gai_strerror(rc));
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(raw, &::freeaddrinfo);
    std::vector<ip::address> found;
    for (auto const* at = raw; at; at = at->ai_next) {
        if (at->ai_family == AF_INET) {
            sockaddr_in v4{};
            std::memcpy(&v4, at->ai_addr, sizeof v4);
            found.emplace_back(ip::address_v4(ntohl(v4.sin_addr.s_addr)));
        } else if (at->ai_family == AF_INET6) {
            sockaddr_in6 v6{};
            std::memcpy(&v6, at->ai_addr, sizeof v6);
            ip::address_v6::bytes_type bytes{};
            std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
            found.emplace_back(ip::address_v6(bytes));
        }
    }
    if (found.empty()) return fail(errc::unavailable, host + " has no address");
    return found;
}

}  // namespace fjord::site
