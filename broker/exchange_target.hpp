#pragma once
// Where a token out of an exchange will be shown, and what its scope reads like there.
#include "broker/core.hpp"
#include "broker/oauth_form.hpp"

#include "catalog/records.hpp"
#include "policies/policies.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

namespace fjord::broker {

namespace asio = boost::asio;

template <class T>
using granted = boost::system::result<T, oauth_error>;

// The broker itself (neither engaged), a site or a cache of the federation.
struct exchange_target {
    std::string audience;
    std::optional<catalog::site_record> site;
    std::optional<catalog::cache_record> cache;
};
// By its origin; empty: the broker. invalid_target.
asio::awaitable<granted<exchange_target>> find_target(core& c, std::string audience);

// One capability that policy has permitted on /data/C/I[/A].
struct exchange_permit {
    capability what;
    catalog::asset_ref on;
    policies::resource matter;
    std::optional<wall_time> until;
};

// What is written into the token: paths of the broker and its caches as they were asked for, those of a site as the site names
// its copy. invalid_scope, invalid_target.
asio::awaitable<granted<std::string>> scope_at(core& c, exchange_target to, std::vector<exchange_permit> permits);

oauth_error bad_scope(std::string why);
oauth_error bad_target(std::string why);
// The same sentence for what is hidden, absent and forbidden.
oauth_error not_permitted(capability const& wanted);

}  // namespace fjord::broker
