#pragma once
// What the catalog remembers, as plain values. Stored as versioned JSON (records_json.cpp); item and collection documents are
// kept as the exact bytes given. Nothing derivable is stored: a rule's status comes from its locks, a lock's from its replica.
#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/strong_id.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fjord::catalog {

struct collection_record {
    collection_id id;
    std::string document;  // STAC Collection, the exact bytes given
    std::string owner;     // organisation that created it
    wall_time created{}, updated{};
    std::string etag;  // hex sha-256 of `document`
};

struct item_record {
    collection_id collection;
    item_id id;
    std::string document;  // STAC Item, the exact bytes given
    wall_time created{}, updated{};
    std::string etag;  // hex sha-256 of `document`
};

struct asset_ref {
    collection_id collection;
    item_id item;
    asset_key asset;
    friend auto operator<=>(asset_ref const&, asset_ref const&) = default;
    std::string str() const;  // "C/I/A", percent-encoded segments
};
result<asset_ref> parse_asset_ref(std::string_view text);

// One immutable content of an asset. A change is a new version.
struct asset_version {
    digest id;           // sha-256 of the bytes; of the sorted manifest for a tree
    digest_set digests;  // sha256 and whatever else is known
    std::uint64_t size = 0;
    std::string media_type;
    std::string filename;  // last path component at upload; names the file at readable sites
    bool tree = false;
    std::uint64_t members = 0;
    wall_time registered{};
};

// A member of a tree asset version (a chunk of a Zarr store, a file of a directory).
struct tree_member {
    std::string path;  // "a/b/0.0", relative, no dot segments
    std::uint64_t size = 0;
    digest id;  // sha-256
};

enum class replica_state { copying, available, suspect, bad, deleting };
std::string_view name_of(replica_state s) noexcept;

struct replica_record {
    asset_ref asset;
    digest version;
    site_id site;
    replica_state state = replica_state::copying;
    std::uint64_t size = 0;
    std::string path;  // below the site's url, percent-encoded, no leading slash
    std::optional<wall_time> verified_at;
    std::string reason;  // why suspect, bad or deleting
};

struct site_record {
    site_id id;
    std::string kind;                               // "door", "webdav", "xrootd", "s3"
    std::string url;                                // https://host:port/prefix, no trailing slash
    std::map<std::string, std::string> attributes;  // country, tier, layout = readable|hashed, certs (comma list), ...
    std::string jurisdiction;                       // ISO 3166 alpha-2
    bool enabled = true;                            // false: no reads, no writes (an administrator's switch)
    wall_time created{}, updated{};
    // Facts that the site probe found ("path_boundary" -> "false"; storage/probe/rows.hpp). Only put_probe changes them.
    std::map<std::string, std::string> honours;
};

// The last finished probe of a site, with its evidence.
struct probe_record {
    site_id site;
    wall_time finished{};
    std::string document;  // the report, JSON
};

struct cache_record {
    site_id id;
    std::string url;
    std::string near_site;  // which compute site it serves
    std::string jurisdiction;
    std::map<std::string, std::string> attributes;
    std::uint64_t capacity = 0, used = 0;
    wall_time seen{};
};

struct rule_record {
    rule_id id;
    std::string uri;  // "C", "C/I" or "C/I/A"; empty for a filter rule
    std::string collection, filter, filter_lang;
    std::string sites;  // site expression, as written
    std::uint32_t copies = 1;
    std::optional<seconds> lifetime;
    std::uint32_t priority = 3;  // 1..5, 5 first
    std::string activity, comment;
    std::string owner;  // subject@issuer that made it
    wall_time created{};
};

// "rule R wants asset version V at site S". Its state is that of the replica.
struct lock_record {
    rule_id rule;
    asset_ref asset;
    digest version;
    site_id site;
};

enum class transfer_state { queued, active, verifying, done, failed, cancelled };
std::string_view name_of(transfer_state s) noexcept;

struct transfer_record {
    transfer_id id;
    asset_ref asset;
    digest version;
    site_id from, to;
    std::string mode;  // "pull", "push", "relay"
    transfer_state state = transfer_state::queued;
    std::uint32_t attempt = 0;
    std::uint64_t bytes = 0, total = 0;
    std::uint32_t priority = 3;
    std::string activity;
    std::string staging_path, final_path;
    std::string reason;  // one sentence: why it waits, failed or was cancelled
    wall_time created{}, updated{};
    std::optional<wall_time> not_before;  // back-off
};

struct policy_record {
    std::string id;        // policy document id; holds one or more rules
    std::string document;  // JSON as given
    std::uint64_t version = 1;
    wall_time updated{};
};

// Tokens refused before their time: one, by its id, or all that an issuer gave out before a moment.
struct revocation_record {
    std::string id;  // hex SHA-256: of issuer, line feed and jti (auth/revocation.hpp), or of the issuer alone
    std::string issuer;
    bool whole_issuer = false;  // by `issued_before`; else one token
    wall_time issued_before{};
    std::string made_by, reason;
    wall_time created{};
    wall_time expires{};  // no token that it covers can live beyond this
};

// A reserved upload: where the bytes go before they are registered.
struct upload_record {
    std::string id;
    asset_ref asset;
    site_id site;
    std::string path;
    std::string media_type, filename, owner;
    std::optional<std::uint64_t> size;
    digest_set digests;  // what the uploader promised
    wall_time expires{};
};

}  // namespace fjord::catalog
