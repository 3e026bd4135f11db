// The client against real servers: bodies both ways, limits, redirects, credentials, cancellation, and what it says of faults.
#include "tests/unit/net/harness.hpp"

#include "net/deadline.hpp"
#include "tests/support/run.hpp"

#include <gtest/gtest.h>

namespace fjord::net::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

client_request ask(std::string url, std::string method = "GET") {
    client_request out;
    out.method = std::move(method);
    out.url = std::move(url);
    out.timeout = std::chrono::seconds(10);
    return out;
}

asio::awaitable<response> show(request& req) {
    auto body = co_await read_body(req);
    if (!body) co_return problem(body.error());
    std::string text = req.method + " " + req.target + "\n";
    for (auto const& [name, value] : req.headers.items()) text += name + ": " + value + "\n";
    co_return text_response(200, text + "\n" + *body);
}

asio::awaitable<response> count_body(request& req) {
    std::vector<char> piece(32u << 10);
    std::uint64_t bytes = 0;
    for (;;) {
        auto const n = co_await req.body->read_some(piece);
        if (!n) co_return problem(n.error());
        if (*n == 0) co_return text_response(200, std::to_string(bytes));
        bytes += *n;
    }
}

asio::awaitable<response> refuse(request&) { co_return problem(403, "no"); }

asio::awaitable<response> go(std::string where) { co_return redirect_response(307, where); }

asio::awaitable<response> go_with(unsigned status, std::string where) { co_return redirect_response(status, where); }

asio::awaitable<response> read_and_go(request& req, std::string where) {
    auto body = co_await read_body(req);
    co_return redirect_response(307, where);
}

asio::awaitable<result<std::size_t>> ten_pieces(std::shared_ptr<int> given, std::span<char> out) {
    if (*given == 10) co_return std::size_t{0};
    ++*given;
    std::fill_n(out.begin(), 1000, 'x');
    co_return std::size_t{1000};
}

handler redirects_to(std::string where) {
    return [where](request&) { return go(where); };
}

// Writes `mebibytes` and notes how far it came.
struct producer {
    std::atomic<std::uint64_t> written{0};
    body_producer make(unsigned mebibytes) {
        return [this, mebibytes](body_writer& out) { return write(out, mebibytes); };
    }
    asio::awaitable<result<void>> write(body_writer& out, unsigned mebibytes) {
        std::string const piece(1u << 16, 'p');
        for (unsigned i = 0; i < mebibytes * 16; ++i) {
            if (auto ok = co_await out.write(piece); !ok) co_return ok;
            written += piece.size();
        }
        co_return result<void>{};
    }
};

asio::awaitable<response> produced(std::optional<std::uint64_t> length, body_producer produce) {
    response out;
    out.body = produced_body{length, std::move(produce)};
    co_return out;
}

handler produces(std::optional<std::uint64_t> length, body_producer produce) {
    return [length, produce](request&) { return produced(length, produce); };
}

router show_router() {
    router r;
    for (auto method : {"GET", "PUT", "POST", "COPY", "PROPFIND", "MKCOL", "MOVE", "DELETE"}) r.add(method, "/{path...}", show);
    r.add("PUT", "/count", count_body, {.max_body = 0});
    r.add("PUT", "/refuse", refuse, {.max_body = 0});
    return r;
}

TEST(client, sends_any_method_with_its_headers_and_no_more) {
    test_server s(show_router());
    http_client client({});
    for (auto method : {"GET", "COPY", "PROPFIND", "MKCOL", "MOVE", "DELETE"}) {
        auto rq = ask(s.url("/x?y=1"), method);
        rq.headers.set("Depth", "1");
        rq.headers.set("X-Empty", "");
        auto const out = run(client.send(std::move(rq)));
        ASSERT_THAT(out, IsOk());
        EXPECT_THAT(out->body,
                    AllOf(HasSubstr(std::string(method) + " /x?y=1\n"), HasSubstr("Depth: 1\n"), HasSubstr("X-Empty: \n")));
        EXPECT_EQ(out->body.find("Expect"), std::string::npos);
        EXPECT_EQ(out->body.find("Content-"), std::string::npos) << out->body;
    }
}

