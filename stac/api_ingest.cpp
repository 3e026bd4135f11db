// Bulk ingest: POST /collections/{c}/items with lines instead of a document, and POST /api/v1/ingest where each item names its
// collection.
#include "stac/api_impl.hpp"
#include "stac/ingest_stream.hpp"
#include "stac/json_scan.hpp"

#include <map>

namespace fjord::stac {
namespace {

// One of the streams that run at a time.
class ingest_slot {
public:
    ingest_slot(std::atomic<int>& taken, int most) : taken_(taken), free_(taken.fetch_add(1) < most) {}
    ~ingest_slot() { taken_.fetch_sub(1); }
    ingest_slot(ingest_slot const&) = delete;
    bool free() const { return free_; }

private:
    std::atomic<int>& taken_;
    bool free_;
};

struct stream_rules {
    bulk_method method = bulk_method::insert;
    bool failed_only = false;
};

result<stream_rules> read_rules(net::request const& req) {
    auto const method = bulk_method_named(req.query.get("method"));
    if (!method) return method.error();
    auto const wanted = req.query.get("results");
    if (!wanted.empty() && wanted != "all" && wanted != "failed")
        return fail(errc::invalid_argument, "results must be all (a line per item) or failed (refused items, and progress)");
    return stream_rules{*method, wanted == "failed"};
}

// The collection that a document names, looked up once per batch.
class named_collections {
public:
    named_collections(index const& items, visibility eye) : index_(items), eye_(std::move(eye)) {}

    result<collection_ptr> of(std::string_view document) {
        auto const named = find_member(document, "collection");
        if (!named || kind_of(*named) != json_kind::string)
            return fail(errc::invalid_argument, "item: 'collection' is required here; or POST to /collections/ID/items");
        collection_id id(decode_string(*named));
        auto const [at, fresh] = known_.try_emplace(id);
        if (fresh) at->second = index_.find_collection(id, eye_);
        if (!at->second) return fail(errc::not_found, "there is no such collection");
        return at->second;
    }

private:
    index const& index_;
    visibility eye_;
    std::map<collection_id, collection_ptr> known_;
};

bulk_item refused_line(std::uint64_t line, error why) {
    bulk_item item;
    item.line = line;
    item.refused = std::move(why);
    return item;
}

}  // namespace

bool api::impl::wants_lines(net::request const& req) {
    auto type = req.headers.get("Content-Type");
    type = trimmed(type.substr(0, type.find(';')));
    for (std::string_view const lines :
         {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/geo+json-seq", "application/json-seq"})
        if (type == lines) return true;
    return false;
}

bulk_put api::impl::bulk(std::shared_ptr<principal const> who, bulk_method method) const {
    auto named = engine_.named_datasets();
    auto permits = [this, who](policies::action what, policies::resource const& on) { return this->permits(*who, what, on); };
    return bulk_put(catalog_, method, std::move(named), std::move(permits));
}

asio::awaitable<net::response> api::impl::ingest(std::shared_ptr<impl> self, net::request& req) {
    auto const rules = read_rules(req);
    if (!rules) co_return bad_request(rules.error());
    if (auto const why = self->not_ready(); !why.empty()) co_return stac_problem(fail(errc::unavailable, why));
    collection_ptr target;
    if (!req.params.empty()) {
        auto eye = self->eyes(req, policies::action::describe);
        target = self->index_.find_collection(collection_id(req.params[0]), eye);
        if (!target) co_return not_found("there is no such collection");
    }
    if (req.caller->is_anonymous()) {
        // Policies may let anybody write somewhere; then each item is judged.
        bool const hopeless = !target || !self->permits(*req.caller, policies::action::create, target->resource);
        if (hopeless) {
            auto answer = self->refused(req);
            co_return answer ? std::move(*answer) : stac_problem(answer.error());
        }
    }
    auto slot = std::make_shared<ingest_slot>(self->ingesting_, self->options_.max_ingest_streams);
    if (!slot->free())
        co_return stac_problem(fail(errc::unavailable, "as many bulk ingests run as may at a time; try again shortly"));

    auto check = [self, target, who = req.caller, method = rules->method,
                  eye = self->eyes(req, policies::action::describe)](line_batch const& batch) {
        auto together = self->bulk(who, method);
        named_collections named(self->index_, eye);
        std::vector<bulk_item> items;
        items.reserve(batch.lines.size());
        bool const late = who->expires && *who->expires <= self->time_.now();  // nothing outlives the token
        for (auto const& line : batch.lines) {
            if (late) {
                items.push_back(refused_line(line.number,
                                             fail(errc::unauthenticated, "the token has expired; send it again with a new one")));
                continue;
            }
            if (line.too_long) {
                items.push_back(refused_line(line.number, fail(errc::limit_exceeded, "the line is longer than 16 MiB")));
                continue;
            }
            auto const document = batch.of(line);
            auto const into = target ? result<collection_ptr>(target) : named.of(document);
            items.push_back(into ? together.check(line.number, *into, document) : refused_line(line.number, into.error()));
        }
        return items;
    };
    auto store = [self, who = req.caller, method = rules->method](std::vector<bulk_item> items) {
        return self->bulk(who, method).store(std::move(items));
    };
    ingest_options options{.batch_bytes = self->options_.ingest_batch_bytes, .failed_only = rules->failed_only};
    auto stream = std::make_shared<ingest_stream>(req, self->pool_, options, std::move(check), std::move(store));
    if (auto begun = co_await stream->begin(); !begun) co_return stac_problem(begun.error());

    net::response answer;
    answer.headers.set("Content-Type", "application/x-ndjson");
    answer.headers.set("Cache-Control", "no-store");
    auto produce = [stream, slot](net::body_writer& out) { return stream->run(out); };
    answer.body = net::produced_body{std::nullopt, std::move(produce)};
    co_return answer;
}

}  // namespace fjord::stac
