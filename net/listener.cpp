#include "net/listener.hpp"

#include "base/text.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <sys/socket.h>

namespace fjord::net {

namespace {

// Asio has no such option in this version; the shape is that of a SettableSocketOption.
class reuse_port {
public:
    template <class Protocol>
    int level(Protocol const&) const {
        return SOL_SOCKET;
    }
    template <class Protocol>
    int name(Protocol const&) const {
        return SO_REUSEPORT;
    }
    template <class Protocol>
    int const* data(Protocol const&) const {
        return &on_;
    }
    template <class Protocol>
    std::size_t size(Protocol const&) const {
        return sizeof on_;
    }

private:
    int on_ = 1;
};

error bad_listen(std::string const& url, std::string_view why) {
    return fail(errc::invalid_argument, "listen address '" + url + "': " + std::string(why));
}

error cannot_listen(tcp::endpoint const& endpoint, boost::system::error_code const& ec) {
    return fail(errc::unavailable, "cannot listen on " + endpoint.address().to_string() + " port " +
                                       std::to_string(endpoint.port()) + ": " + ec.message());
}

result<asio::ip::address> look_up(std::string const& url, std::string host) {
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    boost::system::error_code ec;
    auto const literal = asio::ip::make_address(host, ec);
    if (!ec) return literal;
    asio::io_context context;
    tcp::resolver resolver(context);
    auto const found = resolver.resolve(tcp::v4(), host, "", ec);
    if (ec || found.empty()) return bad_listen(url, "the host is unknown");
    return found.begin()->endpoint().address();
}

void open_and_bind(tcp_acceptor& acceptor, tcp::endpoint const& endpoint, bool share, boost::system::error_code& ec) {
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.set_option(tcp_acceptor::reuse_address(true), ec);
    if (!ec && share) acceptor.set_option(reuse_port(), ec);
    if (!ec && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), ec);
    if (!ec) acceptor.bind(endpoint, ec);
}

}  // namespace

result<listen_address> parse_listen(std::string const& url) {
    listen_address out;
    std::string_view rest = url;
    if (rest.starts_with("https://")) {
        out.tls = true;
    } else if (!rest.starts_with("http://")) {
        return bad_listen(url, "must start with https:// or http://");
    }
    rest.remove_prefix(out.tls ? 8 : 7);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    auto const colon = rest.rfind(':');
    auto const bracket = rest.rfind(']');
    if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket))
        return bad_listen(url, "the port is missing");
    auto const port = parse_unsigned<std::uint16_t>(rest.substr(colon + 1));
    if (!port) return bad_listen(url, "the port must be 0 to 65535");
    out.host = std::string(rest.substr(0, colon));
    if (out.host.empty()) return bad_listen(url, "the host is missing; 0.0.0.0 means all addresses");
    auto address = look_up(url, out.host);
    if (!address) return address.error();
    out.endpoint = tcp::endpoint(*address, *port);
    return out;
}

result<void> check_port_free(tcp::endpoint const& endpoint) {
    if (endpoint.port() == 0) return {};
    asio::io_context context;
    tcp_acceptor probe(context.get_executor());
    boost::system::error_code ec;
    open_and_bind(probe, endpoint, false, ec);
    if (!ec) probe.listen(1, ec);
    if (ec) return cannot_listen(endpoint, ec);
    return {};
}

result<tcp_acceptor> open_acceptor(asio::io_context& context, tcp::endpoint const& endpoint) {
    tcp_acceptor acceptor(context.get_executor());
    boost::system::error_code ec;
    open_and_bind(acceptor, endpoint, true, ec);
    if (!ec) acceptor.listen(tcp_acceptor::max_listen_connections, ec);
    if (ec) return cannot_listen(endpoint, ec);
    return acceptor;
}

}  // namespace fjord::net
