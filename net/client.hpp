#pragma once
// All outgoing HTTP: libcurl's multi interface driven by its own io_context thread. Call from any context; completions resume
// on the caller's executor. https and http only, no proxy from the environment, no credentials kept over redirects.
//
//   client_request rq; rq.url = "https://site/x"; rq.bearer = token; rq.timeout = 10s;
//   auto rs = co_await client.send(std::move(rq));
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "net/http.hpp"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fjord::net {

// Gives the next bytes of an upload into `out`; 0 at the end. Runs on the caller's executor.
using upload_source = std::function<asio::awaitable<result<std::size_t>>(std::span<char> out)>;

struct url_parts;
// Judges a redirect before anything is sent to `to`; an error ends the exchange with it.
using redirect_judge = std::function<result<void>(url_parts const& from, url_parts const& to)>;
// Judges the address of a connection: when it is made, before its first packet, and when an open one would be used again. So no
// name can lead elsewhere than where it led when it was judged (DNS rebinding). Called on the client's own thread; must not
// block.
using address_judge = std::function<result<void>(url_parts const& to, asio::ip::address const& address)>;

struct client_request {
    std::string method = "GET";
    std::string url;
    header_list headers;
    secret bearer;                               // sent as Authorization: Bearer, to https only (or allow_cleartext_token)
    std::string body;                            // small bodies
    upload_source upload;                        // or a streamed one
    std::optional<std::uint64_t> upload_length;  // unknown: chunked
    bool expect_continue = false;                // send the head first, the body after 100
    std::chrono::milliseconds timeout{30'000};   // whole exchange of send(); head only for open()
    // No byte for so long while the peer should move some (taking the body, sending its own) ends it: errc::timed_out; 0 = never.
    // Waiting for the head is limited by `timeout`, our own pauses by nothing.
    std::chrono::seconds stall{30};
    std::uint64_t max_body = 16u << 20;  // of the answer, for send(); over it: errc::limit_exceeded
    int max_redirects = 0;               // of GET and HEAD; over it: errc::limit_exceeded. Credentials stay with their origin
    // 307 and 308 of all other methods are followed too. A body that the peer has begun to take cannot be sent again:
    // errc::unavailable (so use expect_continue).
    bool redirect_writes = false;
    redirect_judge allow_redirect;  // empty: anywhere
    address_judge allow_address;    // empty: any
};

struct client_response {
    unsigned status = 0;
    header_list headers;
    std::string body;
    std::string final_url;
    bool without_credentials = false;  // redirects led away from the first origin, so the request's token was not sent here
};

// An answer whose body is still arriving. Back-pressure: curl is paused while nobody reads. Destroying it ends the exchange.
class client_stream {
public:
    virtual ~client_stream() = default;
    virtual client_response const& head() const noexcept = 0;  // status and headers; body empty
    // Appends what has arrived (at least one byte) to `out`, up to max; 0 at the end. errc::timed_out, errc::unavailable.
    // A body shorter than its Content-Length is errc::unavailable, never an end.
    virtual asio::awaitable<result<std::size_t>> read_some(std::span<char> out) = 0;
};

struct client_options {
    std::string ca_file;  // PEM bundle; empty: the system's
    std::string user_agent = "fjord";
    std::size_t max_connections_per_host = 64;
    std::chrono::milliseconds connect_timeout{5'000};
    bool allow_cleartext_token = false;                             // tests and tokens_over_http set-ups
    std::function<result<void>(std::string const& url)> allow_url;  // SSRF rules of the owner; called for each hop
    std::vector<std::string> resolve;  // "host:port:address[,address]" instead of what the resolver says (curl --resolve)
};

class http_client {
public:
    explicit http_client(client_options options);
    ~http_client();  // ends what is in flight with errc::cancelled

    // errc::invalid_argument (URL), errc::unavailable (connect, TLS, reset; detail says which), errc::timed_out,
    // errc::limit_exceeded, errc::cancelled. Any HTTP status is a success here.
    asio::awaitable<result<client_response>> send(client_request request);
    asio::awaitable<result<std::unique_ptr<client_stream>>> open(client_request request);

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

// Parts of an absolute http(s) URL, checked: no userinfo, no fragment, valid port. errc::invalid_argument.
struct url_parts {
    std::string scheme, host, path, query;
    std::uint16_t port = 0;
    std::string origin() const;  // "https://host:port", default port left out
};
result<url_parts> parse_url(std::string_view url);

// A redirect_judge: storage servers hand requests to data servers of their own, which are the same host, or stand in the same DNS
// domain (door.example.org -> pool7.example.org); and never from https to http. errc::denied.
result<void> within_site(url_parts const& from, url_parts const& to);

}  // namespace fjord::net
