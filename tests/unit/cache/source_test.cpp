// The two adapters and the follower against real HTTP servers in this process.
#include "cache/broker_source.hpp"
#include "cache/follower.hpp"
#include "cache/origin_source.hpp"
#include "world.hpp"

#include <boost/json/parse.hpp>

namespace fjord::cache::test {
namespace {

using testing::HasSubstr;

// A server whose answers the test writes.
struct little_server {
    net::io_runtime runtime{1};
    metrics_registry metrics;
    manual_clock time;
    net::router routes;
    std::unique_ptr<net::http_server> server;
    std::atomic<int> heads{0}, gets{0};
    std::atomic<std::uint64_t> bytes{0};

    void start() {
        net::server_options options{.listen = {"http://127.0.0.1:0"}, .tokens_over_http = true, .access_log = false};
        server = std::make_unique<net::http_server>(runtime, options, routes, metrics, time);
        if (auto ok = server->start(); !ok) throw std::runtime_error(ok.error().message());
        runtime.start();
    }
    ~little_server() {
        if (server) server->stop(std::chrono::milliseconds(100));
        runtime.stop();
    }
    std::string url() const { return server->endpoints()[0].url; }

    // Serves one content with the given fields, ranges included.
    void serve(std::string pattern, std::string content, net::header_list fields) {
        auto shared = std::make_shared<std::string const>(std::move(content));
        auto answer = [this, shared, fields](net::request& req) -> asio::awaitable<net::response> {
            net::response r;
            r.headers = fields;
            if (req.method == "HEAD") {
                ++heads;
                r.head_length = shared->size();
                co_return r;
            }
            ++gets;
            auto ranges = resolve_ranges(req.headers.get("Range"), shared->size());
            auto span = ranges.verdict == range_verdict::partial ? ranges.spans.at(0) : byte_span{0, shared->size()};
            if (ranges.verdict == range_verdict::partial) {
                r.status = 206;
                r.headers.set("Content-Range", content_range(span, shared->size()));
            }
            bytes += span.size();
            r.body = shared->substr(span.begin, span.size());
            co_return r;
        };
        routes.add("GET", pattern, answer);
        routes.add("HEAD", pattern, answer);
    }
};

struct origin_world {
    little_server origin;
    world w;
    std::unique_ptr<origin_source> source;

