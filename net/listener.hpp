#pragma once
// Listening sockets: one per context and address, sharing the port by SO_REUSEPORT.
#include "net/transport.hpp"

#include <string>

namespace fjord::net {

using tcp_acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

struct listen_address {
    tcp::endpoint endpoint;
    std::string host;  // as written, for URLs
    bool tls = false;
};

// "https://127.0.0.1:8443", "http://[::1]:0", "http://localhost:0". Unlike in a request URL, port 0 is allowed.
// errc::invalid_argument. Blocking (host names): start-up only.
result<listen_address> parse_listen(std::string const& url);

// errc::unavailable when somebody listens there already. SO_REUSEPORT alone would share the port with a second server
// of the same user in silence.
result<void> check_port_free(tcp::endpoint const& endpoint);

result<tcp_acceptor> open_acceptor(asio::io_context& context, tcp::endpoint const& endpoint);

}  // namespace fjord::net
