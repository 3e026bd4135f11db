#pragma once
// Follows the broker's event stream (GET /api/v1/events, server-sent events) and tells the cache what is no longer true, so
// that stale objects stop being served within a second. Resumes by Last-Event-ID, also across restarts; when it cannot resume,
// everything known is asked again. Reconnects with back-off; while not connected, the cache falls back on asking.
#include "base/secret.hpp"
#include "cache/service.hpp"
#include "cache/sse.hpp"
#include "cache/task_group.hpp"
#include "net/client.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <string>

namespace fjord::cache {

struct follower_options {
    std::string broker;                     // "https://host:port"
    std::function<secret()> service_token;  // any thread; may answer an empty secret
    milliseconds first_pause{500};          // before reconnecting; doubles up to longest_pause
    milliseconds longest_pause{15'000};
    seconds silence{45};  // no byte for so long: the connection is given up
};

class follower {
public:
    // The client and the service must outlive the follower.
    follower(follower_options options, net::http_client& client, service& cache);
    ~follower();

    void start(asio::any_io_executor executor);  // once
    void stop();                                 // from a thread that runs no context

private:
    struct impl;
    std::shared_ptr<impl> impl_;
    task_group tasks_;
};

// What one event means for the cache. Unknown types mean nothing; an event that is not understood invalidates everything.
void apply_event(sse_event const& event, service& cache);

}  // namespace fjord::cache
