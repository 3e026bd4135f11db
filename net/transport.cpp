#include "net/transport.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fjord::net {

namespace {

using boost::system::error_code;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

error_code socket_error() {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return asio::error::would_block;
    return {errno, boost::system::system_category()};
}

void advance(write_parts& parts, std::size_t n) {
    for (auto& part : parts) {
        auto const step = std::min(n, part.size());
        part += step;
        n -= step;
    }
}

std::string_view text_of(asio::const_buffer part) { return {static_cast<char const*>(part.data()), part.size()}; }

// One send; would_block when the kernel took less than all.
std::size_t send_now(int fd, write_parts const& parts, int flags, error_code& ec) {
    std::array<iovec, std::tuple_size_v<write_parts>> pieces;
    std::size_t count = 0, all = 0;
    for (auto const& part : parts) {
        if (part.size() == 0) continue;
        pieces[count++] = {const_cast<void*>(part.data()), part.size()};
        all += part.size();
    }
    ec = {};
    if (all == 0) return 0;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    for (;;) {
        auto const n = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) ec = socket_error();
        if (n >= 0 && static_cast<std::size_t>(n) < all) ec = asio::error::would_block;
        return n < 0 ? 0 : static_cast<std::size_t>(n);
    }
}

// One record's worth from the front: short neighbours share a record.
std::string_view front_record(write_parts const& parts, std::array<char, tls_engine::record_size>& room) {
    auto const first = std::find_if(parts.begin(), parts.end(), [](auto const& part) { return part.size() > 0; });
    if (first == parts.end()) return {};
    if (first->size() >= room.size() || asio::buffer_size(parts) == first->size()) return text_of(*first);
    auto const n = asio::buffer_copy(asio::buffer(room), parts);
    return {room.data(), n};
}

}  // namespace

transport::transport(tcp_socket socket, std::shared_ptr<asio::ssl::context> tls)
    : context_(std::move(tls)), socket_(std::move(socket)) {
    error_code ignored;  // a connection that is gone already shows at the first read
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.native_non_blocking(true, ignored);
}

asio::awaitable<io_status> transport::handshake() {
    tls_ = std::make_unique<tls_engine>(context_->native_handle());
    for (;;) {
        auto const ec = tls_->handshake();
        auto const [sent] = co_await flush();  // alerts, too
        if (ec != asio::error::would_block) co_return ec;
        if (sent) co_return sent;
        auto const [received] = co_await receive();
        if (received) co_return received;
    }
}

asio::awaitable<io_status> transport::receive() {
    auto const [ec, n] = co_await socket_.async_read_some(tls_->input_room(), as_result);
    tls_->commit_input(n);
    if (ec == asio::error::eof) {
        tls_->end_input();
        co_return error_code{};  // what it means is for the engine to say
    }
    co_return ec;
}

asio::awaitable<io_status> transport::flush() {
    for (;;) {
        error_code ec;
        flush_now(ec);
        if (ec != asio::error::would_block) co_return ec;
        auto const [waited] = co_await wait_writable();
        if (waited) co_return waited;
    }
}

void transport::flush_now(error_code& ec) {
    ec = {};
    while (!ec && !tls_->output().empty()) {
        write_parts const parts = {asio::buffer(tls_->output())};
        tls_->consume_output(send_now(socket_.native_handle(), parts, 0, ec));
    }
}

asio::awaitable<io_outcome> transport::read_some(asio::mutable_buffer into) {
    if (tls_) return read_tls(into);
    return socket_.async_read_some(into, as_result);
}

asio::awaitable<io_outcome> transport::read_tls(asio::mutable_buffer into) {
    for (;;) {
        error_code ec;
        auto const n = tls_->read({static_cast<char*>(into.data()), into.size()}, ec);
        if (n > 0 || ec != asio::error::would_block) co_return io_outcome(ec, n);
        if (!tls_->output().empty()) {  // an answer to a key update or an alert
            auto const [sent] = co_await flush();
            if (sent) co_return io_outcome(sent, 0);
        }
        auto const [received] = co_await receive();
        if (received) co_return io_outcome(received, 0);
    }
}

std::size_t transport::read_now(asio::mutable_buffer into, error_code& ec) {
    auto const receive_now = [this, &ec](asio::mutable_buffer room) -> std::size_t {
        ec = {};
        auto const n = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
        if (n < 0) ec = errno == EINTR ? error_code(asio::error::would_block) : socket_error();
        return n < 0 ? 0 : static_cast<std::size_t>(n);
    };
    if (!tls_) {
        auto const n = receive_now(into);
        if (n == 0 && !ec && into.size() > 0) ec = asio::error::eof;
        return n;
    }
    std::span<char> const room(static_cast<char*>(into.data()), into.size());
    auto n = tls_->read(room, ec);
    if (n > 0 || ec != asio::error::would_block) return n;
    auto const got = receive_now(tls_->input_room());
    if (ec) return 0;
    tls_->commit_input(got);
    if (got == 0) tls_->end_input();
    return tls_->read(room, ec);
}

std::size_t transport::write_now(write_parts& parts, error_code& ec, bool more) {
    if (tls_) return encrypt(parts, ec);
    auto const n = send_now(socket_.native_handle(), parts, more ? MSG_MORE : 0, ec);
    advance(parts, n);
    return n;
}

std::size_t transport::encrypt(write_parts& parts, error_code& ec) {
    std::array<char, tls_engine::record_size> room;
    std::size_t taken = 0;
    for (;;) {
        bool full = false;
        for (auto next = front_record(parts, room); !next.empty() && !full; next = front_record(parts, room)) {
            auto const n = tls_->write(next, ec);
            advance(parts, n);
            taken += n;
            full = ec == asio::error::would_block && tls_->output().size() >= tls_engine::max_waiting;
            if (ec && !full) return taken;
        }
        flush_now(ec);
        if (ec || !full) return taken;
    }
}

asio::awaitable<io_status> transport::wait_writable() { return socket_.async_wait(tcp_socket::wait_write, as_result); }

void transport::hold_back(bool yes) {
    int const value = yes;
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

void transport::say_goodbye() {
    if (!tls_) return;
    tls_->close();
    error_code ignored;  // whoever does not read it is gone
    flush_now(ignored);
}

asio::awaitable<io_outcome> transport::read_raw(asio::mutable_buffer into) { return socket_.async_read_some(into, as_result); }

bool transport::has_unread() {
    error_code ec;
    return socket_.available(ec) > 0 && !ec;
}

void transport::shrink() {
    if (tls_) tls_->shrink();
}

void transport::end_sending() {
    error_code ignored;
    socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

void transport::cancel() {
    error_code ignored;
    socket_.cancel(ignored);
}

void transport::close() {
    error_code ignored;
    socket_.close(ignored);
}

void transport::reset() {
    error_code ignored;
    socket_.set_option(tcp_socket::linger(true, 0), ignored);
    socket_.close(ignored);
}

std::string transport::peer_address() const {
    error_code ec;
    auto const peer = socket_.remote_endpoint(ec);
    return ec ? std::string{} : peer.address().to_string();
}

}  // namespace fjord::net
