#include "net/channel.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fjord::net {

namespace {

constexpr std::size_t first_capacity = 4u << 10;
constexpr std::size_t kept_capacity = 16u << 10;
constexpr std::size_t sendfile_slice = 1u << 20;
constexpr std::size_t sendfile_turn = 4u << 20;  // then others on this context get theirs
constexpr std::size_t copied_slice = 256u << 10;

void advance(write_parts& parts, std::size_t n) {
    for (auto& part : parts) {
        auto const step = std::min(n, part.size());
        part += step;
        n -= step;
    }
}

error short_file(std::uint64_t missing) {
    return fail(errc::corrupt, "the file ended " + std::to_string(missing) + " bytes before its recorded size");
}

}  // namespace

void input_buffer::consume(std::size_t n) noexcept {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
}

asio::mutable_buffer input_buffer::prepare(std::size_t n) {
    if (bytes_.size() - end_ < n && begin_ > 0) {
        std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (bytes_.size() - end_ < n) bytes_.resize(std::max(end_ + n, first_capacity));
    return {bytes_.data() + end_, bytes_.size() - end_};
}

void input_buffer::shrink() {
    if (begin_ == end_ && bytes_.size() > kept_capacity) bytes_ = {};
}

channel::channel(transport l, clock& t, std::chrono::seconds stall, blocking_pool& pool)
    : link(std::move(l)), time(t), stall_(stall), pool_(pool) {}

void channel::limit_until(steady_time when) noexcept {
    stall_counts_ = false;
    outer_ = until_ = when;
}

void channel::limit_stalls(steady_time outer) noexcept {
    stall_counts_ = true;
    outer_ = until_ = outer;
}

void channel::begin_io() {
    expired_ = false;
    in_io_ = true;
    if (stall_counts_) until_ = std::min(outer_, time.steady() + stall_);
}

void channel::end_io() {
    in_io_ = false;
    until_ = outer_;
}

channel::expiry channel::expire_if_due(steady_time now) {
    if (now < until_) return expiry::none;
    until_ = outer_ = steady_time::max();
    expired_ = true;
    if (!in_io_) return expiry::owner_must_act;
    link.cancel();
    return expiry::io_cancelled;
}

error channel::failure(boost::system::error_code const& ec) const {
    if (expired_) return fail(errc::timed_out, "the client moved no byte for too long");
    if (ec == asio::error::operation_aborted) return fail(errc::cancelled, "the connection was ended by the server");
    return fail(errc::unavailable, "the client is gone: " + ec.message());
}

asio::awaitable<result<std::size_t>> channel::fill(std::size_t room) {
    auto const into = in.prepare(room);
    auto const got = co_await read_into({static_cast<char*>(into.data()), into.size()});
    if (got) in.commit(*got);
    co_return got;
}

asio::awaitable<result<std::size_t>> channel::read_into(std::span<char> into) {
    begin_io();
    auto const [ec, n] = co_await link.read_some(asio::buffer(into.data(), into.size()));
    end_io();
    if (ec == asio::error::eof || ec == asio::ssl::error::stream_truncated) co_return std::size_t{0};
    if (ec) co_return failure(ec);
    co_return n;
}

asio::awaitable<result<void>> channel::write_all(asio::const_buffer a, asio::const_buffer b, asio::const_buffer c) {
    write_parts parts = {a, b, c};
    while (asio::buffer_size(parts) > 0) {
        begin_io();
        auto const [ec, n] = co_await link.write_some(parts);
        end_io();
        if (ec) co_return failure(ec);
        sent += n;
        advance(parts, n);
    }
    co_return result<void>{};
}

asio::awaitable<result<void>> channel::send_file(int fd, std::uint64_t offset, std::uint64_t length) {
    return link.is_tls() ? send_file_copied(fd, offset, length) : send_file_plain(fd, offset, length);
}

asio::awaitable<result<void>> channel::send_file_plain(int fd, std::uint64_t offset, std::uint64_t length) {
    auto at = static_cast<off_t>(offset);
    std::size_t turn = 0;
    while (length > 0) {
        auto const slice = static_cast<std::size_t>(std::min<std::uint64_t>(length, sendfile_slice));
        auto const n = ::sendfile(link.native_handle(), fd, &at, slice);
        if (n == 0) co_return short_file(length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno != EAGAIN) co_return failure({errno, boost::system::system_category()});
        if (n > 0) {
            auto const moved = static_cast<std::size_t>(n);
            length -= moved;
            sent += moved;
            turn += moved;
            if (turn < sendfile_turn || length == 0) continue;
        }
        turn = 0;
        begin_io();
        auto const [ec] = co_await link.wait_writable();
        end_io();
        if (ec) co_return failure(ec);
    }
    co_return result<void>{};
}

asio::awaitable<result<void>> channel::send_file_copied(int fd, std::uint64_t offset, std::uint64_t length) {
    std::vector<char> slice(static_cast<std::size_t>(std::min<std::uint64_t>(length, copied_slice)));
    while (length > 0) {
        auto const want = static_cast<std::size_t>(std::min<std::uint64_t>(length, slice.size()));
        auto read = [fd, offset, want, to = slice.data()]() -> result<std::size_t> {
            auto const n = ::pread(fd, to, want, static_cast<off_t>(offset));
            if (n < 0) return error_from_errno(errno, "reading a file to send");
            return static_cast<std::size_t>(n);
        };
        auto const got = co_await on_pool(pool_, std::move(read));
        if (!got) co_return got.error();
        if (*got == 0) co_return short_file(length);
        auto const sent_now = co_await write_all(asio::buffer(slice.data(), *got));
        if (!sent_now) co_return sent_now;
        offset += *got;
        length -= *got;
    }
    co_return result<void>{};
}

}  // namespace fjord::net
