// The `fjord` program: arguments in, a command run, an exit code out.
#include "cli/commands.hpp"
#include "cli/demo/demo.hpp"
#include "cli/exit_code.hpp"
#include "cli/login/commands.hpp"
#include "cli/login/token_source.hpp"
#include "cli/output.hpp"
#include "cli/serve.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <functional>

namespace {

using namespace fjord;
using namespace fjord::cli;

// The command that was chosen; set by CLI11's callbacks, run after parsing, so that wrong usage never starts anything.
using action = std::function<int()>;

struct program {
    CLI::App app{"Fjord: data for digital twins, found, shared and served close to compute"};
    global_options global;
    action chosen;

    // Arguments live as long as the program.
    template <class T>
    T& keep() {
        auto owned = std::make_shared<T>();
        kept.push_back(owned);
        return *owned;
    }
    std::vector<std::shared_ptr<void>> kept;

    // A command that talks to the broker.
    void online(CLI::App* sub, std::function<int(client_context&)> run) {
        sub->callback([this, run = std::move(run)] {
            chosen = [this, run] {
                if (auto ok = complete(global); !ok) return report(ok.error());
                auto source = token_source::find(global);
                if (!source) return report(source.error());
                client_context context(
                    global, [&s = *source] { return s.current(); }, source->origin());
                return run(context);
            };
        });
    }
    void offline(CLI::App* sub, action run) {
        sub->callback([this, run = std::move(run)] { chosen = run; });
    }
};

void add_data_commands(program& p) {
    auto& r = p.keep<resolve_args>();
    auto* resolve = p.app.add_subcommand(
        "resolve", "Where is this dataset, best place first? Gives URLs, expiry and the reason for each rank");
    resolve->add_option("URI", r.uri, "COLLECTION/ITEM/ASSET or fjord://HOST/...")->required();
    resolve->add_option("--need", r.need, "url, or path when my site has the files mounted")
        ->check(CLI::IsMember({"url", "path"}));
    resolve->add_option("--site", r.site, "Where I compute (default: FJORD_SITE)");
    resolve->add_option("--purpose", r.purpose, "Purpose of use, such as DUO:0000042");
    p.online(resolve, [&r](client_context& c) { return cli::resolve(c, r); });

    auto& g = p.keep<get_args>();
    auto* get = p.app.add_subcommand("get", "Download, verified and resumable; items and collections become folders");
    get->add_option("URI", g.uri, "COLLECTION[/ITEM[/ASSET]]")->required();
    get->add_option("DEST", g.dest, "File or folder (default: here, under the file's own name)");
    get->add_option("--site", g.site, "Where I compute (default: FJORD_SITE)");
    get->add_option("--purpose", g.purpose, "Purpose of use, such as DUO:0000042");
    get->add_option("--streams", g.streams, "Parallel ranges")->check(CLI::Range(1, 32));
    p.online(get, [&g](client_context& c) { return cli::get(c, g); });

    auto& u = p.keep<put_args>();
    auto* put = p.app.add_subcommand("put", "Upload files to a site and register them, one transaction each");
    put->add_option("FILE... URI", u.files, "Files, then COLLECTION/ITEM[/ASSET]")->required()->expected(2, -1);
    put->add_option("--at", u.at, "Site to upload to (default: the broker's choice)");
    put->add_option("--type", u.media_type, "Media type (default: by file name)");
    p.online(put, [&u](client_context& c) {
        u.uri = u.files.back();
        u.files.pop_back();
        return cli::put(c, u);
    });

    auto& l = p.keep<list_args>();
    auto* ls = p.app.add_subcommand("ls", "List collections, the items of a collection, or the assets of an item");
    ls->add_option("URI", l.uri, "COLLECTION[/ITEM]");
    p.online(ls, [&l](client_context& c) { return cli::list(c, l); });

    auto& st = p.keep<list_args>();
    auto* stat = p.app.add_subcommand("stat", "Show a document, or an asset's version and replicas");
    stat->add_option("URI", st.uri, "COLLECTION[/ITEM[/ASSET]]")->required();
    p.online(stat, [&st](client_context& c) { return cli::stat(c, st); });

    auto& s = p.keep<search_args>();
    auto* search = p.app.add_subcommand("search", "STAC search");
    search->add_option("--collection", s.collections, "Only these collections");
    search->add_option("--bbox", s.bbox, "west,south,east,north");
    search->add_option("--datetime", s.datetime, "Instant or interval, such as 2020-01-01T00:00:00Z/..");
    search->add_option("--filter", s.filter, "CQL2 text, such as \"eo:cloud_cover < 10\"");
    search->add_option("--sortby", s.sortby, "Such as -datetime,+id");
    search->add_option("--limit", s.limit, "At most so many items")->check(CLI::Range(1, 1'000'000));
    p.online(search, [&s](client_context& c) { return cli::search(c, s); });

    auto& i = p.keep<ingest_args>();
    auto* ingest = p.app.add_subcommand(
        "ingest", "Make STAC items from GeoTIFF, netCDF and Zarr, upload and register them; or register items from NDJSON");
    ingest
        ->add_option(
            "FILE", i.files,
            "Rasters, or .ndjson, .jsonl and inline_items.csv with a STAC item per line; - is NDJSON from standard input")
        ->required();
    ingest->add_option("--collection", i.collection,
                       "Collection that gets the items (with NDJSON: default is what each item says)");
    ingest->add_option("--item", i.item, "Item id (default: the file's name)");
    ingest->add_option("--datetime", i.datetime, "When the data was acquired (instant or a/b), if the file does not say");
    ingest->add_option("--property", i.properties, "key=value for the item's properties; may be repeated");
    ingest->add_option("--at", i.at, "Site to upload to (default: the broker's choice)");
    ingest->add_option("--extensions", i.generation, "Generation of the STAC extensions: both, current or previous")
        ->check(CLI::IsMember({"both", "current", "previous"}));
    ingest->add_flag("--statistics", i.statistics, "Minimum, maximum, mean and deviation of each band, from a reduced reading");
    ingest->add_flag("--upsert", i.upsert, "NDJSON: replace items that exist, instead of refusing them; makes a repeat harmless");
    ingest->add_flag("--no-upload", i.no_upload, "Only describe: print the item, change nothing");
    p.online(ingest, [&i](client_context& c) { return cli::ingest(c, i); });
}

void add_tree_commands(program& p, CLI::App* tree) {
    auto& m = p.keep<tree_args>();
    auto* manifest = tree->add_subcommand("manifest", "Print the manifest of a directory: path, size and digest of every file");
    manifest->add_option("DIR", m.source)->required()->check(CLI::ExistingDirectory);
    p.offline(manifest, [&p, &m] { return tree_manifest(m, p.global.quiet); });
    auto& u = p.keep<tree_args>();
    auto* put = tree->add_subcommand("put", "Register a directory, or a manifest made elsewhere, as one asset of an item");
    put->add_option("SOURCE", u.source, "Directory, or file with a manifest sorted by path")
        ->required()
        ->check(CLI::ExistingPath);
    put->add_option("URI", u.uri, "COLLECTION/ITEM/ASSET")->required();
    put->add_option("--type", u.media_type, "Media type, such as \"application/vnd+zarr; version=2\"");
    put->add_option("--site", u.site, "Site where the files lie already");
    put->add_option("--path", u.path, "Their directory there, below the site's URL");
    p.online(put, [&u](client_context& c) { return tree_put(c, u); });
    auto& l = p.keep<tree_args>();
    auto* ls = tree->add_subcommand("ls", "List the members");
    ls->add_option("URI", l.uri, "COLLECTION/ITEM/ASSET")->required();
    ls->add_option("--prefix", l.prefix, "Only paths that begin so");
    p.online(ls, [&l](client_context& c) { return tree_list(c, l); });
}

void add_event_commands(program& p) {
    auto& a = p.keep<events_args>();
    auto* events = p.app.add_subcommand("events", "What has changed, one CloudEvent per line");
    events->add_option("--since", a.since, "Position to begin after: the id of the last event seen, 0, or now");
    events->add_option("--cursor-file", a.cursor_file, "Keep the position there; the next run goes on where this one ended");
    events->add_option("--types", a.types, "Such as item.*,collection.*,replica.available");
    events->add_flag("--follow", a.follow, "Do not end: print what happens from now on");
    events->footer(
        "A mirror of the catalog: note the position (--since now), read everything once, then run with --cursor-file.\n"
        "Deleted things come as item.deleted and collection.deleted. When the log no longer reaches back, begin again.");
    p.online(events, [&a](client_context& c) { return cli::events(c, a); });
}

void add_login_commands(program& p) {
    auto& a = p.keep<login_args>();
    auto& o = a.options;
    auto* in = p.app.add_subcommand("login", "Log in at the broker, by a browser on any device or by oidc-agent");
    in->add_option("ISSUER", o.issuer, "https address of an OpenID provider (default: the one the broker names)");
    in->add_option("--client-id", o.client_id, "Our client there (default: as the broker says)");
    in->add_option("--client-secret-file", o.client_secret_file, "For providers that give no public clients")
        ->check(CLI::ExistingFile);
    in->add_option("--scope", o.scope,
                   "Scopes to ask for (default: as the broker says, else openid and what there is for groups)");
    in->add_option("--audience", o.audience, "Audience to ask for, where the issuer wants to be told");
    in->add_option("--issuer-ca", o.ca, "PEM file to trust for the issuer (default: as for the broker)")
        ->check(CLI::ExistingFile);
    in->add_option("--account", o.account, "Short name of the account in oidc-agent (default: any of the issuer)");
    in->add_flag("--no-agent", a.no_agent, "Do not ask oidc-agent, although OIDC_SOCK is set");
    in->footer(
        "The login is for one broker. It is kept in $XDG_STATE_HOME/fjord/logins (default ~/.local/state), readable by you only, "
        "and\n"
        "renewed by the commands that use it. BEARER_TOKEN, BEARER_TOKEN_FILE and --token-file go before it.");
    p.offline(in, [&p, &a] {
        if (auto ok = complete(p.global); !ok) return report(ok.error());
        return cli::login(p.global, a);
    });
    auto& l = p.keep<logout_args>();
    auto* out = p.app.add_subcommand("logout", "Revoke the login at its issuer and delete it here");
    out->add_flag("--local", l.local, "Only delete it here");
    p.offline(out, [&p, &l] {
        if (auto ok = complete(p.global); !ok) return report(ok.error());
        return cli::logout(p.global, l);
    });
    auto& at = p.keep<std::string>();
    auto* who = p.app.add_subcommand("whoami", "As whom the broker takes me, for how long, and where my token came from");
    who->add_option("--at", at,
                    "Ask the site door at this address instead: also which paths the token reaches there, and as which account");
    p.online(who, [&at](client_context& c) { return cli::whoami(c, at); });
}

CLI::App* add_group(program& p, char const* name, char const* help) {
    auto* group = p.app.add_subcommand(name, help);
    group->require_subcommand(1);
    return group;
}

// list, show ID, delete ID: what every kind of record has.
void add_record_commands(program& p, CLI::App* group, std::string kind, bool show, bool remove) {
    p.online(group->add_subcommand("list", "List them"), [kind](client_context& c) { return list_records(c, kind); });
    if (show) {
        auto& a = p.keep<record_args>();
        a.kind = kind;
        auto* sub = group->add_subcommand("show", "Show one");
        sub->add_option("ID", a.id)->required();
        p.online(sub, [&a](client_context& c) { return show_record(c, a); });
    }
    if (remove) {
        auto& a = p.keep<record_args>();
        a.kind = kind;
        auto* sub = group->add_subcommand("delete", "Delete one");
        sub->add_option("ID", a.id)->required();
        p.online(sub, [&a](client_context& c) { return delete_record(c, a); });
    }
}

void add_site_commands(program& p) {
    auto* group = add_group(p, "site", "Storage sites of the federation");
    add_record_commands(p, group, "sites", true, true);
    auto& a = p.keep<site_args>();
    auto* add = group->add_subcommand("add", "Register a storage site");
    add->add_option("ID", a.id)->required();
    add->add_option("--kind", a.kind, "door, webdav, xrootd or s3")->check(CLI::IsMember({"door", "webdav", "xrootd", "s3"}));
    add->add_option("--url", a.url, "https://host:port/prefix, roots://host:port//prefix for xrootd")->required();
    add->add_option("--jurisdiction", a.jurisdiction, "ISO 3166 code, such as DE");
    add->add_option("--attribute", a.attributes, "key=value, used by site expressions and policies; may be repeated");
    add->add_flag("--disabled", a.disabled, "Register without using it yet");
    add->footer(
        "Kinds: door (a Fjord door), webdav (dCache, StoRM, ...), xrootd (https:// or roots://), s3 (https://host/bucket/prefix, "
        "with\n"
        "[[s3_credentials]] in the broker's configuration). docs/sites.md tells the attributes of each.\n"
        "  fjord site add dc --kind webdav --url https://dcache.example:2880/eo --jurisdiction DE --attribute tier=1\n"
        "  fjord site add bk --kind s3 --url https://s3.example/eo-bucket --attribute region=eu-central-1");
    p.online(add, [&a](client_context& c) { return add_site(c, a); });
    auto& s = p.keep<site_args>();
    auto* set = group->add_subcommand("set", "Change what is named, leave the rest");
    set->add_option("ID", s.id)->required();
    set->add_option("--url", s.url);
    set->add_option("--jurisdiction", s.jurisdiction);
    set->add_option("--attribute", s.attributes, "key=value; an empty value removes the key");
    set->add_flag("--disabled", s.disabled, "Take it out of use; without this flag it is in use");
    p.online(set, [&s](client_context& c) { return set_site(c, s); });
    auto& b = p.keep<probe_args>();
    auto* probe = group->add_subcommand(
        "probe",
        "Does the site keep to what it is told? Tries good and wrong tokens on canary files of its own; keeps the findings");
    probe->add_option("ID", b.id)->required();
    probe->add_flag("--last", b.last, "Show the last report, probe nothing");
    probe->add_flag("--strict", b.strict, "Exit with 1 when any row is not honest");
    probe->add_flag("--no-file-source", b.no_server_files, "Do not ask for a copy from a file:// URL");
    probe->add_flag("--no-cleartext", b.no_cleartext, "Send no token over http://");
    probe->footer(
        "Findings become facts that site expressions can use (honours.path_boundary=true) and that layout and tokens follow.\n"
        "Exit codes: 0 probed, whatever was found (1 with --strict), 5 the site does not answer.");
    p.online(probe, [&b](client_context& c) { return probe_site(c, b); });
}

void add_rule_options(CLI::App* sub, rule_args& a) {
    sub->add_option("URI", a.uri, "COLLECTION[/ITEM[/ASSET]]");
    sub->add_option("--collection", a.collection, "Or: items of this collection ...");
    sub->add_option("--filter", a.filter, "... that match this CQL2 text");
    sub->add_option("--sites", a.sites, "Site expression, such as \"tier=1&country=DE\"")->required();
    sub->add_option("--copies", a.copies)->check(CLI::Range(1, 100));
    sub->add_option("--lifetime", a.lifetime, "ISO 8601 duration, such as P30D");
    sub->add_option("--priority", a.priority, "1 (last) to 5 (first)")->check(CLI::Range(1, 5));
    sub->add_option("--activity", a.activity);
    sub->add_option("--comment", a.comment);
}

void add_rule_commands(program& p) {
    auto* group = add_group(p, "rule", "Replication rules: how many copies, where");
    add_record_commands(p, group, "rules", true, true);
    auto& a = p.keep<rule_args>();
    auto* add = group->add_subcommand("add", "Ask for copies; they are made and kept from now on");
    add_rule_options(add, a);
    add->add_flag("--wait", a.wait, "Return when it is fulfilled, or fail when it cannot be");
    p.online(add, [&a](client_context& c) { return add_rule(c, a); });
    auto& d = p.keep<rule_args>();
    d.plan = true;
    auto* plan = group->add_subcommand("plan", "Say what a rule would do; change nothing");
    add_rule_options(plan, d);
    p.online(plan, [&d](client_context& c) { return add_rule(c, d); });
    auto& e = p.keep<record_args>();
    auto* explain = group->add_subcommand("explain", "Why does it stand where it stands?");
    explain->add_option("ID", e.id)->required();
    p.online(explain, [&e](client_context& c) { return explain_rule(c, e.id); });
}

void add_other_records(program& p) {
    auto* transfers = add_group(p, "transfer", "Transfers between sites");
    add_record_commands(p, transfers, "transfers", true, false);
    for (std::string const verb : {"cancel", "retry"}) {
        auto& a = p.keep<record_args>();
        auto* sub = transfers->add_subcommand(verb, verb == "cancel" ? "Stop it; the copy in progress ends" : "Try again now");
        sub->add_option("ID", a.id)->required();
        p.online(sub, [&a, verb](client_context& c) { return transfer_action(c, a.id, verb); });
    }
    add_record_commands(p, add_group(p, "cache", "Caches that are alive"), "caches", false, false);

    add_tree_commands(p, add_group(p, "tree", "Directories and Zarr stores as one asset"));
    add_event_commands(p);
    auto* collections = add_group(p, "collection", "STAC collections");
    add_record_commands(p, collections, "collections", true, true);
    auto& c = p.keep<collection_args>();
    auto* add = collections->add_subcommand("add", "Create a collection from a STAC document");
    add->add_option("FILE", c.file, "Collection JSON")->required()->check(CLI::ExistingFile);
    p.online(add, [&c](client_context& ctx) { return add_collection(ctx, c); });

    auto* policies = add_group(p, "policy", "Sharing policies");
    add_record_commands(p, policies, "policies", true, true);
    auto& s = p.keep<policy_args>();
    auto* set = policies->add_subcommand("set", "Store a policy document; it holds from the next request on");
    set->add_option("ID", s.id)->required();
    set->add_option("FILE", s.file, "JSON array of rules")->required()->check(CLI::ExistingFile);
    p.online(set, [&s](client_context& ctx) { return set_policy(ctx, s); });
    auto& k = p.keep<policy_args>();
    auto* check = policies->add_subcommand("check", "Can every rule of this file be enforced here? (offline)");
    check->add_option("FILE", k.file)->required()->check(CLI::ExistingFile);
    p.offline(check, [&k] { return check_policy_file(k.file); });
    auto& e = p.keep<explain_args>();
    auto* explain = policies->add_subcommand("explain", "May I, and why (not)?");
    explain->add_option("URI", e.uri)->required();
    explain->add_option("--action", e.action, "discover, describe, read, replicate, create, ...");
    explain->add_option("--purpose", e.purpose);
    p.online(explain, [&e](client_context& ctx) { return explain_policy(ctx, e); });
}

void add_token_commands(program& p) {
    auto* group = add_group(p, "token", "Tokens");
    auto& m = p.keep<mint_args>();
    auto* mint = group->add_subcommand("mint", "Sign a token with an issuer's own key (development and operators)");
    mint->add_option("--key", m.key, "EC P-256 private key, PEM")->required()->check(CLI::ExistingFile);
    mint->add_option("--issuer", m.issuer, "Value of iss")->required();
    mint->add_option("--sub", m.subject, "Subject")->required();
    mint->add_option("--aud", m.audience, "Audience; may be repeated")->required();
    mint->add_option("--group", m.groups, "WLCG group; may be repeated");
    mint->add_option("--org", m.org, "Organisation");
    mint->add_option("--scope", m.scope, "Such as storage.read:/x");
    mint->add_option("--lifetime", m.lifetime, "Seconds; negative makes an expired one, for tests");
    p.offline(mint, [&m] { return mint_token(m); });
    p.offline(group->add_subcommand("inspect", "Show the claims of my token; verifies nothing"), [&p] {
        if (auto ok = complete(p.global); !ok) return report(ok.error());
        return inspect_token(p.global);
    });
    auto& x = p.keep<exchange_args>();
    auto* exchange = group->add_subcommand("exchange", "Print a token for these datasets only, out of mine, for minutes");
    exchange->add_option("URI", x.uris, "COLLECTION/ITEM[/ASSET]; may be repeated")->required();
    exchange->add_option("--action", x.action, "read, create or modify")->check(CLI::IsMember({"read", "create", "modify"}));
    exchange->add_option("--audience", x.audience, "Origin of the cache or site it is for (default: the broker)");
    exchange->add_option("--purpose", x.purpose, "Purpose of use, such as DUO:0000042");
    exchange->footer(
        "It opens what policy lets me do with them and nothing else, so a job can be given it. Example:\n"
        "  BEARER_TOKEN=$(fjord token exchange landsat-7/olinda) run-job");
    p.online(exchange, [&x](client_context& c) { return exchange_token(c, x); });
    p.online(group->add_subcommand("keys", "Keys that sign the broker's tokens (administrators)"),
             [](client_context& c) { return list_keys(c); });
    auto& now = p.keep<bool>();
    auto* rotate =
        group->add_subcommand("rotate", "Publish a new signing key; it signs once sites have fetched it (administrators)");
    rotate->add_flag("--now", now, "It signs at once: sites refuse its tokens until they fetch the keys again");
    p.online(rotate, [&now](client_context& c) { return rotate_keys(c, now); });
    auto& kid = p.keep<std::string>();
    auto* drop =
        group->add_subcommand("drop-key", "Take a signing key back: no token that it signed counts any more (administrators)");
    drop->add_option("KEY", kid, "As fjord token keys shows it")->required();
    p.online(drop, [&kid](client_context& c) { return drop_key(c, kid); });

    auto& r = p.keep<revoke_args>();
    auto* revoke =
        group->add_subcommand("revoke", "Refuse a token before its time, at the broker, doors and caches (administrators)");
    auto* leaked =
        revoke->add_option("--token", r.token, "File with the token, - for standard input; it is read here and not sent");
    auto* issuer = revoke->add_option("--issuer", r.issuer, "iss of the tokens, with --jti or --issued-before")->excludes(leaked);
    revoke->add_option("--jti", r.jti, "Id of one token")->needs(issuer);
    revoke
        ->add_option("--issued-before", r.issued_before,
                     "Refuse all that the issuer gave out before: now, or 2026-11-21T02:05:00Z")
        ->needs(issuer);
    revoke->add_option("--reason", r.reason, "For the record");
    revoke->footer(
        "A revocation counts from the next request on and survives restarts. Examples:\n"
        "  fjord token revoke --token leaked.txt --reason \"in a public log\"\n"
        "  fjord token revoke --issuer https://iam.example --issued-before now");
    p.online(revoke, [&r](client_context& c) { return revoke_token(c, r); });
    p.online(group->add_subcommand("revocations", "List what is revoked (administrators)"),
             [](client_context& c) { return list_records(c, "revocations"); });
    auto& back = p.keep<std::string>();
    auto* restore = group->add_subcommand("restore", "Take a revocation back (administrators)");
    restore->add_option("ID", back, "As fjord token revocations shows it")->required();
    p.online(restore, [&back](client_context& c) { return restore_token(c, back); });
}

void add_server_commands(program& p) {
    auto* serve = add_group(p, "serve", "Run a role until SIGTERM; SIGHUP reads certificates, issuers and the log level again");
    for (std::string const role : {"broker", "site", "cache", "issuer"}) {
        auto& a = p.keep<serve_args>();
        a.role = role;
        auto* sub = serve->add_subcommand(role, role == "issuer" ? "Development token issuer, loopback only" : "Run a " + role);
        sub->add_option("--config", a.config, "TOML file; docs/configuration.md lists every key")
            ->required()
            ->check(CLI::ExistingFile);
        sub->add_option("--ready-file", a.ready_file, "Written as JSON with the bound addresses once requests are answered");
        p.offline(sub, [&a] { return cli::serve(a); });
    }
    auto& k = p.keep<serve_args>();
    auto* check = p.app.add_subcommand("check-config", "Name every key that is wrong, with line and bound");
    check->add_option("ROLE", k.role)->required()->check(CLI::IsMember({"broker", "site", "cache", "issuer"}));
    check->add_option("FILE", k.config)->required()->check(CLI::ExistingFile);
    p.offline(check, [&k] { return check_config(k); });
    p.offline(p.app.add_subcommand("config-reference", "Print docs/configuration.md"),
              [] { return print_configuration_reference(); });

    auto& d = p.keep<demo_args>();
    auto* demo = p.app.add_subcommand("demo", "Start a whole federation on loopback and do the main job on real rasters");
    demo->add_flag("--keep", d.keep, "Stay up afterwards; Ctrl-C or SIGTERM ends everything");
    demo->add_option("--dir", d.dir, "Folder for data, keys, tokens and env.json (default: a temporary one)");
    demo->add_option("--port-base", d.port_base, "Use ports N..N+7 (default: free ones)")->check(CLI::Range(0, 65000));
    demo->add_option("--data", d.data, "Folder with the sample rasters (deploy/demo fetches them)");
    demo->add_flag("--xrootd", d.xrootd, "Real XRootD servers as sites instead of Fjord doors");
    p.offline(demo, [&d, &p] {
        d.json = p.global.json;
        return run_demo(d);
    });
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    program p;
    p.app.set_version_flag("--version", "fjord " FJORD_VERSION);
    p.app.require_subcommand(1);
    p.app.fallthrough();
    p.app.footer(
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 not allowed, 5 unavailable or timed out, 6 integrity "
        "failure.\n"
        "Example: fjord --broker https://localhost:8443 get landsat-7/olinda/scene");
    p.app.add_option("--broker", p.global.broker, "https://HOST:PORT (default: FJORD_BROKER)");
    p.app.add_option("--token-file", p.global.token_file,
                     "File with my bearer token (default: BEARER_TOKEN, BEARER_TOKEN_FILE, ..., fjord login)");
    p.app.add_option("--ca", p.global.ca, "PEM file to trust (default: FJORD_CA, else the system's)");
    p.app.add_flag("--json", p.global.json, "One JSON document; lists: one object per line");
    p.app.add_flag("--quiet", p.global.quiet, "Only failures");
    add_data_commands(p);
    add_login_commands(p);
    add_site_commands(p);
    add_rule_commands(p);
    add_other_records(p);
    add_token_commands(p);
    add_server_commands(p);
    try {
        p.app.parse(argc, argv);
    } catch (CLI::ParseError const& e) { return p.app.exit(e) == 0 ? exit_done : exit_usage; }
    return p.chosen ? p.chosen() : exit_usage;
}
