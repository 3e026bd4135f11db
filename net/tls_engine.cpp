#include "net/tls_engine.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace fjord::net {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t first_input = 8u << 10;  // a request head with its token
constexpr std::size_t most_input = 256u << 10;
constexpr std::size_t kept_input = 16u << 10;

// Ciphertext is made, sent and forgotten within one turn of a loop, so engines of one thread take turns with one buffer. Only
// what a socket did not take at once stays with its engine.
thread_local std::vector<char> spare_output;

error_code as_ssl_error(unsigned long code) { return {static_cast<int>(code), asio::error::get_ssl_category()}; }

}  // namespace

// The socket as OpenSSL sees it.
struct tls_engine_bio {
    static tls_engine& of(BIO* bio) { return *static_cast<tls_engine*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* into, std::size_t n, std::size_t* done) {
        BIO_clear_retry_flags(bio);
        *done = of(bio).take(into, n);
        if (*done == 0 && !of(bio).ended_) BIO_set_retry_read(bio);
        return *done > 0;
    }
    static int write(BIO* bio, char const* bytes, std::size_t n, std::size_t* done) {
        BIO_clear_retry_flags(bio);
        of(bio).put(bytes, n);
        *done = n;
        return 1;
    }
    static long control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_EOF) return of(bio).ended_ && of(bio).begin_ == of(bio).end_;
        return command == BIO_CTRL_FLUSH;
    }

    static BIO_METHOD const* method() {
        static BIO_METHOD const* const made = [] {
            auto* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "fjord tls_engine");
            if (!m) throw std::bad_alloc();
            BIO_meth_set_read_ex(m, &read);
            BIO_meth_set_write_ex(m, &write);
            BIO_meth_set_ctrl(m, &control);
            return m;
        }();
        return made;
    }
};

void tls_engine::ssl_deleter::operator()(ssl_st* ssl) const noexcept { SSL_free(ssl); }

tls_engine::tls_engine(ssl_ctx_st* context) : ssl_(SSL_new(context)) {
    auto* bio = ssl_ ? BIO_new(tls_engine_bio::method()) : nullptr;
    if (!bio) throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_accept_state(ssl_.get());
}

tls_engine::~tls_engine() = default;

std::size_t tls_engine::take(char* into, std::size_t n) noexcept {
    n = std::min(n, end_ - begin_);
    if (n > 0) std::memcpy(into, in_.data() + begin_, n);
    begin_ += n;
    return n;
}

void tls_engine::put(char const* bytes, std::size_t n) {
    if (out_.capacity() == 0) out_.swap(spare_output);
    out_.insert(out_.end(), bytes, bytes + n);
}

void tls_engine::consume_output(std::size_t n) {
    sent_ += n;
    if (sent_ < out_.size()) return;
    out_.clear();
    sent_ = 0;
    if (spare_output.capacity() < out_.capacity()) spare_output.swap(out_);
    out_ = {};
}

asio::mutable_buffer tls_engine::input_room() {
    bool const filled = end_ == in_.size();  // the last receive took all the room there was: a large body is coming
    if (begin_ == end_) begin_ = end_ = 0;
    if (begin_ > 0 && in_.size() - end_ < record_size) {
        std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (filled) in_.resize(std::max(std::clamp(2 * in_.size(), first_input, most_input), end_ + first_input));
    return {in_.data() + end_, in_.size() - end_};
}

void tls_engine::commit_input(std::size_t n) { end_ += n; }

void tls_engine::shrink() {
    if (begin_ != end_ || in_.size() <= kept_input) return;
    in_ = {};
    begin_ = end_ = 0;
}

error_code tls_engine::failure(int returned) {
    auto const kind = SSL_get_error(ssl_.get(), returned);
    auto const code = ERR_get_error();
    switch (kind) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return asio::error::would_block;
        case SSL_ERROR_ZERO_RETURN:
            return asio::error::eof;
        case SSL_ERROR_SSL:
            if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return asio::ssl::error::stream_truncated;
            return as_ssl_error(code);
        default:
            if (ended_) return asio::ssl::error::stream_truncated;
            return code != 0 ? as_ssl_error(code) : error_code(asio::ssl::error::unexpected_result);
    }
}

error_code tls_engine::handshake() {
    ERR_clear_error();
    auto const done = SSL_do_handshake(ssl_.get());
    return done == 1 ? error_code{} : failure(done);
}

std::size_t tls_engine::read(std::span<char> into, error_code& ec) {
    ec = {};
    std::size_t total = 0;
    while (total < into.size()) {
        std::size_t n = 0;
        ERR_clear_error();
        auto const done = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &n);
        if (done == 1) {
            total += n;
            continue;
        }
        // What came before a failure is delivered first; OpenSSL fails again in the same way at the next call.
        if (total == 0) ec = failure(done);
        break;
    }
    return total;
}

std::size_t tls_engine::write(std::string_view bytes, error_code& ec) {
    ec = {};
    std::size_t total = 0;
    while (total < bytes.size()) {
        if (output().size() >= max_waiting) {
            ec = asio::error::would_block;
            break;
        }
        std::size_t n = 0;
        ERR_clear_error();
        auto const done = SSL_write_ex(ssl_.get(), bytes.data() + total, std::min(bytes.size() - total, record_size), &n);
        if (done != 1) {
            ec = failure(done);
            break;
        }
        total += n;
    }
    return total;
}

void tls_engine::close() noexcept {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

}  // namespace fjord::net
