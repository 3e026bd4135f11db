#pragma once
// HTTP as handlers see it: plain values, no Beast. The server fills a request, routes it, and sends the response.
// Rules: RFC 9110 (semantics), RFC 9112 (HTTP/1.1), RFC 9457 (problem+json).
#include "base/dataset_uri.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/identity.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fjord::net {

namespace asio = boost::asio;

// Header fields in order; names compare without case. Values hold no CR, LF or NUL: set() and add() strip them.
class header_list {
public:
    std::optional<std::string_view> find(std::string_view name) const noexcept;  // the first one
    std::string_view get(std::string_view name) const noexcept;                  // the first one, or ""
    std::size_t count(std::string_view name) const noexcept;
    std::vector<std::string_view> all(std::string_view name) const;
    void set(std::string_view name, std::string_view value);  // replaces all of that name
    void add(std::string_view name, std::string_view value);
    void remove(std::string_view name);
    std::vector<std::pair<std::string, std::string>> const& items() const noexcept { return items_; }

private:
    std::vector<std::pair<std::string, std::string>> items_;
};

// Query parameters in order, decoded once ('+' is a space).
class query_list {
public:
    static result<query_list> parse(std::string_view raw_query);
    std::optional<std::string_view> find(std::string_view name) const noexcept;  // the first one
    std::string_view get(std::string_view name) const noexcept;
    std::size_t count(std::string_view name) const noexcept;
    std::vector<std::pair<std::string, std::string>> const& items() const noexcept { return items_; }

private:
    std::vector<std::pair<std::string, std::string>> items_;
};

// The request body as it arrives. Owned by the session; valid until the handler returns. Session context only.
class body_reader {
public:
    virtual ~body_reader() = default;
    // Fills part of `out`; 0 at the end. errc::timed_out when the client stalls, errc::limit_exceeded over the route's
    // limit, errc::unavailable when the client is gone. The first call answers "100 Continue" when it was expected.
    virtual asio::awaitable<result<std::size_t>> read_some(std::span<char> out) = 0;
    virtual std::optional<std::uint64_t> content_length() const noexcept = 0;
};

struct request {
    std::string method;    // "GET", "PROPFIND", ... as sent
    std::string target;    // as sent; may hold secrets in its query: scrub() before logging
    std::string raw_path;  // target without the query, still encoded
    std::string raw_query;
    decoded_path path;  // decoded once, checked (base/dataset_uri.hpp); a bad path never reaches a handler
    query_list query;
    header_list headers;
    std::vector<std::string> params;  // the values of {x} in the route, in order
    std::vector<std::string> rest;    // what {x...} took

    std::string id;            // request id, also in the log and in X-Request-Id
    std::string peer_address;  // textual IP of the TCP peer
    bool tls = false;          // this hop is TLS, or tokens_over_http allows tokens here
    std::string base_url;      // "https://host:port[/prefix]" by Forwarded/X-Forwarded-* (trusted only when configured) and Host
    std::shared_ptr<principal const> caller;  // never null; anonymous until an authentication filter ran

    body_reader* body = nullptr;     // never null in a handler
    asio::any_io_executor executor;  // the session's context
    steady_time deadline;            // when the answer is due
};

// Reads the whole body as text. errc::limit_exceeded over `limit`.
asio::awaitable<result<std::string>> read_body(request& req, std::size_t limit = 16u << 20);

// Where a produced body goes. Session context only.
class body_writer {
public:
    virtual ~body_writer() = default;
    // Sends now (one chunk when chunked). errc::unavailable when the client is gone.
    virtual asio::awaitable<result<void>> write(std::string_view bytes) = 0;
    // Sends [offset, offset+length) of a file; sendfile on plain connections.
    virtual asio::awaitable<result<void>> write_file(int fd, std::uint64_t offset, std::uint64_t length) = 0;
};

using body_producer = std::function<asio::awaitable<result<void>>(body_writer&)>;

struct file_body {
    std::shared_ptr<unique_fd> fd;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

// With a length: Content-Length framing; without: chunked. A failure of `produce` aborts the connection, so that no client
// takes half an answer for a whole one.
struct produced_body {
    std::optional<std::uint64_t> length;
    body_producer produce;
};

struct response {
    unsigned status = 200;
    header_list headers;
    std::variant<std::monostate, std::string, std::shared_ptr<std::string const>, file_body, produced_body> body;
    // For HEAD and 304: the Content-Length that GET would have, when the body is not given.
    std::optional<std::uint64_t> head_length;
};

// Answers with a body and its type.
response text_response(unsigned status, std::string body, std::string_view content_type = "text/plain; charset=utf-8");
response json_response(unsigned status, boost::json::value const& value, std::string_view content_type = "application/json");
response empty_response(unsigned status);
response redirect_response(unsigned status, std::string_view location);

// application/problem+json (RFC 9457) with members type, title, status, detail, instance; `extra` members are added.
response problem(unsigned status, std::string_view detail, boost::json::object extra = {});
// The one place where a failure becomes a status: not_found 404, already_exists/conflict 409, denied 403, unauthenticated 401,
// invalid_argument 400, limit_exceeded 413, unavailable 503 (+ Retry-After: 1), timed_out 504, no_space 507, unsupported 501,
// corrupt 502, cancelled 499, all else 500 without inner text (which is logged).
response problem(error const& e);
unsigned status_of(error const& e) noexcept;
std::string_view reason_phrase(unsigned status) noexcept;

using handler = std::function<asio::awaitable<response>(request&)>;
// Runs before the handler; an engaged optional is the answer and ends the request.
using filter = std::function<asio::awaitable<std::optional<response>>(request&)>;
// Runs after every answer (also errors), e.g. to add CORS fields. Must not block.
using finisher = std::function<void(request const&, response&)>;

// Preconditions of RFC 9110 section 13.2 for a representation with `etag` (quoted, strong) and optional last-modified.
// Engaged: the status to answer at once (304 or 412).
std::optional<unsigned> evaluate_preconditions(request const& req, std::string_view etag, std::optional<wall_time> modified);
// True when If-Range is absent or matches, so that Range applies.
bool range_applies(request const& req, std::string_view etag, std::optional<wall_time> modified);

}  // namespace fjord::net
