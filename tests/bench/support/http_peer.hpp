#pragma once
// A client that costs as little as a client can: blocking, one connection, bytes of plain answers dropped in the kernel. What is
// measured with it is the server.
#include <cstdint>
#include <memory>
#include <string>

struct ssl_st;
struct ssl_ctx_st;

namespace fjord::bench {

class http_peer {
public:
    // To 127.0.0.1. TLS without looking at the certificate: who serves is known. Each call ends the program with a message when
    // something is not as it should be.
    http_peer(int port, bool tls);
    ~http_peer();
    http_peer(http_peer const&) = delete;
    http_peer& operator=(http_peer const&) = delete;

    // `head`: request line and fields, without the empty line. Gives the length of the answer's body.
    std::uint64_t get(std::string const& head) { return ask(head, {}); }
    // The same with a body, whose length is in the head.
    std::uint64_t ask(std::string const& head, std::string const& body);
    void put(std::string const& head, int file, std::uint64_t size);

private:
    void send(char const* bytes, std::size_t n);
    std::size_t receive(char* room, std::size_t n, bool drop);
    std::uint64_t read_head(std::uint64_t& early);  // the length it tells

    int fd_;
    ssl_ctx_st* context_ = nullptr;
    ssl_st* ssl_ = nullptr;
    std::unique_ptr<char[]> room_;
};

}  // namespace fjord::bench
