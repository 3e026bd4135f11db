#pragma once
// The cache as a whole: routes, tiers, fills, invalidation. GET/HEAD /data/C/I/A[/MEMBER...] answers with verified bytes of
// the federation's objects; mounted origins are cached by prefix; /api/v1 explains and administers.
//
// Who may read: a token that a trusted broker minted for this path decides on the spot (scope storage.read:/data/C/I/A);
// any other token is shown to the source, and its answer is remembered until min(exp, what the source says, 5 min). Without a
// token: 401.
#include "auth/auth.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "cache/block_store.hpp"
#include "cache/source.hpp"
#include "net/router.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::cache {

struct service_options {
    store_options disk;
    std::uint64_t memory = 64u << 20;  // bytes of small objects kept in RAM; 0: none
    std::string name = "fjord";        // in Cache-Status: a token
    std::string realm = "fjord";
    std::vector<std::string> minting_issuers;  // whose storage.read scopes on /data/... decide here: the broker's issuer
    bool anonymous = false;                    // ask the source also for requests without a token (public collections)
};

// What the service uses and does not own; all of it outlives the service.
struct service_parts {
    object_source* objects = nullptr;  // behind /data; null: origins only
    auth::verifier& verifier;
    blocking_pool& pool;
    metrics_registry& metrics;
    clock& time;
};

struct service_stats {
    store_stats disk;
    std::uint64_t ram_used = 0, ram_capacity = 0;
    std::uint64_t hits = 0, partial = 0, misses = 0, collapsed = 0, bypassed = 0;
    std::uint64_t bytes_ram = 0, bytes_disk = 0, bytes_filled = 0, bytes_passed = 0, bytes_fetched = 0;
    std::uint64_t failovers = 0, source_failures = 0, digest_mismatches = 0, healed_blocks = 0, aborted = 0;
    std::size_t tasks = 0;   // fills and checks running now
    bool following = false;  // the broker's events are being followed
};

// Any thread unless said otherwise.
class service {
public:
    // Blocks. errc as block_store::open().
    static result<std::unique_ptr<service>> open(service_options options, service_parts parts);
    ~service();  // stop() when it was not called

    // Before add_routes(). `prefix`: "/era5" or "/"; the origin's content is served to everybody.
    void add_origin(std::string prefix, object_source& origin);
    // Adds /data, the origins and /api/v1/{stats,entries,purge,warm}. What the routes need lives as long as they do.
    void add_routes(net::router& routes);

    // Events of the catalog. `subject`: "C/I/A", "C/I", "C", with or without a leading slash.
    void invalidate_asset(std::string_view subject, std::string_view new_version);  // "sha-256:HEX", or "" when unknown
    void invalidate_below(std::string_view subject);                                // deleted, or changed in a way we do not know
    void places_changed(std::string_view subject);  // replicas came or went; the content is the same
    void policies_changed();                        // ask again who may read
    void invalidate_all();                          // events may have been missed
    void set_following(bool yes);
    std::string last_event() const;  // where to resume following; empty: nowhere
    void set_last_event(std::string id);

    service_stats stats() const;
    result<void> flush();  // blocks: the index is written and synced

    // After the server stopped: ends fills and checks. From a thread that runs no context.
    void stop();

private:
    struct impl;
    explicit service(std::shared_ptr<impl> i);
    std::shared_ptr<impl> impl_;
};

}  // namespace fjord::cache
