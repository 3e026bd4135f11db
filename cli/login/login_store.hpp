#pragma once
// What `fjord login` keeps: one login per broker in $XDG_STATE_HOME/fjord/logins (default ~/.local/state), a file of mode 0600 in
// a folder of mode 0700. A login's tokens are sent to that broker and to its issuer, nowhere else. Blocking.
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/secret.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fjord::cli {

struct login_record {
    std::string broker, issuer;
    wall_time since{};
    // By oidc-agent: nothing else is kept here, the agent is asked each time. `account`: its short name; empty: by issuer.
    bool by_agent = false;
    std::string account;
    // By device flow.
    std::string client_id, client_secret_file, scope, audience, ca;
    std::string token_endpoint, revocation_endpoint;
    secret access, refresh;
    wall_time issued{}, expires{};
    std::optional<wall_time> refresh_expires;
};

// A token that ends in less than a minute, or in less than a quarter of its life, is renewed first.
bool wants_renewal(login_record const& r, wall_time now);

result<login_record> parse_login(std::string_view text, std::string const& file);  // errc::invalid_argument
secret render_login(login_record const& r);

// Its address is https://host:port of the broker.
class login_store {
public:
    explicit login_store(std::string const& broker);
    static std::string folder();  // empty when neither XDG_STATE_HOME nor HOME is set

    std::string const& file() const noexcept { return file_; }
    // nullopt when nobody logged in. errc::denied when others could read the file: its tokens are not used then.
    result<std::optional<login_record>> read() const;
    result<void> write(login_record const& r) const;
    result<void> remove() const;
    // Held while it lives; two commands must not both spend a refresh token that is good once.
    result<unique_fd> lock() const;

private:
    std::string file_;
};

}  // namespace fjord::cli
