#pragma once
// What a client says at the token endpoint: the form of RFC 8693 section 2.1, and the errors of RFC 6749 section 5.2. Pure.
#include "base/json.hpp"
#include "base/secret.hpp"
#include "net/http.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fjord::broker {

inline constexpr std::size_t max_form_bytes = 64u << 10;

// An `error` code with its sentence.
struct oauth_error {
    unsigned status = 400;
    std::string code;  // "invalid_request", "invalid_scope", "invalid_target", ...
    std::string description;
};
// JSON {error, error_description}, never cached; a 401 names the Basic scheme (RFC 6749 section 5.2).
net::response oauth_refusal(oauth_error const& e);

struct exchange_form {
    secret subject_token;
    secret actor_token;                  // may be empty
    std::string audience;                // from `audience` or the origin of `resource`; empty: the broker itself
    std::optional<std::string> scope;    // absent: as much as the subject token says
    std::optional<std::string> purpose;  // purpose of use for the policies, such as DUO:0000042 (our extension)
    std::string issued_token_type;       // as it will be answered
};

// Refused: other grants, unknown token types, a parameter sent twice, two audiences, an actor token without its type, client
// credentials (there are no registered clients). Parameters nobody knows are ignored, as RFC 6749 section 3.2 demands.
boost::system::result<exchange_form, oauth_error> read_exchange_form(std::string_view body);

// The `act` claim of the new token (RFC 8693 section 4.1): who acts, then who acted before. `prior`: the subject token's own
// `act`, null when it has none. errc::invalid_argument when the chain is longer than four or not one of objects with `sub`.
result<json::object> act_claim(std::string const& issuer, std::string const& subject, json::value const* prior);

// RFC 8693 section 4.4: when the subject token names who may act for it, the actor must be that one.
bool may_act(json::value const* claim, std::string_view actor_issuer, std::string_view actor_subject);

[[noreturn]] void throw_exception_from_error(oauth_error const& e, boost::source_location const& loc);

}  // namespace fjord::broker
