// Composition root of a broker: everything is built in order of need and destroyed in reverse.
#include "cli/exit_code.hpp"
#include "cli/output.hpp"
#include "cli/role_host.hpp"
#include "cli/roles.hpp"

#include "auth/signing_keys.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "broker/cache_directory.hpp"
#include "broker/core.hpp"
#include "broker/event_hub.hpp"
#include "broker/key_keeper.hpp"
#include "broker/log_keeper.hpp"
#include "broker/nearest.hpp"
#include "broker/policy_store.hpp"
#include "broker/revocation_book.hpp"
#include "broker/rule_filter.hpp"
#include "broker/site_prober.hpp"
#include "broker/upload_sweep.hpp"
#include "catalog/catalog.hpp"
#include "stac/api.hpp"
#include "storage/xrootd.hpp"
#include "transfer/engine.hpp"

#include <filesystem>

namespace fjord::cli {
namespace {

logger const log("broker");
constexpr seconds longest_own_token{7 * 86400};  // upload tokens may be the longest

// Paging tokens stay valid over a restart: their key is kept beside the store.
result<secret> cursor_key(std::string const& data_dir) {
    auto const file = data_dir + "/cursor-key";
    if (auto kept = read_file(file); kept && kept->size() >= 32) return secret(*kept);
    auto const fresh = random_hex(32);
    if (auto ok = write_file_atomically(file, fresh, 0600); !ok) return ok.error();
    return secret(fresh);
}

auth::signing_options signing_options_of(broker_config const& c) {
    auth::signing_options o;
    o.file = c.data_dir + "/signing-keys.json";
    o.own_key = c.key_file;
    o.adopt = c.data_dir + "/signing-key.pem";
    o.rotation = c.rotation;
    o.longest_life = longest_own_token;
    if (c.rs256) o.algorithms.push_back(auth::algorithm::rs256);
    return o;
}

using login_list = std::shared_ptr<std::vector<broker::login_offer> const>;

login_list logins_of(broker_config const& c) {
    std::vector<broker::login_offer> out;
    for (auto const& i : c.issuers) out.push_back({i.url, i.login_client_id, i.login_scope, i.login_audience});
    return std::make_shared<std::vector<broker::login_offer> const>(std::move(out));
}

// Our own tokens come back to us with uploads; their keys are at hand, so no network is asked.
std::vector<auth::issuer_options> with_ourselves(broker_config const& c) {
    auto issuers = c.issuers;
    auth::issuer_options own;
    own.url = c.public_url;
    own.algorithms = {"ES256"};
    own.max_lifetime = longest_own_token;
    if (c.rs256) own.algorithms.push_back("RS256");
    issuers.push_back(std::move(own));
    return issuers;
}

}  // namespace

int serve_broker(serve_args const& a) {
    broker_config c;
    if (auto ok = load(c, table_of(c), a.config); !ok) return report(ok.error());
    c.broker.public_url = c.public_url;
    auto& time = system_clock();
    std::error_code ec;
    std::filesystem::create_directories(c.data_dir, ec);
    if (ec) return report(fail(errc::denied, "making data_dir " + c.data_dir + ": " + ec.message()));

    // Before there are threads: it sets the environment by which XrdCl learns whom to trust.
    storage::xrootd_settings const trust{c.ca, c.data_dir};
    if (auto ok = storage::set_up_xrootd_client(trust); !ok) return report(ok.error());
    auto store = catalog::open_rocksdb_store(c.data_dir + "/store", time);
    if (!store) return report(store.error());
    auto signing = auth::signing_keys::open(signing_options_of(c), time);
    if (!signing) return report(signing.error());
    auth::minter const minter(c.public_url, *signing, time);
    auto paging = cursor_key(c.data_dir);
    if (!paging) return report(paging.error());

    role_host host(c);
    catalog::catalog cat(**store, time);
    broker::policy_state rules;
    if (auto epoch = rules.load(cat); !epoch) return report(epoch.error());
    auto keys = auth::make_own_key_source(c.public_url, *signing, issuer_keys(host, c, c.data_dir + "/jwks"));
    auth::verifier tokens(with_ourselves(c), own_origins(c), keys, time);

    stac::api_options stac_options;
    stac_options.title = c.broker.title;
    stac_options.description = c.broker.description;
    stac_options.cursor_key = *paging;
    stac_options.index_directory = c.data_dir + "/index";
    stac_options.read_in_background = true;
    stac_options.nearest = broker::nearest_replicas(c.broker, cat);
    stac_options.unauthorized = [](net::request const& req) { return auth::unauthorized(req, broker::realm(), ""); };
    stac::api stac(cat, rules.engine, host.pool(), time, std::move(stac_options));
    if (auto ok = stac.start(); !ok) return report(ok.error());

    auto sites = transfer::make_site_access(minter, host.client(), host.pool(), {c.s3});
    transfer::engine_deps deps{host.runtime().context(0).get_executor(), host.pool(), cat, rules.engine, *sites};
    deps.make_filter = broker::make_rule_filter;
    deps.metrics = &host.metrics();
    transfer::engine engine(std::move(deps));

    broker::cache_directory caches(time, c.broker.cache_lease);
    broker::upload_sweep sweep;
    broker::event_hub events;
    events.notify(cat.last_sequence());
    cat.on_commit([&events](std::vector<catalog::log_entry> const& entries) {
        if (!entries.empty()) events.notify(entries.back().seq);
    });
    broker::revocation_book revocations(cat, tokens, time);
    if (auto ok = revocations.load(); !ok) return report(ok.error());
    std::atomic<login_list> logins(logins_of(c));
    broker::core core{c.broker, cat,           rules,       rules.engine, engine, *sites, minter,         tokens,
                      logins,   host.client(), host.pool(), caches,       sweep,  events, host.metrics(), time};

    broker::site_prober prober(core, host.make_probe_client(), host.runtime().context(0).get_executor());
    core.prober = &prober;
    core.revocations = &revocations;
    core.not_ready = [&stac] { return stac.not_ready(); };

    net::router routes;
    routes.add_filter([&tokens](net::request& req) { return auth::authenticate(req, tokens, broker::realm()); });
    stac.add_routes(routes);
    broker::add_discovery_routes(routes, core);
    broker::add_data_routes(routes, core);
    broker::add_resolve_routes(routes, core);
    broker::add_upload_routes(routes, core);
    broker::add_site_routes(routes, core);
    broker::add_probe_routes(routes, core);
    broker::add_rule_routes(routes, core);
    broker::add_transfer_routes(routes, core);
    broker::add_replica_routes(routes, core);
    broker::add_policy_routes(routes, core);
    broker::add_revocation_routes(routes, core);
    broker::add_cache_routes(routes, core);
    broker::add_event_routes(routes, core);
    broker::add_tree_routes(routes, core);
    broker::add_login_routes(routes, core);
    broker::add_key_routes(routes, core);
    broker::add_oauth_routes(routes, core);
    broker::log_keeper const log_keeper(cat, time, c.broker.keep_log);
    broker::key_keeper keeper(**signing, [&tokens, &c] { tokens.forget_keys(c.public_url); });

    engine.start();
    prober.start();
    auto reload = [&a, &tokens, &keeper, &logins] {
        keeper.look_now();
        broker_config fresh;
        if (auto ok = load(fresh, table_of(fresh), a.config))
            tokens.replace_issuers(with_ourselves(fresh)), logins.store(logins_of(fresh));
        else
            log.error("configuration not reloaded", {{"reason", ok.error().message()}});
    };
    auto drain = [&events] { events.close(); };
    int const code = host.run("broker", routes, a.ready_file, reload, drain);
    net::run_blocking(host.runtime().context(0), prober.stop());
    net::run_blocking(host.runtime().context(0), engine.stop());
    host.stop();
    stac.stop();
    return code;
}

}  // namespace fjord::cli
