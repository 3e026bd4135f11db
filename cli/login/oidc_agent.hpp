#pragma once
// oidc-agent as a source of tokens: one JSON request and one JSON answer over the Unix socket that OIDC_SOCK names (oidc-agent
// API, "IPC-API"). The agent keeps the login and renews it. Blocking, at most 30 s: the agent may ask its own person for a pass
// phrase.
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fjord::cli {

struct agent_request {
    std::string account;  // short name; empty: any account of `issuer`
    std::string issuer, scope, audience;
};
struct agent_token {
    secret token;
    std::string issuer;
    std::optional<wall_time> expires;
};

bool agent_is_there();  // OIDC_SOCK is set
// errc::unavailable when the agent cannot be reached, errc::not_found with its own words when it has no such account.
result<agent_token> ask_agent(agent_request const& what);

std::string render_agent_request(agent_request const& what);      // pure
result<agent_token> parse_agent_answer(std::string_view answer);  // pure; the answer comes from a program of the same user

}  // namespace fjord::cli
