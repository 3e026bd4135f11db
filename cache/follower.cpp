#include "cache/follower.hpp"

#include "base/json.hpp"
#include "base/log.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>

namespace fjord::cache {

namespace {

logger const log_("cache");

std::string member(json::object const& o, std::string_view key) {
    auto const* v = o.if_contains(key);
    return v && v->is_string() ? std::string(v->get_string()) : std::string();
}

// The new version of asset.version, wherever the broker put it: data.version or data.digest, with or without "sha-256:".
std::string version_in(json::object const& event) {
    auto const* data = event.if_contains("data");
    if (!data || !data->is_object()) return {};
    auto version = member(data->get_object(), "version");
    return version.starts_with("sha-256:") ? version : std::string();
}

}  // namespace

void apply_event(sse_event const& event, service& cache) {
    std::string_view type = event.type;
    if (type.starts_with("org.fjord.")) type.remove_prefix(10);
    if (type == "policy.changed") return cache.policies_changed();
    bool content = type == "asset.version" || type.starts_with("item.") || type.starts_with("collection.");
    bool places = type.starts_with("replica.") || type == "site.changed";
    if (!content && !places) return;
    auto body = parse_json(event.data, {.max_bytes = sse_parser::max_event, .max_depth = 32});
    auto subject = body && body->is_object() ? member(body->get_object(), "subject") : std::string();
    if (subject.empty() && type != "site.changed") {
        log_.warn("an event without a subject: everything will be asked again", {{"type", type}, {"id", event.id}});
        return cache.invalidate_all();
    }
    if (type == "asset.version")
        cache.invalidate_asset(subject, version_in(body->get_object()));
    else if (content)
        cache.invalidate_below(subject);
    else
        cache.places_changed(type == "site.changed" ? "" : subject);
}

struct follower::impl : std::enable_shared_from_this<follower::impl> {
    impl(follower_options o, net::http_client& c, service& s) : options(std::move(o)), client(c), cache(s) {}

    asio::awaitable<void> run();
    asio::awaitable<result<void>> follow_once();
    asio::awaitable<result<void>> read_events(std::unique_ptr<net::client_stream> stream);

    follower_options const options;
    net::http_client& client;
    service& cache;
    std::atomic<bool> stopping{false};
    bool progressed = false;  // run() only
};

follower::follower(follower_options options, net::http_client& client, service& cache)
    : impl_(std::make_shared<impl>(std::move(options), client, cache)) {}

follower::~follower() { stop(); }

void follower::start(asio::any_io_executor executor) { tasks_.spawn(executor, impl_->run()); }

void follower::stop() {
    impl_->stopping = true;
    tasks_.stop(std::chrono::seconds(5));
}

asio::awaitable<void> follower::impl::run() {
    auto self = shared_from_this();
    auto pause = options.first_pause;
    while (!stopping) {
        progressed = false;
        auto ended = co_await follow_once();
        cache.set_following(false);
        if (stopping) co_return;
        if (!ended) log_.warn("the broker's events cannot be followed now", {{"why", ended.error().message()}});
        pause = progressed ? options.first_pause : std::min(options.longest_pause, pause * 2);
        asio::steady_timer timer(co_await asio::this_coro::executor, pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<result<void>> follower::impl::follow_once() {
    net::client_request request;
    request.url = options.broker + "/api/v1/events";
    request.headers.set("Accept", "text/event-stream");
    if (options.service_token) request.bearer = options.service_token();
    auto resume = cache.last_event();
    if (!resume.empty()) request.headers.set("Last-Event-ID", resume);
    request.timeout = std::chrono::seconds(10);
    request.stall = options.silence;
    auto stream = co_await client.open(std::move(request));
    if (!stream) co_return stream.error();
    auto status = (*stream)->head().status;
    if (status == 400 || status == 410 || status == 416) {
        // The log no longer reaches back to where we were.
        cache.set_last_event("");
        cache.invalidate_all();
        co_return fail(errc::conflict, "the broker's log no longer holds our last event; starting afresh");
    }
    if (status != 200)
        co_return fail(errc::unavailable, "the broker answered " + std::to_string(status) + " to the event stream");
    if (resume.empty()) cache.invalidate_all();
    cache.set_following(true);
    log_.info("following the broker's events", {{"after", resume}});
    co_return co_await read_events(std::move(*stream));
}

asio::awaitable<result<void>> follower::impl::read_events(std::unique_ptr<net::client_stream> stream) {
    sse_parser parser;
    std::string buffer(16u << 10, '\0');
    for (;;) {
        auto n = co_await stream->read_some(buffer);
        if (!n) co_return n.error();
        if (*n == 0) co_return fail(errc::unavailable, "the broker ended the event stream");
        progressed = true;
        auto events = parser.feed(std::string_view(buffer).substr(0, *n));
        if (!events) co_return events.error();
        for (auto const& event : *events) apply_event(event, cache);
        if (!events->empty() && !events->back().id.empty()) cache.set_last_event(events->back().id);
    }
}

}  // namespace fjord::cache
