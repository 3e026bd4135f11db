#pragma once
// Any HTTP origin as a source: URL = base + path + query, learnt by HEAD, believed for max-age, stored under its strong
// validator. Public content only: no credentials are sent on, and Authorization of a request is never looked at.
// Passed through without storing: no-store, private, Vary, no validator, unknown length.
#include "cache/source.hpp"
#include "net/client.hpp"

namespace fjord::cache {

class origin_source final : public object_source {
public:
    // `url`: absolute, may have a path, no trailing slash needed. The client and clock must outlive the source.
    origin_source(std::string url, net::http_client& client, clock& time);

    asio::awaitable<result<wall_time>> authorize(object_key key, principal who, secret token) override;
    asio::awaitable<result<object_info>> resolve(object_key key, principal who, secret token) override;
    asio::awaitable<result<std::unique_ptr<byte_stream>>> open(place where, std::shared_ptr<object_info const> what,
                                                               byte_span span) override;

private:
    std::string base_;
    net::http_client& client_;
    clock& time_;
};

// What the origin's HEAD answer says about the object at `url`. Pure.
object_info info_from_head(net::client_response const& head, std::string const& url, wall_time now);

}  // namespace fjord::cache
