#include "cli/role_config.hpp"

#include "base/digest.hpp"
#include "net/client.hpp"
#include "site/privileges.hpp"

namespace fjord::cli {
namespace {

result<void> check_https(std::string const& url) {
    auto parts = net::parse_url(url);
    if (!parts) return parts.error();
    return {};
}

result<void> check_digest(std::string const& name) {
    if (digest_algorithm_named(name)) return {};
    return fail(errc::invalid_argument, "'" + name + "' is no digest; there are adler32, crc32c, sha-256 and md5");
}

void declare_issuer(config_table& t, auth::issuer_options& i) {
    t.text("url", &i.url)
        .required()
        .check(check_https)
        .prose("The `iss` of its tokens, byte for byte. Its metadata is read from `<url>/.well-known/openid-configuration`.");
    t.text_list("audience", &i.audience)
        .prose("Values of `aud` that are accepted. Empty: the origin of `public_url` and of every listener.");
    t.boolean("allow_any_audience", &i.allow_any_audience).prose("Accept `https://wlcg.cern.ch/jwt/v1/any`.");
    t.text("ca", &i.ca).prose("PEM file to trust when talking to this issuer. Empty: `ca`, else the system's.");
    t.text("jwks_file", &i.jwks_file).prose("Read its keys from this file and never from the network.");
    t.text_list("algorithms", &i.algorithms).prose("Signature algorithms it may use: RS256, ES256, ES384, EdDSA, PS256.");
    t.duration("max_lifetime", &i.max_lifetime)
        .between(60, 30 * 86400)
        .prose("Tokens with a longer life (`exp` - `iat`) are refused.");
    t.text("groups_claim", &i.groups_claim).prose("Claim that lists groups.");
    t.text("org", &i.org).prose("Organisation of its people, for policies.");
    t.text("account_claim", &i.account_claim)
        .prose(
            "Sites in mapped mode: claim that names the local account of its people, such as `preferred_username`. Set it only "
            "for an issuer that gives these names out itself.");
    t.text("base_path", &i.base_path).prose("Where the paths of its storage scopes are rooted here.");
    t.text_list("admin_groups", &i.admin_groups).prose("Members of these groups have the role admin.");
    t.boolean("require_at_jwt", &i.require_at_jwt).prose("Refuse its tokens unless their header says `typ: at+jwt` (RFC 9068).");
    t.text_list("admin_subjects", &i.admin_subjects).prose("These subjects have the role admin.");
}

// A broker's people log in, too.
void declare_login_issuer(config_table& t, auth::issuer_options& i) {
    declare_issuer(t, i);
    t.text("login_client_id", &i.login_client_id)
        .prose("Public client, registered there for the device flow, that `fjord login` is told to use.");
    t.text("login_scope", &i.login_scope)
        .prose(
            "Scopes that `fjord login` asks for. Empty: openid, and what the issuer offers of offline_access, groups and "
            "entitlements.");
    t.text("login_audience", &i.login_audience).prose("Audience that `fjord login` asks for, where an issuer wants to be told.");
}

void declare_common(config_table& t, common_config& c) {
    t.text_list("listen", &c.listen)
        .required()
        .prose("Addresses to listen on, as URLs: `https://0.0.0.0:8443`, `http://127.0.0.1:8080`. Port 0 takes a free one.");
    t.text("public_url", &c.public_url)
        .prose(
            "Our address as others see it, without trailing slash. Default: `https://localhost:` and the port of the first https "
            "listener.");
    t.boolean("tokens_over_http", &c.tokens_over_http)
        .prose("Accept tokens on plain listeners: only behind a proxy that ends TLS, or to measure.");
    t.boolean("trust_forwarded", &c.trust_forwarded)
        .prose("Build links from Forwarded and X-Forwarded-* fields: only behind a proxy that sets them.");
    t.boolean("access_log", &c.access_log).prose("One log line per request.");
    t.text("ca", &c.ca).prose("PEM file with the authorities to trust for outgoing TLS. Empty: the system's.");
    t.text("jwks_cache", &c.jwks_cache)
        .prose(
            "Directory where the keys of issuers are kept for a start without network, in the format of the WLCG system JWKS "
            "cache. "
            "Empty: `jwks` in the role's own directory, if it has one. `JWKS_CACHE_DIR`, `JWKS_CACHE_FILE`, `/etc/jwks` and "
            "`/var/cache/jwks` are read as well.");
    t.integer("threads", &c.threads).between(0, 256).prose("Event loops, one per core; 0 takes the number of cores.");
    t.duration("stop_grace", &c.stop_grace)
        .between(0, 3600)
        .prose("How long requests in flight may take to finish after SIGTERM.");
    t.section("tls", "Certificate of the https listeners; read again on SIGHUP.");
    t.text("tls.certificate", &c.tls.certificate).reloadable().prose("PEM file, leaf first, then intermediates.");
    t.text("tls.key", &c.tls.key).reloadable().prose("PEM file with the private key.");
    t.section("log", "Where and how much to log. Lines are JSON objects and never hold a token.");
    t.text("log.file", &c.log.file).prose("File to append to. Empty: standard error.");
    t.text("log.level", &c.log.level)
        .one_of({"debug", "info", "warn", "error", "off"})
        .reloadable()
        .prose("Least important level that is written.");
}

void declare_issuers(config_table& t, common_config& c, void (*declare)(config_table&, auth::issuer_options&) = declare_issuer) {
    t.section("issuer",
              "A token issuer that is trusted, one block each. Tokens of other issuers are refused without asking the network.");
    t.array<auth::issuer_options>("issuer", &c.issuers, declare).reloadable();
}

void declare_group_rule(config_table& t, site::group_rule& r) {
    t.text("path", &r.path)
        .required()
        .prose("Path below the root; of the blocks that cover an object the longest decides alone.");
    t.text("issuer", &r.issuer).prose("Whose groups are meant. Empty: those of every trusted issuer.");
    t.text_list("read", &r.read)
        .prose("Groups (`/vo/group`) or AARC entitlements that may read and list; `*` is every token of the issuer.");
    t.text_list("write", &r.write).prose("Those that may make, replace, move and remove.");
}

result<void> check_umask(std::string const& text) {
    if (text.empty()) return {};
    if (auto mask = site::parse_umask(text); !mask) return mask.error();
    return {};
}

void declare_group_account(config_table& t, site::group_account& g) {
    t.text("group", &g.group).required().prose("Group (`/vo/group`) or AARC entitlement that the token asserts.");
    t.text("issuer", &g.issuer).prose("Whose group is meant. Empty: that of every trusted issuer.");
    t.text("account", &g.account).required().prose("Account of its members here.");
}

void declare_identity(config_table& t, site_config& c) {
    t.section(
        "identity",
        "Whose files they are. In mapped mode everything is done as the account of the caller, which the first of these "
        "methods finds that knows the caller: `map_file`, ALISE, `[[group_account]]`, `account_claim` of the issuer. Who has "
        "no account is refused; nobody is ever mapped to uid 0, group 0 or an account below `min_uid`.");
    t.text("identity.mode", &c.identity_mode)
        .one_of({"service", "mapped"})
        .prose(
            "`service`: all files belong to the account that the door runs as. `mapped`: to the caller's; needs `data_dir` and "
            "the capabilities CAP_SETUID and CAP_SETGID (`AmbientCapabilities=` of systemd), or a start as root.");
    t.text("identity.service_account", &c.service_account)
        .prose("Account to become when started as root, before the first request.");
    t.text("identity.umask", &c.umask)
        .check(check_umask)
        .prose("Permissions that new files and directories do not get, such as `0027`. Empty: as the process was started.");
    t.integer("identity.min_uid", &c.min_uid).between(1, 4294967294).prose("Nobody is mapped to an account with a lower uid.");
    t.text("identity.map_file", &c.identity.map_file)
        .prose("File with one line per person: `account issuer subject`. Read again when it changes.");
    t.text("identity.alise_url", &c.identity.alise.url).prose("Address of the ALISE instance (account linking). Empty: none.");
    t.text("identity.alise_site", &c.identity.alise.site).prose("Name of this site there.");
    t.text("identity.alise_key_file", &c.alise_key_file).prose("File with the API key for it, readable by the door only.");
    t.text("identity.alise_issuer", &c.alise_issuer)
        .one_of({"hash", "url"})
        .prose("How it wants issuers named: by SHA-1, or by their encoded URL (newer instances).");
    t.duration("identity.alise_timeout", &c.alise_timeout)
        .between(1, 60)
        .prose("An instance that does not answer in time means 503 for the caller, never another account.");
    t.text("identity.public_account", &c.identity.public_account)
        .prose("As whom those without a token read `public` paths. Empty: they do not.");
    t.duration("identity.keep", &c.identity.keep)
        .between(0, 86400)
        .prose("How long an account that was found is not asked for again.");
    t.duration("identity.keep_negative", &c.identity.keep_negative)
        .between(0, 3600)
        .prose("The same for who has none, and for failures.");
    t.section("group_account", "Mapped mode: one account for all members of a group; the first block that fits decides.");
    t.array<site::group_account>("group_account", &c.identity.groups, declare_group_account);
}

void declare_network(config_table& t, broker::network_options& n) {
    t.text("cidr", &n.cidr).required().prose("`192.0.2.0/24` or `2001:db8::/32`.");
    t.text("site", &n.site).required().prose("Site where callers from these addresses compute.");
}

void declare_s3(config_table& t, transfer::s3_credentials_options& s) {
    t.text("site", &s.site).required().prose("Id of the site, as it is registered.");
    t.text("file", &s.file)
        .required()
        .prose(
            "File in the format of the AWS tools: `aws_access_key_id`, `aws_secret_access_key` and, for temporary ones, "
            "`aws_session_token`. Readable by this user only (0600); read again when it changes.");
    t.text("profile", &s.profile).prose("Section of the file.");
}

void declare_origin(config_table& t, origin_config& o) {
    t.text("prefix", &o.prefix).required().prose("Path prefix that is served from this origin, such as `/mirror`.");
    t.text("url", &o.url).required().check(check_https).prose("Where it comes from.");
}

}  // namespace

config_table table_of(broker_config& c) {
    config_table t;
    declare_common(t, c);
    t.text("data_dir", &c.data_dir).required().prose("Directory for the store and the signing key.");
    t.text("title", &c.broker.title).prose("Title of the catalog's landing page.");
    t.text("description", &c.broker.description).prose("Description on the landing page.");
    t.text("key_file", &c.key_file)
        .prose(
            "Your own EC P-256 private key (PEM) to sign tokens with. To rotate it replace the file and send SIGHUP: the new key "
            "is "
            "published at once and signs after `signing_keys.publish_ahead`. Empty: keys are made and rotated in "
            "`signing-keys.json` in `data_dir`.");
    t.text_list("cache_groups", &c.broker.cache_groups)
        .prose("Members of these groups may register caches and ask where to fill from.");
    t.duration("token_lifetime", &c.broker.token_lifetime)
        .between(30, 3600)
        .prose("Life of tokens in resolve answers and redirects.");
    t.duration("upload_lifetime", &c.broker.upload_lifetime).between(60, 7 * 86400).prose("How long a reserved upload may take.");
    t.duration("cache_lease", &c.broker.cache_lease)
        .between(2, 3600)
        .prose("A cache silent for so long is not offered any more.");
    t.duration("keep_log", &c.broker.keep_log)
        .between(0, 3650ll * 86400)
        .prose(
            "How long entries of the change log are kept: a consumer of `/api/v1/events` that was away longer starts again from "
            "the "
            "state (410). 0: for ever.");
    t.text("default_site", &c.broker.default_site).prose("Site for uploads that name none. Empty: the first that policy allows.");
    t.section("signing_keys", "Keys that sign the tokens of this broker; `fjord token keys` shows them.");
    t.duration("signing_keys.rotate_every", &c.rotation.rotate_every)
        .between(10, 366 * 86400)
        .prose("How long a key signs. WLCG: 2 days to 12 months.");
    t.duration("signing_keys.publish_ahead", &c.rotation.publish_ahead)
        .between(1, 30 * 86400)
        .prose("How long a new key is published before it signs: no shorter than sites keep a JWKS, which may be 4 days.");
    t.boolean("signing_keys.rs256", &c.rs256)
        .prose("Keep an RSA key as well, for sites with attribute `token_alg = RS256` (StoRM WebDAV verifies nothing else).");
    t.section("probe", "Honesty probes of storage sites, on canary files of their own; `fjord site probe` runs one now");
    t.duration("probe.interval", &c.broker.probe_interval)
        .between(0, 366 * 86400)
        .prose("Time between probes of one site, a tenth more or less. 0: only when asked for.");
    t.boolean("probe.on_add", &c.broker.probe_on_add).prose("Probe a site when it is registered, moved or enabled again.");
    t.boolean("probe.file_source", &c.broker.probe_server_files)
        .prose("Ask for a copy from a `file://` URL, which names a canary's path and no file of the server's system.");
    t.boolean("probe.cleartext", &c.broker.probe_cleartext)
        .prose("Send a token over `http://`. It reads one canary and ends within a minute.");
    t.section("store", "Where the catalog lives.");
    t.text("store.engine", &c.store_engine).one_of({"rocksdb"}).prose("Storage engine.");
    t.section("location", "Where this host stands; decides whether bytes may be relayed through it.");
    t.text("location.site", &c.broker.site).prose("Name of the place.");
    t.text("location.jurisdiction", &c.broker.jurisdiction).prose("ISO 3166 code, such as DE.");
    t.section("s3_credentials",
              "The keys of an S3 site (kind s3), one block each. They sign every request to it and never leave this host.");
    t.array<transfer::s3_credentials_options>("s3_credentials", &c.s3, declare_s3);
    t.section("network", "Which callers compute where, when they do not say so themselves. The longest prefix wins.");
    t.array<broker::network_options>("network", &c.broker.networks, declare_network);
    declare_issuers(t, c, declare_login_issuer);
    return t;
}

config_table table_of(site_config& c) {
    config_table t;
    declare_common(t, c);
    t.text("root", &c.root).required().prose("Directory that becomes the storage site. Nothing outside it can be reached.");
    t.text_list("public", &c.public_paths).prose("Path prefixes that may be read without a token.");
    t.boolean("recursive_delete", &c.recursive_delete)
        .prose(
            "DELETE of a directory removes all below it, as WebDAV clients such as `rclone purge` want it. Off, only empty "
            "directories "
            "can be removed: gfal2 makes `rmdir` a DELETE, so that a program which counts on its failure would lose data.");
    t.text_list("upload_digests", &c.upload_digests)
        .check(check_digest)
        .prose(
            "Digests computed of every file that comes in: `adler32`, `crc32c`, `sha-256`, `md5`. Besides these it is always "
            "those "
            "that the sender promised or asks for, and sha-256 of what is registered with the broker or copied from another "
            "site; "
            "any other is computed when it is first asked for. sha-256 costs as much processor time as all the rest of an "
            "upload.");
    t.text("data_dir", &c.data_dir)
        .prose("Directory for what outlives a restart: issuers' keys and revoked tokens. Empty: nothing is kept.");
    t.text("broker", &c.broker_url).check(check_https).prose("The broker whose list of revoked tokens is followed. Empty: none.");
    t.section("tpc", "Third-party copies: whom this door may connect to.");
    t.boolean("tpc.allow_local", &c.tpc_allow_local)
        .prose("Allow loopback, link-local and private addresses: for tests and closed networks only.");
    t.text_list("tpc.allow", &c.tpc_allow).prose("`host:port` pairs that are allowed whatever their address.");
    t.section("group_access",
              "Access by group, for tokens without capability scopes: a token that has some is decided on by them alone.");
    t.array<site::group_rule>("group_access", &c.group_access, declare_group_rule);
    declare_identity(t, c);
    declare_issuers(t, c);
    return t;
}

config_table table_of(cache_config& c) {
    config_table t;
    declare_common(t, c);
    t.text("id", &c.id).prose("Name of this cache in the federation.");
    t.text("broker", &c.broker_url)
        .check(check_https)
        .prose("The broker this cache belongs to. Empty: it serves its origins only.");
    t.text("token_file", &c.token_file)
        .prose("File with the cache's own bearer token for the broker; read again when it changes.");
    t.text("site", &c.site).prose("Compute site that it stands next to.");
    t.text("jurisdiction", &c.jurisdiction).prose("ISO 3166 code of the country it stands in.");
    t.section("disk", "The disk tier.");
    t.text("disk.path", &c.disk_path).required().prose("Directory for blocks and their index.");
    t.bytes("disk.size", &c.disk_size)
        .between(64ll << 20, 1ll << 50)
        .prose("Bytes it may use, such as `500 GiB`. Never exceeded.");
    t.section("memory", "The RAM tier.");
    t.bytes("memory.size", &c.memory_size).between(0, 1ll << 44).prose("Bytes for hot small blocks.");
    t.section("origin", "An HTTP origin served by prefix, without a broker.");
    t.array<origin_config>("origin", &c.origins, declare_origin);
    declare_issuers(t, c);
    return t;
}

config_table table_of(issuer_config& c) {
    config_table t;
    declare_common(t, c);
    t.text("key_file", &c.key_file).required().prose("EC P-256 private key (PEM); made when absent.");
    return t;
}

std::string configuration_reference() {
    std::string out =
        "# Configuration\n\nOne TOML file per role. Unknown keys, wrong types and values out of bounds are errors that name "
        "file, line, key and bound;\n"
        "`fjord check-config ROLE FILE` shows all of them. SIGHUP reads certificates, issuers and the log level again.\n"
        "This page is generated by `fjord config-reference` from the tables that parse the files.\n\n";
    broker_config b;
    site_config s;
    cache_config k;
    issuer_config i;
    out += "## broker\n\n" + table_of(b).markdown() + "\n";
    out += "## site\n\n" + table_of(s).markdown() + "\n";
    out += "## cache\n\n" + table_of(k).markdown() + "\n";
    out += "## issuer (development only)\n\n" + table_of(i).markdown();
    return out;
}

}  // namespace fjord::cli
