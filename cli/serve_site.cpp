// Composition root of a site door.
#include "cli/exit_code.hpp"
#include "cli/output.hpp"
#include "cli/role_host.hpp"
#include "cli/roles.hpp"

#include "auth/revocation_feed.hpp"
#include "base/log.hpp"
#include "site/door.hpp"

namespace fjord::cli {

int serve_site(serve_args const& a) {
    site_config c;
    if (auto ok = load(c, table_of(c), a.config); !ok) return report(ok.error());
    role_host host(c);
    auth::verifier tokens(c.issuers, own_origins(c), issuer_keys(host, c, c.data_dir.empty() ? "" : c.data_dir + "/jwks"), system_clock());
    auth::revocation_feed revocations({c.broker_url, c.data_dir.empty() ? "" : c.data_dir + "/revocations.json"}, host.client(),
                                      host.pool(), [&tokens](auto list) { tokens.replace_revocations(std::move(list)); });
    auto registrar = site::make_http_registrar(host.client());

    site::door_options o;
    o.root = c.root;
    o.public_paths = c.public_paths;
    o.upload_digests.clear();
    for (auto const& name : c.upload_digests) o.upload_digests.push_back(*digest_algorithm_named(name));
    o.recursive_delete = c.recursive_delete;
    o.groups = c.group_access;
    for (auto const& i : c.issuers) o.scope_roots.emplace_back(i.url, i.base_path);
    o.remotes.allow_local = c.tpc_allow_local;
    o.remotes.allow = c.tpc_allow;
    auto door =
        site::door::open(std::move(o), {tokens, host.client(), host.pool(), system_clock(), host.metrics(), registrar.get()});
    if (!door) return report(error(door.error().code, "serving " + c.root + ": " + door.error().message()));

    net::router routes;
    (*door)->add_routes(routes);
    add_health_routes(routes, host.metrics());
    add_resource_metadata(routes, tokens, c.public_url, "Fjord storage site");
    revocations.start(host.runtime().context(0).get_executor());
    auto reload = [&a, &tokens] {
        site_config fresh;
        if (auto ok = load(fresh, table_of(fresh), a.config))
            tokens.replace_issuers(fresh.issuers);
        else
            logger("role").error("configuration not reloaded", {{"reason", ok.error().message()}});
    };
    int const code = host.run("site", routes, a.ready_file, reload, {});
    revocations.stop();
    host.stop();
    return code;
}

}  // namespace fjord::cli
