#pragma once
// A real XRootD server as a storage site: configuration, offline keys of its one trusted issuer, and the process. Needs the
// Debian packages xrootd-server, xrootd-server-plugins, xrootd-plugins, xrootd-scitokens-plugins and python3 (for the key cache,
// which is an SQLite file).
#include "cli/demo/process.hpp"

#include <string>

namespace fjord::cli {

struct xrootd_options {
    std::string dir;  // short, without blanks: it holds unix sockets
    int port = 0;
    std::string certificate, key, ca;
    std::string issuer, jwks;
    std::string more = {};   // further lines of its configuration
    bool ipv4_only = false;  // root third-party copies compare host names, which loopback has for IPv4 only
};

result<child_process> start_xrootd_site(xrootd_options const& o);
// Until it answers https with our certificate. errc::unavailable with the end of its log.
result<void> wait_for_xrootd(std::string const& dir, int port, child_process& process);

}  // namespace fjord::cli
