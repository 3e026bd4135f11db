#pragma once
// One accepted connection, plain or TLS, with the same few operations. Owner context only.
#include "net/http.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <array>
#include <memory>
#include <optional>
#include <tuple>

namespace fjord::net {

using tcp = asio::ip::tcp;
using tcp_socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;  // typed: no any_io_executor per operation
using io_outcome = std::tuple<boost::system::error_code, std::size_t>;
using write_parts = std::array<asio::const_buffer, 3>;

class transport {
public:
    transport(tcp_socket socket, std::shared_ptr<asio::ssl::context> tls);  // tls null: plain

    bool is_tls() const noexcept { return context_ != nullptr; }
    asio::awaitable<std::tuple<boost::system::error_code>> handshake();
    asio::awaitable<io_outcome> read_some(asio::mutable_buffer into);
    asio::awaitable<io_outcome> write_some(write_parts parts);
    asio::awaitable<std::tuple<boost::system::error_code>> wait_writable();
    // Sends close_notify and waits for the peer's; TLS only.
    asio::awaitable<std::tuple<boost::system::error_code>> say_goodbye();
    // Reads below TLS, for discarding what still arrives.
    asio::awaitable<io_outcome> read_raw(asio::mutable_buffer into);

    bool has_unread();  // bytes wait in the kernel
    int native_handle() { return socket_.native_handle(); }
    void end_sending();  // FIN
    void cancel();       // operations in flight end with operation_aborted
    void close();
    void reset();  // close with RST: the peer must not take what it has for a whole answer
    std::string peer_address() const;

private:
    std::shared_ptr<asio::ssl::context> context_;
    tcp_socket socket_;
    std::optional<asio::ssl::stream<tcp_socket&>> tls_;  // from the handshake on; no moves after it
};

}  // namespace fjord::net
