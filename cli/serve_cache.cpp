// Composition root of a cache.
#include "cli/exit_code.hpp"
#include "cli/output.hpp"
#include "cli/role_host.hpp"
#include "cli/roles.hpp"
#include "cli/token_file.hpp"

#include "auth/revocation_feed.hpp"
#include "base/log.hpp"
#include "cache/announcer.hpp"
#include "cache/broker_source.hpp"
#include "cache/follower.hpp"
#include "cache/origin_source.hpp"
#include "cache/service.hpp"

#include <filesystem>

namespace fjord::cli {

int serve_cache(serve_args const& a) {
    cache_config c;
    if (auto ok = load(c, table_of(c), a.config); !ok) return report(ok.error());
    if (c.broker_url.empty() && c.origins.empty())
        return report(fail(errc::invalid_argument, a.config + ": broker: give a broker, or at least one [[origin]]"));
    while (c.broker_url.ends_with('/')) c.broker_url.pop_back();
    auto& time = system_clock();
    role_host host(c);
    auth::verifier tokens(c.issuers, own_origins(c), issuer_keys(host, c, c.disk_path + "/jwks"), time);
    auth::revocation_feed revocations({c.broker_url, c.disk_path + "/revocations.json"}, host.client(), host.pool(),
                                      [&tokens](auto list) { tokens.replace_revocations(std::move(list)); });
    token_file const service_token(c.token_file);
    auto own_token = [&service_token] { return service_token.read(); };

    cache::announcer* voice = nullptr;  // set before the cache serves
    cache::broker_source_options to_broker{.broker = c.broker_url, .site = c.site, .service_token = own_token};
    to_broker.introduce = [&voice] { return voice->announce(); };
    cache::broker_source broker(std::move(to_broker), host.client(), time);
    cache::service_options o;
    o.disk.path = c.disk_path;
    o.disk.capacity = c.disk_size;
    o.memory = c.memory_size;
    o.minting_issuers = {c.broker_url};
    o.anonymous = true;  // the broker knows what is public
    auto opened =
        cache::service::open(std::move(o), {c.broker_url.empty() ? nullptr : &broker, tokens, host.pool(), host.metrics(), time});
    if (!opened)
        return report(error(opened.error().code, "opening the cache in " + c.disk_path + ": " + opened.error().message()));
    auto& service = **opened;
    std::vector<std::unique_ptr<cache::origin_source>> origins;
    for (auto const& origin : c.origins) {
        origins.push_back(std::make_unique<cache::origin_source>(origin.url, host.client(), time));
        service.add_origin(origin.prefix, *origins.back());
    }
    net::router routes;
    service.add_routes(routes);
    add_health_routes(routes, host.metrics());
    add_resource_metadata(routes, tokens, c.public_url, "Fjord cache " + c.id);

    cache::follower follower({c.broker_url, own_token}, host.client(), service);
    cache::announcer announcer({c.broker_url, c.id, c.public_url, c.site, c.jurisdiction, own_token}, host.client(), service);
    voice = &announcer;
    if (!c.broker_url.empty()) {
        follower.start(host.runtime().context(0).get_executor());
        announcer.start(host.runtime().context(0).get_executor());
        revocations.start(host.runtime().context(0).get_executor());
    }
    auto reload = [&a, &tokens] {
        cache_config fresh;
        if (auto ok = load(fresh, table_of(fresh), a.config))
            tokens.replace_issuers(fresh.issuers);
        else
            logger("role").error("configuration not reloaded", {{"reason", ok.error().message()}});
    };
    int const code = host.run("cache", routes, a.ready_file, reload, {});
    revocations.stop();
    announcer.stop();
    follower.stop();
    service.stop();
    host.stop();
    return code;
}

}  // namespace fjord::cli
