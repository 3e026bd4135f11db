#pragma once
// How the engine reaches a site: a driver to speak with, and narrow tokens for exactly the paths of one step.
// The composition root may implement it anew; make_site_access is the ordinary one.
//
// Tokens per step (http-tpc rules, what XRootD 5.5.3 needs; doors and dCache need no more):
//   create a folder               create on the folder
//   COPY, destination             create on the staging path          (never modify: it cannot overwrite)
//   COPY, source                  read on the exact path
//   verify, rename, remove        step_grants.hpp, by what the probe found; these tokens stay with the broker
#include "base/error.hpp"
#include "base/secret.hpp"
#include "catalog/records.hpp"
#include "storage/driver.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::auth {
class minter;
}
namespace fjord::net {
class http_client;
}

namespace fjord::transfer {

// One capability on a path below the site's url (percent-encoded, no leading slash).
struct grant {
    std::string_view verb;  // "storage.read", "storage.create", "storage.modify"
    std::string path;
};

// Any thread.
class site_access {
public:
    virtual ~site_access() = default;
    // Shared, so that a copy in flight survives a change of the site's url. errc::unsupported for kinds without a driver.
    virtual result<std::shared_ptr<storage::driver>> driver(catalog::site_record const& site) = 0;
    virtual secret token(catalog::site_record const& site, std::vector<grant> const& grants) = 0;
};

// Tokens by the minter, WebDAV + TPC drivers over the client (kinds door, webdav, xrootd). Both must outlive it.
std::unique_ptr<site_access> make_site_access(auth::minter const& tokens, net::http_client& client);

// The audience of a site's tokens: the origin of its url.
result<std::string> token_audience(catalog::site_record const& site);

// "storage.read:/data/x storage.create:/data/y". The scope path is "/" + the url's path + "/" + the grant's path; attribute
// `token_base` ("/data") names a leading part that the site strips itself (XRootD's base_path), so it is left out here.
std::string token_scope(catalog::site_record const& site, std::vector<grant> const& grants);

// Attribute `token_alg` = "RS256": the site verifies no ES256 tokens (StoRM WebDAV up to 1.9).
bool wants_rs256(catalog::site_record const& site);

// Absolute url of a path at a site.
std::string url_of(catalog::site_record const& site, std::string_view path);

}  // namespace fjord::transfer
