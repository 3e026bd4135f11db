#include "net/channel.hpp"

#include "net/resident.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fjord::net {

namespace {

constexpr std::size_t first_capacity = 4u << 10;
constexpr std::size_t kept_capacity = 16u << 10;
constexpr std::size_t longest_turn = 4u << 20;        // bytes moved without a wait; then others on this context get theirs
constexpr std::uint64_t sendfile_slice = 512u << 10;  // per call: longer ones were slower, the peer begins to read later
constexpr std::size_t copied_slice = 128u << 10;
constexpr std::size_t copied_ahead = 2u << 20;  // asked of the disk when a slice is not in memory

// Holds short packets back while a long file is sent: measured with 1 GiB on loopback, a third less time.
class long_send {
public:
    long_send(transport& link, std::uint64_t length) : link_(length >= worth_holding_back ? &link : nullptr) {
        if (link_) link_->hold_back(true);
    }
    ~long_send() {
        if (link_) link_->hold_back(false);
    }
    long_send(long_send const&) = delete;
    long_send& operator=(long_send const&) = delete;

private:
    static constexpr std::uint64_t worth_holding_back = 256u << 10;
    transport* link_;
};

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
    ++in_io_;
    if (stall_counts_) until_ = std::min(outer_, time.steady() + stall_);
}

void channel::end_io() {
    --in_io_;
    // Bytes moved one way keep the other way's wait alive.
    until_ = in_io_ > 0 && stall_counts_ ? std::min(outer_, time.steady() + stall_) : outer_;
}

channel::expiry channel::expire_if_due(steady_time now) {
    if (now < until_) return expiry::none;
    until_ = outer_ = steady_time::max();
    expired_ = true;
    if (in_io_ == 0) return expiry::owner_must_act;
    link.cancel();
    return expiry::io_cancelled;
}

error channel::failure(boost::system::error_code const& ec) const {
    if (expired_) return fail(errc::timed_out, "the client moved no byte for too long");
    if (ec == asio::error::operation_aborted) return fail(errc::cancelled, "the connection was ended by the server");
    return fail(errc::unavailable, "the client is gone: " + ec.message());
}

asio::mutable_buffer channel::begin_fill(std::size_t room) {
    begin_io();
    return in.prepare(room);
}

result<std::size_t> channel::taken(io_outcome const& outcome) const {
    auto const& [ec, n] = outcome;
    if (ec == asio::error::eof || ec == asio::ssl::error::stream_truncated) return std::size_t{0};
    if (ec) return failure(ec);
    return n;
}

result<std::size_t> channel::end_fill(io_outcome const& outcome) {
    end_io();
    auto const got = taken(outcome);
    if (got) in.commit(*got);
    return got;
}

asio::awaitable<result<std::size_t>> channel::fill(std::size_t room) {
    auto const into = in.prepare(room);
    auto const got = co_await read_into({static_cast<char*>(into.data()), into.size()});
    if (got) in.commit(*got);
    co_return got;
}

asio::awaitable<result<std::size_t>> channel::read_into(std::span<char> into) {
    asio::mutable_buffer const room(into.data(), into.size());
    if (read_at_once_ < longest_turn) {
        boost::system::error_code ec;
        auto const n = link.read_now(room, ec);
        read_at_once_ += n;
        if (ec != asio::error::would_block) co_return taken(io_outcome(ec, n));
    }
    read_at_once_ = 0;
    io_scope const waiting(*this);
    auto const outcome = co_await link.read_some(room);
    co_return taken(outcome);
}

asio::awaitable<result<void>> channel::wait_writable() {
    io_scope const waiting(*this);
    auto const [ec] = co_await link.wait_writable();
    if (ec) co_return failure(ec);
    co_return result<void>{};
}

result<bool> channel::write_now(write_parts& parts, bool more) {
    boost::system::error_code ec;
    sent += link.write_now(parts, ec, more);
    if (ec && ec != asio::error::would_block) return failure(ec);
    return !ec;
}

asio::awaitable<result<void>> channel::finish_write(write_parts parts, bool more) {
    for (;;) {
        auto const ready = co_await wait_writable();
        if (!ready) co_return ready;
        auto const all = write_now(parts, more);
        if (!all) co_return all.error();
        if (*all) co_return result<void>{};
    }
}

asio::awaitable<result<void>> channel::write_all(asio::const_buffer a, asio::const_buffer b, asio::const_buffer c, bool more) {
    write_parts parts = {a, b, c};
    auto const all = write_now(parts, more);
    if (!all) co_return all.error();
    if (*all) co_return result<void>{};
    co_return co_await finish_write(parts, more);
}

