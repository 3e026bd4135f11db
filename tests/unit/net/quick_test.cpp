// Quick handlers in a real server: the same answers as by the handlers, in order, whole, without memory of their own.
#include "base/log.hpp"
#include "tests/unit/net/harness.hpp"
#include "tests/unit/net/tls_client.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

#include <cstdlib>
#include <new>

namespace {

thread_local std::uint64_t allocations = 0;

}  // namespace

// Counts what each thread of this test program asks for.
void* operator new(std::size_t n) {
    ++allocations;
    if (void* p = std::malloc(n ? n : 1)) return p;
    throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace fjord::net::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::string get(std::string_view path, std::string_view fields = "") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

handler says(std::string text) {
    return [text](request&) -> asio::awaitable<response> { co_return text_response(200, text); };
}

struct quick_test : ::testing::Test {
    static constexpr std::size_t long_size = 9'000'001;

    quick_test() : tls(make_test_tls(dir.str())) {
        for (int i = 0; big.size() < long_size; ++i) big += std::to_string(i) + "\n";
        big.resize(long_size);
        blob = std::make_shared<std::string const>("blob");
        large = std::make_shared<std::string const>(big);
        dir.write("small", "small file");
        dir.write("large", big);
        routes.add("GET", "/{path...}", says("slow"));
        routes.add("GET", "/literal", says("literal"));
        routes.add_quick("GET", "/{path...}",
                         [this](quick_request const& req, quick_answer& answer) { return serve(req, answer); });
        options.listen = {"http://127.0.0.1:0", "https://127.0.0.1:0"};
        options.tls = {tls.certificate, tls.key};
        options.access_log = false;
        options.tokens_over_http = true;
    }

    bool serve(quick_request const& req, quick_answer& answer) {
        seen = allocations;
        answer.add("Content-Type", "text/plain");
        if (req.path == "/blob") {
            answer.send(*blob, blob);
        } else if (req.path == "/large") {
            answer.send(*large, large);
        } else if (req.path == "/small-file" || req.path == "/large-file") {
            auto const path = dir.path(req.path == "/small-file" ? "small" : "large");
            unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
            answer.send(std::move(file), 0, req.path == "/small-file" ? 10 : long_size);
        } else if (req.path == "/part") {
            answer.status = 206;
            answer.send(unique_fd(::open(dir.path("large").c_str(), O_RDONLY | O_CLOEXEC)), 100, 100'000);
        } else if (req.path == "/unchanged") {
            answer.status = 304;
        } else if (req.path == "/empty") {
            answer.send(std::string_view{}, nullptr);
        } else if (req.path == "/short-file") {
            answer.send(unique_fd(::open(dir.path("small").c_str(), O_RDONLY | O_CLOEXEC)), 0, 11);
        } else if (req.path == "/throws") {
            throw std::runtime_error("boom");
        } else {
            return false;
        }
        return true;
    }

    void start() { server = std::make_unique<test_server>(std::move(routes), options); }
    std::uint16_t tls_port() const { return server->server.endpoints()[1].port; }
    raw_answer once(std::string_view bytes) { return exchange_once(server->port(), bytes); }

    temp_dir dir;
    test_tls tls;
    std::string big;
    std::shared_ptr<std::string const> blob, large;
    std::atomic<std::uint64_t> seen{0};
    router routes;
    server_options options;
    std::unique_ptr<test_server> server;
};

TEST_F(quick_test, answers_from_memory_and_files_with_the_servers_fields) {
    start();
    auto const answer = once(get("/blob"));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body, "blob");
    EXPECT_EQ(answer.header("Content-Type"), "text/plain");
    EXPECT_EQ(answer.header("Server"), "fjord");
    EXPECT_NE(answer.header("Date"), "");
    EXPECT_NE(answer.header("X-Request-Id"), "");
    EXPECT_EQ(once(get("/blob", "X-Request-Id: mine\r\n")).header("X-Request-Id"), "mine");
    EXPECT_EQ(once(get("/small-file")).body, "small file");
    EXPECT_EQ(once(get("/large-file")).body, big);
    EXPECT_EQ(once(get("/large")).body, big);
    EXPECT_EQ(once(get("/empty")).header("Content-Length"), "0");
    auto const part = once(get("/part"));
    EXPECT_EQ(part.status, 206u);
    EXPECT_EQ(part.body, big.substr(100, 100'000));
}

TEST_F(quick_test, what_it_declines_goes_to_the_handler) {
    start();
    EXPECT_EQ(once(get("/other")).body, "slow");
    EXPECT_EQ(once(get("/throws")).body, "slow");
    EXPECT_EQ(once(get("/blob?x=y")).body, "slow");
    EXPECT_EQ(once(get("/blob", "Connection: close\r\n")).body, "slow");
    EXPECT_EQ(once(get("/literal")).body, "literal") << "a literal route wins as it always does";
    EXPECT_EQ(once("POST /blob HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").status, 405u);
}

TEST_F(quick_test, head_tells_the_length_and_304_nothing) {
    start();
    raw_client c(server->port());
    for (auto const* path : {"/blob", "/large-file"}) {
        c.send("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        auto const answer = c.read(true);
        EXPECT_EQ(answer.header("Content-Length"), path == std::string("/blob") ? "4" : std::to_string(long_size));
    }
    c.send(get("/unchanged"));
    auto const answer = c.read(true);
    EXPECT_EQ(answer.status, 304u);
    EXPECT_EQ(answer.header("Content-Length"), "");
    c.send(get("/blob"));
    EXPECT_EQ(c.read().body, "blob");
}

TEST_F(quick_test, pipelined_requests_are_answered_in_order_whoever_answers_them) {
    start();
    raw_client c(server->port());
    c.send(get("/blob") + get("/other") + get("/large-file") + get("/small-file") + get("/literal"));
    EXPECT_EQ(c.read().body, "blob");
    EXPECT_EQ(c.read().body, "slow");
    EXPECT_EQ(c.read().body, big);
    EXPECT_EQ(c.read().body, "small file");
    EXPECT_EQ(c.read().body, "literal");
}

TEST_F(quick_test, serves_tls_and_slow_readers) {
    start();
    tls_client c(tls_port(), TLS1_3_VERSION, 8192);
    for (auto const* path : {"/large", "/large-file"}) {
        c.send(get(path));
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        EXPECT_THAT(c.read_until("\r\n\r\n"), HasSubstr("200 OK"));
        EXPECT_EQ(c.read(long_size), big);
        c.send(get("/blob"));
        EXPECT_THAT(c.read_until("blob"), EndsWith("\r\n\r\nblob"));
    }
    raw_client plain(server->port());
    plain.send(get("/large"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(plain.read().body, big);
}

TEST_F(quick_test, a_file_shorter_than_told_is_cut) {
    start();
    raw_client c(server->port());
    c.send(get("/short-file"));
    auto const got = c.read_to_end();
    EXPECT_THAT(got, AllOf(HasSubstr("Content-Length: 11"), Not(HasSubstr("\r\n\r\nsmall file\n"))));
    EXPECT_TRUE(c.was_reset());
}

TEST_F(quick_test, a_client_that_vanishes_ends_the_session_alone) {
    start();
    {
        raw_client c(server->port());
        c.send(get("/large"));
        c.more();
    }
    auto& open = server->metrics.gauge("fjord_http_connections", "Open client connections");
    EXPECT_TRUE(eventually([&] { return open.value() == 0; }));
    EXPECT_EQ(server->metrics.gauge("fjord_http_requests_in_flight", "Requests being answered").value(), 0);
    EXPECT_EQ(once(get("/blob")).body, "blob");
}

TEST_F(quick_test, a_client_that_does_not_read_is_cut_after_the_stall_limit) {
    start();
    raw_client c(server->port());
    c.send(get("/large"));
    auto& in_flight = server->metrics.gauge("fjord_http_requests_in_flight", "Requests being answered");
    EXPECT_TRUE(eventually([&] { return in_flight.value() == 1; }));
    server->time.advance(std::chrono::seconds(31));
    EXPECT_TRUE(eventually([&] { return in_flight.value() == 0; }));
}

TEST_F(quick_test, filters_and_finishers_are_never_passed_by) {
    routes.add_filter([](request&) -> asio::awaitable<std::optional<response>> { co_return text_response(200, "filtered"); });
    start();
    EXPECT_EQ(once(get("/blob")).body, "filtered");
}

TEST_F(quick_test, finishers_see_every_answer) {
    routes.add_finisher([](request const&, response& answer) { answer.headers.set("X-Seen", "yes"); });
    start();
    EXPECT_EQ(once(get("/blob")).header("X-Seen"), "yes");
}

TEST_F(quick_test, a_token_on_a_plain_listener_is_refused_as_ever) {
    options.tokens_over_http = false;
    start();
    EXPECT_EQ(once(get("/blob", "Authorization: Bearer x\r\n")).status, 400u);
    EXPECT_EQ(once(get("/blob")).body, "blob");
}

TEST_F(quick_test, is_counted_and_logged_like_any_request) {
    ASSERT_TRUE(set_log_output(dir.path("log")));
    options.access_log = true;
    start();
    once(get("/blob", "X-Request-Id: id-78\r\n"));
    EXPECT_TRUE(eventually([&] { return dir.read("log").find("id-78") != std::string::npos; }));
    ASSERT_TRUE(set_log_output(""));
    EXPECT_THAT(dir.read("log"), AllOf(HasSubstr("\"method\":\"GET\",\"path\":\"/blob\",\"status\":200,\"bytes\":"),
                                       HasSubstr("\"peer\":\"127.0.0.1\"")));
    EXPECT_THAT(server->metrics.text(), HasSubstr("fjord_http_requests_total{method=\"GET\",status=\"2xx\"} 1"));
}

TEST_F(quick_test, a_server_that_stops_closes_after_the_answer) {
    start();
    raw_client c(server->port());
    c.send(get("/blob"));
    EXPECT_EQ(c.read().body, "blob");
    server->server.stop(std::chrono::seconds(2));
    EXPECT_TRUE(c.at_end());
}

TEST_F(quick_test, allocates_nothing_for_an_answer_from_memory) {
    start();
    raw_client c(server->port());
    auto const ask = [&] {
        c.send(get("/blob", "Authorization: Bearer some.token\r\nAccept: */*\r\n"));
        EXPECT_EQ(c.read().body, "blob");
        return seen.load();
    };
    ask();
    for (int i = 0; i < 10; ++i) ask();  // buffers and asio's own recycling have found their size
    auto const before = ask();
    for (int i = 0; i < 10; ++i) ask();
    EXPECT_EQ(ask(), before) << "from one request to the next, all of the session's work counted";
}

TEST(quick_route, needs_a_route) {
    router r;
    EXPECT_THROW(r.add_quick("GET", "/x", [](quick_request const&, quick_answer&) { return false; }), std::invalid_argument);
}

TEST(quick_route, is_found_where_the_handler_would_be) {
    router r;
    auto const none = [](quick_request const&, quick_answer&) { return false; };
    for (auto const* pattern : {"/a/{x}", "/a/b", "/c/{rest...}", "/c/d/e"}) r.add("GET", pattern, says(pattern));
    r.add_quick("GET", "/a/{x}", none);
    r.add_quick("GET", "/c/{rest...}", none);
    EXPECT_NE(r.find_quick("GET", "/a/x"), nullptr);
    EXPECT_NE(r.find_quick("HEAD", "/a/x"), nullptr) << "HEAD falls back to GET";
    EXPECT_EQ(r.find_quick("GET", "/a/b"), nullptr) << "that is another route, without a quick handler";
    EXPECT_EQ(r.find_quick("GET", "/a/b/c"), nullptr);
    EXPECT_EQ(r.find_quick("POST", "/a/x"), nullptr);
    EXPECT_NE(r.find_quick("GET", "/c/d"), nullptr);
    EXPECT_NE(r.find_quick("GET", "/c/d/e/f"), nullptr);
    EXPECT_EQ(r.find_quick("GET", "/c/d/e"), nullptr);
    EXPECT_EQ(r.find_quick("GET", "/z"), nullptr);
}

}  // namespace
}  // namespace fjord::net::test
