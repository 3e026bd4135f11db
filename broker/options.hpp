#pragma once
// What an operator says about a broker beside its listeners (docs/configuration.md is generated from the same table).
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace fjord::broker {

// [[network]]: callers from these addresses compute at `site`.
struct network_options {
    std::string cidr;  // "192.0.2.0/24", "2001:db8::/32"
    std::string site;
};

// How people log in with one issuer ([[issuer]] login_client_id, ...): told to `fjord login`.
struct login_offer {
    std::string issuer, client_id, scope, audience;
};

struct options {
    std::string public_url;  // our origin, `iss` of minted tokens; no trailing slash
    std::string title = "Fjord";
    std::string description = "A federated data catalog for digital twins";
    std::string site;          // [location]: where the broker's host stands, for relaying
    std::string jurisdiction;  // ISO 3166 alpha-2; empty: relaying is refused where a place rule applies
    std::vector<network_options> networks;
    std::vector<std::string> cache_groups{"/fjord/caches"};  // members may register caches and ask for fills
    std::chrono::seconds token_lifetime{600};                // of tokens in resolve answers and redirects
    std::chrono::seconds upload_lifetime{6 * 3600};
    std::chrono::seconds keep_log{90 * 86400};   // how long followers of the events may stay away; 0: for ever
    std::chrono::seconds cache_lease{30};        // a cache that has been silent for so long is not offered
    std::chrono::seconds probe_interval{86400};  // between probes of one site, a tenth more or less; 0: never by itself
    bool probe_on_add = true;                    // a site is probed when it is registered or moved
    bool probe_server_files = true;              // probes ask for a file:// copy, of a canary's path
    bool probe_cleartext = true;                 // probes send a canary's token over http://
    std::string default_site;                    // where uploads go unless asked otherwise; empty: the first that may hold them
};

}  // namespace fjord::broker