TEST(client, sends_small_bodies_and_says_their_length) {
    test_server s(show_router());
    http_client client({});
    for (auto method : {"POST", "PUT", "PROPFIND"}) {
        auto rq = ask(s.url("/x"), method);
        rq.body = "<a/>";
        rq.headers.set("Content-Type", "text/xml");
        auto const out = run(client.send(std::move(rq)));
        ASSERT_THAT(out, IsOk());
        EXPECT_THAT(out->body, AllOf(HasSubstr("Content-Length: 4\n"), HasSubstr("Content-Type: text/xml\n"),
                                     ::testing::EndsWith("\n<a/>")));
    }
    auto const empty = run(client.send(ask(s.url("/x"), "PUT")));
    ASSERT_THAT(empty, IsOk());
    EXPECT_THAT(empty->body, HasSubstr("Content-Length: 0\n"));
}

TEST(client, head_has_a_length_and_no_body) {
    test_server s(show_router());
    http_client client({});
    auto const out = run(client.send(ask(s.url("/x"), "HEAD")));
    ASSERT_THAT(out, IsOk());
    EXPECT_EQ(out->status, 200u);
    EXPECT_FALSE(out->headers.get("Content-Length").empty());
    EXPECT_EQ(out->body, "");
}

TEST(client, reuses_its_connections) {
    test_server s(show_router());
    http_client client({});
    for (int i = 0; i < 5; ++i) ASSERT_THAT(run(client.send(ask(s.url("/x")))), IsOk());
    EXPECT_EQ(s.metrics.gauge("fjord_http_connections", "").value(), 1);
}

asio::awaitable<result<std::size_t>> fill(std::shared_ptr<std::uint64_t> left, std::span<char> out) {
    auto const n = static_cast<std::size_t>(std::min<std::uint64_t>(*left, out.size()));
    std::fill_n(out.data(), n, 'u');
    *left -= n;
    co_return n;
}

upload_source bytes_of(std::uint64_t n) {
    return [left = std::make_shared<std::uint64_t>(n)](std::span<char> out) { return fill(left, out); };
}

TEST(client, streams_uploads_with_and_without_a_length) {
    test_server s(show_router());
    http_client client({});
    for (bool known : {true, false}) {
        for (bool expect : {true, false}) {
            auto rq = ask(s.url("/count"), "PUT");
            rq.upload = bytes_of(5'000'001);
            if (known) rq.upload_length = 5'000'001;
            rq.expect_continue = expect;
            auto const out = run(client.send(std::move(rq)));
            ASSERT_THAT(out, IsOk());
            EXPECT_EQ(out->body, "5000001");
        }
    }
}

TEST(client, asks_for_no_body_when_the_peer_refuses_first) {
    test_server s(show_router());
    http_client client({});
    auto rq = ask(s.url("/refuse"), "PUT");
    auto left = std::make_shared<std::uint64_t>(50'000'000);
    rq.upload = [left](std::span<char> out) { return fill(left, out); };
    rq.upload_length = 50'000'000;
    rq.expect_continue = true;
    auto const out = run(client.send(std::move(rq)));
    ASSERT_THAT(out, IsOk());
    EXPECT_EQ(out->status, 403u);
    EXPECT_EQ(*left, 50'000'000u);
}

