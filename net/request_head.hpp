#pragma once
// From bytes to a checked request, without any I/O. Beast's incremental parser (RFC 9112) writes into plain values; what it
// is lenient about and what Fjord refuses on principle is decided in check_head().
#include "net/http.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fjord::net {

// Why a request is answered before any handler sees it.
struct refusal {
    unsigned status = 400;
    std::string detail;
    bool credentials = false;  // it is about how a token was sent: the answer says invalid_request (RFC 6750 section 3.1)
};

struct head_rules {
    bool tls = false;  // the listener's
    bool tokens_over_http = false;
    bool trust_forwarded = false;
    std::string_view default_host;  // for HTTP/1.0 requests without Host
};

// One request message. The head is put in until head_done(); afterwards body bytes flow to the span given by want_body().
class request_parser final : public boost::beast::http::basic_parser<true> {
public:
    explicit request_parser(std::size_t max_head);

    // Returns the bytes used up. Engaged `refused`: the message is broken and the connection unusable.
    std::size_t put_head(std::string_view bytes, std::optional<refusal>& refused);
    bool head_done() const { return is_header_done(); }

    // Decodes body bytes from `bytes` into `out`; `written` of them. errc::invalid_argument for broken chunks.
    // `out.data() == bytes.data()` is allowed: then the bytes are only counted (Content-Length framing).
    result<std::size_t> put_body(std::string_view bytes, std::span<char> out, std::size_t& written);
    bool body_done() const { return is_done(); }
    std::optional<std::uint64_t> body_left() const;  // nullopt: chunked

    std::string method, target;
    header_list headers;
    bool http_1_1 = true;

private:
    using string_view = boost::beast::string_view;
    using beast_error = boost::beast::error_code;

    void on_request_impl(boost::beast::http::verb, string_view method_text, string_view target_text, int version,
                         beast_error&) override;
    void on_response_impl(int, string_view, int, beast_error&) override {}
    void on_field_impl(boost::beast::http::field, string_view name, string_view value, beast_error&) override;
    void on_header_impl(beast_error&) override { in_head_ = false; }
    void on_body_init_impl(boost::optional<std::uint64_t> const&, beast_error&) override {}
    std::size_t on_body_impl(string_view body, beast_error&) override;
    void on_chunk_header_impl(std::uint64_t, string_view, beast_error&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, beast_error&) override;
    void on_finish_impl(beast_error&) override {}

    std::size_t max_head_;
    std::size_t head_bytes_ = 0;
    bool in_head_ = true;
    std::span<char> out_;
    std::size_t written_ = 0;
};

// Fills `out` from a complete head: path, query, headers, base_url, tls. The parser's strings are moved out.
std::optional<refusal> check_head(request_parser& parser, head_rules const& rules, request& out);

bool is_authority(std::string_view text);   // host and port, as Host has them
bool is_request_id(std::string_view text);  // an X-Request-Id of a client that is fit for logs: 1 to 64 of A-Z a-z 0-9 _ . -

// "Expect: 100-continue" was sent.
bool expects_continue(header_list const& headers);

// One call for fuzzing and table tests: head and body of the first message in `bytes`. Never reads past them.
struct parsed_message {
    std::optional<refusal> refused;
    bool complete = false;
    request req;
    std::string body;
};
parsed_message parse_message_for_test(std::string_view bytes, head_rules const& rules, std::size_t max_head = 64u << 10);

}  // namespace fjord::net
