#pragma once
// A cache over a real HTTP server on port 0, a source in this process that counts and misbehaves as told, and tokens of a
// minting issuer.
#include "cache/service.hpp"
#include "net/client.hpp"
#include "net/server.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <cstring>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <set>

namespace fjord::cache::test {

using namespace fjord::test;

inline std::string random_bytes(std::uint64_t size, unsigned seed) {
    std::mt19937_64 random(seed);
    std::string s(size, '\0');
    for (std::size_t i = 0; i < s.size(); i += 8) {
        auto v = random();
        std::memcpy(s.data() + i, &v, std::min<std::size_t>(8, s.size() - i));
    }
    return s;
}

// How one place behaves.
struct fake_place {
    std::string url;
    std::uint64_t fail_after = ~0ull;           // bytes per stream, then errc::unavailable
    std::atomic<std::uint64_t> dies_at{~0ull};  // bytes of all streams, then nothing more
    bool lies = false;                          // one bit of every stream is wrong
    bool refuses = false;
    std::atomic<bool> closed{false};  // streams wait while true
    std::atomic<std::uint64_t> served{0};
    std::atomic<int> opened{0};
    explicit fake_place(std::string u) : url(std::move(u)) {}
};

class fake_stream final : public byte_stream {
public:
    fake_stream(std::shared_ptr<std::string const> content, byte_span span, fake_place& from)
        : content_(std::move(content)), span_(span), from_(from) {}
    asio::awaitable<result<std::size_t>> read_some(std::span<char> out) override {
        while (from_.closed) {
            asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
            co_await pause.async_wait(asio::use_awaitable);
        }
        if (given_ >= from_.fail_after || from_.served >= from_.dies_at)
            co_return fail(errc::unavailable, "the fake place broke");
        auto n = std::min<std::uint64_t>({out.size(), span_.size(), 20'000, from_.fail_after - given_});
        std::memcpy(out.data(), content_->data() + span_.begin, n);
        if (from_.lies && n > 0 && given_ == 0) out[0] = static_cast<char>(out[0] ^ 1);
        span_.begin += n;
        given_ += n;
        from_.served += n;
        co_return static_cast<std::size_t>(n);
    }

private:
    std::shared_ptr<std::string const> content_;
    byte_span span_;
    fake_place& from_;
    std::uint64_t given_ = 0;
};

class fake_source final : public object_source {
public:
    explicit fake_source(clock& t) : time(t) { places.push_back(std::make_unique<fake_place>("https://site-a/x")); }

    asio::awaitable<result<wall_time>> authorize(object_key key, principal who, secret token) override {
        ++asked;
        last_token = token.reveal();
        if (unreachable) co_return fail(errc::unavailable, "nobody there");
        if (hidden.contains(key.path)) co_return fail(errc::not_found, "no such thing");
        if (!readers.contains(who.subject)) co_return fail(errc::denied, "the policy says no");
        co_return time.now() + std::chrono::hours(1);
    }
    asio::awaitable<result<object_info>> resolve(object_key key, principal, secret) override {
        ++resolved;
        if (unreachable) co_return fail(errc::unavailable, "nobody there");
        std::lock_guard lock(mutex);
        auto it = objects.find(key.path);
        if (it == objects.end()) co_return fail(errc::not_found, "no such thing");
        object_info info;
        info.sha256 = it->second.sha256;
        info.version = info.sha256->text();
        info.etag = "\"" + info.sha256->hex() + "\"";
        info.size = it->second.content->size();
        info.media_type = "application/x-test";
        info.fresh_until = time.now() + fresh_for;
        for (auto const& p : places) info.places.push_back({.kind = "door", .site = p->url, .url = p->url});
        co_return info;
    }
    asio::awaitable<result<std::unique_ptr<byte_stream>>> open(place where, std::shared_ptr<object_info const> what,
                                                               byte_span span) override {
        for (auto const& p : places) {
            if (p->url != where.url) continue;
            ++p->opened;
            if (p->refuses || p->served >= p->dies_at) break;
            std::lock_guard lock(mutex);
            for (auto const& [path, object] : objects) {
                if (object.sha256 != what->sha256) continue;
                std::unique_ptr<byte_stream> stream = std::make_unique<fake_stream>(object.content, span, *p);
                co_return stream;
            }
        }
        co_return fail(errc::unavailable, "the fake place refused");
    }

    std::string const& put(std::string const& path, std::string content) {
        std::lock_guard lock(mutex);
        auto shared = std::make_shared<std::string const>(std::move(content));
        objects[path] = {shared, sha256_of(*shared)};
        return *shared;
    }
    fake_place& add_place() {
        places.push_back(std::make_unique<fake_place>("https://site-" + std::to_string(places.size()) + "/x"));
        return *places.back();
    }
    std::uint64_t served() const {
        std::uint64_t sum = 0;
        for (auto const& p : places) sum += p->served;
        return sum;
    }

    struct object {
        std::shared_ptr<std::string const> content;
        digest sha256;
    };
    clock& time;
    std::mutex mutex;
    std::map<std::string, object> objects;
    std::vector<std::unique_ptr<fake_place>> places;
    std::set<std::string> readers, hidden;
    std::atomic<bool> unreachable{false};
    std::atomic<int> asked{0}, resolved{0};
    seconds fresh_for{60};
    std::string last_token;
};

constexpr auto broker_issuer = "https://broker.test";
constexpr auto people_issuer = "https://people.test";
constexpr auto cache_audience = "https://cache.test";

struct answer {
    bool complete = false;  // the body arrived whole
    net::client_response response;
    std::string header(std::string_view name) const { return std::string(response.headers.get(name)); }
    unsigned status() const { return response.status; }
    std::string const& body() const { return response.body; }
};

class world {
public:
    explicit world(std::uint64_t capacity = 256u << 20)
        : source(time),
          pool(2, 1000),
          runtime(2),
          client({.allow_cleartext_token = true}),
          minter(make_minter(broker_issuer, "broker.pem")),
          people(make_minter(people_issuer, "people.pem")),
          verifier(issuers(), {cache_audience}, keys(), time) {
        options.disk = {.path = folder.path("cache"), .capacity = capacity};
        options.minting_issuers = {broker_issuer};
        runtime.start();
        start();
    }
    ~world() {
        end();
        runtime.stop();
    }

    void start() {
        auto opened =
            service::open(options, {.objects = &source, .verifier = verifier, .pool = pool, .metrics = metrics, .time = time});
        if (!opened) throw std::runtime_error(opened.error().message());
        cache = std::move(*opened);
        for (auto& [prefix, origin] : origins) cache->add_origin(prefix, *origin);
        router = net::router();
        cache->add_routes(router);
        net::server_options so{.listen = {"http://127.0.0.1:0"}, .tokens_over_http = true, .access_log = false};
        server = std::make_unique<net::http_server>(runtime, so, router, metrics, time);
        auto ok = server->start();
        if (!ok) throw std::runtime_error(ok.error().message());
    }
    void end() {
        if (!server) return;
        server->stop(std::chrono::milliseconds(500));
        server.reset();
        cache->stop();
        router = net::router();
        cache.reset();
    }
    void restart() {
        end();
        start();
    }

    std::string url(std::string const& target) const { return server->endpoints()[0].url + target; }

    std::string token_for(std::string const& path) {
        return minter.mint({.subject = "twin", .audience = {cache_audience}, .scope = "storage.read:/data/" + path}).reveal();
    }
    std::string person(std::string const& subject, std::vector<std::string> groups = {}) {
        return people.mint({.subject = subject, .audience = {cache_audience}, .groups = std::move(groups)}).reveal();
    }

    using fields = std::vector<std::pair<std::string, std::string>>;
    asio::awaitable<answer> request(std::string method, std::string target, std::string token, fields headers,
                                    std::string body = {}) {
        net::client_request rq;
        rq.method = std::move(method);
        rq.url = url(target);
        rq.bearer = secret(std::move(token));
        rq.max_body = 1u << 30;
        rq.body = std::move(body);
        for (auto const& [name, value] : headers) rq.headers.set(name, value);
        auto got = co_await client.send(std::move(rq));
        answer a;
        a.complete = got.has_value();
        if (got)
            a.response = std::move(*got);
        else
            a.response.body = got.error().message();
        co_return a;
    }
    std::future<answer> begin(std::string target, fields headers = {}) {
        auto token = token_for("c");
        return asio::co_spawn(runtime.context(next_++ % 2), request("GET", "/data/" + target, token, std::move(headers)),
                              asio::use_future);
    }
    answer get(std::string target, fields headers = {}) { return begin(std::move(target), std::move(headers)).get(); }
    answer send(std::string method, std::string target, std::string token, fields headers = {}, std::string body = {}) {
        return net::run_blocking(runtime.context(0), request(std::move(method), std::move(target), std::move(token),
                                                             std::move(headers), std::move(body)));
    }

    temp_dir folder;
    manual_clock time;
    metrics_registry metrics;
    fake_source source;
    blocking_pool pool;
    net::io_runtime runtime;
    net::http_client client;
    auth::minter minter, people;
    auth::verifier verifier;
    service_options options;
    std::vector<std::pair<std::string, object_source*>> origins;
    std::unique_ptr<service> cache;
    net::router router;
    std::unique_ptr<net::http_server> server;

private:
    auth::minter make_minter(std::string issuer, std::string const& file) {
        auto m = auth::minter::open(std::move(issuer), folder.path(file), time);
        if (!m) throw std::runtime_error(m.error().message());
        return std::move(*m);
    }
    std::vector<auth::issuer_options> issuers() const {
        auth::issuer_options broker{.url = broker_issuer};
        auth::issuer_options persons{.url = people_issuer, .admin_groups = {"/admins"}};
        return {broker, persons};
    }
    std::shared_ptr<auth::key_source> keys() const {
        auto inner = auth::make_fixed_key_source(people_issuer, people.jwks(), nullptr);
        return auth::make_fixed_key_source(broker_issuer, minter.jwks(), inner);
    }
    std::atomic<unsigned> next_{0};
};

}  // namespace fjord::cache::test
