// Following the broker's list over real TLS.
#include "auth/revocation_feed.hpp"

#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "net/server.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_tls.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace fjord::auth {
namespace {

using namespace fjord::test;
using ::testing::HasSubstr;

revocation token(std::string const& id) { return {token_fingerprint("https://i.example", id), {}, {}}; }

class RevocationFeed : public ::testing::Test {
protected:
    RevocationFeed() : server(runtime, options(), serve(), metrics, system_clock()) {
        EXPECT_THAT(server.start(), IsOk());
        runtime.start();
        feed_options.broker = "https://localhost:" + std::to_string(server.endpoints()[0].port);
        feed_options.file = dir.path("revocations.json");
        feed_options.first_pause = milliseconds{10};
        feed_options.longest_pause = milliseconds{40};
        client = std::make_unique<net::http_client>(net::client_options{.ca_file = tls.ca});
    }
    ~RevocationFeed() override {
        feed.reset();
        client.reset();
        server.stop(milliseconds{0});
        pool.join();
        runtime.stop();
    }

    net::server_options options() {
        net::server_options out;
        out.listen = {"https://127.0.0.1:0"};
        out.tls = {tls.certificate, tls.key};
        out.access_log = false;
        return out;
    }
    net::router const& serve() {
        auto answer = [this](net::request& req) { return give(this, req); };
        net::route_options open;
        open.open = true;
        routes.add("GET", "/.well-known/fjord-revocations", answer, open);
        return routes;
    }
    static net::asio::awaitable<net::response> give(RevocationFeed* self, net::request& req) {
        std::lock_guard lock(self->mutex);
        ++self->requests;
        if (self->status != 200) co_return net::problem(self->status, "down");
        if (req.headers.get("If-None-Match") == self->etag) co_return net::empty_response(304);
        auto out = net::text_response(200, self->text, "application/json");
        out.headers.set("ETag", self->etag);
        co_return out;
    }
    void publish(std::string body, std::string tag, unsigned with_status = 200) {
        std::lock_guard lock(mutex);
        text = std::move(body), etag = std::move(tag), status = with_status;
    }
    void follow() {
        auto take = [this](std::vector<revocation> list) {
            std::lock_guard lock(mutex);
            taken = std::move(list);
            ++editions;
        };
        feed = std::make_unique<revocation_feed>(feed_options, *client, pool, take);
        feed->start(runtime.context(0).get_executor());
    }
    template <class F>
    bool soon(F holds) {
        for (int i = 0; i < 500; ++i) {
            {
                std::lock_guard lock(mutex);
                if (holds()) return true;
            }
            std::this_thread::sleep_for(milliseconds{10});
        }
        return false;
    }

    temp_dir dir;
    test_tls tls = make_test_tls(dir.str());
    std::mutex mutex;
    std::string text, etag;  // guarded by mutex, as all below
    unsigned status = 200;
    int requests = 0, editions = 0;
    std::vector<revocation> taken;
    metrics_registry metrics;
    net::router routes;
    net::io_runtime runtime{1};
    net::http_server server;
    blocking_pool pool{1, 16};
    std::unique_ptr<net::http_client> client;
    revocation_feed_options feed_options;
    std::unique_ptr<revocation_feed> feed;
};

TEST_F(RevocationFeed, EveryEditionIsTakenAndKept) {
    publish(write_revocations({token("1")}), "\"a\"");
    follow();
    EXPECT_TRUE(soon([this] { return taken == std::vector{token("1")}; }));
    publish(write_revocations({token("2")}), "\"b\"");
    EXPECT_TRUE(soon([this] { return taken == std::vector{token("2")}; }));
    publish(write_revocations({}), "\"c\"");
    EXPECT_TRUE(soon([this] { return taken.empty() && editions == 3; }));
    EXPECT_TRUE(soon([this] { return dir.read("revocations.json") == write_revocations({}); }));
}

TEST_F(RevocationFeed, WhatIsNoListChangesNothing) {
    publish(write_revocations({token("1")}), "\"a\"");
    follow();
    EXPECT_TRUE(soon([this] { return editions == 1; }));
    publish("<html>maintenance</html>", "\"b\"");
    int const before = [this] {
        std::lock_guard lock(mutex);
        return requests;
    }();
    EXPECT_TRUE(soon([&] { return requests > before + 2; }));
    publish("", "", 503);
    EXPECT_TRUE(soon([&] { return requests > before + 5; }));
    EXPECT_TRUE(soon([this] { return editions == 1 && taken == std::vector{token("1")}; }));
    publish(write_revocations({token("3")}), "\"d\"");
    EXPECT_TRUE(soon([this] { return taken == std::vector{token("3")}; })) << "and it goes on";
}

TEST_F(RevocationFeed, TheKeptListServesWithoutTheBroker) {
    dir.write("revocations.json", write_revocations({token("kept")}));
    publish("", "", 503);
    follow();
    std::lock_guard lock(mutex);
    EXPECT_EQ(taken, std::vector{token("kept")}) << "at once, before the first request";
}

TEST_F(RevocationFeed, ADamagedCopyIsPassedOver) {
    dir.write("revocations.json", "{");
    publish(write_revocations({token("1")}), "\"a\"");
    follow();
    EXPECT_TRUE(soon([this] { return taken == std::vector{token("1")} && editions == 1; }));
}

TEST_F(RevocationFeed, NothingIsTakenAfterItsStop) {
    publish(write_revocations({token("1")}), "\"a\"");
    follow();
    EXPECT_TRUE(soon([this] { return editions == 1; }));
    feed->stop();
    publish(write_revocations({token("2")}), "\"b\"");
    std::this_thread::sleep_for(milliseconds{100});
    std::lock_guard lock(mutex);
    EXPECT_EQ(editions, 1);
}

}  // namespace
}  // namespace fjord::auth
