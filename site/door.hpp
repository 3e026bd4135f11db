#pragma once
// The site door: a directory served as a storage site. WebDAV verbs (GET HEAD PUT DELETE MKCOL MOVE PROPFIND OPTIONS), ranges,
// digests, and COPY with Source or Destination (HTTP third-party copy), all under bearer tokens with WLCG scopes. What each verb
// needs stands in verbs.hpp; nothing outside the root can be reached (root.hpp); an upload becomes visible whole and verified or
// not at all (incoming.hpp). It refuses: overwriting with create-only tokens, recursive
// deletion unless configured, PROPFIND of infinite depth.
//
//   auto opened = site::door::open({.root = "/srv/data"}, {verifier, client, pool, clock, metrics});
//   (*opened)->add_routes(routes);
#include "auth/auth.hpp"
#include "base/digest.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "net/client.hpp"
#include "net/router.hpp"
#include "site/account_mapper.hpp"
#include "site/commit.hpp"
#include "site/group_access.hpp"
#include "site/remote.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fjord::site {

struct door_options {
    std::string root;                       // directory to serve; must exist
    std::string prefix = "/";               // URL path that stands for the root
    std::string realm = "fjord-site";       // in WWW-Authenticate
    std::string notes_folder;               // mapped mode: where uploads under way are noted (upload_notes.hpp); required there
    std::vector<std::string> public_paths;  // readable and listable without a token, with all below; paths below the root
    std::vector<group_rule> groups;         // access by group, for tokens without capability scopes
    // Issuer and where its scope paths are rooted here: so that a refusal names the scope as that issuer would write it.
    std::vector<std::pair<std::string, std::string>> scope_roots;
    remote_rules remotes;  // where COPY may reach to
    // DELETE of a directory takes all below it, as RFC 4918 section 9.6.1 has it. Off: only empty ones go, as at StoRM, dCache
    // and XRootD, because gfal2 turns rmdir() into a DELETE, and its callers count on ENOTEMPTY.
    bool recursive_delete = false;
    // Computed of every file that comes in, beside those its sender promised. sha-256 is computed too when the file is copied
    // from another site or registered with the broker, and of any other file when it is first asked for.
    std::vector<digest_algorithm> upload_digests{digest_algorithm::adler32, digest_algorithm::crc32c};
    std::uint64_t max_upload = 0;                      // bytes; 0 = as the disk allows
    std::size_t max_copies = 64;                       // third-party copies at once; beyond: 503
    std::chrono::milliseconds marker_interval{5'000};  // between performance markers
    std::chrono::seconds copy_head_timeout{180};       // for the remote side's first answer (it may compute a checksum first)
    std::chrono::seconds copy_stall{60};               // no byte for so long ends a copy
    std::chrono::hours copy_limit{24};
};

// All must outlive the door. No registrar: uploads are never registered anywhere. No accounts: everything is done as the account
// the process runs as (service mode); with them, as the caller's (mapped mode).
struct door_parts {
    auth::verifier& tokens;
    net::http_client& client;  // for COPY; without credentials of its own
    blocking_pool& pool;
    clock& time;
    metrics_registry& metrics;
    upload_registrar* registrar = nullptr;
    account_mapper* accounts = nullptr;
};

struct door_core;

// Any thread after open; the routes keep what they need alive.
class door {
public:
    // errc::not_found, errc::denied (the root), errc::invalid_argument (prefix, a public path, no notes folder),
    // errc::unsupported (old kernel), errc::conflict (another door has the notes folder). Sweeps what a killed door left of
    // uploads.
    static result<std::unique_ptr<door>> open(door_options options, door_parts parts);
    void add_routes(net::router& routes) const;

private:
    explicit door(std::shared_ptr<door_core> core);
    std::shared_ptr<door_core> core_;
};

}  // namespace fjord::site
