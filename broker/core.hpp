#pragma once
// The parts a broker's handlers work with. Plain references: the composition root (cli/serve_broker.cpp) owns them all and
// outlives every request. Any thread.
#include "broker/options.hpp"

#include "base/clock.hpp"
#include "base/identity.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fjord::net {
class http_client;
class router;
}  // namespace fjord::net
namespace fjord::catalog {
class catalog;
}
namespace fjord::policies {
class engine;
}
namespace fjord::auth {
class minter;
class verifier;
}  // namespace fjord::auth
namespace fjord::transfer {
class engine;
class site_access;
}  // namespace fjord::transfer

namespace fjord::broker {

class cache_directory;
class event_hub;
class revocation_book;
class site_prober;
class upload_sweep;
struct policy_state;

struct core {
    options const& opts;
    catalog::catalog& cat;
    policy_state& rules;
    policies::engine& policy;  // rules.engine
    transfer::engine& transfers;
    transfer::site_access& sites;
    auth::minter const& minter;
    auth::verifier& verifier;
    std::atomic<std::shared_ptr<std::vector<login_offer> const>>& logins;  // replaced on SIGHUP; never null
    net::http_client& http;
    blocking_pool& pool;
    cache_directory& caches;
    upload_sweep& sweep;
    event_hub& events;
    metrics_registry& metrics;
    clock& time;
    site_prober* prober = nullptr;           // set before the first request
    revocation_book* revocations = nullptr;  // likewise
    std::function<std::string()> not_ready;  // why searches are refused for now, empty when they are not; unset: never
};

// True for the federation's caches and administrators.
bool is_cache(core const& c, principal const& who);
bool is_admin(principal const& who);
std::string owner_of(principal const& who);  // "subject@issuer", as records name their maker
std::string_view realm();

// Each adds the routes of one topic; all of them make the broker's API beside stac::api.
void add_discovery_routes(net::router& r, core& c);
void add_data_routes(net::router& r, core& c);
void add_resolve_routes(net::router& r, core& c);
void add_upload_routes(net::router& r, core& c);
void add_site_routes(net::router& r, core& c);
void add_probe_routes(net::router& r, core& c);
void add_rule_routes(net::router& r, core& c);
void add_transfer_routes(net::router& r, core& c);
void add_replica_routes(net::router& r, core& c);
void add_policy_routes(net::router& r, core& c);
void add_revocation_routes(net::router& r, core& c);
void add_cache_routes(net::router& r, core& c);
void add_event_routes(net::router& r, core& c);
void add_tree_routes(net::router& r, core& c);
void add_login_routes(net::router& r, core& c);
void add_key_routes(net::router& r, core& c);
void add_oauth_routes(net::router& r, core& c);

}  // namespace fjord::broker