TEST(client, an_upload_that_is_refused_half_way_ends_with_the_answer) {
    test_server s(show_router());
    http_client client({});
    auto rq = ask(s.url("/refuse"), "PUT");
    rq.upload = bytes_of(900'000);
    auto const out = run(client.send(std::move(rq)));
    ASSERT_THAT(out, IsOk());
    EXPECT_EQ(out->status, 403u);
}

asio::awaitable<result<std::size_t>> source_fails(std::span<char>) { co_return fail(errc::corrupt, "the disk lied"); }

TEST(client, an_upload_whose_source_fails_or_lies_is_no_success) {
    test_server s(show_router());
    http_client client({});
    auto broken = ask(s.url("/count"), "PUT");
    broken.upload = source_fails;
    EXPECT_THAT(run(client.send(std::move(broken))), HasErrc(errc::corrupt));
    auto shorter = ask(s.url("/count"), "PUT");
    shorter.upload = bytes_of(10);
    shorter.upload_length = 20;
    EXPECT_THAT(run(client.send(std::move(shorter))), FailsWith(errc::invalid_argument, HasSubstr("10 of the 20")));
    auto longer = ask(s.url("/count"), "PUT");
    longer.upload = bytes_of(20);
    longer.upload_length = 10;
    EXPECT_THAT(run(client.send(std::move(longer))), HasErrc(errc::invalid_argument));
}

asio::awaitable<result<std::uint64_t>> read_all(std::unique_ptr<client_stream> stream) {
    std::vector<char> piece(64u << 10);
    std::uint64_t total = 0;
    for (;;) {
        auto const n = co_await stream->read_some(piece);
        if (!n) co_return n.error();
        if (*n == 0) co_return total;
        total += *n;
    }
}

asio::awaitable<result<std::uint64_t>> open_and_read(http_client& client, client_request rq) {
    auto stream = co_await client.open(std::move(rq));
    if (!stream) co_return stream.error();
    co_return co_await read_all(std::move(*stream));
}

TEST(client, streams_downloads) {
    producer p;
    router r;
    r.add("GET", "/chunked", produces(std::nullopt, p.make(8)));
    r.add("GET", "/length", produces(8u << 20, p.make(8)));
    test_server s(std::move(r));
    http_client client({});
    EXPECT_THAT(run(open_and_read(client, ask(s.url("/chunked")))), IsOkAnd(8u << 20));
    EXPECT_THAT(run(open_and_read(client, ask(s.url("/length")))), IsOkAnd(8u << 20));
}

asio::awaitable<result<std::uint64_t>> read_slowly(http_client& client, std::string url, producer& p, std::uint64_t& at_first) {
    auto stream = co_await client.open(ask(std::move(url)));
    if (!stream) co_return stream.error();
    // Nobody reads: the producer must come to a halt.
    for (std::uint64_t before = 1; before != p.written;) {
        before = p.written;
        (void)co_await sleep_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(60));
    }
    at_first = p.written;
    co_return co_await read_all(std::move(*stream));
}

TEST(client, a_slow_reader_holds_the_sender_back) {
    producer p;
    router r;
    r.add("GET", "/", produces(64u << 20, p.make(64)));
    test_server s(std::move(r));
    http_client client({});
    std::uint64_t at_first = 0;
    EXPECT_THAT(run(read_slowly(client, s.url("/"), p, at_first), std::chrono::seconds(30)), IsOkAnd(64u << 20));
    EXPECT_LT(at_first, 24u << 20) << "only socket buffers and one window may be filled ahead of the reader";
}

asio::awaitable<result<void>> dies(body_writer& out) {
    if (auto ok = co_await out.write(std::string(1000, 'x')); !ok) co_return ok;
    co_return fail(errc::unavailable, "gone");
}

TEST(client, a_cut_answer_is_an_error_and_never_a_short_success) {
    router r;
    r.add("GET", "/length", produces(5000, dies));
    r.add("GET", "/chunked", produces(std::nullopt, dies));
    test_server s(std::move(r));
    http_client client({});
    for (auto path : {"/length", "/chunked"}) {
        EXPECT_THAT(run(client.send(ask(s.url(path)))), HasErrc(errc::unavailable)) << path;
        EXPECT_THAT(run(open_and_read(client, ask(s.url(path)))), HasErrc(errc::unavailable)) << path;
    }
    EXPECT_THAT(run(client.send(ask(s.url("/length")))), FailsWith(errc::unavailable, HasSubstr("of 5000 bytes")));
}

