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
#include "net/http.hpp"
#include "storage/driver.hpp"
#include "transfer/site_address.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fjord {
class blocking_pool;
}
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
    // Shared, so that a copy in flight survives a change of the site's url. errc::unsupported for kinds without a driver,
    // errc::unavailable for an S3 site whose credentials are not configured here.
    virtual result<std::shared_ptr<storage::driver>> driver(catalog::site_record const& site) = 0;
    // Empty for sites that sign requests.
    virtual secret token(catalog::site_record const& site, std::vector<grant> const& grants) = 0;
    // For sites that sign requests (S3): the URL that lets its holder do `method` on one object for `lifetime`, in place of a
    // token. `must_send`: header fields that are part of the right. errc::unsupported for other sites.
    virtual result<secret> presign(catalog::site_record const& site, std::string method, std::string_view path, seconds lifetime,
                                   net::header_list must_send);
};

// Credentials of an S3 site, on this host only: the catalog never holds them.
struct s3_credentials_options {
    std::string site;
    std::string file;  // format of the AWS tools, mode 0600; read again when it changes
    std::string profile = "default";
};

struct site_access_options {
    std::vector<s3_credentials_options> s3;
};

// Drivers by kind (site_address.hpp): WebDAV and HTTP-TPC for https addresses, XrdCl for roots://, S3. Minter, client and pool
// must outlive it; for roots:// sites, storage::set_up_xrootd_client() comes first.
std::unique_ptr<site_access> make_site_access(auth::minter const& tokens, net::http_client& client, blocking_pool& pool,
                                              site_access_options options = {});

// "storage.read:/data/x storage.create:/data/y". The scope path is "/" + the url's path + "/" + the grant's path; attribute
// `token_base` ("/data") names a leading part that the site strips itself (XRootD's base_path), so it is left out here.
std::string token_scope(catalog::site_record const& site, std::vector<grant> const& grants);

// Attribute `token_alg` = "RS256": the site verifies no ES256 tokens (StoRM WebDAV up to 1.9).
bool wants_rs256(catalog::site_record const& site);

}  // namespace fjord::transfer
