#include "auth/resource_metadata.hpp"

#include "auth/dpop.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <boost/json/array.hpp>

namespace fjord::auth {

net::response resource_metadata(verifier const& v, std::string const& url, std::string const& name) {
    json::array issuers, algorithms, scopes;
    for (auto& issuer : v.issuers()) issuers.push_back(json::value(issuer));
    for (auto rest = proof_algorithms; !rest.empty();) algorithms.push_back(json::value(take_until(rest, ' ')));
    for (auto verb : {"storage.read", "storage.create", "storage.modify", "storage.stage", "storage.poll"})
        scopes.push_back(json::value(verb));
    json::object document{{"resource", url}, {"bearer_methods_supported", json::array{"header"}}, {"resource_name", name}};
    document["authorization_servers"] = std::move(issuers);
    document["scopes_supported"] = std::move(scopes);
    document["dpop_signing_alg_values_supported"] = std::move(algorithms);
    document["dpop_bound_access_tokens_required"] = false;
    document["tls_client_certificate_bound_access_tokens"] = false;
    auto out = net::json_response(200, document);
    out.headers.set("Cache-Control", "public, max-age=3600");
    return out;
}

}  // namespace fjord::auth
