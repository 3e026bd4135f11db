#pragma once
// What a role's configuration file may say. One table per role drives parsing, error texts, `fjord check-config` and
// docs/configuration.md.
#include "auth/auth.hpp"
#include "auth/key_schedule.hpp"
#include "base/config.hpp"
#include "broker/options.hpp"
#include "net/server.hpp"
#include "site/group_access.hpp"
#include "site/identity.hpp"
#include "transfer/access.hpp"

#include <string>
#include <vector>

namespace fjord::cli {

struct log_options {
    std::string file;  // empty: standard error
    std::string level = "info";
};

// What every role that listens has.
struct common_config {
    std::vector<std::string> listen;
    std::string public_url;
    std::string data_dir;
    bool tokens_over_http = false;
    bool trust_forwarded = false;
    bool access_log = true;
    net::tls_files tls;
    log_options log;
    std::string ca;
    std::string jwks_cache;
    std::int64_t threads = 0;
    seconds stop_grace{10};
    std::vector<auth::issuer_options> issuers;
};

struct broker_config : common_config {
    broker::options broker;
    std::string store_engine = "rocksdb";
    std::string key_file;
    auth::rotation_policy rotation;
    bool rs256 = true;
    std::vector<transfer::s3_credentials_options> s3;
};

struct site_config : common_config {
    std::string root;
    std::vector<std::string> public_paths;
    bool recursive_delete = false;
    std::vector<std::string> upload_digests{"adler32", "crc32c"};
    bool tpc_allow_local = false;
    std::vector<std::string> tpc_allow;
    std::string broker_url;  // whose revocations are followed
    std::vector<site::group_rule> group_access;
    std::string identity_mode = "service";
    std::string service_account;
    std::string umask;
    std::int64_t min_uid = 1000;
    std::string alise_key_file;
    std::string alise_issuer = "hash";
    seconds alise_timeout{5};
    site::identity_options identity;

    bool is_mapped() const { return identity_mode == "mapped"; }
};

struct origin_config {
    std::string prefix, url;
};

struct cache_config : common_config {
    std::string id = "cache";
    std::string broker_url;
    std::string token_file;
    std::string site, jurisdiction;
    std::string disk_path;
    std::uint64_t disk_size = 10ull << 30;
    std::uint64_t memory_size = 256ull << 20;
    std::vector<origin_config> origins;
};

struct issuer_config : common_config {
    std::string key_file;
};

// The tables bind to the given aggregate, which must outlive them.
config_table table_of(broker_config& c);
config_table table_of(site_config& c);
config_table table_of(cache_config& c);
config_table table_of(issuer_config& c);

// All roles, as Markdown.
std::string configuration_reference();

}  // namespace fjord::cli
