#include "cli/role_host.hpp"

#include "auth/resource_metadata.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <csignal>
#include <cstdio>
#include <thread>
#include <unistd.h>

namespace fjord::cli {
namespace {

logger const log("role");

std::size_t threads_of(common_config const& c) {
    if (c.threads > 0) return static_cast<std::size_t>(c.threads);
    return std::max(1u, std::thread::hardware_concurrency());
}

sigset_t role_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
    return set;
}

net::client_options client_options_of(common_config const& c) {
    net::client_options o;
    o.ca_file = c.ca;
    return o;
}

result<void> write_ready_file(std::string const& file, std::string const& role, common_config const& c,
                              net::http_server const& server) {
    if (file.empty()) return {};
    json::array urls;
    for (auto const& e : server.endpoints()) urls.push_back(json::value(e.url));
    json::object o{{"role", role}, {"pid", getpid()}, {"public_url", c.public_url}};
    o["listen"] = std::move(urls);
    return write_file_atomically(file, json::serialize(o) + "\n");
}

}  // namespace

result<void> load(common_config& c, config_table table, std::string const& file) {
    if (auto parsed = table.parse_file(file); !parsed) return parsed.error();
    log_level level = log_level::info;
    parse_log_level(c.log.level, level);
    set_log_level(level);
    if (!set_log_output(c.log.file))
        return fail(errc::invalid_argument, file + ": log.file: cannot open " + c.log.file + " for appending");
    while (c.public_url.ends_with('/')) c.public_url.pop_back();
    if (c.public_url.empty()) {
        for (auto const& url : c.listen) {
            auto parts = net::parse_url(url);
            if (parts && parts->scheme == "https" && parts->port != 0)
                c.public_url = "https://localhost:" + std::to_string(parts->port);
            if (!c.public_url.empty()) break;
        }
    }
    if (c.public_url.empty())
        return fail(errc::invalid_argument, file + ": public_url: needed, because no https listener has a fixed port");
    for (auto& i : c.issuers)
        if (i.ca.empty()) i.ca = c.ca;
    return {};
}

std::vector<std::string> own_origins(common_config const& c) {
    std::vector<std::string> out;
    if (auto parts = net::parse_url(c.public_url)) out.push_back(parts->origin());
    for (auto const& url : c.listen)
        if (auto parts = net::parse_url(url); parts && parts->scheme == "https" && parts->port != 0)
            for (auto const* host : {"localhost", "127.0.0.1"})
                out.push_back("https://" + std::string(host) + ":" + std::to_string(parts->port));
    return out;
}

role_host::role_host(common_config const& c)
    : config_(c), pool_(std::max<std::size_t>(4, 2 * threads_of(c)), 10'000), runtime_(threads_of(c)) {
    // Blocked before the first thread starts, so that only sigwait in run() sees them.
    auto const set = role_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    client_ = std::make_unique<net::http_client>(client_options_of(c));
    runtime_.start();
}

role_host::~role_host() { stop(); }

std::unique_ptr<net::http_client> role_host::make_probe_client() const {
    auto o = client_options_of(config_);
    o.allow_cleartext_token = true;
    o.max_connections_per_host = 2;
    return std::make_unique<net::http_client>(std::move(o));
}

void role_host::stop() {
    client_.reset();
    pool_.join();
    runtime_.stop();
}

int role_host::run(std::string const& role, net::router const& routes, std::string const& ready_file,
                   std::function<void()> reload, std::function<void()> drain) {
    net::server_options o;
    o.listen = config_.listen;
    o.tls = config_.tls;
    o.tokens_over_http = config_.tokens_over_http;
    o.trust_forwarded = config_.trust_forwarded;
    o.access_log = config_.access_log;
    net::http_server server(runtime_, std::move(o), routes, metrics_, system_clock());
    if (auto ok = server.start(); !ok)
        return report(error(ok.error().code, "starting the " + role + ": " + ok.error().message()));
    if (auto ok = write_ready_file(ready_file, role, config_, server); !ok) return report(ok.error());
    for (auto const& e : server.endpoints()) log.info("listening", {{"role", role}, {"url", e.url}});
    auto const set = role_signals();
    for (;;) {
        int signal = 0;
        sigwait(&set, &signal);
        if (signal != SIGHUP) break;
        if (auto ok = server.reload_tls(); !ok)
            log.error("certificate not reloaded, the old one stays", {{"reason", ok.error().message()}});
        else
            log.info("certificate reloaded");
        if (reload) reload();
    }
    log.info("stopping", {{"role", role}});
    if (drain) drain();
    auto const cut = server.stop(std::chrono::duration_cast<std::chrono::milliseconds>(config_.stop_grace));
    log.info("stopped", {{"role", role}, {"requests_cut", static_cast<std::uint64_t>(cut)}});
    if (!ready_file.empty()) unlink(ready_file.c_str());
    return exit_done;
}

std::shared_ptr<auth::key_source> issuer_keys(role_host& host, common_config const& c, std::string const& usual) {
    auto network = auth::make_oidc_key_source(host.pool());
    return auth::make_cached_key_source(std::move(network), c.jwks_cache.empty() ? usual : c.jwks_cache, host.pool(),
                                        system_clock());
}

void add_resource_metadata(net::router& r, auth::verifier const& tokens, std::string url, std::string name) {
    net::route_options open;
    open.open = true;
    auto show = [&tokens, url, name](net::request&) -> net::asio::awaitable<net::response> {
        co_return auth::resource_metadata(tokens, url, name);
    };
    r.add("GET", "/.well-known/oauth-protected-resource", std::move(show), open);
}

void add_health_routes(net::router& r, metrics_registry& metrics) {
    net::route_options open;
    open.open = true;
    auto alive = [](net::request&) -> net::asio::awaitable<net::response> { co_return net::text_response(200, "ok\n"); };
    r.add("GET", "/healthz", alive, open);
    r.add("GET", "/readyz", alive, open);
    auto scrape = [&metrics](net::request&) -> net::asio::awaitable<net::response> {
        co_return net::text_response(200, metrics.text(), "text/plain; version=0.0.4");
    };
    r.add("GET", "/metrics", scrape, open);
}

}  // namespace fjord::cli
