#pragma once
// TLS of one connection apart from its socket (RFC 8446, RFC 5246): ciphertext in, ciphertext out. asio's ssl::stream hands over
// one record per system call; here many records leave in one send. Server side. One thread at a time; on a context that one
// thread runs, the memory that ciphertext leaves from is shared by all its engines, so an idle connection holds little.
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;
struct bio_st;

namespace fjord::net {

class tls_engine {
public:
    static constexpr std::size_t record_size = 16u << 10;   // most plaintext in one record (RFC 8446 section 5.1)
    static constexpr std::size_t max_waiting = 256u << 10;  // ciphertext; write() takes no more while so much waits

    explicit tls_engine(ssl_ctx_st* context);  // throws std::bad_alloc
    ~tls_engine();
    tls_engine(tls_engine const&) = delete;
    tls_engine& operator=(tls_engine const&) = delete;

    // Each goes as far as it can and may leave ciphertext in output(), also when it fails (alerts). would_block: more input is
    // needed, or, for write(), output() has to be sent first.
    boost::system::error_code handshake();
    // eof: the peer has said close_notify. stream_truncated (asio.ssl.stream): the connection ended without it.
    std::size_t read(std::span<char> into, boost::system::error_code& ec);
    std::size_t write(std::string_view bytes, boost::system::error_code& ec);
    void close() noexcept;  // close_notify; nothing can be written afterwards

    boost::asio::mutable_buffer input_room();  // where ciphertext is to be received; valid until the next call of anything here
    void commit_input(std::size_t n);
    void end_input() noexcept { ended_ = true; }  // the peer will send no more

    std::string_view output() const noexcept { return {out_.data() + sent_, out_.size() - sent_}; }
    void consume_output(std::size_t n);

    void shrink();  // gives memory back after a large body

private:
    friend struct tls_engine_bio;
    struct ssl_deleter {
        void operator()(ssl_st* ssl) const noexcept;
    };
    boost::system::error_code failure(int returned);
    std::size_t take(char* into, std::size_t n) noexcept;
    void put(char const* bytes, std::size_t n);

    std::unique_ptr<ssl_st, ssl_deleter> ssl_;
    std::vector<char> in_;
    std::size_t begin_ = 0, end_ = 0;  // what of in_ was received and not read yet
    std::vector<char> out_;
    std::size_t sent_ = 0;
    bool ended_ = false;
};

}  // namespace fjord::net
