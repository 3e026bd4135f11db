#pragma once
// Asking the one decision point on behalf of a request, and turning a refusal into the right answer:
//   anonymous            401 whether or not the thing exists
//   may not discover     404, the same bytes as for an absent thing
//   may discover         403 with the explanation and its decision_id
#include "broker/core.hpp"

#include "catalog/records.hpp"
#include "net/http.hpp"
#include "policies/policies.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

namespace fjord::broker {

namespace asio = boost::asio;

// What policies need to know of a collection or item, read from the catalog.
struct subject_matter {
    policies::resource on;
    std::string uri;      // "C", "C/I" or "C/I/A"
    bool exists = false;  // the collection and, when named, the item
};

// Blocking; pool threads. errc::not_found only when the collection is absent; an absent item has exists = false.
result<subject_matter> look_up(catalog::catalog& cat, collection_id const& c, item_id const& i);

struct permission {
    bool granted = false;
    subject_matter matter;
    policies::decision decision;
    policies::action what = policies::action::read;
};

// Decides `what` on collection (and item). Administrators are permitted everything but residency; a token that this broker gave
// out by exchange is permitted what it says.
asio::awaitable<result<permission>> ask(core& c, std::shared_ptr<principal const> who, policies::action what,
                                        catalog::asset_ref on, std::optional<std::string> purpose = {});

// The answer to a request that was not granted. `scope`: what a token would need, for WWW-Authenticate.
net::response refusal(core& c, net::request const& req, permission const& p, std::string_view scope);
net::response absent(std::string_view what);  // the one 404 for hidden and absent things
// 401 or 403 unless the caller is an administrator.
std::optional<net::response> require_admin(net::request const& req);
std::optional<net::response> require_login(net::request const& req);

}  // namespace fjord::broker