TEST(client, limits_what_it_collects) {
    producer p;
    router r;
    r.add("GET", "/", produces(std::nullopt, p.make(4)));
    test_server s(std::move(r));
    http_client client({});
    auto rq = ask(s.url("/"));
    rq.max_body = 1u << 20;
    EXPECT_THAT(run(client.send(std::move(rq))), HasErrc(errc::limit_exceeded));
}

TEST(client, names_what_cannot_be_reached) {
    std::uint16_t port = 0;
    { port = test_server(show_router()).port(); }  // free again
    http_client client({});
    EXPECT_THAT(run(client.send(ask("http://127.0.0.1:" + std::to_string(port) + "/"))),
                FailsWith(errc::unavailable, AllOf(HasSubstr("127.0.0.1:" + std::to_string(port)), HasSubstr("refused"))));
    EXPECT_THAT(run(client.send(ask("ftp://a/"))), HasErrc(errc::invalid_argument));
    EXPECT_THAT(run(client.send(ask("http://127.0.0.1:1/", "BAD METHOD"))), HasErrc(errc::invalid_argument));
    EXPECT_THAT(run(client.send(ask("http://no-such-host.invalid/"))),
                FailsWith(errc::unavailable, HasSubstr("no-such-host.invalid")));
}

asio::awaitable<response> never(request&) {
    (void)co_await sleep_until(std::chrono::steady_clock::now() + std::chrono::minutes(1));
    co_return text_response(200, "late");
}

asio::awaitable<result<void>> writes_once_and_hangs(body_writer& out) {
    if (auto ok = co_await out.write("first"); !ok) co_return ok;
    co_return co_await sleep_until(std::chrono::steady_clock::now() + std::chrono::minutes(1));
}

router silent() {
    router r;
    r.add("GET", "/never", never);
    r.add("GET", "/hangs", produces(100, writes_once_and_hangs));
    return r;
}

TEST(client, gives_up_at_its_deadline) {
    test_server s(silent());
    http_client client({});
    auto rq = ask(s.url("/never"));
    rq.timeout = std::chrono::milliseconds(60);
    EXPECT_THAT(run(client.send(rq)), HasErrc(errc::timed_out));
    EXPECT_THAT(run(client.open(rq)), HasErrc(errc::timed_out));
    auto hangs = ask(s.url("/hangs"));
    hangs.timeout = std::chrono::milliseconds(60);
    EXPECT_THAT(run(client.send(hangs)), HasErrc(errc::timed_out));
}

TEST(client, gives_up_on_a_peer_that_stalls_in_its_body) {
    test_server s(silent());
    http_client client({});
    auto rq = ask(s.url("/hangs"));
    rq.stall = std::chrono::seconds(1);
    EXPECT_THAT(run(open_and_read(client, std::move(rq))), FailsWith(errc::timed_out, HasSubstr("moved no byte")));
}

TEST(client, a_cancelled_caller_ends_the_exchange) {
    test_server s(silent());
    http_client client({});
    auto const soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(80);
    EXPECT_THAT(run(with_deadline(client.send(ask(s.url("/never"))), soon)), HasErrc(errc::timed_out));
    // Nothing of it is left behind: the next exchange is its own.
    auto rq = ask(s.url("/nowhere"));
    auto const next = run(client.send(std::move(rq)));
    ASSERT_THAT(next, IsOk());
    EXPECT_EQ(next->status, 404u);
}

asio::awaitable<result<void>> open_and_drop(http_client& client, client_request rq) {
    auto stream = co_await client.open(std::move(rq));
    if (!stream) co_return stream.error();
    co_return result<void>{};
}

