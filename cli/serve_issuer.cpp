// The development issuer: discovery and keys of an ES256 key on disk. People of the demo get their tokens from that key by
// `fjord token mint`; over the network it gives nothing away, and it serves loopback only.
#include "cli/exit_code.hpp"
#include "cli/output.hpp"
#include "cli/role_host.hpp"
#include "cli/roles.hpp"

#include <boost/json/array.hpp>

namespace fjord::cli {
namespace {

bool is_loopback(std::string const& url) {
    auto parts = net::parse_url(url);
    return parts &&
           (parts->host == "localhost" || parts->host == "::1" || parts->host == "[::1]" || parts->host.starts_with("127."));
}

}  // namespace

int serve_issuer(serve_args const& a) {
    issuer_config c;
    if (auto ok = load(c, table_of(c), a.config); !ok) return report(ok.error());
    for (auto const& url : c.listen)
        if (!is_loopback(url))
            return report(fail(errc::invalid_argument,
                               a.config + ": listen: the development issuer serves loopback addresses only, not " + url));
    auto minter = auth::minter::open(c.public_url, c.key_file, system_clock());
    if (!minter) return report(minter.error());
    role_host host(c);

    net::router routes;
    net::route_options open;
    open.open = true;
    auto discovery = [url = c.public_url](net::request&) -> net::asio::awaitable<net::response> {
        json::object o{{"issuer", url}, {"jwks_uri", url + "/jwks"}};
        o["id_token_signing_alg_values_supported"] = json::array{"ES256"};
        o["subject_types_supported"] = json::array{"public"};
        o["response_types_supported"] = json::array{"token"};
        co_return net::json_response(200, o);
    };
    routes.add("GET", "/.well-known/openid-configuration", discovery, open);
    auto keys = [text = minter->jwks()](net::request&) -> net::asio::awaitable<net::response> {
        co_return net::text_response(200, text, "application/json");
    };
    routes.add("GET", "/jwks", keys, open);
    add_health_routes(routes, host.metrics());
    return host.run("issuer", routes, a.ready_file, {}, {});
}

}  // namespace fjord::cli
