#pragma once
// The mapping methods of [identity] mode = "mapped": from issuer and subject, groups or a claim to an account of this machine.
// They are tried in this order, and the first that knows the caller decides:
//   file    account_map.hpp: issuer and subject on a line
//   alise   alise.hpp: the centre's account linking service
//   group   the first [[group_account]] whose group the token asserts
//   claim   the claim that the issuer's block names (`account_claim`), as in preferred_username
// A method that cannot be asked now ends the search: 503, never somebody else's account. What is found is judged (account.hpp:
// never uid 0, group 0 or a uid below the minimum) and kept for minutes, what is not found for seconds.
#include "base/clock.hpp"
#include "base/pool.hpp"
#include "site/account_mapper.hpp"
#include "site/alise.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fjord::site {

struct group_account {
    std::string group;   // group or AARC entitlement
    std::string issuer;  // whose groups; empty: those of every trusted issuer
    std::string account;
};

struct identity_options {
    std::string map_file;  // empty: the method is off; read again when it changes
    alise_options alise;
    std::vector<group_account> groups;
    std::string public_account;  // as whom tokenless callers read public paths; empty: they do not
    uid_t min_uid = 1000;
    seconds keep{300};         // found
    seconds keep_negative{5};  // not found, or could not be asked
};

// All must outlive the mapper. errc::invalid_argument: the map file's bad lines, a group that is none; errc::not_found and the
// like: the map file cannot be read.
result<std::unique_ptr<account_mapper>> make_account_mapper(identity_options options, account_directory& accounts,
                                                            net::http_client& client, blocking_pool& pool, clock& time);

}  // namespace fjord::site
