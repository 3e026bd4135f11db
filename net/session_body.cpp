#include "net/session_body.hpp"

#include <algorithm>
#include <charconv>

namespace fjord::net {

namespace {

constexpr std::size_t read_room = 16u << 10;
constexpr std::size_t max_framing = 64u << 10;  // a chunk header or trailer that does not end within this is an attack

}  // namespace

session_reader::session_reader(channel& io, request_parser& parser, std::uint64_t limit, bool awaits_continue)
    : io_(io),
      parser_(parser),
      limit_(limit),
      length_(parser.body_left()),
      awaits_continue_(awaits_continue && !parser.body_done()) {}

asio::awaitable<result<std::size_t>> session_reader::read_some(std::span<char> out) {
    if (parser_.body_done() || out.empty()) co_return std::size_t{0};
    if (broken_) co_return fail(errc::unavailable, "the request body has failed before");
    if (awaits_continue_) {
        awaits_continue_ = false;
        auto const told = co_await io_.write_all(asio::buffer(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")));
        if (!told) co_return told.error();
    }
    auto const got = co_await next_piece(out);
    if (!got) {
        broken_ = true;
        co_return got;
    }
    seen_ += *got;
    if (limit_ != 0 && seen_ > limit_) {
        broken_ = true;
        co_return fail(errc::limit_exceeded, "the body is over the limit of " + std::to_string(limit_) + " bytes");
    }
    co_return got;
}

asio::awaitable<result<std::size_t>> session_reader::next_piece(std::span<char> out) {
    for (;;) {
        auto const left = parser_.body_left();
        if (io_.in.data().empty() && left) co_return co_await read_directly(out, *left);
        if (!io_.in.data().empty()) {
            std::size_t written = 0;
            auto const used = parser_.put_body(io_.in.data(), out, written);
            if (!used) co_return used;
            io_.in.consume(*used);
            if (written > 0 || parser_.body_done()) co_return written;
            if (io_.in.data().size() > max_framing)
                co_return fail(errc::invalid_argument, "malformed request body: endless chunk header");
        }
        auto const got = co_await io_.fill(read_room);
        if (!got) co_return got;
        if (*got == 0) co_return fail(errc::unavailable, "the client closed the connection in the middle of the body");
    }
}

// Content-Length framing with nothing buffered: the bytes need no second copy.
asio::awaitable<result<std::size_t>> session_reader::read_directly(std::span<char> out, std::uint64_t left) {
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left)));
    auto const got = co_await io_.read_into(out);
    if (!got) co_return got;
    if (*got == 0) {
        co_return fail(errc::unavailable,
                       "the client closed the connection " + std::to_string(left) + " bytes before the body's end");
    }
    std::size_t written = 0;
    auto const counted = parser_.put_body({out.data(), *got}, out, written);
    if (!counted) co_return counted;
    co_return *got;
}

bool session_reader::can_continue(std::uint64_t max_rest) const {
    if (parser_.body_done()) return true;
    if (broken_ || awaits_continue_) return false;
    auto const left = parser_.body_left();
    return left && *left <= max_rest;
}

asio::awaitable<result<void>> session_reader::discard() {
    std::vector<char> waste(
        std::min<std::size_t>(read_room, static_cast<std::size_t>(parser_.body_left().value_or(read_room)) + 1));
    while (!parser_.body_done()) {
        auto const got = co_await next_piece(waste);
        if (!got) co_return got.error();
    }
    co_return result<void>{};
}

session_writer::session_writer(channel& io, body_plan const& plan, std::string head)
    : io_(io), plan_(plan), head_(std::move(head)) {}

result<void> session_writer::account(std::uint64_t n) {
    written_ += n;
    if (plan_.length && written_ > *plan_.length) {
        return fail(errc::internal,
                    "a handler produced more than the " + std::to_string(*plan_.length) + " bytes it had declared");
    }
    return {};
}

// What goes before n body bytes: the head if it is still here, and the chunk size.
std::string session_writer::prefix(std::uint64_t n) {
    std::string out = std::exchange(head_, {});
    if (!plan_.chunked) return out;
    char digits[20];
    auto const end = std::to_chars(digits, digits + sizeof digits, n, 16).ptr;
    out.append(digits, end).append("\r\n");
    return out;
}

asio::awaitable<result<void>> session_writer::write(std::string_view bytes) {
    if (bytes.empty()) co_return co_await flush();
    if (auto ok = account(bytes.size()); !ok) co_return ok;
    auto const before = prefix(bytes.size());
    std::string_view const after = plan_.chunked ? "\r\n" : "";
    co_return co_await io_.write_all(asio::buffer(before), asio::buffer(bytes), asio::buffer(after));
}

asio::awaitable<result<void>> session_writer::write_file(int fd, std::uint64_t offset, std::uint64_t length) {
    if (length == 0) co_return co_await flush();
    if (auto ok = account(length); !ok) co_return ok;
    auto const before = prefix(length);
    if (auto ok = co_await io_.send_file(asio::buffer(before), fd, offset, length); !ok) co_return ok;
    if (!plan_.chunked) co_return result<void>{};
    co_return co_await io_.write_all(asio::buffer(std::string_view("\r\n")));
}

asio::awaitable<result<void>> session_writer::flush() {
    auto const head = std::exchange(head_, {});
    co_return co_await io_.write_all(asio::buffer(head));
}

asio::awaitable<result<void>> session_writer::finish() {
    if (plan_.length && written_ < *plan_.length) {
        co_return fail(errc::internal, "a handler produced " + std::to_string(written_) + " of the " +
                                           std::to_string(*plan_.length) + " bytes it had declared");
    }
    if (auto ok = co_await flush(); !ok) co_return ok;
    if (!plan_.chunked) co_return result<void>{};
    co_return co_await io_.write_all(asio::buffer(std::string_view("0\r\n\r\n")));
}

}  // namespace fjord::net
