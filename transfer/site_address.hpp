#pragma once
// Where a site is, by its kind, url and attributes, and what can be done with it. Pure; the one place that knows which kinds
// there are. Attributes read here:
//
//   any but s3    token_base   a leading part of the path that the site strips from scopes itself (XRootD's base_path)
//                 audience     `aud` of the tokens for it; default the origin of its https address
//   xrootd        https_url    of a site registered by roots://, the same directory over https: for clients, caches and HTTP-TPC
//   s3            addressing   "path" (default: https://host/bucket/prefix) or "virtual" (https://bucket.host/prefix)
//                 region       default us-east-1
//                 checksums    "false": the server knows no x-amz-checksum fields
//                 etag_is_md5  "true": plain ETags are md5
#include "base/error.hpp"
#include "catalog/records.hpp"

#include <string>
#include <string_view>

namespace fjord::transfer {

// How copies to and from it go.
enum class copy_protocol {
    http,  // HTTP-TPC
    root,  // XRootD's own, between root URLs
    s3,    // others pull from a presigned URL; it does nothing itself
};
copy_protocol copy_protocol_of(catalog::site_record const& site);

// Requests are signed with the site's own credentials: tokens mean nothing to it.
bool signs_requests(catalog::site_record const& site) noexcept;
// Can get a copy. (Any site can give one.)
bool takes_copies(catalog::site_record const& site) noexcept;

// errc::invalid_argument says what is wrong with kind, url or attributes, and what to write instead.
result<void> check_site(catalog::site_record const& site);

// The address that clients and HTTP peers use, without trailing slash: `https_url` where there is one, else the url.
std::string peer_url(catalog::site_record const& site);
// Absolute URL of a path (percent-encoded, relative) there; without any credential.
std::string url_of(catalog::site_record const& site, std::string_view path);
// "/prefix" of the url, or "".
std::string prefix_of(catalog::site_record const& site);

// The audience of a site's tokens. errc::invalid_argument for a bad url.
result<std::string> token_audience(catalog::site_record const& site);

// An attribute's value, or "".
std::string attribute(catalog::site_record const& site, std::string const& key);

}  // namespace fjord::transfer
