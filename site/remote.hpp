#pragma once
// Where a third-party copy may reach to. A COPY makes this machine connect to an address that a client chose (SSRF), so: https
// only, no credentials or fragment in the URL, ports by configuration, and no loopback, link-local, private or otherwise special
// address unless the configuration lists it. Every address the name has is judged before the copy is accepted, and the address of
// each connection when it is made: a name that changes its mind meanwhile (DNS rebinding) leads nowhere.
#include "base/error.hpp"
#include "net/client.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::site {

struct remote_rules {
    bool allow_local = false;          // loopback and private addresses everywhere (a federation on one machine)
    std::vector<std::string> allow;    // "host:port" that may be reached whatever their addresses are (partner sites inside)
    std::vector<std::uint16_t> ports;  // allowed ports; empty: any
    // Who is asked for addresses; blocks. Empty: resolve_remote.
    std::function<result<std::vector<boost::asio::ip::address>>(std::string const& host)> resolver;
};

// The URL of a Source or Destination field; davs:// is read as https://. errc::invalid_argument: malformed, another scheme,
// userinfo, fragment. errc::denied: a port that is not listed. Pure.
result<net::url_parts> parse_remote(std::string_view url, remote_rules const& rules);
std::string url_text(net::url_parts const& parts);

// False for loopback, link-local, private (RFC 1918, ULA), shared (RFC 6598), multicast, documentation, unspecified and
// v4-in-v6 forms of these. Pure.
bool is_public(boost::asio::ip::address const& address) noexcept;

// errc::denied when one of the addresses is not public and the rules do not allow it. Pure.
result<void> judge_addresses(net::url_parts const& remote, std::vector<boost::asio::ip::address> const& addresses,
                             remote_rules const& rules);

// Where the remote side may redirect to: within its own site (net::within_site) or to a listed "host:port", and by the rules that
// hold for the first URL. errc::denied. Pure.
result<void> judge_redirect(net::url_parts const& from, net::url_parts const& to, remote_rules const& rules);

// Asks the resolver. Blocks: pool threads only. errc::unavailable when the name has no address.
result<std::vector<boost::asio::ip::address>> resolve_remote(std::string const& host);

}  // namespace fjord::site
