#pragma once
// From a dataset URI to ranked places with tokens: decision, candidates, ranking, minting. The heart of the broker.
#include "broker/access.hpp"
#include "broker/ranking.hpp"

#include "base/digest.hpp"
#include "base/secret.hpp"
#include "catalog/records.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <vector>

namespace fjord::broker {

namespace json = boost::json;

struct resolve_request {
    dataset_uri uri;           // collection, item and asset are required; member inside a tree
    std::string site;          // where the caller computes; empty: by [[network]]
    std::string need = "url";  // "url", "path" (a mounted path when the caller's site has one), "fill" (caches only)
    std::optional<std::string> purpose;
};

struct place {
    place_kind kind = place_kind::site;
    std::string name;
    std::string url;   // without credentials, unless `url_is_secret`
    std::string path;  // for need=path: absolute path at the caller's site
    secret token;      // for Authorization: Bearer at `url`, this object only; empty where the URL itself is the right (S3)
    bool url_is_secret = false;  // a presigned URL: it is given to the caller and never listed or logged
    wall_time expires{};
    int priority = 1;
    std::string why;
    std::string redirect_url;  // `url` with the credential in the query, for redirects only; never logged or listed; empty where
                               // the site takes no token in a URL
};

struct resolution {
    catalog::asset_ref ref;
    catalog::asset_version version;
    std::optional<catalog::tree_member> member;  // when the URI names one
    std::vector<place> places;                   // best first; never empty
    policies::decision decision;
    wall_time lease{};  // places and tokens hold until then

    std::uint64_t size() const { return member ? member->size : version.size; }
    digest const& id() const { return member ? member->id : version.id; }
};

struct resolve_outcome {
    std::optional<net::response> refused;  // engaged: send this
    resolution value;
};

asio::awaitable<resolve_outcome> resolve(core& c, net::request const& req, resolve_request what);

// {asset, size, digests, places:[...], lease, decision} of the contract.
json::object render(resolution const& r);

}  // namespace fjord::broker
