// /api/v1 of the cache: what it did, what is there and why, purge and warm.
#include "base/json.hpp"
#include "cache/paths.hpp"
#include "cache/service_impl.hpp"

#include <boost/asio/this_coro.hpp>

namespace fjord::cache {

namespace {

// Takes bytes and forgets them: warming is reading without a reader.
class nowhere final : public net::body_writer {
public:
    asio::awaitable<result<void>> write(std::string_view) override { co_return result<void>(); }
    asio::awaitable<result<void>> write_file(int, std::uint64_t, std::uint64_t) override { co_return result<void>(); }
};

asio::awaitable<void> warm_up(std::shared_ptr<instance> object) {
    static logger const log_("cache");
    reader from(object, object->size() > block_size);
    nowhere out;
    auto done = co_await from.send({0, object->size()}, out);
    if (!done) log_.warn("warming failed", {{"path", object->key().path}, {"why", done.error().message()}});
}

using matcher = std::function<bool(object_meta const&)>;

matcher below(std::string path) {
    return [path = std::move(path)](object_meta const& m) { return covers(path, m.path); };
}

std::string without_slash(std::string text) {
    while (text.starts_with('/')) text.erase(0, 1);
    return text;
}

// Which of uri, prefix, digest, collection was given: exactly one.
result<matcher> purge_target(json::value const& body) {
    object_reader in(body, "purge");
    auto uri = in.optional_string("uri");
    auto prefix = in.optional_string("prefix");
    auto hex = in.optional_string("digest");
    auto collection = in.optional_string("collection");
    if (auto ok = in.done(); !ok) return ok.error();
    if (!!uri + !!prefix + !!hex + !!collection != 1) {
        return fail(errc::invalid_argument, "purge takes exactly one of uri, prefix, digest, collection");
    }
    if (prefix) return below(prefix->starts_with('/') && prefix->size() > 1 ? *prefix : without_slash(*prefix));
    if (collection) return below(encode_segment(*collection));
    if (hex) {
        auto d = digest::from_text(*hex);
        if (!d) return d.error();
        return matcher([d = *d](object_meta const& m) { return m.sha256 == d; });
    }
    auto parsed = dataset_uri::parse(*uri);
    if (!parsed) return parsed.error();
    if (!parsed->version) return below(parsed->path());
    return matcher(
        [path = parsed->path(), v = *parsed->version](object_meta const& m) { return m.sha256 == v && covers(path, m.path); });
}

json::object describe(object_status const& s) {
    json::array extents;
    for (auto const& e : s.extents) extents.push_back({{"extent", e.extent}, {"blocks", e.blocks}, {"frequency", e.frequency}});
    return {{"version", s.meta.version},
            {"size", s.meta.size},
            {"media_type", s.meta.media_type},
            {"stored", format_rfc3339(s.meta.stored)},
            {"bytes", s.bytes},
            {"blocks", blocks_in(s.meta.size)},
            {"verified", s.meta.verified},
            {"superseded", s.meta.superseded},
            {"extents", std::move(extents)}};
}

std::string explain(std::vector<object_status> const& found, store_stats const& disk) {
    if (found.empty())
        return "not here: never asked for, purged, or evicted; " + std::to_string(disk.evicted_extents) +
               " extents were evicted since start";
    for (auto const& s : found) {
        if (!s.meta.superseded) return "here: the newest known version, as far as blocks are listed";
    }
    return "only versions that the catalog has replaced are here";
}

}  // namespace

asio::awaitable<std::optional<net::response>> service::impl::admit_admin(net::request& req) {
    auto refused = co_await auth::authenticate(req, verifier, options.realm);
    if (refused) co_return std::move(*refused);
    if (req.caller->is_anonymous()) co_return auth::unauthorized(req, options.realm, "");
    if (!req.caller->has_role("admin")) co_return net::problem(403, "this needs the role admin");
    co_return std::nullopt;
}

service_stats service::impl::stats() const {
    auto const& c = core->count;
    service_stats s;
    s.disk = core->store->stats();
    s.ram_used = core->ram.used();
    s.ram_capacity = core->ram.capacity();
    s.hits = c.hits.value();
    s.partial = c.partial.value();
    s.misses = c.misses.value();
    s.collapsed = c.collapsed.value();
    s.bypassed = c.bypassed.value();
    s.bytes_ram = c.bytes_ram.value();
    s.bytes_disk = c.bytes_disk.value();
    s.bytes_filled = c.bytes_filled.value();
    s.bytes_passed = c.bytes_passed.value();
    s.bytes_fetched = c.bytes_fetched.value();
    s.failovers = c.failovers.value();
    s.source_failures = c.source_failures.value();
    s.digest_mismatches = c.digest_mismatches.value();
    s.healed_blocks = c.healed_blocks.value();
    s.aborted = c.aborted.value();
    s.tasks = core->tasks.running();
    s.following = data && data->objects.following();
    return s;
}

asio::awaitable<net::response> service::impl::show_stats(net::request& req) {
    auto refused = co_await admit_admin(req);
    if (refused) co_return std::move(*refused);
    auto s = stats();
    json::object requests{
        {"hits", s.hits}, {"partial", s.partial}, {"misses", s.misses}, {"collapsed", s.collapsed}, {"bypassed", s.bypassed}};
    json::object sent{{"ram", s.bytes_ram}, {"disk", s.bytes_disk}, {"fill", s.bytes_filled}, {"source", s.bytes_passed}};
    json::object disk{{"used", s.disk.used},
                      {"capacity", s.disk.capacity},
                      {"objects", s.disk.objects},
                      {"extents", s.disk.extents},
                      {"corrupt_blocks", s.disk.corrupt_blocks},
                      {"evicted_extents", s.disk.evicted_extents},
                      {"evicted_bytes", s.disk.evicted_bytes},
                      {"failed_writes", s.disk.failed_writes}};
    json::object faults{{"failovers", s.failovers},
                        {"source_failures", s.source_failures},
                        {"digest_mismatches", s.digest_mismatches},
                        {"healed_blocks", s.healed_blocks},
                        {"aborted", s.aborted}};
    json::object body{{"requests", std::move(requests)},
                      {"sent_bytes", std::move(sent)},
                      {"fetched_bytes", s.bytes_fetched},
                      {"disk", std::move(disk)},
                      {"ram", {{"used", s.ram_used}, {"capacity", s.ram_capacity}}},
                      {"faults", std::move(faults)},
                      {"tasks", s.tasks},
                      {"following", s.following}};
    co_return net::json_response(200, std::move(body));
}

asio::awaitable<net::response> service::impl::show_entries(net::request& req) {
    auto refused = co_await admit_admin(req);
    if (refused) co_return std::move(*refused);
    auto asked = req.query.find("path");
    if (!asked) co_return net::problem(400, "entries takes ?path=COLLECTION/ITEM/ASSET or /origin-prefix/path");
    std::string path(*asked);
    if (auto uri = dataset_uri::parse(path)) path = uri->path();
    auto found = core->store->describe(path);
    json::array entries;
    for (auto const& s : found) entries.push_back(describe(s));
    auto why = explain(found, core->store->stats());
    co_return net::json_response(200, json::object{{"path", path}, {"entries", std::move(entries)}, {"why", why}});
}

asio::awaitable<net::response> service::impl::purge(net::request& req) {
    auto refused = co_await admit_admin(req);
    if (refused) co_return std::move(*refused);
    auto text = co_await net::read_body(req, 64u << 10);
    if (!text) co_return net::problem(text.error());
    auto body = parse_json(*text);
    if (!body) co_return net::problem(body.error());
    auto target = purge_target(*body);
    if (!target) co_return net::problem(target.error());
    auto counts = core->store->purge(*target);
    for (auto f : counts.files) core->ram.erase(f);
    log.info("purged", {{"objects", counts.objects}, {"bytes", counts.bytes}, {"by", req.caller->subject}});
    co_return net::json_response(200, json::object{{"objects", counts.objects}, {"bytes", counts.bytes}});
}

asio::awaitable<net::response> service::impl::warm(net::request& req) {
    auto refused = co_await admit_admin(req);
    if (refused) co_return std::move(*refused);
    auto text = co_await net::read_body(req, 64u << 10);
    if (!text) co_return net::problem(text.error());
    auto body = parse_json(*text);
    if (!body) co_return net::problem(body.error());
    object_reader in(*body, "warm");
    auto uri = in.string("uri");
    if (auto ok = in.done(); !ok) co_return net::problem(ok.error());
    auto parsed = dataset_uri::parse(uri);
    if (!parsed) co_return net::problem(parsed.error());
    if (!data || parsed->asset.empty()) co_return net::problem(400, "warm takes the uri of an asset or member");
    object_key key{.path = parsed->path(),
                   .segments = {parsed->collection.str(), parsed->item.str(), parsed->asset.str()},
                   .version = parsed->version};
    key.segments.insert(key.segments.end(), parsed->member.begin(), parsed->member.end());
    auto field = req.headers.get("Authorization");
    secret token(std::string(field.substr(std::min(field.size(), field.find(' ') + 1))));
    auto found = co_await data->objects.find(key, *req.caller, std::move(token));
    if (!found) co_return net::problem(found.error());
    auto const& info = *found->info;
    if (!info.size || !info.storable) co_return net::problem(409, "the object cannot be stored");
    if (*info.size > 0) core->tasks.spawn(co_await asio::this_coro::executor, warm_up(open_instance(*data, key, found->info)));
    co_return net::json_response(202, json::object{{"uri", key.path}, {"version", info.version}, {"size", *info.size}});
}

}  // namespace fjord::cache
