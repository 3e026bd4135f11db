#pragma once
// Tells the broker, every few seconds, that this cache lives and what it holds (POST /api/v1/caches), so that twins beside it are
// sent here. A broker that cannot be reached is tried again; the cache serves meanwhile.
#include "base/error.hpp"
#include "base/secret.hpp"
#include "cache/service.hpp"
#include "cache/task_group.hpp"
#include "net/client.hpp"

#include <functional>
#include <string>

namespace fjord::cache {

struct announcer_options {
    std::string broker;  // "https://host:port"
    std::string id, url, near_site, jurisdiction;
    std::function<secret()> service_token;  // any thread
    milliseconds every{5'000};
    milliseconds retry{300};  // while the broker does not answer; doubles up to `every`
};

class announcer {
public:
    // The client and the service must outlive the announcer.
    announcer(announcer_options options, net::http_client& client, service const& cache);
    ~announcer();

    // One announcement now; true when the broker took it. Any context.
    asio::awaitable<bool> announce();
    void start(asio::any_io_executor executor);  // once
    void stop();                                 // from a thread that runs no context

private:
    struct impl;
    std::shared_ptr<impl> impl_;
    task_group tasks_;
};

}  // namespace fjord::cache
