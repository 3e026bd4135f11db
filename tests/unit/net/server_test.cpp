// What the server says to well-formed and hostile bytes, over a real socket.
#include "base/log.hpp"
#include "tests/unit/net/harness.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <algorithm>

namespace fjord::net::test {
namespace {

using namespace std::string_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

asio::awaitable<response> hello(request& req) {
    auto out = text_response(200, "hello " + req.method);
    out.headers.set("X-Base", req.base_url);
    out.headers.set("X-Peer", req.peer_address);
    co_return out;
}

asio::awaitable<response> echo(request& req) {
    auto body = co_await read_body(req, 1u << 20);
    if (!body) co_return problem(body.error());
    co_return text_response(200, *body);
}

asio::awaitable<response> refuse_unread(request&) { co_return problem(507, "full"); }

router sample() {
    router r;
    r.add("GET", "/", hello);
    r.add("POST", "/echo", echo, {.max_body = 1000});
    r.add("PUT", "/refuse", refuse_unread, {.max_body = 0});
    return r;
}

TEST(server, answers_with_date_server_and_request_id) {
    test_server s(sample());
    auto const out = exchange_once(s.port(), "GET / HTTP/1.1\r\nHost: example\r\n\r\n");
    EXPECT_EQ(out.status, 200u);
    EXPECT_EQ(out.body, "hello GET");
    EXPECT_EQ(out.header("Date"), format_http_date(s.time.now()));
    EXPECT_EQ(out.header("Server"), "fjord");
    EXPECT_FALSE(out.header("X-Request-Id").empty());
    EXPECT_EQ(out.header("X-Base"), "http://example");
    EXPECT_EQ(out.header("X-Peer"), "127.0.0.1");
    EXPECT_EQ(out.header("Connection"), "");
}

TEST(server, keeps_a_sane_request_id_and_replaces_another) {
    test_server s(sample());
    EXPECT_EQ(exchange_once(s.port(), "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc-1.2_3\r\n\r\n").header("X-Request-Id"),
              "abc-1.2_3");
    auto const replaced =
        exchange_once(s.port(), "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: a b\r\n\r\n").header("X-Request-Id");
    EXPECT_THAT(replaced, MatchesRegex("[0-9a-f]+-[0-9a-f]+"));
}

TEST(server, head_is_get_without_its_body) {
    test_server s(sample());
    raw_client c(s.port());
    c.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(c.read(true).header("Content-Length"), "10");
    EXPECT_EQ(c.read().body, "hello GET");
}

TEST(server, answers_pipelined_requests_in_order) {
    test_server s(sample());
    raw_client c(s.port());
    c.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1"
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2\r\n0\r\n\r\n"
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(c.read().body, "1");
    EXPECT_EQ(c.read().body, "2");
    EXPECT_EQ(c.read().body, "hello GET");
    auto const last = c.read();
    EXPECT_EQ(last.status, 404u);
    EXPECT_EQ(last.header("Connection"), "close");
    EXPECT_TRUE(c.at_end());
}

TEST(server, takes_a_request_byte_by_byte) {
    test_server s(sample());
    raw_client c(s.port());
    for (char byte : std::string_view(
             "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n")) {
        ASSERT_TRUE(c.send({&byte, 1}));
    }
    EXPECT_EQ(c.read().body, "abc");
}

TEST(server, speaks_http_1_0) {
    test_server s(sample());
    raw_client c(s.port());
    c.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(c.read().header("Connection"), "keep-alive");
    c.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(c.read().header("Connection"), "close");
    EXPECT_TRUE(c.at_end());
}

struct hostile_case {
    char const* promise;
    std::string bytes;
    unsigned status;
};

TEST(server, refuses_hostile_requests_with_a_problem_and_closes) {
    test_server s(sample());
    hostile_case const table[] = {
        {"oversized head", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n", 431},
        {"oversized target", "GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
        {"two framings", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"NUL", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, 400},
        {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"path trick", "GET /%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"token on a plain listener", "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n\r\n", 400},
        {"TLS hello on a plain listener", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, 400},
    };
    for (auto const& c : table) {
        raw_client client(s.port());
        client.send(c.bytes);
        auto const out = client.read();
        EXPECT_EQ(out.status, c.status) << c.promise;
        EXPECT_EQ(out.header("Content-Type"), "application/problem+json") << c.promise;
        EXPECT_EQ(out.header("Connection"), "close") << c.promise;
    }
}

TEST(server, accepts_an_absolute_target) {
    test_server s(sample());
    auto const out = exchange_once(s.port(), "GET http://other:99/ HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(out.status, 200u);
    EXPECT_EQ(out.header("X-Base"), "http://other:99");
}

TEST(server, tells_unknown_methods) {
    test_server s(sample());
    EXPECT_EQ(exchange_once(s.port(), "BREW / HTTP/1.1\r\nHost: a\r\n\r\n").status, 501u);
    EXPECT_EQ(exchange_once(s.port(), "PATCH / HTTP/1.1\r\nHost: a\r\n\r\n").status, 405u);
    auto const options = exchange_once(s.port(), "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(options.status, 204u);
    EXPECT_EQ(options.header("Allow"), "GET, HEAD, OPTIONS");
}

TEST(server, enforces_the_routes_body_limit_before_and_while_reading) {
    test_server s(sample());
    EXPECT_EQ(exchange_once(s.port(), "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n").status, 413u);
    std::string const chunk = "1f4\r\n" + std::string(500, 'x') + "\r\n";
    EXPECT_EQ(
        exchange_once(s.port(), "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + chunk)
            .status,
        413u);
    auto const fits = exchange_once(
        s.port(), "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "0\r\n\r\n");
    EXPECT_EQ(fits.body.size(), 1000u);
}

TEST(server, refuses_broken_chunks) {
    test_server s(sample());
    auto const out = exchange_once(s.port(), "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n");
    EXPECT_EQ(out.status, 400u);
    EXPECT_EQ(out.header("Connection"), "close");
}

TEST(server, an_endless_chunk_header_is_cut_off) {
    test_server s(sample());
    auto const out = exchange_once(
        s.port(), "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;" + std::string(200'000, 'x'));
    EXPECT_EQ(out.status, 400u);
}

TEST(server, says_100_only_when_the_handler_reads) {
    test_server s(sample());
    raw_client reads(s.port());
    reads.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_THAT(reads.read(true).head, HasSubstr("HTTP/1.1 100 Continue"));
    reads.send("abc");
    EXPECT_EQ(reads.read().body, "abc");

    raw_client refused(s.port());
    refused.send("PUT /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
    auto const out = refused.read();
    EXPECT_EQ(out.status, 507u) << "not 100: the body is not wanted";
    EXPECT_EQ(out.header("Connection"), "close") << "whether the body comes or not is unknown";
}

TEST(server, throws_away_a_small_unread_body_and_goes_on) {
    test_server s(sample());
    raw_client c(s.port());
    c.send("PUT /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'x') +
           "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(c.read().status, 507u);
    EXPECT_EQ(c.read().body, "hello GET");
}

TEST(server, closes_after_a_large_unread_body_and_the_answer_still_arrives) {
    test_server s(sample());
    raw_client c(s.port());
    c.send("PUT /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + std::string(400'000, 'x'));
    auto const out = c.read();
    EXPECT_EQ(out.status, 507u);
    EXPECT_EQ(out.header("Connection"), "close");
}

TEST(server, a_slow_head_ends_with_408_and_an_idle_connection_in_silence) {
    test_server s(sample());
    raw_client slow(s.port()), idle(s.port());
    slow.send("GET / HTTP/1.1\r\nHo");
    auto& open = s.metrics.gauge("fjord_http_connections", "");
    ASSERT_TRUE(eventually([&] { return open.value() == 2; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the head's first bytes have been read
    s.time.advance(std::chrono::seconds(16));
    EXPECT_EQ(slow.read().status, 408u);
    s.time.advance(std::chrono::seconds(60));
    EXPECT_TRUE(idle.at_end());
}

TEST(server, a_stalled_body_ends_with_an_answer) {
    test_server s(sample());
    raw_client c(s.port());
    c.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    auto& busy = s.metrics.gauge("fjord_http_requests_in_flight", "");
    ASSERT_TRUE(eventually([&] { return busy.value() == 1; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    s.time.advance(std::chrono::seconds(31));
    auto const out = c.read();
    EXPECT_EQ(out.status, 504u);
    EXPECT_EQ(out.header("Connection"), "close");
}

std::atomic<int> sleepers{0};

asio::awaitable<response> sleeps(request&) {
    ++sleepers;
    auto const woke = co_await sleep_until(std::chrono::steady_clock::now() + std::chrono::minutes(5));
    co_return woke ? text_response(200, "slept") : problem(fail(errc::timed_out, "woken"));
}

asio::awaitable<response> sleeps_and_throws(request&) {
    ++sleepers;
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::minutes(5));
    co_await timer.async_wait(asio::use_awaitable);
    co_return text_response(200, "slept");
}

TEST(server, wakes_a_handler_at_its_time_limit_and_serves_on) {
    router r;
    r.add("GET", "/", hello);
    r.add("GET", "/sleep", sleeps, {.time_limit = std::chrono::seconds(10)});
    r.add("GET", "/throw", sleeps_and_throws, {.time_limit = std::chrono::seconds(10)});
    test_server s(std::move(r));
    raw_client c(s.port());
    sleepers = 0;
    int asked = 0;
    for (auto path : {"/sleep", "/throw", "/sleep"}) {
        c.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        ++asked;
        ASSERT_TRUE(eventually([&] { return sleepers == asked; }));
        s.time.advance(std::chrono::seconds(11));
        EXPECT_EQ(c.read().status, 504u) << path;
    }
    c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(c.read().status, 200u);
}

TEST(server, tells_503_beyond_its_connections) {
    auto options = plain_options();
    options.max_connections = 2;
    test_server s(sample(), options);
    raw_client one(s.port()), two(s.port());
    one.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    two.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(one.read().status, 200u);
    EXPECT_EQ(two.read().status, 200u);
    auto const out = exchange_once(s.port(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(out.status, 503u);
    EXPECT_EQ(out.header("Retry-After"), "1");
}

TEST(server, counts_requests_by_method_and_class) {
    test_server s(sample());
    exchange_once(s.port(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    exchange_once(s.port(), "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    exchange_once(s.port(), "FOO /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return s.metrics.text().find("method=\"other\"") != std::string::npos; }));
    auto const text = s.metrics.text();
    EXPECT_THAT(text, HasSubstr("fjord_http_requests_total{method=\"GET\",status=\"2xx\"} 1"));
    EXPECT_THAT(text, HasSubstr("fjord_http_requests_total{method=\"GET\",status=\"4xx\"} 1"));
    EXPECT_THAT(text, HasSubstr("fjord_http_requests_total{method=\"other\",status=\"5xx\"} 1"));
    EXPECT_THAT(text, Not(HasSubstr("FOO")));
}

// Lowers the limit of open files so that no further one can be had, until the end of the scope.
class no_more_descriptors {
public:
    explicit no_more_descriptors(rlim_t spare) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        int const lowest_free = ::dup(0);
        ::close(lowest_free);
        auto limit = before_;
        limit.rlim_cur = static_cast<rlim_t>(lowest_free) + spare;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    ~no_more_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST(server, goes_on_accepting_after_running_out_of_descriptors) {
    test_server s(sample());
    auto& failures = s.metrics.counter("fjord_http_accept_failures_total", "");
    std::optional<raw_client> c;
    {
        no_more_descriptors const full(1);  // the client's own socket
        c.emplace(s.port());
        c->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_TRUE(eventually([&] { return failures.value() > 0; }));
    }
    EXPECT_EQ(c->read().status, 200u);
}

TEST(server, logs_each_request_with_its_id_and_without_tokens) {
    temp_dir dir;
    ASSERT_TRUE(set_log_output(dir.path("log")));
    auto options = plain_options();
    options.access_log = true;
    test_server s(sample(), options);
    exchange_once(s.port(), "GET /?a=b HTTP/1.1\r\nHost: a\r\nX-Request-Id: id-77\r\n\r\n");
    exchange_once(s.port(), "GET /?authz=Bearer%20hush HTTP/1.1\r\nHost: a\r\n\r\n");
    exchange_once(s.port(), "GET /?access_token=hush HTTP/1.1\r\nHost: b c\r\n\r\n");
    s.server.stop(std::chrono::seconds(1));
    ASSERT_TRUE(set_log_output(""));
    auto const text = dir.read("log");
    EXPECT_THAT(text, AllOf(HasSubstr("\"id\":\"id-77\""), HasSubstr("\"status\":200"), HasSubstr("\"path\":\"/?a=b\"")));
    EXPECT_THAT(text, AllOf(HasSubstr("\"status\":400"), Not(HasSubstr("hush"))));
}

TEST(server, serves_on_every_context) {
    test_server s(sample(), plain_options(), 2);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(exchange_once(s.port(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 200u);
}

TEST(server, names_what_is_wrong_with_its_options) {
    metrics_registry metrics;
    manual_clock time;
    io_runtime runtime(1);
    router const routes = sample();
    auto start = [&](std::string url, tls_files files = {}) {
        server_options o = plain_options();
        o.listen = {std::move(url)};
        o.tls = std::move(files);
        return http_server(runtime, o, routes, metrics, time).start();
    };
    EXPECT_THAT(start("ftp://127.0.0.1:0"), FailsWith(errc::invalid_argument, HasSubstr("ftp://")));
    EXPECT_THAT(start("http://127.0.0.1"), FailsWith(errc::invalid_argument, HasSubstr("port")));
    EXPECT_THAT(start("http://127.0.0.1:99999"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(start("http://no.such.host.invalid:0"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(start("https://127.0.0.1:0", {"/nowhere/cert.pem", "/nowhere/key.pem"}),
                FailsWith(errc::invalid_argument, HasSubstr("/nowhere/cert.pem")));
}

TEST(server, does_not_share_a_port_in_silence) {
    test_server s(sample());
    metrics_registry metrics;
    manual_clock time;
    io_runtime runtime(1);
    auto options = plain_options();
    options.listen = {s.url("")};
    EXPECT_THAT(http_server(runtime, options, s.routes, metrics, time).start(), HasErrc(errc::unavailable));
}

}  // namespace
}  // namespace fjord::net::test
