#pragma once
// The user commands. Each takes its arguments as a plain struct, prints its result, and gives the exit code.
#include "cli/client_context.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fjord::cli {

struct resolve_args {
    std::string uri, need = "url", site, purpose;
};
int resolve(client_context& c, resolve_args const& a);

struct get_args {
    std::string uri, dest, site, purpose;
    int streams = 4;
};
int get(client_context& c, get_args const& a);

struct put_args {
    std::vector<std::string> files;
    std::string uri, at, media_type;
};
int put(client_context& c, put_args const& a);

struct list_args {
    std::string uri;
};
int list(client_context& c, list_args const& a);
int stat(client_context& c, list_args const& a);

struct search_args {
    std::vector<std::string> collections;
    std::string bbox, datetime, filter, sortby;
    int limit = 20;
};
int search(client_context& c, search_args const& a);

struct ingest_args {
    std::vector<std::string> files;
    std::string collection, item, datetime, at;
    std::vector<std::string> properties;  // key=value
    std::string generation = "both";      // of the STAC extensions: "both", "current", "previous"
    bool no_upload = false, upsert = false, statistics = false;
};
// Files of items (NDJSON, STAC Item and ItemCollection documents need no raster library) are sent as they are.
bool holds_items(std::string const& file);
result<void> ingest_lines(client_context& c, std::string const& file, ingest_args const& a);
int ingest(client_context& c, ingest_args const& a);

struct events_args {
    std::string since;        // a position; empty: the beginning, or now when following
    std::string cursor_file;  // keeps the position between runs
    std::string types;        // "item.*,replica.available"
    bool follow = false;
};
int events(client_context& c, events_args const& a);

struct tree_args {
    std::string source;  // a directory, or a file with its manifest
    std::string uri, media_type, site, path, prefix;
};
int tree_manifest(tree_args const& a, bool quiet);
int tree_put(client_context& c, tree_args const& a);
int tree_list(client_context& c, tree_args const& a);

// Records of the administration API: list, show, delete, and whatever takes a JSON document.
struct record_args {
    std::string kind, id;
};  // kind: "sites", "rules", "transfers", "caches", "policies", "collections"
int list_records(client_context& c, std::string const& kind);
int show_record(client_context& c, record_args const& a);
int delete_record(client_context& c, record_args const& a);

struct site_args {
    std::string id, kind = "door", url, jurisdiction;
    std::vector<std::string> attributes;
    bool disabled = false;
};
int add_site(client_context& c, site_args const& a);
int set_site(client_context& c, site_args const& a);

struct probe_args {
    std::string id;
    bool last = false, strict = false, no_server_files = false, no_cleartext = false;
};
int probe_site(client_context& c, probe_args const& a);

struct rule_args {
    std::string uri, collection, filter, sites, lifetime, activity, comment;
    int copies = 1, priority = 3;
    bool plan = false;  // dry run
    bool wait = false;  // until fulfilled or impossible
};
int add_rule(client_context& c, rule_args const& a);
int explain_rule(client_context& c, std::string const& id);

int transfer_action(client_context& c, std::string const& id, std::string const& action);  // "cancel", "retry"

struct collection_args {
    std::string file;
};
int add_collection(client_context& c, collection_args const& a);

struct policy_args {
    std::string id, file;
};
int set_policy(client_context& c, policy_args const& a);
int check_policy_file(std::string const& file);
struct explain_args {
    std::string action = "read", uri, purpose;
};
int explain_policy(client_context& c, explain_args const& a);

struct mint_args {
    std::string key, issuer, subject, org, scope;
    std::vector<std::string> audience, groups;
    std::int64_t lifetime = 3600;
};
int mint_token(mint_args const& a);
int inspect_token(global_options const& g);

struct revoke_args {
    std::string token;  // file with the token that is not to count any more, "-": standard input; or:
    std::string issuer, jti, issued_before;
    std::string reason;
};
int revoke_token(client_context& c, revoke_args const& a);
int restore_token(client_context& c, std::string const& id);

// Uploads one file and registers it, shared by put and ingest. `filename` is what the site calls it.
result<json::value> upload_file(client_context& c, std::string const& file, std::string const& uri, std::string const& at,
                                std::string const& media_type);

}  // namespace fjord::cli
