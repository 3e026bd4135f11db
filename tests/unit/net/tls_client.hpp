#pragma once
// A TLS client that does exactly what it is told: small windows, key updates, vanishing. Blocking, five seconds at most per read.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fjord::net::test {

class tls_client {
public:
    explicit tls_client(std::uint16_t port, int max_version = TLS1_3_VERSION, int receive_buffer = 0)
        : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        SSL_CTX_set_max_proto_version(context_.get(), max_version);
        if (receive_buffer) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        timeval const limit{5, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("connect");
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), fd_);
        if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error("TLS handshake");
    }
    ~tls_client() {
        ssl_.reset();
        if (fd_ >= 0) ::close(fd_);
    }
    tls_client(tls_client const&) = delete;
    tls_client& operator=(tls_client const&) = delete;

    bool send(std::string_view bytes) {
        return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
    }
    // Up to `most` bytes, less only when the peer ended.
    std::string read(std::size_t most) {
        std::string out;
        char piece[16384];
        while (out.size() < most) {
            ERR_clear_error();
            auto const n = SSL_read(ssl_.get(), piece, static_cast<int>(std::min(sizeof piece, most - out.size())));
            if (n <= 0) {
                ended_by_ = SSL_get_error(ssl_.get(), n);
                break;
            }
            out.append(piece, static_cast<std::size_t>(n));
        }
        return out;
    }
    std::string read_until(std::string_view end) {
        std::string out;
        while (out.find(end) == std::string::npos) {
            auto const more = read(1);
            if (more.empty()) break;
            out += more;
        }
        return out;
    }
    bool heard_goodbye() const { return ended_by_ == SSL_ERROR_ZERO_RETURN; }  // the last read met close_notify
    void say_goodbye() { SSL_shutdown(ssl_.get()); }
    bool update_keys() { return SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(ssl_.get()) == 1; }
    bool renegotiate() { return SSL_renegotiate(ssl_.get()) == 1 && SSL_do_handshake(ssl_.get()) == 1; }
    void vanish() {  // RST
        linger const now{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        ::close(std::exchange(fd_, -1));
    }
    void end_without_goodbye() { ::shutdown(fd_, SHUT_WR); }

private:
    struct ssl_free {
        void operator()(SSL* s) const noexcept { SSL_free(s); }
    };
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, ssl_free> ssl_;
    int fd_;
    int ended_by_ = SSL_ERROR_NONE;
};

}  // namespace fjord::net::test
