#pragma once
// Follows the broker's list of revoked tokens (GET /.well-known/fjord-revocations), so that doors and caches refuse what the
// broker refuses: the request waits at the broker until the list changes. The list is public, as certificate revocation lists
// are: it names tokens by fingerprint, and following it needs no credentials. The last list is kept in a file for a start without
// the broker.
#include "auth/revocation.hpp"
#include "net/client.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace fjord {
class blocking_pool;
}

namespace fjord::auth {

namespace asio = boost::asio;

struct revocation_feed_options {
    std::string broker;                                    // "https://host:port"; empty: nothing to follow
    std::string file;                                      // where the last list is kept; empty: nowhere
    seconds wait{25};                                      // how long the broker may hold a request
    milliseconds first_pause{500}, longest_pause{15'000};  // after a failure; doubles
};

class revocation_feed {
public:
    using sink = std::function<void(std::vector<revocation>)>;
    // Client and pool outlive what start() began; `take` is called on its executor, and once by the constructor with the kept
    // list.
    revocation_feed(revocation_feed_options options, net::http_client& client, blocking_pool& pool, sink take);
    ~revocation_feed();  // stop()

    void start(asio::any_io_executor executor);  // once
    void stop();                                 // no `take` begins after this; an exchange under way ends with the client

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace fjord::auth
