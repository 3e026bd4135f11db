#pragma once
// A connection with its time limits: every read and write goes through here, so that each one has a deadline.
// No timer per operation: the owner calls expire_if_due() a few times a second. Owner context only.
#include "base/clock.hpp"
#include "base/pool.hpp"
#include "net/transport.hpp"

#include <string_view>
#include <vector>

namespace fjord::net {

// Bytes that were received and not used up yet.
class input_buffer {
public:
    std::string_view data() const noexcept { return {bytes_.data() + begin_, end_ - begin_}; }
    void consume(std::size_t n) noexcept;
    asio::mutable_buffer prepare(std::size_t n);  // room for n bytes
    void commit(std::size_t n) noexcept { end_ += n; }
    void shrink();  // gives memory back when it is empty and large

private:
    std::vector<char> bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

class channel {
public:
    channel(transport link, clock& time, std::chrono::seconds stall, blocking_pool& pool);

    // One read of bytes into the buffer, or straight to `into`. 0: the peer has closed. errc::timed_out, errc::unavailable.
    asio::awaitable<result<std::size_t>> fill(std::size_t room);
    asio::awaitable<result<std::size_t>> read_into(std::span<char> into);
    // errc::timed_out when no byte moves, errc::unavailable when the peer is gone. `more`: bytes follow at once.
    asio::awaitable<result<void>> write_all(asio::const_buffer a, asio::const_buffer b = {}, asio::const_buffer c = {},
                                            bool more = false);
    // What the connection takes without waiting, from the front of `parts`; true when nothing is left to do, else finish_write().
    result<bool> write_now(write_parts& parts, bool more = false);
    asio::awaitable<result<void>> finish_write(write_parts parts, bool more = false);
    // [offset, offset + length) of a file, behind `head`: by sendfile on plain connections, in batches of records on TLS. What is
    // not in memory is read on the pool. errc::corrupt when the file is shorter than asked.
    asio::awaitable<result<void>> send_file(asio::const_buffer head, int fd, std::uint64_t offset, std::uint64_t length);

    // As much as leaves without waiting, for disk or peer, of a file that follows what was written; plain connections only.
    result<std::uint64_t> send_file_now(int fd, std::uint64_t offset, std::uint64_t length);

    // For a reader that does without fill(): room, then what the read of it gave.
    asio::mutable_buffer begin_fill(std::size_t room);
    result<std::size_t> end_fill(io_outcome const& outcome);

    // Everything from here on ends at `when`, however bytes trickle: a handshake, a head, the wait for one.
    void limit_until(steady_time when) noexcept;
    // Each read and write ends when it stalls, and all ends at `outer` (steady_time::max(): never): a handler, a body.
    void limit_stalls(steady_time outer) noexcept;
    enum class expiry { none, io_cancelled, owner_must_act };
    expiry expire_if_due(steady_time now);
    bool expired() const noexcept { return expired_; }

    transport link;
    input_buffer in;
    clock& time;
    std::uint64_t sent = 0;

private:
    void begin_io();
    void end_io();
    struct io_scope {  // a wait may also end by a thrown cancellation
        explicit io_scope(channel& c) : channel_(c) { channel_.begin_io(); }
        ~io_scope() { channel_.end_io(); }
        io_scope(io_scope const&) = delete;
        channel& channel_;
    };
    error failure(boost::system::error_code const& ec) const;
    struct file_part {
        int fd;
        std::uint64_t offset, length;
    };
    asio::awaitable<result<void>> send_file_plain(file_part file);
    asio::awaitable<result<void>> send_file_copied(write_parts head, file_part file);
    asio::awaitable<result<void>> wait_writable();
    result<std::size_t> taken(io_outcome const& outcome) const;

    std::chrono::seconds stall_;
    blocking_pool& pool_;
    steady_time outer_ = steady_time::max();
    steady_time until_ = steady_time::max();
    bool stall_counts_ = false;
    int in_io_ = 0;  // reads and writes that wait; a handler may do both at once
    bool expired_ = false;
    std::size_t read_at_once_ = 0;  // since the last wait
};

}  // namespace fjord::net
