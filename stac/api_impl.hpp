#pragma once
// The parts of stac::api, one .cpp per topic. Every work function runs on the pool.
#include "stac/aggregation.hpp"
#include "stac/answers.hpp"
#include "stac/api.hpp"
#include "stac/bulk.hpp"
#include "stac/cursor.hpp"
#include "stac/parameters.hpp"
#include "stac/render.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace fjord::stac {

// Query parameters of a route; of a POST, the members of its body.
enum class route_takes { nothing, token, collections, search, aggregate, ingest };

struct api::impl : std::enable_shared_from_this<api::impl> {
    impl(catalog::catalog& cat, policies::engine const& engine, blocking_pool& pool, clock& time, api_options options);

    using answer = result<net::response>;
    using work = answer (impl::*)(net::request const&, std::string const& body);

    // One row per route: the router and the OpenAPI document are both made from it.
    struct route {
        char const* method;
        char const* pattern;
        char const* name;  // operationId
        char const* summary;
        work run;             // null: ingest()
        char const* answers;  // media type of the 200; "" for none
        bool takes_body = false;
        using takes = route_takes;
        takes parameters = takes::nothing;
    };
    static std::vector<route> const& table();
    static asio::awaitable<net::response> handle(std::shared_ptr<impl> self, net::request& req, work run, bool takes_body);

    result<void> start();
    std::string not_ready() const;
    void stop();

    // api_pages.cpp
    answer landing(net::request const& req, std::string const&);
    answer conformance(net::request const& req, std::string const&);
    // api_openapi.cpp
    answer openapi(net::request const& req, std::string const&);
    answer service_doc(net::request const& req, std::string const&);
    // api_list_collections.cpp
    answer list_collections(net::request const& req, std::string const&);
    answer children(net::request const& req, std::string const&);
    answer collections_page(net::request const& req, std::string_view member, std::size_t default_limit);
    // api_browse.cpp
    answer browse(net::request const& req, std::string const&);
    // api_collections.cpp
    answer get_collection(net::request const& req, std::string const&);
    answer post_collection(net::request const& req, std::string const& body);
    answer put_collection(net::request const& req, std::string const& body);
    answer patch_collection(net::request const& req, std::string const& body);
    answer replace_collection(net::request const& req, collection_ptr const& old, std::string document);
    answer delete_collection(net::request const& req, std::string const&);
    // api_properties.cpp
    answer queryables(net::request const& req, std::string const&);
    answer sortables(net::request const& req, std::string const&);
    answer collections_queryables(net::request const& req, std::string const&);
    answer collections_sortables(net::request const& req, std::string const&);
    answer functions(net::request const& req, std::string const&);
    answer schema_of_properties(net::request const& req, bool scalars_only);
    answer schema_of_collections(net::request const& req, bool scalars_only);
    // api_aggregate.cpp
    answer aggregations(net::request const& req, std::string const&);
    answer get_aggregate(net::request const& req, std::string const&);
    answer post_aggregate(net::request const& req, std::string const& body);
    answer aggregate(net::request const& req, result<aggregate_request> request);
    result<std::vector<std::unique_ptr<aggregation>>> prepared(std::vector<aggregation_kind> const& kinds,
                                                               aggregate_request const& request, visibility& eye) const;
    // api_search.cpp
    answer get_search(net::request const& req, std::string const&);
    answer post_search(net::request const& req, std::string const& body);
    answer list_items(net::request const& req, std::string const&);
    answer get_item(net::request const& req, std::string const&);
    answer search(net::request const& req, search_request request, std::string const& body, collection_ptr const& within);
    result<void> check_sort(search_query const& q, visibility& v) const;
    // api_items.cpp
    answer post_items(net::request const& req, std::string const& body);
    answer put_item(net::request const& req, std::string const& body);
    answer patch_item(net::request const& req, std::string const& body);
    answer delete_item(net::request const& req, std::string const&);
    answer replace_item(net::request const& req, collection_ptr const& c, item_ptr const& old, std::string document);
    answer post_many(net::request const& req, collection_ptr const& c, std::string const& body);
    // api_ingest.cpp: lines of items in, lines of results out, of any length.
    static bool wants_lines(net::request const& req);
    static asio::awaitable<net::response> ingest(std::shared_ptr<impl> self, net::request& req);
    bulk_put bulk(std::shared_ptr<principal const> who, bulk_method method) const;

    // Who may do what.
    bool permits(principal const& who, policies::action what, policies::resource const& on) const;
    visibility eyes(net::request const& req, policies::action what) const;
    answer refused(net::request const& req) const;  // 401 without credentials, else 403
    std::string caller_identity(principal const& who) const;

    link_maker links(net::request const& req) const {
        return {req.base_url, options_.nearest ? options_.nearest(req) : place_ranking()};
    }
    static std::string self_of(net::request const& req) { return req.base_url + req.target; }
    static std::string with_token(net::request const& req, std::string const& token);  // the same URL for another page
    result<catalog::item_record> new_item(net::request const& req, collection_ptr const& c, std::string document,
                                          policies::resource& on) const;

    catalog::catalog& catalog_;
    policies::engine const& engine_;
    blocking_pool& pool_;
    clock& time_;
    api_options options_;
    std::shared_ptr<asset_renderer const> assets_;
    cursor_signer cursors_;
    index index_;
    std::thread reading_;            // fills the index beside serving
    std::atomic<int> ingesting_{0};  // streams now
};

}  // namespace fjord::stac
