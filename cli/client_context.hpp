#pragma once
// What every user command works with: the broker, the caller's token, and how to talk to people.
// Settings, weakest first: $XDG_CONFIG_HOME/fjord/config.toml, environment (FJORD_BROKER, FJORD_CA, FJORD_SITE), options.
#include "base/json.hpp"
#include "base/secret.hpp"
#include "net/client.hpp"
#include "net/runtime.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace fjord::cli {

namespace asio = boost::asio;

// [login] of the configuration file and options of `fjord login`; what is empty is asked of the broker.
struct login_options {
    std::string issuer, client_id, client_secret_file, scope, audience;
    std::string ca;       // for the issuer; empty: as for the broker
    std::string account;  // short name in oidc-agent
};

struct global_options {
    std::string broker;  // https://host:port
    std::string token_file;
    std::string ca;
    std::string site;   // where I compute
    bool json = false;  // one JSON document (lists: one object per line)
    bool quiet = false;
    login_options login;
};

// Fills what the options left open from the environment and the configuration file. errc::invalid_argument.
result<void> complete(global_options& o);

// WLCG bearer token discovery v1.0: --token-file, BEARER_TOKEN, BEARER_TOKEN_FILE, $XDG_RUNTIME_DIR/bt_u$UID, /tmp/bt_u$UID.
// Empty when there is none; errc::invalid_argument when the first one found is no token.
struct found_token {
    secret token;
    std::string from;  // "BEARER_TOKEN", "/tmp/bt_u1000"
};
result<found_token> discover_token_and_origin(std::string const& token_file);
result<secret> discover_token(std::string const& token_file);

// Commands run on one thread and block; the network runs on its own.
class client_context {
public:
    explicit client_context(global_options o, secret token);
    // With a token that may have to be renewed while a command runs: asked before each exchange with the broker.
    client_context(global_options o, std::function<result<secret>()> token, std::string origin);
    ~client_context();

    global_options const& options() const noexcept { return options_; }
    secret const& token() const noexcept { return token_; }
    result<secret> current_token();                                             // renewed first when that is due
    std::string const& token_origin() const noexcept { return token_origin_; }  // where it came from, for people
    net::http_client& http() noexcept { return *http_; }

    // One exchange with any server, tried again where that is safe (net/retry.hpp); the token is not added.
    result<net::client_response> send(net::client_request request);
    // One JSON exchange with the broker, with the token. A status of 400 or more becomes an error whose detail is the
    // broker's own (problem+json detail), errc by status.
    result<json::value> call(std::string method, std::string const& path, std::optional<json::value> body = {});
    result<net::client_response> call_raw(net::client_request request);  // url = path; same error mapping

    template <class T>
    T run(asio::awaitable<T> work) {
        return net::run_blocking(runtime_.context(0), std::move(work));
    }

private:
    global_options options_;
    secret token_;
    std::function<result<secret>()> renewed_token_;  // may be empty
    std::string token_origin_;
    net::io_runtime runtime_;
    std::unique_ptr<net::http_client> http_;
};

}  // namespace fjord::cli