TEST(client, dropping_a_stream_closes_its_connection) {
    producer p;
    router r;
    r.add("GET", "/", produces(std::nullopt, p.make(1000)));
    test_server s(std::move(r));
    http_client client({});
    EXPECT_THAT(run(open_and_drop(client, ask(s.url("/")))), IsOk());
    EXPECT_TRUE(eventually([&] { return s.metrics.gauge("fjord_http_connections", "").value() == 0; }));
}

asio::awaitable<result<client_response>> send_and_destroy(std::unique_ptr<http_client>& client, client_request rq) {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(50));
    timer.async_wait([&client](boost::system::error_code) { client.reset(); });
    auto work = client->send(std::move(rq));
    co_return co_await std::move(work);
}

TEST(client, its_destruction_ends_what_is_in_flight) {
    test_server s(silent());
    auto client = std::make_unique<http_client>(client_options{});
    EXPECT_THAT(run(send_and_destroy(client, ask(s.url("/never")))), HasErrc(errc::cancelled));
}

TEST(client, follows_redirects_and_leaves_credentials_behind) {
    auto options = plain_options();
    options.tokens_over_http = true;
    test_server target(show_router(), options);
    router r;
    r.add("GET", "/away", redirects_to(target.url("/landed")));
    r.add("GET", "/here", redirects_to("/{x}"));
    r.add("GET", "/near", redirects_to("shown?a=b#fragment"));
    r.add("GET", "/shown", show);
    r.add("GET", "/loop", redirects_to("/loop"));
    r.add("PUT", "/away", redirects_to(target.url("/landed")));
    test_server first(std::move(r), options);
    client_options lenient;
    lenient.allow_cleartext_token = true;
    http_client client(lenient);
    auto get = [&](std::string path, int hops) {
        auto rq = ask(first.url(path));
        rq.bearer = secret("tok");
        rq.max_redirects = hops;
        return run(client.send(std::move(rq)));
    };
    auto const away = get("/away", 3);
    ASSERT_THAT(away, IsOk());
    EXPECT_EQ(away->final_url, target.url("/landed"));
    EXPECT_EQ(away->body.find("tok"), std::string::npos) << "the token went to another origin";
    auto const near = get("/near", 3);
    ASSERT_THAT(near, IsOk());
    EXPECT_THAT(near->body, AllOf(HasSubstr("/shown?a=b\n"), HasSubstr("Authorization: Bearer tok")));
    EXPECT_EQ(get("/away", 0)->status, 307u);
    EXPECT_THAT(get("/loop", 3), HasErrc(errc::limit_exceeded));
    auto put = ask(first.url("/away"), "PUT");
    put.max_redirects = 3;
    EXPECT_EQ(run(client.send(std::move(put)))->status, 307u) << "only GET and HEAD are followed";
}

TEST(client, follows_redirected_writes_when_asked_and_sends_the_body_once) {
    router landing;
    landing.add("PUT", "/landed", count_body);
    landing.add("DELETE", "/landed", show);
    test_server target(std::move(landing));
    router r;
    r.add("PUT", "/away", redirects_to(target.url("/landed")));
    r.add("PUT", "/moved", [](request&) { return go_with(302, "/landed"); });
    r.add("DELETE", "/away", redirects_to(target.url("/landed")));
    r.add("PUT", "/greedy", [w = target.url("/landed")](request& req) { return read_and_go(req, w); });
    test_server first(std::move(r));
    http_client client({});
    auto put = [&](std::string path) {
        auto rq = ask(first.url(path), "PUT");
        rq.upload = [given = std::make_shared<int>(0)](std::span<char> out) { return ten_pieces(given, out); };
        rq.upload_length = 10'000;
        rq.expect_continue = true;
        rq.max_redirects = 3;
        rq.redirect_writes = true;
        return rq;
    };
    auto const away = run(client.send(put("/away")));
    ASSERT_THAT(away, IsOk());
    EXPECT_EQ(away->status, 200u);
    EXPECT_EQ(away->body, "10000");
    EXPECT_TRUE(away->without_credentials);
    EXPECT_EQ(run(client.send(put("/moved")))->status, 302u) << "only 307 and 308 keep the method";
    EXPECT_THAT(run(client.send(put("/greedy"))), FailsWith(errc::unavailable, HasSubstr("begun to take the body")));
    auto rq = ask(first.url("/away"), "DELETE");
    rq.max_redirects = 1;
    rq.redirect_writes = true;
    EXPECT_EQ(run(client.send(rq))->status, 200u);
    rq.allow_redirect = [](url_parts const& from, url_parts const& to) -> result<void> {
        if (from.port != to.port) return fail(errc::denied, "not there");
        return {};
    };
    EXPECT_THAT(run(client.send(rq)), HasErrc(errc::denied));
}

