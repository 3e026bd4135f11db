#include "net/tls_context.hpp"

#include <openssl/ssl.h>

namespace fjord::net {

namespace {

constexpr unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// A client that offers only other protocols is told so (RFC 7301 section 3.2); one that offers none gets HTTP/1.1.
int select_protocol(SSL*, unsigned char const** out, unsigned char* out_size, unsigned char const* offered, unsigned size,
                    void*) {
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, http_1_1, sizeof http_1_1, offered, size) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

error bad_file(std::string_view what, std::string const& file, boost::system::error_code const& ec) {
    return fail(errc::invalid_argument, "TLS " + std::string(what) + " " + file + ": " + ec.message());
}

}  // namespace

result<std::shared_ptr<asio::ssl::context>> load_tls(tls_files const& files) {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    auto* native = context->native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // 10,000 idle sessions would hold 340 MB otherwise
    SSL_CTX_set_alpn_select_cb(native, select_protocol, nullptr);
    boost::system::error_code ec;
    context->use_certificate_chain_file(files.certificate, ec);
    if (ec) return bad_file("certificate", files.certificate, ec);
    context->use_private_key_file(files.key, asio::ssl::context::pem, ec);
    if (ec) return bad_file("key", files.key, ec);
    if (SSL_CTX_check_private_key(native) != 1) {
        return fail(errc::invalid_argument, "TLS key " + files.key + " does not belong to certificate " + files.certificate);
    }
    return context;
}

}  // namespace fjord::net
