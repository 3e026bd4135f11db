#pragma once
// fjord login, logout, whoami, token exchange; and the broker's signing keys.
#include "cli/client_context.hpp"

#include <string>
#include <vector>

namespace fjord::cli {

struct login_args {
    login_options options;  // what the command line says; issuer is the positional argument
    bool no_agent = false;
};
int login(global_options const& g, login_args const& a);

struct logout_args {
    bool local = false;  // delete here, tell the issuer nothing
};
int logout(global_options const& g, logout_args const& a);

int whoami(client_context& c, std::string const& at = {});  // at: a site door to ask instead of the broker

struct exchange_args {
    std::vector<std::string> uris;  // COLLECTION/ITEM[/ASSET]
    std::string action = "read", audience, purpose;
};
int exchange_token(client_context& c, exchange_args const& a);

int list_keys(client_context& c);
int rotate_keys(client_context& c, bool at_once);
int drop_key(client_context& c, std::string const& kid);

}  // namespace fjord::cli