// What a name led to when it was judged and what it leads to now may differ.
TEST(client, judges_the_address_of_every_connection) {
    test_server s(show_router());
    auto const port = std::to_string(parse_url(s.url("/"))->port);
    client_options options;
    options.resolve = {"site.test:" + port + ":127.0.0.1", "two.test:" + port + ":192.0.2.1,127.0.0.1"};
    http_client client(options);
    std::vector<std::string> judged;
    auto get = [&](std::string host, bool allowed) {
        auto rq = ask("http://" + host + ":" + port + "/shown");
        rq.allow_address = [&judged, allowed](url_parts const& to, asio::ip::address const& address) -> result<void> {
            judged.push_back(to.host + "=" + address.to_string());
            if (!allowed) return fail(errc::denied, address.to_string() + " is not allowed");
            return {};
        };
        return run(client.send(std::move(rq)));
    };
    EXPECT_THAT(get("site.test", false), FailsWith(errc::denied, HasSubstr("127.0.0.1 is not allowed")));
    EXPECT_EQ(judged, std::vector<std::string>{"site.test=127.0.0.1"});
    EXPECT_THAT(get("two.test", false), HasErrc(errc::denied)) << "one bad address is enough";
    EXPECT_THAT(get("127.0.0.1", false), HasErrc(errc::denied));
    EXPECT_THAT(get("site.test", true), IsOk());
    judged.clear();
    EXPECT_THAT(get("site.test", false), HasErrc(errc::denied)) << "the connection is open already, by a request that may more";
    EXPECT_EQ(judged, std::vector<std::string>{"site.test=127.0.0.1"});
}

TEST(client, asks_the_owner_about_each_hop) {
    router r;
    r.add("GET", "/away", redirects_to("http://127.0.0.1:1/metadata"));
    test_server s(std::move(r));
    client_options options;
    options.allow_url = [](std::string const& url) -> result<void> {
        if (url.find("metadata") != std::string::npos) return fail(errc::denied, "not there");
        return {};
    };
    http_client client(options);
    auto rq = ask(s.url("/away"));
    rq.max_redirects = 3;
    EXPECT_THAT(run(client.send(std::move(rq))), HasErrc(errc::denied));
}

TEST(client, does_not_send_a_token_in_the_clear) {
    test_server s(show_router());
    http_client client({});
    auto rq = ask(s.url("/x"));
    rq.bearer = secret("tok");
    EXPECT_THAT(run(client.send(std::move(rq))), FailsWith(errc::invalid_argument, ::testing::Not(HasSubstr("tok\""))));
}

asio::awaitable<result<void>> many(http_client& client, std::string url, int n) {
    for (int i = 0; i < n; ++i) {
        auto out = co_await client.send(ask(url));
        if (!out) co_return out.error();
        if (out->status != 200) co_return fail(errc::internal, "status " + std::to_string(out->status));
    }
    co_return result<void>{};
}

TEST(client, can_be_called_from_many_contexts_at_once) {
    test_server s(show_router(), plain_options(), 2);
    http_client client({});
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] { good += run(many(client, s.url("/x"), 50)) ? 1 : 0; });
    }
    for (auto& t : threads) t.join();
    EXPECT_EQ(good, 4);
}

}  // namespace
}  // namespace fjord::net::test
