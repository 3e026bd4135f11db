#include "cache/origin_source.hpp"

#include "base/log.hpp"
#include "cache/freshness.hpp"
#include "cache/http_stream.hpp"

#include <charconv>

namespace fjord::cache {

namespace {

std::string joined(net::header_list const& headers, std::string_view name) {
    std::string all;
    for (auto value : headers.all(name)) {
        if (!all.empty()) all += ", ";
        all += value;
    }
    return all;
}

error refused(unsigned status) {
    auto text = "the origin answered " + std::to_string(status);
    switch (status) {
        case 401:
        case 403:
            return fail(errc::denied, text);
        case 404:
        case 410:
            return fail(errc::not_found, text);
        case 504:
            return fail(errc::timed_out, text);
        default:
            return fail(errc::unavailable, text);
    }
}

}  // namespace

origin_source::origin_source(std::string url, net::http_client& client, clock& time)
    : base_(std::move(url)), client_(client), time_(time) {
    while (base_.ends_with('/')) base_.pop_back();
}

asio::awaitable<result<wall_time>> origin_source::authorize(object_key, principal, secret) {
    co_return time_.now() + std::chrono::hours(1);
}

asio::awaitable<result<object_info>> origin_source::resolve(object_key key, principal, secret) {
    net::client_request request;
    request.method = "HEAD";
    request.url = base_ + "/" + key.path + (key.query.empty() ? "" : "?" + key.query);
    request.headers.set("Accept-Encoding", "identity");
    auto url = request.url;
    auto head = co_await client_.send(std::move(request));
    if (!head) {
        auto kind = head.error().code == errc::timed_out ? errc::timed_out : errc::unavailable;
        co_return fail(kind, "the origin cannot be asked: " + scrub(head.error().message()));
    }
    if (head->status != 200) co_return refused(head->status);
    co_return info_from_head(*head, url, time_.now());
}

object_info info_from_head(net::client_response const& head, std::string const& url, wall_time now) {
    auto const& h = head.headers;
    auto control = joined(h, "Cache-Control");
    auto vary = joined(h, "Vary");
    auto length = h.get("Content-Length");
    auto etag = h.get("ETag");
    auto modified = h.get("Last-Modified");
    object_info info;
    std::uint64_t size = 0;
    auto [end, failure] = std::from_chars(length.data(), length.data() + length.size(), size);
    bool has_length = !length.empty() && failure == std::errc() && end == length.data() + length.size();
    if (has_length) info.size = size;
    auto decision = judge({control, vary, etag, modified, h.get("Age"), has_length});
    if (is_strong_etag(etag)) info.etag = etag;
    info.last_modified = modified;
    info.media_type = h.get("Content-Type");
    info.storable = decision.storable;
    // A date alone names a version only together with the length.
    info.version = !info.etag.empty() ? "etag:" + info.etag : "modified:" + std::string(modified) + ":" + std::string(length);
    if (decision.storable) info.fresh_until = now + decision.fresh_for;
    info.places.push_back({.kind = "origin", .url = url, .etag = info.etag});
    return info;
}

asio::awaitable<result<std::unique_ptr<byte_stream>>> origin_source::open(place where, std::shared_ptr<object_info const> what,
                                                                          byte_span span) {
    return open_http(client_, std::move(where), std::move(what), span);
}

}  // namespace fjord::cache
