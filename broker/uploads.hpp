#pragma once
// An upload is one transaction: reserve a path and a token, PUT to the site, commit. Nothing is findable before the commit has
// seen the bytes at the site with the right size and digest; a reservation that is not committed expires.
#include "broker/access.hpp"

#include "base/secret.hpp"
#include "catalog/records.hpp"

#include <optional>
#include <string>

namespace fjord::broker {

struct upload_request {
    catalog::asset_ref ref;
    std::string site;  // empty: default_site, else the first enabled site that policy allows
    std::string media_type;
    std::string filename;
    std::optional<std::uint64_t> size;
    digest_set digests;  // what the uploader promises
};

struct upload_reservation {
    std::optional<net::response> refused;
    catalog::upload_record upload;
    catalog::site_record site;
    std::string url;           // PUT the bytes here; a secret where there is no token
    secret token;              // create on exactly that path; empty where the URL itself is the right (S3)
    net::header_list headers;  // to be sent with the PUT as they are
};

asio::awaitable<upload_reservation> reserve_upload(core& c, net::request const& req, upload_request what);

}  // namespace fjord::broker
