// Composition root of a site door.
#include "cli/exit_code.hpp"
#include "cli/output.hpp"
#include "cli/role_host.hpp"
#include "cli/roles.hpp"

#include "auth/revocation_feed.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "site/door.hpp"
#include "site/identity.hpp"
#include "site/privileges.hpp"

#include <sys/stat.h>

#include <algorithm>

namespace fjord::cli {

namespace {

// What the table cannot say: which keys need which others. errc::invalid_argument.
result<void> complete_identity(site_config& c) {
    auto& i = c.identity;
    i.min_uid = static_cast<uid_t>(c.min_uid);
    i.alise.issuer_by_url = c.alise_issuer == "url";
    i.alise.timeout = c.alise_timeout;
    if (!c.is_mapped()) return {};
    if (c.data_dir.empty())
        return fail(errc::invalid_argument, "identity.mode = \"mapped\" needs data_dir: uploads under way are noted there");
    bool const claims =
        std::any_of(c.issuers.begin(), c.issuers.end(), [](auto const& one) { return !one.account_claim.empty(); });
    if (i.map_file.empty() && i.alise.url.empty() && i.groups.empty() && !claims)
        return fail(
            errc::invalid_argument,
            "identity.mode = \"mapped\" needs a method: identity.map_file, identity.alise_url, a [[group_account]] block, or "
            "account_claim in an [[issuer]] block");
    if (i.alise.url.empty()) return {};
    auto const url = net::parse_url(i.alise.url);
    if (!url || url->scheme != "https") return fail(errc::invalid_argument, "identity.alise_url must be an https address");
    if (i.alise.site.empty() || c.alise_key_file.empty())
        return fail(errc::invalid_argument, "identity.alise_url needs identity.alise_site and identity.alise_key_file as well");
    auto key = read_file(c.alise_key_file, 4096);
    if (!key) return error(key.error().code, "identity.alise_key_file: " + key.error().message());
    std::string_view const line = *key;
    i.alise.key = secret(std::string(trim(line.substr(0, line.find_first_of("\r\n")))));
    if (i.alise.key.empty()) return fail(errc::invalid_argument, "identity.alise_key_file: " + c.alise_key_file + " is empty");
    return {};
}

// Before the first thread: what is started later inherits it.
result<void> settle_identity(site_config& c) {
    if (auto ok = complete_identity(c); !ok) return ok;
    auto const inherited = ::umask(077);  // the settling below sets the one that holds
    site::privilege_plan plan{c.is_mapped(), c.service_account, c.umask.empty() ? inherited : *site::parse_umask(c.umask)};
    return site::settle_privileges(plan);
}

}  // namespace

int serve_site(serve_args const& a) {
    site_config c;
    if (auto ok = load(c, table_of(c), a.config); !ok) return report(ok.error());
    if (auto ok = settle_identity(c); !ok) return report(error(ok.error().code, a.config + ": " + ok.error().message()));
    role_host host(c);
    auth::verifier tokens(c.issuers, own_origins(c), issuer_keys(host, c, c.data_dir.empty() ? "" : c.data_dir + "/jwks"),
                          system_clock());
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
    auto const machine = site::make_account_directory({});
    std::unique_ptr<site::account_mapper> accounts;
    if (c.is_mapped()) {
        auto made = site::make_account_mapper(c.identity, *machine, host.client(), host.pool(), system_clock());
        if (!made) return report(error(made.error().code, "mapping callers to accounts: " + made.error().message()));
        accounts = std::move(*made);
        o.notes_folder = c.data_dir + "/uploads";
    }
    auto door = site::door::open(
        std::move(o), {tokens, host.client(), host.pool(), system_clock(), host.metrics(), registrar.get(), accounts.get()});
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
