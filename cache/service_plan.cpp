// What an answer will be, before a byte of it moves: the object it names, its fields, spans and framing, and what is said of it.
#include "base/random.hpp"
#include "cache/service_impl.hpp"

namespace fjord::cache {

namespace {

std::string join_encoded(std::vector<std::string> const& segments) {
    std::string path;
    for (auto const& s : segments) {
        if (!path.empty()) path += '/';
        path += encode_segment(s);
    }
    return path;
}

}  // namespace

result<object_key> service::impl::key_of(net::request const& req, mount const& at) const {
    object_key key;
    key.segments = req.rest;
    key.path = join_encoded(key.segments);
    if (!at.guarded) {
        if (req.path.trailing_slash && !key.path.empty()) key.path += '/';
        key.query = req.raw_query;
        return key;
    }
    if (key.segments.size() < 3 || req.path.trailing_slash) {
        return fail(errc::not_found, "this names no file: the path is /data/COLLECTION/ITEM/ASSET[/MEMBER...]");
    }
    if (auto version = req.query.find("version")) {
        auto d = digest::from_text(*version);
        if (!d || d->algorithm() != digest_algorithm::sha256) return fail(errc::invalid_argument, "version must be sha-256:HEX");
        key.version = *d;
    }
    return key;
}

answer_plan service::impl::plan(net::request const& req, mount const& at, object_key key, lookup::found object) const {
    answer_plan p{.key = std::move(key), .object = std::move(object)};
    auto const& info = *p.object.info;
    if (!info.etag.empty()) p.headers.set("ETag", info.etag);
    if (!info.last_modified.empty()) p.headers.set("Last-Modified", info.last_modified);
    p.headers.set("Content-Type", info.media_type.empty() ? "application/octet-stream" : info.media_type);
    if (info.size) p.headers.set("Accept-Ranges", "bytes");
    if (info.sha256) {
        p.headers.set("Repr-Digest", repr_digest_header(*info.sha256));
        auto wanted = req.headers.find("Want-Digest");
        if (wanted && preferred_digest(*wanted)) p.headers.set("Digest", digest_header(*info.sha256));
    }
    // What a token unlocked is for that caller only; another shared cache must not hand it on.
    if (at.guarded) p.headers.set("Cache-Control", "private");
    plan_ranges(req, p);
    return p;
}

void service::impl::plan_ranges(net::request const& req, answer_plan& p) const {
    auto const& info = *p.object.info;
    auto size = info.size.value_or(0);
    p.spans = {{0, size}};
    p.length = size;
    auto field = req.headers.find("Range");
    bool applies = field && req.method == "GET" && info.size && info.storable && req.headers.count("Range") == 1 &&
                   net::range_applies(req, info.etag, std::nullopt);
    if (!applies) return;
    auto ranges = resolve_ranges(*field, size);
    p.verdict = ranges.verdict;
    if (p.verdict == range_verdict::unsatisfiable) p.spans.clear();
    if (p.verdict != range_verdict::partial) return;
    p.spans = std::move(ranges.spans);
    p.length = p.spans.front().size();
    if (p.spans.size() == 1) {
        p.headers.set("Content-Range", content_range(p.spans.front(), size));
        return;
    }
    p.parts = frame_ranges(p.spans, size, p.headers.get("Content-Type"), random_hex(16));
    p.headers.set("Content-Type", p.parts->content_type);
    p.length = p.parts->length;
}

net::response service::impl::with_body(answer_plan const& p, block_bytes bytes) const {
    net::response response;
    if (p.verdict == range_verdict::whole) {
        response.body = std::move(bytes);
        return response;
    }
    response.status = 206;
    std::string body;
    body.reserve(p.length);
    for (std::size_t i = 0; i < p.spans.size(); ++i) {
        if (p.parts) body += p.parts->heads[i];
        body.append(*bytes, p.spans[i].begin, p.spans[i].size());
    }
    if (p.parts) body += p.parts->tail;
    response.body = std::move(body);
    return response;
}

cache_outcome service::impl::outcome_of(answer_plan const& p, instance const& object) const {
    instance::survey all;
    for (auto const& span : p.spans) {
        auto s = object.look(blocks_of(span));
        all.present += s.present;
        if (all.in_flight + all.absent == 0) all.others_fetch = s.others_fetch;
        all.in_flight += s.in_flight;
        all.absent += s.absent;
    }
    cache_outcome outcome;
    if (all.in_flight + all.absent > 0) outcome.forward = all.present > 0 ? forward_reason::partial : forward_reason::miss;
    outcome.collapsed = all.others_fetch;
    outcome.stored = outcome.forward != forward_reason::none && core->store->accepting() && !object.passing_through();
    if (!p.object.info->storable) outcome = {.forward = forward_reason::bypass};
    return outcome;
}

void service::impl::count_outcome(cache_outcome const& outcome) {
    switch (outcome.forward) {
        case forward_reason::none:
            core->count.hits.add();
            break;
        case forward_reason::partial:
            core->count.partial.add();
            break;
        case forward_reason::bypass:
            core->count.bypassed.add();
            break;
        default:
            core->count.misses.add();
    }
    if (outcome.collapsed) core->count.collapsed.add();
}

void service::impl::say(net::response& response, answer_plan const& p, cache_outcome outcome,
                        std::optional<wall_time> stored) const {
    for (auto const& [name, value] : p.headers.items()) response.headers.set(name, value);
    if (p.object.stale) outcome.detail = "the broker cannot be asked; served as last known";
    if (outcome.forward == forward_reason::none && stored) {
        auto age = std::chrono::duration_cast<seconds>(core->time.now() - *stored).count();
        response.headers.set("Age", std::to_string(std::max<std::int64_t>(0, age)));
    }
    response.headers.set("Cache-Status", cache_status(options.name, outcome));
}

}  // namespace fjord::cache
