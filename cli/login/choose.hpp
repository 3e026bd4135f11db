#pragma once
// With which issuer, and as which client, is a person to log in? What the command line says goes before the configuration file,
// and that before what the broker offers. Pure.
#include "cli/client_context.hpp"

#include <string>
#include <vector>

namespace fjord::cli {

struct login_offer {
    std::string issuer, client_id, scope, audience;
};
// Body of GET /api/v1/logins. errc::invalid_argument.
result<std::vector<login_offer>> read_offers(json::value const& body);

// errc::invalid_argument saying what to add to the command.
result<login_options> choose_login(std::string const& broker, login_options said, login_options const& configured,
                                   std::vector<login_offer> const& offers);

}  // namespace fjord::cli
