#pragma once
// A real server on port 0 with time in the test's hand, and a client that says exactly the bytes it is told.
#include "base/metrics.hpp"
#include "net/client.hpp"
#include "net/server.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_tls.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace fjord::net::test {

using namespace fjord::test;

inline server_options plain_options() {
    server_options out;
    out.listen = {"http://127.0.0.1:0"};
    out.access_log = false;
    return out;
}

struct test_server {
    explicit test_server(router r, server_options options = plain_options(), std::size_t contexts = 1)
        : runtime(contexts), routes(std::move(r)), server(runtime, std::move(options), routes, metrics, time) {
        auto const ok = server.start();
        if (!ok) throw std::runtime_error(ok.error().message());
        runtime.start();
    }
    ~test_server() {
        server.stop(std::chrono::milliseconds(0));
        runtime.stop();
    }

    std::string url(std::string_view path, std::size_t endpoint = 0) const {
        return server.endpoints()[endpoint].url + std::string(path);
    }
    std::uint16_t port() const { return server.endpoints()[0].port; }

    manual_clock time;
    metrics_registry metrics;
    io_runtime runtime;
    router routes;
    http_server server;
};

// Waits for something that another thread brings about.
inline bool eventually(std::function<bool()> const& holds) {
    for (int i = 0; i < 1000; ++i) {
        if (holds()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

struct raw_answer {
    unsigned status = 0;
    std::string head;
    std::string body;
    std::string header(std::string_view name) const {
        auto const at = head.find("\r\n" + std::string(name) + ": ");
        if (at == std::string::npos) return {};
        auto const begin = at + name.size() + 4;
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
};

class raw_client {
public:
    explicit raw_client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        timeval const limit{5, 0};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("connect");
    }

    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            auto const n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

    // Reads more into the buffer; false at the end, on an error or after five seconds.
    bool more() {
        char piece[65536];
        auto const n = ::recv(fd_.get(), piece, sizeof piece, 0);
        closed_ = n == 0;
        failed_ = n < 0;
        if (n > 0) buffer_.append(piece, static_cast<std::size_t>(n));
        return n > 0;
    }

    // One answer with Content-Length, or chunked when `body` is left raw until `end` (default: as Content-Length says).
    raw_answer read(bool no_body = false) {
        raw_answer out;
        while (buffer_.find("\r\n\r\n") == std::string::npos) {
            if (!more()) return out;
        }
        auto const end = buffer_.find("\r\n\r\n") + 4;
        out.head = buffer_.substr(0, end);
        buffer_.erase(0, end);
        out.status = static_cast<unsigned>(std::stoul(out.head.substr(9, 3)));
        auto const length = out.header("Content-Length");
        auto const want = no_body || length.empty() ? 0 : std::stoull(length);
        while (buffer_.size() < want && more()) {}
        out.body = buffer_.substr(0, want);
        buffer_.erase(0, want);
        return out;
    }

    std::string read_to_end() {
        while (more()) {}
        return std::exchange(buffer_, {});
    }
    bool read_until(std::string_view text) {
        while (buffer_.find(text) == std::string::npos) {
            if (!more()) return false;
        }
        return true;
    }
    // The peer has closed the connection in an orderly way, and nothing unread is left.
    bool at_end() { return buffer_.empty() && !more() && closed_; }
    bool was_reset() const { return failed_; }
    void half_close() { ::shutdown(fd_.get(), SHUT_WR); }

private:
    unique_fd fd_;
    std::string buffer_;
    bool closed_ = false;
    bool failed_ = false;
};

inline raw_answer exchange_once(std::uint16_t port, std::string_view bytes) {
    raw_client client(port);
    client.send(bytes);
    return client.read();
}

}  // namespace fjord::net::test
