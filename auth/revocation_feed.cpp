#include "auth/revocation_feed.hpp"

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/pool.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <mutex>

namespace fjord::auth {
namespace {

logger const log("auth");
constexpr std::size_t max_list = 16u << 20;
constexpr seconds answer_margin{15};  // over the time the broker may wait

}  // namespace

struct revocation_feed::impl {
    impl(revocation_feed_options o, net::http_client& c, blocking_pool& p, sink t)
        : options(std::move(o)), client(c), pool(p), take(std::move(t)) {}

    static asio::awaitable<void> run(std::shared_ptr<impl> self);
    asio::awaitable<result<void>> ask();
    asio::awaitable<void> keep(std::string text);
    bool accept(std::vector<revocation> list);

    revocation_feed_options const options;
    net::http_client& client;
    blocking_pool& pool;
    sink const take;
    std::string etag;  // run() only
    std::mutex mutex;  // stop() waits for a `take` under way
    bool stopped = false;
};

bool revocation_feed::impl::accept(std::vector<revocation> list) {
    std::lock_guard lock(mutex);
    if (!stopped) take(std::move(list));
    return !stopped;
}

// A copy that cannot be kept matters at the next start only.
asio::awaitable<void> revocation_feed::impl::keep(std::string text) {
    if (options.file.empty()) co_return;
    auto write = [file = options.file, text = std::move(text)] { return write_file_atomically(file, text); };
    auto kept = co_await on_pool(pool, std::move(write));
    if (!kept)
        log.warn("the list of revoked tokens cannot be kept", {{"file", options.file}, {"reason", kept.error().message()}});
}

asio::awaitable<result<void>> revocation_feed::impl::ask() {
    net::client_request request;
    request.url = options.broker + "/.well-known/fjord-revocations";
    if (!etag.empty()) {
        request.url += "?wait=" + std::to_string(options.wait.count());
        request.headers.set("If-None-Match", etag);
    }
    request.timeout = options.wait + answer_margin;
    request.stall = options.wait + answer_margin;
    request.max_body = max_list;
    auto answer = co_await client.send(std::move(request));
    if (!answer) co_return answer.error();
    if (answer->status == 304) co_return result<void>{};
    if (answer->status != 200) co_return fail(fjord::errc::unavailable, "the broker answered " + std::to_string(answer->status));
    auto list = read_revocations(answer->body);
    if (!list) co_return list.error();
    log.info("revocations taken over from the broker", {{"entries", static_cast<std::uint64_t>(list->size())}});
    if (!accept(std::move(*list))) co_return result<void>{};
    etag = answer->headers.get("ETag");
    co_await keep(std::move(answer->body));
    co_return result<void>{};
}

asio::awaitable<void> revocation_feed::impl::run(std::shared_ptr<impl> self) {
    auto pause = self->options.first_pause;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (;;) {
        auto const asked = std::chrono::steady_clock::now();
        auto done = co_await self->ask();
        bool const at_once = std::chrono::steady_clock::now() - asked < self->options.first_pause;
        {
            std::lock_guard lock(self->mutex);
            if (self->stopped) co_return;
        }
        if (done && !self->etag.empty()) {
            pause = self->options.first_pause;
            if (!at_once) continue;  // else something between us does not wait, and must not be asked in a circle
        }
        if (!done) log.warn("the broker's revocations cannot be followed now", {{"why", done.error().message()}});
        timer.expires_after(pause);
        co_await timer.async_wait(asio::use_awaitable);
        if (!done) pause = std::min(self->options.longest_pause, pause * 2);
    }
}

revocation_feed::revocation_feed(revocation_feed_options options, net::http_client& client, blocking_pool& pool, sink take)
    : impl_(std::make_shared<impl>(std::move(options), client, pool, std::move(take))) {
    if (impl_->options.file.empty()) return;
    auto text = read_file(impl_->options.file, max_list);
    auto list = text ? read_revocations(*text) : result<std::vector<revocation>>(text.error());
    if (list) impl_->accept(std::move(*list));
    if (!list && list.error().code != fjord::errc::not_found)
        log.warn("the kept list of revoked tokens is passed over",
                 {{"file", impl_->options.file}, {"reason", list.error().message()}});
}

revocation_feed::~revocation_feed() { stop(); }

void revocation_feed::start(asio::any_io_executor executor) {
    if (impl_->options.broker.empty()) return;
    auto report = [](std::exception_ptr failure) {
        if (failure) log.error("following revocations ended with an exception");
    };
    asio::co_spawn(executor, impl::run(impl_), std::move(report));
}

void revocation_feed::stop() {
    std::lock_guard lock(impl_->mutex);
    impl_->stopped = true;
}

}  // namespace fjord::auth
