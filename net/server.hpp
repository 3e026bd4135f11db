#pragma once
// The HTTP/1.1 server of broker, door and cache. SO_REUSEPORT listener per context; keep-alive, pipelining, chunked bodies,
// 100-continue, ranges by the handlers, problem+json errors, access log, graceful stop. TLS 1.2/1.3 with hot reload.
// Refused before any handler: heads over 64 KiB (431), both Content-Length and Transfer-Encoding (400), bad paths (400),
// missing or duplicate Host (400), tokens on plain listeners unless tokens_over_http (400), tokens in the query (400).
#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "net/router.hpp"
#include "net/runtime.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fjord::net {

struct tls_files {
    std::string certificate;  // PEM, leaf first
    std::string key;          // PEM
};

struct server_options {
    std::vector<std::string> listen;  // "https://127.0.0.1:8443", "http://[::1]:0"; port 0 = any free one
    tls_files tls;
    bool tokens_over_http = false;  // accept Authorization on plain listeners (behind a TLS proxy, or to measure)
    bool trust_forwarded = false;   // use Forwarded / X-Forwarded-* for base_url
    std::size_t max_head = 64u << 10;
    std::size_t max_connections = 10'000;    // per process; beyond: accepted and answered 503
    std::chrono::seconds head_timeout{15};   // from first byte of a head to its end
    std::chrono::seconds idle_timeout{75};   // between requests
    std::chrono::seconds stall_timeout{30};  // no byte moved in a body, either way
    std::string server_name = "fjord";       // Server field
    bool access_log = true;
};

struct bound_endpoint {
    std::string url;  // "https://127.0.0.1:43211"
    std::uint16_t port = 0;
    bool tls = false;
};

class http_server {
public:
    // The runtime, router, registry and clock must outlive the server.
    http_server(io_runtime& runtime, server_options options, router const& routes, metrics_registry& metrics, clock& time);
    ~http_server();

    // Binds all listeners and begins to accept. errc::invalid_argument (bad URL, bad certificate), errc::unavailable (port
    // taken).
    result<void> start();
    std::vector<bound_endpoint> const& endpoints() const noexcept;

    // Reads certificate and key again; sessions that exist keep theirs. On failure the old ones stay in use.
    result<void> reload_tls();

    // Stops accepting, lets requests in flight finish until `grace` has passed, then closes what is left. Blocks; call it
    // from a thread that runs no context. Returns the number of requests that had to be cut.
    std::size_t stop(std::chrono::milliseconds grace);

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace fjord::net
