#pragma once
// The STAC API: core, collections, features, item search (GET and POST), collection search, aggregation, children, browseable,
// transactions, with fields, sort, query, filter and free text. conformance.cpp names the classes.
// Everything read comes from the index, everything written goes through the catalog; who may see or change what is the policy
// engine's to say. What a caller may not see answers exactly as what is not there.
//
//   stac::api api(catalog, policies, pool, clock, {.cursor_key = key});
//   api.start();                 // reads the catalog and follows it: before its first commit
//   api.add_routes(router);
//
// The arguments must outlive the router's last request. Handlers run on their session's context and hop to the pool.
#include "base/clock.hpp"
#include "base/pool.hpp"
#include "base/secret.hpp"
#include "catalog/catalog.hpp"
#include "net/router.hpp"
#include "policies/policies.hpp"
#include "stac/assets.hpp"
#include "stac/index.hpp"

#include <functional>
#include <memory>
#include <string>

namespace fjord::stac {

struct api_options {
    std::string id = "fjord";
    std::string title = "Fjord";
    std::string description = "Federated datasets, searchable and replicated.";
    secret cursor_key;                             // HMAC key of paging tokens; empty: a random one of this process
    std::size_t max_limit = 10'000;                // items per page
    std::size_t max_body = 16u << 20;              // of a request
    std::shared_ptr<asset_renderer const> assets;  // empty: from the catalog's records
    int max_ingest_streams = 8;                    // bulk ingests at a time; each may hold about ten batches in memory
    std::size_t ingest_batch_bytes = 4u << 20;     // written with one sync of the disk
    // How replicas are ranked for who asks. Empty: by the sites' read_priority, then by name.
    std::function<place_ranking(net::request const&)> nearest;
    // Where the search index keeps its checkpoint; empty: every start reads every item.
    std::string index_directory;
    // A start without a checkpoint reads the items beside serving; searches answer 503 until it is done. Else start() waits.
    bool read_in_background = false;
    // The 401 to a write without credentials. Empty: a plain problem with WWW-Authenticate: Bearer.
    std::function<net::response(net::request const&)> unauthorized;
    // Beside the policy engine: role "admin" may see and change everything.
    bool admin_may_all = true;
};

class api {
public:
    api(catalog::catalog& cat, policies::engine const& engine, blocking_pool& pool, clock& time, api_options options = {});
    ~api();

    // Fills the index from its checkpoint or the catalog, and follows the commits. Blocks. errc of the store.
    result<void> start();
    // Why requests are refused with 503 for now ("reading the catalog: 120000 items so far"); empty when they are not.
    std::string not_ready() const;
    // Ends reading, if it is under way, and writes a checkpoint. No requests after this.
    void stop();

    // Routes of the API, a finisher that adds CORS fields to every answer of the router, and `code` and `description` to every
    // problem.
    void add_routes(net::router& routes);

    index const& items() const noexcept;

private:
    struct impl;
    std::shared_ptr<impl> impl_;
};

// The URIs of what is served, for `/` and `/conformance`.
std::vector<std::string> const& conformance_classes();

}  // namespace fjord::stac
