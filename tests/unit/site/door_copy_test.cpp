// Third-party copies between two doors, and what COPY refuses.
#include "door_harness.hpp"
#include "storage/perf_markers.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fjord::site::test {
namespace {

using storage::copy_verdict;
using ::testing::HasSubstr;
using ::testing::Not;

class CopyTest : public DoorTest {
protected:
    void SetUp() override {
        DoorTest::SetUp();
        other = std::make_unique<running_door>(w, local_options(other_root.str()));
    }
    void TearDown() override { other.reset(); }

    fields pull(std::string const& path, std::string const& remote_scope = "storage.read:/") {
        return {{"Source", other->url() + path},
                {"Credential", "none"},
                {"TransferHeaderAuthorization", "Bearer " + w.token(remote_scope).reveal()}};
    }
    fields push(std::string const& path, std::string const& remote_scope = "storage.create:/") {
        return {{"Destination", other->url() + path},
                {"TransferHeaderAuthorization", "Bearer " + w.token(remote_scope).reveal()}};
    }
    static storage::perf_marker_parser read(net::client_response const& answer) {
        EXPECT_EQ(answer.status, 202u) << answer.body;
        EXPECT_EQ(answer.headers.get("Content-Type"), "text/perf-marker-stream");
        storage::perf_marker_parser parser;
        EXPECT_TRUE(parser.feed(answer.body));
        EXPECT_TRUE(parser.finish());
        return parser;
    }

