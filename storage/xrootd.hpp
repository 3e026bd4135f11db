#pragma once
// The driver for sites that speak the XRootD protocol (root://, roots://), by XRootD's own client library. Tokens travel in the
// opaque part of each path ("authz=Bearer%20..."), so that every call acts with its own token on shared connections.
// What the protocol offers and HTTP does not: reads of many ranges in one request, checksums by query, third-party copies
// between root URLs. What it lacks: an upload is visible under its name while it grows (give it a staging name), and replacing
// a file empties it first.
#include "base/pool.hpp"
#include "storage/driver.hpp"

#include <memory>
#include <string>

namespace fjord::storage {

struct xrootd_settings {
    std::string ca_file;   // PEM bundle to trust; empty: X509_CERT_DIR of the environment, else the system's certificates
    std::string work_dir;  // where the links that XRootD's TLS wants for `ca_file` may lie; made when absent
};

// Prepares the library for this process: trust, time limits, its log through ours (scrubbed). Call it before threads start,
// because it sets the environment variable X509_CERT_DIR, the only way to say whom to trust. Sites that demand a login by token
// (ztn) get the one of BEARER_TOKEN or BEARER_TOKEN_FILE. errc::invalid_argument: no certificate in `ca_file`; errc::denied, ...
result<void> set_up_xrootd_client(xrootd_settings const& settings);

// `url`: storage/root_url.hpp. errc::invalid_argument when it is none. The pool takes what may block (name look-ups) and must
// outlive the driver. `by_http`, when given, carries out the third-party copies whose other end is no root URL. Any context;
// calls may run in parallel.
result<std::unique_ptr<driver>> make_xrootd_driver(std::string const& url, blocking_pool& pool,
                                                   std::unique_ptr<driver> by_http = nullptr);

}  // namespace fjord::storage
