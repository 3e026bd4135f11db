#pragma once
// Speaks with an OpenID provider over https: discovery, device flow, refresh, revocation. Blocking; one thread. Secrets are sent
// in forms only, redirects are not followed.
#include "cli/login/oidc_answers.hpp"

#include "net/client.hpp"
#include "net/runtime.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fjord::cli {

// How we present ourselves there. Most are public clients, which have no secret.
struct client_identity {
    std::string id;
    secret key;  // client_secret; may be empty
};

class oidc_client {
public:
    explicit oidc_client(std::string const& ca);  // PEM bundle; empty: the system's
    ~oidc_client();

    result<provider_metadata> discover(std::string issuer);
    // errc::denied with the provider's reason.
    result<device_code> begin(provider_metadata const& at, client_identity const& as, std::string const& scope,
                              std::string const& audience);
    // errc::unavailable, errc::timed_out when nothing comes back.
    result<token_outcome> poll(std::string const& token_endpoint, client_identity const& as, device_code const& code);
    result<token_outcome> refresh(std::string const& token_endpoint, client_identity const& as, secret const& refresh_token);
    // RFC 7009. A provider answers 200 for tokens it does not know as well.
    result<void> revoke(std::string const& revocation_endpoint, client_identity const& as, secret const& token,
                        std::string_view hint);

private:
    using form = std::vector<std::pair<std::string, std::string>>;
    result<net::client_response> post(std::string const& url, form fields);
    result<net::client_response> send(net::client_request request);

    net::io_runtime runtime_;
    std::unique_ptr<net::http_client> http_;
};

}  // namespace fjord::cli
