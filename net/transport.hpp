#pragma once
// One accepted connection, plain or TLS, with the same few operations. What can be done at once is done by the ..._now() calls,
// which never wait; the others wait on the connection's context. Owner context only.
#include "net/http.hpp"
#include "net/tls_engine.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <array>
#include <memory>
#include <tuple>

namespace fjord::net {

using tcp = asio::ip::tcp;
using tcp_socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;  // typed: no any_io_executor per operation
using io_status = std::tuple<boost::system::error_code>;
using io_outcome = std::tuple<boost::system::error_code, std::size_t>;
using write_parts = std::array<asio::const_buffer, 3>;

class transport {
public:
    transport(tcp_socket socket, std::shared_ptr<asio::ssl::context> tls);  // tls null: plain

    bool is_tls() const noexcept { return context_ != nullptr; }
    asio::awaitable<io_status> handshake();

    // eof: an orderly end. stream_truncated: TLS that ended without close_notify.
    asio::awaitable<io_outcome> read_some(asio::mutable_buffer into);
    std::size_t read_now(asio::mutable_buffer into, boost::system::error_code& ec);  // would_block: nothing is there

    // Takes what it can from the front of `parts` and gives the count. would_block: wait_writable() and call again, also when
    // `parts` is used up, because ciphertext may wait. `more` bytes follow soon: the kernel may hold back a short packet.
    std::size_t write_now(write_parts& parts, boost::system::error_code& ec, bool more = false);
    asio::awaitable<io_status> wait_writable();
    // Plain: only full packets leave until it is taken back. Many fewer wake-ups of the peer in a long transfer.
    void hold_back(bool yes);

    void say_goodbye();  // close_notify; TLS only
    // Reads below TLS, for discarding what still arrives.
    asio::awaitable<io_outcome> read_raw(asio::mutable_buffer into);

    bool has_unread();  // bytes wait in the kernel
    int native_handle() { return socket_.native_handle(); }
    void shrink();       // gives memory back after a large body; not while a read waits
    void end_sending();  // FIN
    void cancel();       // operations in flight end with operation_aborted
    void close();
    void reset();  // close with RST: the peer must not take what it has for a whole answer
    std::string peer_address() const;

private:
    asio::awaitable<io_outcome> read_tls(asio::mutable_buffer into);
    asio::awaitable<io_status> receive();  // more ciphertext
    asio::awaitable<io_status> flush();
    void flush_now(boost::system::error_code& ec);
    std::size_t encrypt(write_parts& parts, boost::system::error_code& ec);

    std::shared_ptr<asio::ssl::context> context_;
    tcp_socket socket_;
    std::unique_ptr<tls_engine> tls_;  // from the handshake on
};

}  // namespace fjord::net
