#pragma once
// The federation as a source: decisions and places come from the broker's POST /api/v1/resolve, bytes from the storage sites
// it names. Permissions are asked with the caller's own token, places with the cache's service token.
#include "base/json.hpp"
#include "cache/source.hpp"
#include "net/client.hpp"

#include <functional>

namespace fjord::cache {

struct broker_source_options {
    std::string broker;                     // "https://host:port", no trailing slash
    std::string site;                       // where this cache stands; may be empty
    std::function<secret()> service_token;  // any thread; empty secret: ask with the caller's token
    seconds fresh_for{60};                  // how long an answer is believed while events are not followed
    milliseconds timeout{10'000};
    // Announces this cache to the broker; true when that was taken. Called when the broker does not know the cache, which a
    // restart of the broker makes it forget, so that the fill goes on. May be empty.
    std::function<asio::awaitable<bool>()> introduce;
};

class broker_source final : public object_source {
public:
    // The client and clock must outlive the source.
    broker_source(broker_source_options options, net::http_client& client, clock& time);

    asio::awaitable<result<wall_time>> authorize(object_key key, principal who, secret token) override;
    asio::awaitable<result<object_info>> resolve(object_key key, principal who, secret token) override;
    asio::awaitable<result<std::unique_ptr<byte_stream>>> open(place where, std::shared_ptr<object_info const> what,
                                                               byte_span span) override;

private:
    asio::awaitable<result<json::value>> ask(object_key key, std::string need, principal who, secret token);

    broker_source_options const options_;
    net::http_client& client_;
    clock& time_;
};

// The broker's answer as we use it; unknown members are welcome. errc::invalid_argument names what is missing. Pure.
result<object_info> parse_resolve_answer(json::value const& answer, wall_time fresh_until);

}  // namespace fjord::cache
