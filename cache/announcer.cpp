#include "cache/announcer.hpp"

#include "base/dataset_uri.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include <atomic>

namespace fjord::cache {

namespace {

logger const log_("cache");

}  // namespace

struct announcer::impl : std::enable_shared_from_this<announcer::impl> {
    impl(announcer_options o, net::http_client& c, service const& s) : options(std::move(o)), client(c), cache(s) {}

    net::client_request request() const {
        auto const disk = cache.stats().disk;
        json::object body{
            {"id", options.id}, {"url", options.url}, {"near", options.near_site}, {"jurisdiction", options.jurisdiction}};
        body["capacity"] = disk.capacity;
        body["used"] = disk.used;
        net::client_request r;
        r.method = "POST";
        r.url = options.broker + "/api/v1/caches";
        r.headers.set("Content-Type", "application/json");
        r.bearer = options.service_token();
        r.body = json::serialize(body);
        r.timeout = std::chrono::seconds(5);
        return r;
    }

    static asio::awaitable<bool> announce(std::shared_ptr<impl> self) {
        auto const answer = co_await self->client.send(self->request());
        co_return answer && answer->status == 200;
    }

    asio::awaitable<void> run() {
        auto self = shared_from_this();
        auto pause = options.retry;
        bool known = false;
        while (!stopping) {
            auto answer = co_await client.send(request());
            bool const taken = answer && answer->status == 200;
            if (taken != known) {
                if (taken)
                    log_.info("registered with the broker", {{"broker", options.broker}, {"id", options.id}});
                else
                    log_.warn("the broker does not take this cache now",
                              {{"why", answer ? "status " + std::to_string(answer->status) : answer.error().message()}});
                known = taken;
            }
            asio::steady_timer timer(co_await asio::this_coro::executor, taken ? options.every : pause);
            pause = taken ? options.retry : std::min(options.every, pause * 2);
            co_await timer.async_wait(asio::use_awaitable);
        }
    }

    announcer_options const options;
    net::http_client& client;
    service const& cache;
    std::atomic<bool> stopping{false};
};

announcer::announcer(announcer_options options, net::http_client& client, service const& cache)
    : impl_(std::make_shared<impl>(std::move(options), client, cache)) {}

announcer::~announcer() { stop(); }

asio::awaitable<bool> announcer::announce() { return impl::announce(impl_); }

void announcer::start(asio::any_io_executor executor) { tasks_.spawn(executor, impl_->run()); }

void announcer::stop() {
    impl_->stopping = true;
    tasks_.stop(std::chrono::seconds(5));
}

}  // namespace fjord::cache
