#include "net/transport.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fjord::net {

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

}  // namespace

transport::transport(tcp_socket socket, std::shared_ptr<asio::ssl::context> tls)
    : context_(std::move(tls)), socket_(std::move(socket)) {
    boost::system::error_code ignored;  // a connection that is gone already shows at the first read
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.native_non_blocking(true, ignored);
}

asio::awaitable<std::tuple<boost::system::error_code>> transport::handshake() {
    tls_.emplace(socket_, *context_);
    return tls_->async_handshake(asio::ssl::stream_base::server, as_result);
}

asio::awaitable<io_outcome> transport::read_some(asio::mutable_buffer into) {
    if (tls_) return tls_->async_read_some(into, as_result);
    return socket_.async_read_some(into, as_result);
}

asio::awaitable<io_outcome> transport::write_some(write_parts parts) {
    if (tls_) return tls_->async_write_some(parts, as_result);
    return socket_.async_write_some(parts, as_result);
}

asio::awaitable<std::tuple<boost::system::error_code>> transport::wait_writable() {
    return socket_.async_wait(tcp_socket::wait_write, as_result);
}

asio::awaitable<std::tuple<boost::system::error_code>> transport::say_goodbye() { return tls_->async_shutdown(as_result); }

asio::awaitable<io_outcome> transport::read_raw(asio::mutable_buffer into) { return socket_.async_read_some(into, as_result); }

bool transport::has_unread() {
    boost::system::error_code ec;
    return socket_.available(ec) > 0 && !ec;
}

void transport::end_sending() {
    boost::system::error_code ignored;
    socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

void transport::cancel() {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void transport::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void transport::reset() {
    boost::system::error_code ignored;
    socket_.set_option(tcp_socket::linger(true, 0), ignored);
    socket_.close(ignored);
}

std::string transport::peer_address() const {
    boost::system::error_code ec;
    auto const peer = socket_.remote_endpoint(ec);
    return ec ? std::string{} : peer.address().to_string();
}

}  // namespace fjord::net
