#pragma once
// ALISE, the account linking service of HPC centres: whose federated identity is linked to which local account.
//   GET {instance}/api/v1/target/{site}/mapping/issuer/{issuer}/user/{sub}?apikey=KEY
// where {issuer} is the lower-case hex SHA-1 of the issuer's URL, or (newer instances) the URL itself, percent-encoded.
#include "base/error.hpp"
#include "base/secret.hpp"
#include "net/client.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fjord::site {

struct alise_options {
    std::string url;   // of the instance; empty: the method is off
    std::string site;  // the target's name there
    secret key;
    bool issuer_by_url = false;  // percent-encoded instead of hashed
    std::chrono::milliseconds timeout{5'000};
};

// Without the key, which is a query parameter.
std::string alise_path(alise_options const& options, std::string_view issuer, std::string_view subject);

// The answer's `internal.username`, when its `external` list has the very issuer and subject that were asked for; else
// errc::corrupt: it is not about this person. Pure.
result<std::string> parse_alise_answer(std::string_view body, std::string_view issuer, std::string_view subject);

// nullopt: nothing is linked. errc::unavailable: cannot be told now (not reachable, too slow, our key refused, an answer that
// makes no sense); the sentence is for the log and holds no key.
boost::asio::awaitable<result<std::optional<std::string>>> ask_alise(net::http_client& client, alise_options options,
                                                                     std::string issuer, std::string subject);

}  // namespace fjord::site