    void mount() {
        origin.start();
        source = std::make_unique<origin_source>(origin.url() + "/base/", w.client, w.time);
        w.end();
        w.origins = {{"/era5/", source.get()}};
        w.start();
    }
    answer get(std::string path, world::fields fields = {}) { return w.send("GET", "/era5/" + path, "", std::move(fields)); }
    // The origin's server must stop before what its handlers use.
    ~origin_world() { w.end(); }
};

net::header_list fields(std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
    net::header_list h;
    for (auto const& [name, value] : list) h.set(name, value);
    return h;
}

TEST(OriginSource, AFreshObjectIsServedWithoutAskingTheOrigin) {
    origin_world o;
    auto content = random_bytes(300'000, 1);
    o.origin.serve("/base/x", content, fields({{"ETag", "\"v1\""}, {"Cache-Control", "max-age=60"}, {"Content-Type", "a/b"}}));
    o.mount();
    for (int i = 0; i < 3; ++i) {
        auto got = o.get("x");
        ASSERT_EQ(got.status(), 200u) << got.body();
        EXPECT_TRUE(got.body() == content);
        EXPECT_EQ(got.header("Cache-Status"), i == 0 ? "fjord; fwd=miss; stored" : "fjord; hit");
        EXPECT_EQ(got.header("ETag"), "\"v1\"");
    }
    EXPECT_EQ(o.origin.heads, 1);
    EXPECT_EQ(o.origin.bytes, content.size());
    o.w.time.advance(seconds(61));
    EXPECT_EQ(o.get("x").header("Cache-Status"), "fjord; hit") << "unchanged: the validator is the same";
    EXPECT_EQ(o.origin.heads, 2);
    EXPECT_EQ(o.origin.bytes, content.size());
}

TEST(OriginSource, NoStoreIsRespected) {
    origin_world o;
    o.origin.serve("/base/x", "secret of the day", fields({{"ETag", "\"v1\""}, {"Cache-Control", "no-store"}}));
    o.mount();
    for (int i = 1; i <= 2; ++i) {
        auto got = o.get("x");
        EXPECT_EQ(got.body(), "secret of the day");
        EXPECT_EQ(got.header("Cache-Status"), "fjord; fwd=bypass");
        EXPECT_EQ(o.origin.gets, i);
    }
    EXPECT_EQ(o.w.cache->stats().disk.objects, 0u);
}

TEST(OriginSource, AbsentAndUnreachableOriginsAreTold) {
    origin_world o;
    o.origin.serve("/base/x", "x", fields({{"ETag", "\"v1\""}}));
    o.mount();
    EXPECT_EQ(o.get("nothing").status(), 404u);
    EXPECT_EQ(o.get("x", {{"Range", "bytes=0-0"}}).status(), 206u);
}

TEST(BrokerSource, AsksWithTheRightTokensAndReadsFromThePlaces) {
    little_server site;
    little_server broker;
    auto content = random_bytes(200'000, 2);
    std::vector<std::string> bodies, tokens;
    site.serve("/data/x", content, fields({{"ETag", "\"inode-1\""}}));
    site.start();
    auto resolve = [&](net::request& req) -> asio::awaitable<net::response> {
        auto body = co_await net::read_body(req);
        bodies.push_back(*body);
        tokens.emplace_back(req.headers.get("Authorization"));
        if (body->find("c/i/secret") != std::string::npos) co_return net::problem(403, "embargoed until 2027");
        json::object place{
            {"kind", "door"}, {"site", "site-a"}, {"url", site.url() + "/data/x"}, {"token", "fill-token"}, {"priority", 1}};
        json::object cache{{"kind", "cache"}, {"site", "me"}, {"url", "https://me.test/"}};
        json::object answer{{"asset", "c/i/a"},
                            {"size", content.size()},
                            {"digests", {{"sha-256", sha256_of(content).hex()}}},
                            {"places", json::array{cache, place}},
                            {"lease", nullptr},
                            {"more", "members"}};
        co_return net::json_response(200, answer);
    };
    broker.routes.add("POST", "/api/v1/resolve", resolve);
    broker.start();
    world w;
    broker_source source({.broker = broker.url(), .site = "site-c", .service_token = [] { return secret("service-token"); }},
                         w.client, w.time);
    auto on = [&](auto awaitable) { return net::run_blocking(w.runtime.context(0), std::move(awaitable)); };
    object_key key{.path = "c/i/a", .segments = {"c", "i", "a"}};
    principal anna;
    anna.subject = "anna";

    EXPECT_THAT(on(source.authorize(key, anna, secret("annas-token"))), IsOk());
    auto info = on(source.resolve(key, anna, secret("annas-token")));
    ASSERT_THAT(info, IsOk());
    EXPECT_EQ(tokens, (std::vector<std::string>{"Bearer annas-token", "Bearer service-token"}));
    EXPECT_THAT(bodies[1], HasSubstr(R"("need":"fill")"));
    EXPECT_EQ(info->size, content.size());
    ASSERT_EQ(info->places.size(), 1u) << "another cache is no source";
    EXPECT_EQ(info->places[0].token.reveal(), "fill-token");

    key.path = "c/i/secret";
    auto refused = on(source.authorize(key, anna, secret("annas-token")));
    EXPECT_THAT(refused, FailsWith(errc::denied, HasSubstr("embargoed until 2027")));

    auto shared = std::make_shared<object_info const>(std::move(*info));
    auto stream = on(source.open(shared->places[0], shared, {100, 300}));
    ASSERT_THAT(stream, IsOk());
    std::string got(200, '\0');
    std::size_t done = 0;
    while (done < 200) {
        auto n = on((*stream)->read_some(std::span(got).subspan(done)));
        ASSERT_THAT(n, IsOk());
        ASSERT_GT(*n, 0u);
        done += *n;
    }
    EXPECT_EQ(got, content.substr(100, 200));
    EXPECT_EQ((*stream)->etag(), "\"inode-1\"");
}

TEST(BrokerSource, ACacheThatTheBrokerForgotIntroducesItselfAndFills) {
    little_server broker;
    bool known = false;
    int introduced = 0;
    auto resolve = [&](net::request& req) -> asio::awaitable<net::response> {
        (void)co_await net::read_body(req);
        if (!known) co_return net::problem(409, "no live cache of yours is registered here");
        json::object answer{{"size", 1}, {"digests", {{"sha-256", std::string(64, 'a')}}}, {"places", json::array{}}};
        co_return net::json_response(200, answer);
    };
    broker.routes.add("POST", "/api/v1/resolve", resolve);
    broker.start();
    world w;
    bool taken = false;
    auto introduce = [&]() -> asio::awaitable<bool> {
        ++introduced;
        known = taken;
        co_return taken;
    };
    broker_source_options options{.broker = broker.url()};
    options.introduce = introduce;
    broker_source source(std::move(options), w.client, w.time);
    auto fill = [&] {
        return net::run_blocking(w.runtime.context(0), source.resolve({.path = "c/i/a", .segments = {"c", "i", "a"}}, {}, {}));
    };
    EXPECT_THAT(fill(), FailsWith(errc::unavailable, HasSubstr("no live cache")));
    EXPECT_EQ(introduced, 1) << "once per fill";
    taken = true;
    EXPECT_THAT(fill(), IsOk());
    EXPECT_EQ(introduced, 2);
    EXPECT_THAT(fill(), IsOk());
    EXPECT_EQ(introduced, 2);
}

TEST(BrokerSource, AnAnswerWithoutSizeOrDigestIsRefused) {
    auto parse = [](std::string_view text) { return parse_resolve_answer(json::parse(text), {}); };
    EXPECT_THAT(parse("[]"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(parse("{}"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(parse(R"({"size": -1, "digests": {}})"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(parse(R"({"size": 1, "digests": {"sha-256": "abc"}})"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(parse(R"({"size": 1.5, "digests": {"sha-256": ")" + std::string(64, 'a') + "\"}}"),
                HasErrc(errc::invalid_argument));
    EXPECT_THAT(parse(R"({"size": 1, "digests": {"sha-256": ")" + std::string(64, 'a') + "\"}}"), IsOk());
}

TEST(Follower, InvalidatesByEventAndResumesAfterABreak) {
    world w;
    w.source.put("c/i/a", "old");
    little_server broker;
    std::mutex mutex;
    std::vector<std::string> resumed;
    std::atomic<bool> second_event{false};
    auto events = [&](net::request& req) -> asio::awaitable<net::response> {
        bool first = false;
        {
            std::lock_guard lock(mutex);
            first = resumed.empty();
            resumed.emplace_back(req.headers.get("Last-Event-ID"));
        }
        net::response r;
        r.headers.set("Content-Type", "text/event-stream");
        auto produce = [&, first](net::body_writer& out) -> asio::awaitable<result<void>> {
            if (first) {
                // One event, then the connection ends.
                std::string event = "id: 41\nevent: org.fjord.site.changed\ndata: {}\n\n";
                co_return co_await out.write(event);
            }
            while (!second_event) {
                asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(5));
                co_await pause.async_wait(asio::use_awaitable);
            }
            std::string event = "id: 42\nevent: org.fjord.asset.version\ndata: {\"subject\":\"c/i/a\"}\n\n";
            auto wrote = co_await out.write(event);
            asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(300));
            co_await pause.async_wait(asio::use_awaitable);
            co_return wrote;
        };
        r.body = net::produced_body{std::nullopt, produce};
        co_return r;
    };
    broker.routes.add("GET", "/api/v1/events", events, {.time_limit = seconds(0)});
    broker.start();
    follower following({.broker = broker.url(), .first_pause = milliseconds(10)}, w.client, *w.cache);
    following.start(w.runtime.context(0).get_executor());
    auto wait_for = [](auto holds) {
        for (int i = 0; i < 1000 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return holds();
    };
    ASSERT_TRUE(wait_for([&] {
        std::lock_guard lock(mutex);
        return resumed.size() >= 2 && w.cache->stats().following;
    }));
    EXPECT_EQ(resumed[0], "");
    EXPECT_EQ(resumed[1], "41");
    EXPECT_EQ(w.get("c/i/a").body(), "old");
    w.source.put("c/i/a", "new");
    w.time.advance(seconds(3600));
    EXPECT_EQ(w.get("c/i/a").body(), "old") << "followed: what is known stays true until an event says otherwise";
    second_event = true;
    EXPECT_TRUE(wait_for([&] { return w.get("c/i/a").body() == "new"; }));
    EXPECT_TRUE(wait_for([&] { return w.cache->last_event() == "42"; }));
    following.stop();
}

}  // namespace
}  // namespace fjord::cache::test
