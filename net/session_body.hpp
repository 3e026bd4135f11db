#pragma once
// The two directions of one exchange: the request's body as it arrives, the answer's as it leaves.
#include "net/channel.hpp"
#include "net/request_head.hpp"
#include "net/response_head.hpp"

namespace fjord::net {

class session_reader final : public body_reader {
public:
    // limit 0: none. `awaits_continue`: the client holds its body back until told (RFC 9110 section 10.1.1).
    session_reader(channel& io, request_parser& parser, std::uint64_t limit, bool awaits_continue);

    asio::awaitable<result<std::size_t>> read_some(std::span<char> out) override;
    std::optional<std::uint64_t> content_length() const noexcept override { return length_; }

    // Whether the connection can carry another request after this body, given at most `max_rest` bytes to throw away.
    bool can_continue(std::uint64_t max_rest) const;
    bool complete() const { return parser_.body_done(); }
    asio::awaitable<result<void>> discard();

private:
    asio::awaitable<result<std::size_t>> next_piece(std::span<char> out);
    asio::awaitable<result<std::size_t>> read_directly(std::span<char> out, std::uint64_t left);

    channel& io_;
    request_parser& parser_;
    std::uint64_t limit_;
    std::uint64_t seen_ = 0;
    std::optional<std::uint64_t> length_;
    bool awaits_continue_;
    bool broken_ = false;
};

// Adds the framing of `plan`. The head travels with the first bytes.
class session_writer final : public body_writer {
public:
    session_writer(channel& io, body_plan const& plan, std::string head);

    asio::awaitable<result<void>> write(std::string_view bytes) override;
    asio::awaitable<result<void>> write_file(int fd, std::uint64_t offset, std::uint64_t length) override;

    asio::awaitable<result<void>> flush();   // the head alone, when nothing has gone out yet
    asio::awaitable<result<void>> finish();  // errc::internal when fewer bytes came than were promised

private:
    result<void> account(std::uint64_t n);
    std::string prefix(std::uint64_t n);

    channel& io_;
    body_plan plan_;
    std::string head_;
    std::uint64_t written_ = 0;
};

}  // namespace fjord::net
