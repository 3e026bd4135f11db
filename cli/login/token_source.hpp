#pragma once
// Where a command's token comes from, in this order, and never chosen among several:
//   1. WLCG bearer token discovery: --token-file, BEARER_TOKEN, BEARER_TOKEN_FILE, $XDG_RUNTIME_DIR/bt_u$UID, /tmp/bt_u$UID
//   2. the login for this broker (`fjord login`): kept tokens, renewed when due, or oidc-agent
// A login is renewed under a lock, so that commands running side by side spend its refresh token once. Blocking; one thread.
#include "cli/client_context.hpp"
#include "cli/login/login_store.hpp"

#include <string>

namespace fjord::cli {

class token_source {
public:
    // errc::invalid_argument for what was found first and is no token; errc::unauthenticated when the login has ended.
    static result<token_source> find(global_options const& o);
    // The token now; renews it first when that is due. Empty: none was found.
    result<secret> current();
    // For people: "BEARER_TOKEN", "/tmp/bt_u1000", "login at https://idp.example since 2026-...", "none".
    std::string const& origin() const noexcept { return origin_; }

private:
    explicit token_source(login_store store) : store_(std::move(store)) {}
    result<void> renew();

    login_store store_;
    std::string origin_ = "none";
    secret token_;
    std::optional<login_record> login_;
};

// The client's secret, for providers that insist on one. Empty without a file. errc::*
result<secret> read_client_secret(std::string const& file);

}  // namespace fjord::cli
