#pragma once
// Trying an exchange again, by policy: only requests that may be repeated (RFC 9110 section 9.2.2: GET, HEAD, OPTIONS, PUT,
// DELETE, PROPFIND, with a body that is at hand), only failures that may pass (connection trouble, time-outs, 429, 502, 503,
// 504), with exponential pauses and jitter, and never sooner than the peer's Retry-After.
#include "net/client.hpp"

#include <optional>

namespace fjord::net {

struct retry_policy {
    int attempts = 3;  // in all
    std::chrono::milliseconds first_pause{200};
    std::chrono::milliseconds longest_pause{5'000};  // a longer Retry-After ends the tries
};

// The pause before the next try, or nothing when the outcome stands. `tried`: tries so far, 1 after the first. `jitter`: 0..1,
// scales the pause between half and whole. Pure.
std::optional<std::chrono::milliseconds> next_pause(retry_policy const& policy, int tried, client_request const& request,
                                                    result<client_response> const& outcome, double jitter);

// http_client::send() with tries. The client must outlive the call.
asio::awaitable<result<client_response>> send_with_retry(http_client& client, client_request request, retry_policy policy);

}  // namespace fjord::net