    fjord::test::temp_dir other_root;
    std::unique_ptr<running_door> other;
};

TEST_F(CopyTest, APullBringsTheFileWithMarkersAndSuccess) {
    std::string const bytes(2'500'000, 'p');
    other_root.write("src/a b.nc", bytes);
    auto report = read(send("COPY", "/dst/x.nc", "storage.create:/dst", pull("/src/a%20b.nc", "storage.read:/src")));
    EXPECT_EQ(report.verdict(), copy_verdict::success);
    EXPECT_EQ(report.reason(), "Created");
    auto const markers = report.take_markers();
    ASSERT_GE(markers.size(), 2u) << "one at once, one at the end";
    EXPECT_EQ(markers.back().bytes, bytes.size());
    EXPECT_THAT(markers.front().remote, HasSubstr("tcp:127.0.0.1:"));
    EXPECT_TRUE(root.read("dst/x.nc") == bytes);
    EXPECT_EQ(incoming(), 0u);
}

TEST_F(CopyTest, APushSendsTheFile) {
    std::string const bytes(1'500'000, 'q');
    root.write("x", bytes);
    auto report = read(send("COPY", "/x", "storage.read:/x", push("/new/dir/y", "storage.create:/new")));
    EXPECT_EQ(report.verdict(), copy_verdict::success) << report.reason();
    EXPECT_TRUE(other_root.read("new/dir/y") == bytes);
}

TEST_F(CopyTest, RequiredVerificationComparesBothEnds) {
    root.write("x", "hello");
    auto headers = push("/y", "storage.create:/ storage.read:/");
    headers.emplace_back("RequireChecksumVerification", "true");
    EXPECT_EQ(read(send("COPY", "/x", all, headers)).verdict(), copy_verdict::success);
    other_root.write("z", "hello");
    headers = pull("/z");
    headers.emplace_back("RequireChecksumVerification", "true");
    EXPECT_EQ(read(send("COPY", "/z", all, headers)).verdict(), copy_verdict::success);
    EXPECT_EQ(root.read("z"), "hello");
}

TEST_F(CopyTest, WhatTheRemoteSideRefusesFailsAndLeavesNothing) {
    other_root.write("x", "hello");
    auto report = read(send("COPY", "/y", all, pull("/absent")));
    EXPECT_EQ(report.verdict(), copy_verdict::failure);
    EXPECT_THAT(report.reason(), HasSubstr("status code 404"));
    report = read(send("COPY", "/y", all, pull("/x", "storage.read:/elsewhere")));
    EXPECT_THAT(report.reason(), HasSubstr("status code 403"));
    EXPECT_FALSE(exists("y"));
    EXPECT_EQ(incoming(), 0u);
    root.write("z", "1");
    report = read(send("COPY", "/z", all, push("/x")));
    EXPECT_EQ(report.verdict(), copy_verdict::failure) << "create-only at the remote side cannot overwrite";
    EXPECT_EQ(other_root.read("x"), "hello");
}

TEST_F(CopyTest, AnUnreachableSourceIsAFailureLine) {
    auto report = read(send("COPY", "/y", all, {{"Source", "https://127.0.0.1:1/x"}}));
    EXPECT_EQ(report.verdict(), copy_verdict::failure);
}

TEST_F(CopyTest, ExistingTargetsFollowOverwriteAndScope) {
    other_root.write("x", "new");
    root.write("y", "old");
    auto headers = pull("/x");
    headers.emplace_back("Overwrite", "F");
    EXPECT_EQ(send("COPY", "/y", all, headers).status, 412u);
    EXPECT_EQ(send("COPY", "/y", "storage.create:/", pull("/x")).status, 403u);
    EXPECT_EQ(root.read("y"), "old");
    EXPECT_EQ(read(send("COPY", "/y", all, pull("/x"))).verdict(), copy_verdict::success);
    EXPECT_EQ(root.read("y"), "new");
}

TEST_F(CopyTest, AFailedPullKeepsTheOldReplica) {
    root.write("y", "old");
    EXPECT_EQ(read(send("COPY", "/y", all, pull("/absent"))).verdict(), copy_verdict::failure);
    EXPECT_EQ(root.read("y"), "old");
}

TEST_F(CopyTest, TricksAre400) {
    std::string const src = "https://127.0.0.1/x";
    fields const cases[] = {
        {},
        {{"Source", "file:///etc/hostname"}},
        {{"Source", "http://127.0.0.1/x"}},
        {{"Source", "gopher://127.0.0.1/x"}},
        {{"Source", "https://user:pw@127.0.0.1/x"}},
        {{"Source", src + "#frag"}},
        {{"Source", src}, {"Destination", src}},
        {{"Source", src}, {"Credential", "gridsite"}},
        {{"Source", src}, {"TransferHeaderHost", "evil"}},
        {{"Source", src}, {"TransferHeaderContent-Length", "7"}},
        {{"Destination", "file:///tmp/x"}},
    };
    root.write("x", "1");
    for (auto const& headers : cases)
        EXPECT_EQ(send("COPY", "/x", all, headers).status, 400u) << (headers.empty() ? "" : headers.back().second);
    EXPECT_EQ(send("COPY", "/", all, {{"Destination", src}}).status, 400u) << "a directory";
    EXPECT_EQ(send("COPY", "/absent", all, {{"Destination", src}}).status, 404u);
    EXPECT_EQ(send("COPY", "/x", "storage.create:/", {{"Destination", src}}).status, 403u);
    EXPECT_EQ(send("COPY", "/y", "storage.read:/", {{"Source", src}}).status, 403u);
}

TEST_F(CopyTest, LocalAddressesAreRefusedUnlessAllowed) {
    other_root.write("x", "1");
    auto options = local_options(root.str());
    options.remotes = {};
    start(options);
    for (auto const& source : {other->url() + "/x", std::string("https://localhost/x"), std::string("https://[::1]/x"),
                               std::string("https://169.254.169.254/latest"), std::string("https://10.0.0.1/x")})
        EXPECT_EQ(send("COPY", "/y", all, {{"Source", source}}).status, 403u) << source;
    options.remotes.allow = {other->url().substr(8)};
    start(options);
    EXPECT_EQ(read(send("COPY", "/y", all, pull("/x"))).verdict(), copy_verdict::success);
    options.remotes.ports = {443};
    start(options);
    EXPECT_EQ(send("COPY", "/z", all, pull("/x")).status, 403u);
}

// A source that the test writes: what a lying or slow site would send.
class source_site {
public:
    source_site(world& w, std::function<net::response(net::request&)> reply) : reply_(std::move(reply)) {
        routes_.add("GET", "/{path...}", [this](net::request& req) { return give(this, req); });
        net::server_options options{
            .listen = {"https://127.0.0.1:0"}, .tls = {w.tls.certificate, w.tls.key}, .access_log = false};
        server_ = std::make_unique<net::http_server>(w.runtime, std::move(options), routes_, w.metrics, system_clock());
        server_->start().value();
    }
    ~source_site() { server_->stop(milliseconds{50}); }
    std::string url() const { return server_->endpoints().front().url; }

private:
    static net::asio::awaitable<net::response> give(source_site* self, net::request& req) { co_return self->reply_(req); }
    std::function<net::response(net::request&)> reply_;
    net::router routes_;
    std::unique_ptr<net::http_server> server_;
};

// A destination: takes the body, or (redirecting_sink) sends the sender on before it.
class sink_site {
public:
    using reply = std::function<net::response(net::request&, std::string)>;
    sink_site(world& w, reply r) : reply_(std::move(r)) {
        routes_.add("PUT", "/{path...}", [this](net::request& req) { return take(this, req); }, {.max_body = 0});
        net::server_options options{
            .listen = {"https://127.0.0.1:0"}, .tls = {w.tls.certificate, w.tls.key}, .access_log = false};
        server_ = std::make_unique<net::http_server>(w.runtime, std::move(options), routes_, w.metrics, system_clock());
        server_->start().value();
    }
    ~sink_site() { server_->stop(milliseconds{50}); }
    std::string url() const { return server_->endpoints().front().url; }

protected:
    bool leaves_bodies_ = false;

private:
    static net::asio::awaitable<net::response> take(sink_site* self, net::request& req) {
        result<std::string> body{std::string()};
        if (!self->leaves_bodies_) body = co_await net::read_body(req);
        co_return self->reply_(req, body ? *body : "");
    }
    reply reply_;
    net::router routes_;
    std::unique_ptr<net::http_server> server_;
};

class redirecting_sink : public sink_site {
public:
    redirecting_sink(world& w, std::string to, std::string& authorization)
        : sink_site(w, [to, &authorization](net::request& req, std::string const&) {
              authorization = std::string(req.headers.get("Authorization"));
              return net::redirect_response(307, to);
          }) {
        leaves_bodies_ = true;
    }
};

TEST_F(CopyTest, ASourceThatBreaksItsDigestIsNotBelieved) {
    source_site liar(w, [](net::request&) {
        auto answer = net::text_response(200, "jello");
        answer.headers.set("Digest", "adler32=062c0215");  // of "hello"
        return answer;
    });
    auto report = read(send("COPY", "/y", all, {{"Source", liar.url() + "/x"}}));
    EXPECT_EQ(report.verdict(), copy_verdict::failure);
    EXPECT_THAT(report.reason(), HasSubstr("checksum"));
    EXPECT_FALSE(exists("y"));
    EXPECT_EQ(incoming(), 0u);
    report = read(send("COPY", "/y", all, {{"Source", liar.url() + "/x"}, {"RequireChecksumVerification", "false"}}));
    EXPECT_EQ(report.verdict(), copy_verdict::success) << "who waives verification gets what was sent";
}

TEST_F(CopyTest, RequiredVerificationFailsWithoutAChecksum) {
    source_site mute(w, [](net::request&) { return net::text_response(200, "hello"); });
    auto report = read(send("COPY", "/y", all, {{"Source", mute.url() + "/x"}, {"RequireChecksumVerification", "true"}}));
    EXPECT_EQ(report.verdict(), copy_verdict::failure);
    EXPECT_EQ(read(send("COPY", "/y", all, {{"Source", mute.url() + "/x"}})).verdict(), copy_verdict::success);
}

TEST_F(CopyTest, OnlyAllowedHeadersReachTheSourceAndNoTokenGoesToAnotherOrigin) {
    std::string seen_tag, seen_authorization = "none yet";
    source_site second(w, [&](net::request& req) {
        seen_authorization = std::string(req.headers.get("Authorization"));
        return net::text_response(200, "hello");
    });
    source_site first(w, [&](net::request& req) {
        seen_tag = std::string(req.headers.get("SciTag"));
        return net::redirect_response(307, second.url() + "/data");
    });
    auto report = read(
        send("COPY", "/y", all,
             {{"Source", first.url() + "/x"}, {"TransferHeaderSciTag", "66"}, {"TransferHeaderAuthorization", "Bearer abc"}}));
    EXPECT_EQ(report.verdict(), copy_verdict::success) << report.reason();
    EXPECT_EQ(seen_tag, "66");
    EXPECT_EQ(seen_authorization, "");
}

TEST_F(CopyTest, RedirectsAreJudgedLikeTheFirstUrl) {
    std::string target = "file:///etc/hostname";
    source_site first(w, [&](net::request&) { return net::redirect_response(302, target); });
    auto report = read(send("COPY", "/y", all, {{"Source", first.url() + "/x"}}));
    EXPECT_EQ(report.verdict(), copy_verdict::failure);
    target = "http://127.0.0.1/x";
    EXPECT_EQ(read(send("COPY", "/y", all, {{"Source", first.url() + "/x"}})).verdict(), copy_verdict::failure);
    target = first.url() + "/x";
    EXPECT_THAT(read(send("COPY", "/y", all, {{"Source", first.url() + "/x"}})).reason(), HasSubstr("more than 3 redirects"));
    auto const port = first.url().substr(first.url().rfind(':'));
    target = "https://localhost" + port + "/x";
    EXPECT_THAT(read(send("COPY", "/y", all, {{"Source", first.url() + "/x"}})).reason(), HasSubstr("not of the same site"));
    EXPECT_FALSE(exists("y"));
}

// The name leads to a public address when the copy is judged, and to this machine when the connection is made.
TEST_F(CopyTest, ANameThatChangesItsMindLeadsNowhere) {
    std::atomic<int> reached{0};
    source_site inside(w, [&](net::request&) {
        ++reached;
        return net::text_response(200, "secret of the inside");
    });
    auto const port = inside.url().substr(inside.url().rfind(':') + 1);
    auto const source = "https://localhost:" + port + "/x";
    auto options = local_options(root.str());
    options.remotes = {};
    options.remotes.resolver = [](std::string const&) -> result<std::vector<boost::asio::ip::address>> {
        return std::vector{boost::asio::ip::make_address("198.51.101.7"), boost::asio::ip::make_address("2600::7")};
    };
    start(options);
    auto report = read(send("COPY", "/y", all, {{"Source", source}}));
    EXPECT_EQ(report.verdict(), copy_verdict::failure);
    EXPECT_THAT(report.reason(), HasSubstr("not a public one"));
    put("/mine", "1");
    report = read(send("COPY", "/mine", all, {{"Destination", source}}));
    EXPECT_THAT(report.reason(), HasSubstr("not a public one"));
    // Neither over a connection that another request has opened already.
    net::client_request open;
    open.url = source;
    EXPECT_TRUE(w.run(w.client->send(open)));
    EXPECT_EQ(reached.exchange(0), 1);
    EXPECT_THAT(read(send("COPY", "/y", all, {{"Source", source}})).reason(), HasSubstr("not a public one"));
    EXPECT_EQ(reached, 0);
    EXPECT_FALSE(exists("y"));
    options.remotes.allow = {"localhost:" + port};
    start(options);
    EXPECT_EQ(read(send("COPY", "/y", all, {{"Source", source}})).verdict(), copy_verdict::success) << "where it is allowed";
}

TEST_F(CopyTest, OneBadAddressOfANameRefusesTheCopy) {
    auto options = local_options(root.str());
    options.remotes = {};
    options.remotes.resolver = [](std::string const&) -> result<std::vector<boost::asio::ip::address>> {
        return std::vector{boost::asio::ip::make_address("198.51.101.7"), boost::asio::ip::make_address("10.0.0.7")};
    };
    start(options);
    EXPECT_EQ(send("COPY", "/y", all, {{"Source", "https://two.example/x"}}).status, 403u);
}

TEST_F(CopyTest, APushFollowsTheRemoteSiteToItsDataServerWithoutTheToken) {
    put("/x", "hello");
    std::string body, authorization = "none yet", first_authorization;
    sink_site pool(w, [&](net::request& req, std::string text) {
        body = std::move(text);
        authorization = std::string(req.headers.get("Authorization"));
        return net::text_response(201, "");
    });
    redirecting_sink door(w, pool.url() + "/pool", first_authorization);
    auto report =
        read(send("COPY", "/x", all, {{"Destination", door.url() + "/x"}, {"TransferHeaderAuthorization", "Bearer abc"}}));
    EXPECT_EQ(report.verdict(), copy_verdict::success) << report.reason();
    EXPECT_EQ(body, "hello");
    EXPECT_EQ(first_authorization, "Bearer abc");
    EXPECT_EQ(authorization, "");
}

net::asio::awaitable<result<void>> trickle(std::shared_ptr<std::atomic<bool>> ended, net::body_writer& to) {
    result<void> sent;
    for (int i = 0; i < 400 && sent; ++i) {
        sent = co_await to.write("some bytes of a slow source");
        net::asio::steady_timer pause(co_await net::asio::this_coro::executor, milliseconds{20});
        co_await pause.async_wait(net::asio::use_awaitable);
    }
    *ended = true;
    co_return sent;
}

TEST_F(CopyTest, AClientThatLeavesEndsTheCopy) {
    auto ended = std::make_shared<std::atomic<bool>>(false);
    source_site slow(w, [ended](net::request&) {
        net::response answer;
        answer.body = net::produced_body{std::nullopt, [ended](net::body_writer& to) { return trickle(ended, to); }};
        return answer;
    });
    net::client_request request;
    request.method = "COPY";
    request.url = site->url() + "/y";
    request.bearer = w.token(all);
    request.headers.set("Source", slow.url() + "/x");
    {
        auto stream = w.run(w.client->open(std::move(request)));
        ASSERT_TRUE(stream);
        std::string some(100, '\0');
        EXPECT_TRUE(w.run((*stream)->read_some(some)));
        EXPECT_TRUE(soon([this] { return incoming() == 1; }));
    }
    EXPECT_TRUE(soon([this] { return incoming() == 0; })) << "nothing is left of the copy";
    EXPECT_TRUE(soon([ended] { return ended->load(); })) << "the source is not read any more";
    EXPECT_FALSE(exists("y"));
}

TEST_F(CopyTest, MarkersKeepComingWhileTheSourceIsSlow) {
    auto ended = std::make_shared<std::atomic<bool>>(false);
    struct pause_first {
        static net::asio::awaitable<result<void>> give(net::body_writer& to) {
            auto sent = co_await to.write("hel");
            net::asio::steady_timer pause(co_await net::asio::this_coro::executor, milliseconds{200});
            co_await pause.async_wait(net::asio::use_awaitable);
            if (sent) sent = co_await to.write("lo");
            co_return sent;
        }
    };
    source_site slow(w, [](net::request&) {
        net::response answer;
        answer.body = net::produced_body{5, &pause_first::give};
        return answer;
    });
    auto report = read(send("COPY", "/y", all, {{"Source", slow.url() + "/x"}}));
    EXPECT_EQ(report.verdict(), copy_verdict::success);
    EXPECT_GE(report.take_markers().size(), 5u);
    EXPECT_EQ(root.read("y"), "hello");
}

TEST_F(CopyTest, MoreCopiesThanConfiguredAreTurnedAway) {
    auto options = local_options(root.str());
    options.max_copies = 0;
    start(options);
    auto const answer = send("COPY", "/y", all, pull("/x"));
    EXPECT_EQ(answer.status, 503u);
    EXPECT_FALSE(answer.headers.get("Retry-After").empty());
}

}  // namespace
}  // namespace fjord::site::test
