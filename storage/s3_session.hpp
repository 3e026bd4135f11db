#pragma once
// One bucket: from paths to keys and URLs, requests signed and sent, refusals as errors. Inside of the S3 driver.
#include "storage/s3.hpp"

namespace fjord::storage {

// Where a bucket answers.
struct s3_address {
    std::string origin;  // "https://host[:port]"
    std::string host;    // Host field
    std::string bucket;
    std::string base;        // "/bucket" (path addressing) or ""; goes before "/key"
    std::string key_prefix;  // decoded, with trailing slash, or ""

    static result<s3_address> parse(std::string const& url, bool virtual_host);
};

struct s3_request {
    std::string method;
    std::string key;  // decoded; "" is the bucket itself
    query_items query;
    net::header_list headers;
    std::string body;
};

// What is signed of a request; its headers as they are.
signable_request to_signable(s3_address const& where, s3_request const& request);

class s3_session {
public:
    s3_session(s3_options options, net::http_client& client, clock& time);

    s3_options const& options() const noexcept { return options_; }
    s3_address const& address() const noexcept { return address_; }

    // errc::invalid_argument: the path is not properly percent-encoded, or empty.
    result<std::string> key_of(std::string_view path) const;
    std::string name_of(s3_request const& request) const;  // "PUT bucket/key", for people

    // Signed and complete. errc::timed_out when no time is left, what the credentials fail with.
    result<net::client_request> prepare(call const& c, s3_request const& request) const;
    // Any 2xx; a 200 that carries an <Error> is a failure, too. Sent again while that is safe and time allows.
    asio::awaitable<result<net::client_response>> exchange(call c, s3_request request);
    // Not sent again; for POST and for bodies that stream.
    asio::awaitable<result<net::client_response>> exchange_once(call c, s3_request request);
    asio::awaitable<result<std::unique_ptr<net::client_stream>>> open(call c, s3_request request);

private:
    s3_options options_;
    s3_address address_;
    net::http_client& client_;
    clock& time_;
};

}  // namespace fjord::storage
