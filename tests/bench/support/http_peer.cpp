#include "tests/bench/support/http_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace fjord::bench {

namespace {

constexpr std::size_t room_size = 1u << 20;

[[noreturn]] void give_up(std::string const& why) {
    std::fprintf(stderr, "bench: %s\n", why.c_str());
    std::exit(1);
}

std::uint64_t length_in(std::string_view head) {
    auto const at = head.find("ontent-Length: ");  // both cases of its first letter
    return at == std::string_view::npos ? 0 : std::strtoull(head.data() + at + 15, nullptr, 10);
}

}  // namespace

http_peer::http_peer(int port, bool tls)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), room_(std::make_unique_for_overwrite<char[]>(room_size)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) give_up("cannot connect");
    if (!tls) return;
    context_ = SSL_CTX_new(TLS_client_method());
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd_);
    if (SSL_connect(ssl_) != 1) give_up("the TLS handshake failed");
}

http_peer::~http_peer() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    ::close(fd_);
}

void http_peer::send(char const* bytes, std::size_t n) {
    while (n > 0) {
        auto const done = ssl_ ? SSL_write(ssl_, bytes, static_cast<int>(n)) : ::send(fd_, bytes, n, MSG_NOSIGNAL);
        if (done <= 0) give_up("the server does not take the request");
        bytes += done;
        n -= static_cast<std::size_t>(done);
    }
}

std::size_t http_peer::receive(char* room, std::size_t n, bool drop) {
    auto const got = ssl_ ? SSL_read(ssl_, room, static_cast<int>(n)) : ::recv(fd_, room, n, drop ? MSG_TRUNC : 0);
    if (got <= 0) give_up("the answer was cut");
    return static_cast<std::size_t>(got);
}

std::uint64_t http_peer::read_head(std::uint64_t& early) {
    std::string text;
    for (;;) {
        auto const end = text.find("\r\n\r\n");
        if (end == std::string::npos) {
            text.append(room_.get(), receive(room_.get(), 64u << 10, false));
            continue;
        }
        auto const head = text.substr(0, end);
        text.erase(0, end + 4);
        if (head.starts_with("HTTP/1.1 100")) continue;
        if (!head.starts_with("HTTP/1.1 2")) give_up("the server answered: " + head.substr(0, head.find('\r')) + " " + text);
        early = text.size();
        return length_in(head);
    }
}

std::uint64_t http_peer::ask(std::string const& head, std::string const& body) {
    auto const request = head + "\r\n" + body;
    send(request.data(), request.size());
    std::uint64_t have = 0;
    auto const length = read_head(have);
    while (have < length)
        have += receive(room_.get(), static_cast<std::size_t>(std::min<std::uint64_t>(room_size, length - have)), true);
    return length;
}

void http_peer::put(std::string const& head, int file, std::uint64_t size) {
    auto const request = head + "Content-Length: " + std::to_string(size) + "\r\n\r\n";
    send(request.data(), request.size());
    off_t at = 0;
    while (static_cast<std::uint64_t>(at) < size) {
        if (!ssl_) {
            if (::sendfile(fd_, file, &at, size - static_cast<std::uint64_t>(at)) <= 0)
                give_up("the server does not take the body");
            continue;
        }
        auto const n = ::pread(file, room_.get(), room_size, at);
        if (n <= 0) give_up("cannot read the file to send");
        send(room_.get(), static_cast<std::size_t>(n));
        at += n;
    }
    std::uint64_t have = 0;
    auto const length = read_head(have);
    while (have < length) have += receive(room_.get(), static_cast<std::size_t>(length - have), false);
}

}  // namespace fjord::bench
