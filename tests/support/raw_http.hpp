#pragma once
// A blocking HTTP/1.1 client on a plain loopback socket that can write a body and read the answer at the same time, which
// ordinary clients do not do. For streams of lines in tests and benchmarks. One thread may send while another receives.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

namespace fjord::test {

class raw_http {
public:
    explicit raw_http(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) end();
    }
    ~raw_http() { end(); }
    raw_http(raw_http const&) = delete;
    raw_http& operator=(raw_http const&) = delete;

    bool connected() const { return fd_ >= 0; }

    // False: the peer is gone.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            auto const n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    bool send_chunk(std::string_view bytes) {
        char size[24];
        auto const n = std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
        return send({size, static_cast<std::size_t>(n)}) && send(bytes) && send("\r\n");
    }
    bool send_last_chunk() { return send("0\r\n\r\n"); }

    // The status; 0: the peer is gone. The head is kept.
    unsigned read_head() {
        for (;;) {
            auto end = in_.find("\r\n\r\n");
            if (end == std::string::npos) {
                if (!fill()) return 0;
                continue;
            }
            head = in_.substr(0, end + 2);
            in_.erase(0, end + 4);
            auto const status = static_cast<unsigned>(std::strtoul(head.c_str() + 9, nullptr, 10));
            if (status != 100) return status;
        }
    }
    // The body as it comes. False: it was cut.
    bool read_body(std::function<void(std::string_view)> const& take) {
        auto const chunked = head.find("ransfer-Encoding: chunked") != std::string::npos;
        if (!chunked) {
            auto const at = head.find("ontent-Length: ");
            return at == std::string::npos || exactly(std::strtoull(head.c_str() + at + 15, nullptr, 10), take);
        }
        for (;;) {
            auto const end = in_.find("\r\n");
            if (end == std::string::npos) {
                if (!fill()) return false;
                continue;
            }
            auto const size = std::strtoull(in_.c_str(), nullptr, 16);
            in_.erase(0, end + 2);
            auto drop = [](std::string_view) {};
            if (size > 0 && !exactly(size, take)) return false;
            if (!exactly(2, drop)) return false;
            if (size == 0) return true;
        }
    }
    std::string body() {
        std::string out;
        read_body([&out](std::string_view piece) { out += piece; });
        return out;
    }

    void hang_up() { ::shutdown(fd_, SHUT_RDWR); }  // any thread; both sides of the other calls end

    std::string head;

private:
    bool fill() {
        char room[64 << 10];
        auto const n = fd_ < 0 ? 0 : ::recv(fd_, room, sizeof room, 0);
        if (n > 0) in_.append(room, static_cast<std::size_t>(n));
        return n > 0;
    }
    bool exactly(std::size_t n, std::function<void(std::string_view)> const& take) {
        while (n > 0) {
            if (in_.empty() && !fill()) return false;
            auto const some = std::min(n, in_.size());
            take(std::string_view(in_).substr(0, some));
            in_.erase(0, some);
            n -= some;
        }
        return true;
    }
    void end() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

    int fd_;
    std::string in_;
};

// Gives whole lines from pieces.
class line_splitter {
public:
    explicit line_splitter(std::function<void(std::string_view)> take) : take_(std::move(take)) {}
    void operator()(std::string_view piece) {
        rest_ += piece;
        std::size_t at = 0;
        for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', at)) {
            take_(std::string_view(rest_).substr(at, end - at));
            at = end + 1;
        }
        rest_.erase(0, at);
    }

private:
    std::function<void(std::string_view)> take_;
    std::string rest_;
};

}  // namespace fjord::test
