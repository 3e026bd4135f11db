#pragma once
// What all roles share at run time: loops, pool, metrics, outgoing client, the server, and the wait for signals. Built first,
// destroyed last; a role's own parts live between construction and the return of run().
#include "cli/role_config.hpp"

#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "net/client.hpp"
#include "net/runtime.hpp"
#include "net/server.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fjord::cli {

// errc::invalid_argument, with every failure of the file. Sets up the log and public_url.
result<void> load(common_config& c, config_table table, std::string const& file);

// "https://localhost:8443" for the tokens' audiences: public_url, and what the listeners are called.
std::vector<std::string> own_origins(common_config const& c);

class role_host {
public:
    explicit role_host(common_config const& c);
    ~role_host();

    net::io_runtime& runtime() noexcept { return runtime_; }
    blocking_pool& pool() noexcept { return pool_; }
    metrics_registry& metrics() noexcept { return metrics_; }
    net::http_client& client() noexcept { return *client_; }
    // Another one, which may send tokens in cleartext: for the site probe's canaries and nothing else.
    std::unique_ptr<net::http_client> make_probe_client() const;

    // Begins to answer, writes the ready file, waits for SIGTERM or SIGINT (SIGHUP calls `reload`), then stops: `drain` first
    // (end event streams), then the server with its grace. Gives the exit code; failures are on standard error.
    int run(std::string const& role, net::router const& routes, std::string const& ready_file, std::function<void()> reload,
            std::function<void()> drain);

    // Ends loops, pool and client; called by the role before its own parts go. Idempotent.
    void stop();

private:
    common_config const& config_;
    metrics_registry metrics_;
    blocking_pool pool_;
    net::io_runtime runtime_;
    std::unique_ptr<net::http_client> client_;
};

// Where a role gets issuers' keys: the network, with the WLCG system JWKS cache around it. `usual`: the directory to keep them in
// unless the configuration names one; empty: none.
std::shared_ptr<auth::key_source> issuer_keys(role_host& host, common_config const& c, std::string const& usual);

// /.well-known/oauth-protected-resource (RFC 9728).
void add_resource_metadata(net::router& r, auth::verifier const& tokens, std::string url, std::string name);

// /healthz, /readyz and /metrics for roles without a readiness of their own.
void add_health_routes(net::router& r, metrics_registry& metrics);

}  // namespace fjord::cli
