#pragma once
// The narrow tokens that leave the broker: one object, one audience, never longer than the right they come from.
#include "broker/core.hpp"

#include "base/secret.hpp"
#include "catalog/records.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fjord::broker {

// For an HTTP server of ours (a cache): audience is its origin, `scope` as written.
secret mint_for_origin(core const& c, principal const& who, std::string_view url, std::string scope, wall_time until,
                       std::string upload_id = {});

// When a token for `site` must end so that the right it stands for is over at `until`: XRootD 5.5.3 goes on taking what it has
// seen for up to a minute (the probe's expiry_strict=false), so there it ends a minute earlier, or after half of what is left
// when that is less than two minutes.
wall_time token_end(catalog::site_record const& site, wall_time now, wall_time until);

// For one object at a storage site: `verbs` on `path` (below the site's url), expressed as that site maps scopes to paths. Empty
// for sites that sign requests (S3).
secret mint_for_site(core const& c, principal const& who, catalog::site_record const& site, std::vector<std::string> const& verbs,
                     std::string_view path, wall_time until, std::string upload_id = {});

// A URL that carries its credential, for clients that follow redirects and drop headers: `ticket=` at our own doors and
// caches, `authz=` at XRootD. Only ever in a Location field.
std::string with_credential(std::string const& url, std::string_view parameter, secret const& token);

}  // namespace fjord::broker
