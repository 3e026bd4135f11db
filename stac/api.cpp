#include "stac/api.hpp"

#include "base/dataset_uri.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "stac/api_impl.hpp"

#include <exception>

namespace fjord::stac {
namespace {

logger const log("stac");

secret cursor_key(secret const& given) { return given.empty() ? secret(random_hex(32)) : given; }

}  // namespace

api::impl::impl(catalog::catalog& cat, policies::engine const& engine, blocking_pool& pool, clock& time, api_options options)
    : catalog_(cat),
      engine_(engine),
      pool_(pool),
      time_(time),
      options_(std::move(options)),
      assets_(options_.assets),
      cursors_(cursor_key(options_.cursor_key)),
      index_({.pool = &pool, .directory = options_.index_directory}) {
    if (assets_) return;
    auto own = std::make_shared<catalog_assets>(catalog_);
    catalog_.on_commit([own](std::vector<catalog::log_entry> const& entries) { own->saw(entries); });
    assets_ = std::move(own);
}

std::vector<api::impl::route> const& api::impl::table() {
    using takes = route::takes;
    constexpr auto lines = "application/x-ndjson", json = "application/json", geojson = "application/geo+json",
                   schema = "application/schema+json";
    static std::vector<route> const rows{
        {"GET", "/", "getLandingPage", "What is here, and where", &impl::landing, json},
        {"GET", "/conformance", "getConformance", "The conformance classes", &impl::conformance, json},
        {"GET", "/api", "getApi", "This document", &impl::openapi, "application/vnd.oai.openapi+json;version=3.0"},
        {"GET", "/api.html", "getApiPage", "This document for people", &impl::service_doc, "text/html"},
        {"GET", "/children", "getChildren", "Children of the landing page, whole", &impl::children, json, false,
         takes::collections},
        {"GET", "/collections", "getCollections", "Search collections", &impl::list_collections, json, false, takes::collections},
        {"POST", "/collections", "postCollection", "Create a collection", &impl::post_collection, json, true},
        {"GET", "/collections/{c}", "getCollection", "One collection", &impl::get_collection, json},
        {"PUT", "/collections/{c}", "putCollection", "Replace a collection", &impl::put_collection, "", true},
        {"PATCH", "/collections/{c}", "patchCollection", "Change a collection by JSON merge patch", &impl::patch_collection, "",
         true},
        {"DELETE", "/collections/{c}", "deleteCollection", "Delete an empty collection", &impl::delete_collection, ""},
        {"GET", "/collections/{c}/queryables", "getCollectionQueryables", "Properties a filter may use", &impl::queryables,
         schema},
        {"GET", "/collections/{c}/sortables", "getCollectionSortables", "Properties to sort by", &impl::sortables, schema},
        {"GET", "/collections/{c}/aggregations", "getCollectionAggregations", "What can be aggregated", &impl::aggregations,
         json},
        {"GET", "/collections/{c}/aggregate", "getCollectionAggregate", "Numbers and distributions over items",
         &impl::get_aggregate, json, false, takes::aggregate},
        {"POST", "/collections/{c}/aggregate", "postCollectionAggregate", "Numbers and distributions over items",
         &impl::post_aggregate, json, true, takes::aggregate},
        {"GET", "/collections/{c}/browse", "getCollectionBrowse", "Catalogs by time that lead to every item", &impl::browse, json,
         false, takes::token},
        {"GET", "/collections/{c}/browse/{span}", "getCollectionBrowseSpan", "Items of a year, month or day", &impl::browse, json,
         false, takes::token},
        {"GET", "/collections/{c}/items", "getItems", "Items of a collection", &impl::list_items, geojson, false, takes::search},
        {"POST", "/collections/{c}/items", "postItem", "Create an item, or several", &impl::post_items, geojson, true},
        {"GET", "/collections/{c}/items/{i}", "getItem", "One item", &impl::get_item, geojson},
        {"PUT", "/collections/{c}/items/{i}", "putItem", "Replace an item", &impl::put_item, "", true},
        {"PATCH", "/collections/{c}/items/{i}", "patchItem", "Change an item by JSON merge patch", &impl::patch_item, "", true},
        {"DELETE", "/collections/{c}/items/{i}", "deleteItem", "Delete an item", &impl::delete_item, ""},
        {"GET", "/search", "getSearch", "Search all items", &impl::get_search, geojson, false, takes::search},
        {"POST", "/search", "postSearch", "Search all items", &impl::post_search, geojson, true, takes::search},
        {"GET", "/aggregations", "getAggregations", "What can be aggregated", &impl::aggregations, json},
        {"GET", "/aggregate", "getAggregate", "Numbers and distributions over items", &impl::get_aggregate, json, false,
         takes::aggregate},
        {"POST", "/aggregate", "postAggregate", "Numbers and distributions over items", &impl::post_aggregate, json, true,
         takes::aggregate},
        {"GET", "/queryables", "getQueryables", "Properties a filter may use", &impl::queryables, schema},
        {"GET", "/sortables", "getSortables", "Properties to sort by", &impl::sortables, schema},
        {"GET", "/collections-queryables", "getCollectionsQueryables", "What a filter of collections may use",
         &impl::collections_queryables, schema},
        {"GET", "/collections-sortables", "getCollectionsSortables", "What collections sort by", &impl::collections_sortables,
         schema},
        {"GET", "/functions", "getFunctions", "Functions a filter may call", &impl::functions, json},
        {"POST", "/api/v1/ingest", "postIngest", "Store items sent line by line, with a result line each", nullptr, lines, true,
         takes::ingest},
    };
    return rows;
}

asio::awaitable<net::response> api::impl::handle(std::shared_ptr<impl> self, net::request& req, work run, bool takes_body) {
    std::string body;
    if (takes_body) {
        auto read = co_await net::read_body(req, self->options_.max_body);
        if (!read) co_return stac_problem(read.error());
        body = std::move(*read);
    }
    if (auto const why = self->not_ready(); !why.empty()) {
        auto refused = net::problem(503, why, {{"code", "Unavailable"}, {"description", why}});
        refused.headers.set("Retry-After", "5");
        co_return refused;
    }
    auto job = [self, &req, run, body = std::move(body)]() -> answer {
        try {
            return (self.get()->*run)(req, body);
        } catch (std::exception const& e) { return fail(errc::internal, e.what()); }
    };
    auto done = co_await on_pool(self->pool_, std::move(job));
    if (!done) co_return stac_problem(done.error());
    co_return std::move(*done);
}

bool api::impl::permits(principal const& who, policies::action what, policies::resource const& on) const {
    if (options_.admin_may_all && who.has_role("admin")) return true;
    policies::question q;
    q.who = &who;
    q.what = what;
    q.on = &on;
    q.now = time_.now();
    return engine_.permits(q);
}

visibility api::impl::eyes(net::request const& req, policies::action what) const {
    auto const who = req.caller;
    // Before the first decision: names that go while we ask cost a question each, no more.
    auto named = options_.admin_may_all && who->has_role("admin") ? nullptr : engine_.named_datasets();
    return visibility([this, who, what](policies::resource const& on) { return permits(*who, what, on); }, std::move(named));
}

api::impl::answer api::impl::refused(net::request const& req) const {
    if (!req.caller->is_anonymous()) return fail(errc::denied, "no policy permits this change to you");
    if (options_.unauthorized) return options_.unauthorized(req);
    return stac_problem(fail(errc::unauthenticated, "changes need a token"));
}

std::string api::impl::with_token(net::request const& req, std::string const& token) {
    std::string out = req.base_url + req.raw_path;
    char between = '?';
    for (auto const& [name, value] : req.query.items()) {
        if (name == "token") continue;
        (((out += between) += encode_query(name)) += '=') += encode_query(value);
        between = '&';
    }
    return ((out += between) += "token=") += token;
}

// What decides about visibility, so that a paging token serves nobody else. Not the token: it is renewed between pages.
std::string api::impl::caller_identity(principal const& who) const {
    std::string out;
    auto add = [&out](std::string_view text) { (out += std::to_string(text.size()) + ':') += text; };
    add(who.issuer);
    add(who.subject);
    add(who.org);
    for (auto const& g : who.groups) add(g);
    out += '|';
    for (auto const& r : who.roles) add(r);
    return out;
}

api::api(catalog::catalog& cat, policies::engine const& engine, blocking_pool& pool, clock& time, api_options options)
    : impl_(std::make_shared<impl>(cat, engine, pool, time, std::move(options))) {}
api::~api() {
    impl_->index_.cancel();
    if (impl_->reading_.joinable()) impl_->reading_.join();
}

result<void> api::impl::start() {
    auto const there = index_.begin(catalog_);
    if (!there) return there.error();
    auto const tell = [this](char const* from) { log.info("index ready", {{"items", index_.size()}, {"from", from}}); };
    if (*there) {
        tell("checkpoint");
        return {};
    }
    if (!options_.read_in_background) {
        auto ok = index_.read_all(catalog_);
        if (ok) tell("catalog");
        return ok;
    }
    reading_ = std::thread([this, tell] {
        if (auto ok = index_.read_all(catalog_); ok)
            tell("catalog");
        else
            log.error("the index is not filled; searches stay refused", {{"reason", ok.error().message()}});
    });
    return {};
}

std::string api::impl::not_ready() const {
    if (index_.ready()) return {};
    return "the search index is read from the catalog: " + std::to_string(index_.loaded()) + " items so far";
}

void api::impl::stop() {
    index_.cancel();
    if (reading_.joinable()) reading_.join();
    if (auto ok = index_.checkpoint(); !ok) log.error("no checkpoint of the index", {{"reason", ok.error().message()}});
}

result<void> api::start() { return impl_->start(); }
std::string api::not_ready() const { return impl_->not_ready(); }
void api::stop() { impl_->stop(); }

void api::add_routes(net::router& routes) {
    for (auto const& r : impl::table()) {
        auto handler = [self = impl_, run = r.run, takes_body = r.takes_body](net::request& req) {
            if (!run || (run == &impl::post_items && impl::wants_lines(req))) return impl::ingest(self, req);
            return impl::handle(self, req, run, takes_body);
        };
        // handle() keeps its own limit; a stream of items has none.
        auto const max_body = !r.run || r.run == &impl::post_items ? 0 : impl_->options_.max_body;
        routes.add(r.method, r.pattern, std::move(handler), {.max_body = max_body});
    }
    routes.add_finisher(add_problem_members);
    routes.add_finisher(add_cors);
}

index const& api::items() const noexcept { return impl_->index_; }

}  // namespace fjord::stac
