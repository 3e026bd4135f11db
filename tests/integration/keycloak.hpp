#pragma once
// A real OpenID provider for tests: Keycloak's server distribution, as deploy/fetch-peers puts it into build/peers, with an empty
// database in memory, TLS by the federation's authority, and one realm that the test sets up through the admin REST API.
#include "base/random.hpp"
#include "cli/demo/free_port.hpp"
#include "cli/demo/process.hpp"
#include "tests/integration/fixture.hpp"

#include <string>
#include <vector>

namespace fjord::test {

class keycloak {
public:
    // Why there can be none here; empty when there can.
    static std::string missing();

    explicit keycloak(federation_fixture& f) : f_(f) {}
    void begin();  // starts the process and does not wait
    void await();  // until it answers, at most three minutes; gives the test run up otherwise
    void stop() { process_.stop(); }

    std::string url() const { return "https://localhost:" + std::to_string(port_); }
    std::string issuer() const { return url() + "/realms/twins"; }
    std::string endpoint(std::string const& name) const { return issuer() + "/protocol/openid-connect/" + name; }

    // Admin REST API. Gives the body; fails the test when the status is 400 or more.
    json::value admin(std::string method, std::string const& path, json::value const& body = nullptr);
    net::client_response post_form(std::string const& url, std::string const& form);

    // Realm "twins": refresh tokens are good once, the device flow is polled each second. The public client fjord-cli puts
    // groups into the claim `groups` and `audience` into aud.
    void make_realm(std::string const& audience);
    void add_user(std::string const& name, std::vector<std::string> const& groups);  // password: "pw-" + name
    std::string user_id(std::string const& name);
    void rotate_keys();  // a new RSA key signs, the former one stays published

private:
    federation_fixture& f_;
    int port_ = 0;
    std::string const password_ = random_hex(16);
    cli::child_process process_;
    int keys_made_ = 0;
};

}  // namespace fjord::test