asio::awaitable<result<void>> channel::send_file(asio::const_buffer head, int fd, std::uint64_t offset, std::uint64_t length) {
    file_part const file{fd, offset, length};
    write_parts const first = {head};
    if (link.is_tls()) co_return co_await send_file_copied(first, file);
    auto const led = co_await write_all(head, {}, {}, length > 0);
    if (!led) co_return led;
    co_return co_await send_file_plain(file);
}

result<std::uint64_t> channel::send_file_now(int fd, std::uint64_t offset, std::uint64_t length) {
    auto const resident = resident_length(fd, offset, std::min(length, sendfile_slice));
    if (resident == 0) return std::uint64_t{0};
    auto at = static_cast<off_t>(offset);
    auto const n = ::sendfile(link.native_handle(), fd, &at, static_cast<std::size_t>(std::min(resident, sendfile_slice)));
    if (n < 0 && errno != EAGAIN && errno != EINTR) return failure({errno, boost::system::system_category()});
    auto const moved = n > 0 ? static_cast<std::uint64_t>(n) : 0;
    sent += moved;
    return moved;
}

asio::awaitable<result<void>> channel::send_file_plain(file_part file) {
    long_send const corked(link, file.length);
    auto at = static_cast<off_t>(file.offset);
    std::uint64_t resident = 0;
    std::size_t turn = 0;
    while (file.length > 0) {
        auto const window = std::min<std::uint64_t>(file.length, longest_turn);
        if (resident == 0) resident = resident_length(file.fd, static_cast<std::uint64_t>(at), window);
        if (resident == 0) {
            auto load = [fd = file.fd, at, window]() -> result<void> {
                make_resident(fd, static_cast<std::uint64_t>(at), window);
                return {};
            };
            if (auto const loaded = co_await on_pool(pool_, std::move(load)); !loaded) co_return loaded;
            resident = window;
        }
        auto const slice = std::min({resident, file.length, sendfile_slice});
        auto const n = ::sendfile(link.native_handle(), file.fd, &at, static_cast<std::size_t>(slice));
        if (n == 0) co_return short_file(file.length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno != EAGAIN) co_return failure({errno, boost::system::system_category()});
        if (n > 0) {
            auto const moved = static_cast<std::size_t>(n);
            file.length -= moved;
            resident -= moved;
            sent += moved;
            turn += moved;
            if (turn < longest_turn || file.length == 0) continue;
        }
        turn = 0;
        if (auto const ready = co_await wait_writable(); !ready) co_return ready;
    }
    co_return result<void>{};
}

// Reads what is in memory here and the rest on the pool.
asio::awaitable<result<void>> channel::send_file_copied(write_parts head, file_part file) {
    long_send const corked(link, file.length);
    auto const slice = static_cast<std::size_t>(std::min<std::uint64_t>(file.length, copied_slice));
    auto const room = std::make_unique_for_overwrite<char[]>(slice);
    std::size_t turn = 0;
    while (file.length > 0) {
        auto const want = static_cast<std::size_t>(std::min<std::uint64_t>(file.length, slice));
        iovec const into{room.get(), want};
        auto n = ::preadv2(file.fd, &into, 1, static_cast<off_t>(file.offset), RWF_NOWAIT);
        if (n < 0) {
            auto load = [file, into]() -> result<ssize_t> {
                (void)::readahead(file.fd, static_cast<off_t>(file.offset), copied_ahead);
                auto const got = ::pread(file.fd, into.iov_base, into.iov_len, static_cast<off_t>(file.offset));
                if (got < 0) return error_from_errno(errno, "reading a file to send");
                return got;
            };
            auto const got = co_await on_pool(pool_, std::move(load));
            if (!got) co_return got.error();
            n = *got;
        }
        if (n == 0) co_return short_file(file.length);
        file.offset += static_cast<std::uint64_t>(n);
        file.length -= static_cast<std::uint64_t>(n);
        turn += static_cast<std::size_t>(n);
        write_parts parts = {head[0], asio::buffer(room.get(), static_cast<std::size_t>(n))};
        head = {};
        auto const all = write_now(parts);
        if (!all) co_return all.error();
        if (*all && turn < longest_turn) continue;
        turn = 0;
        if (auto const written = co_await finish_write(parts); !written) co_return written;
    }
    if (head[0].size() > 0) co_return co_await write_all(head[0]);
    co_return result<void>{};
}

}  // namespace fjord::net
