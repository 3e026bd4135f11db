// Answers with bodies of every kind, and what a client sees when one cannot be finished.
#include "tests/unit/net/harness.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

namespace fjord::net::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

asio::awaitable<result<void>> three_pieces(body_writer& out) {
    for (std::string_view piece : {"one ", "two ", "three"}) {
        if (auto ok = co_await out.write(piece); !ok) co_return ok;
    }
    co_return result<void>{};
}

asio::awaitable<result<void>> half_then_fails(body_writer& out) {
    if (auto ok = co_await out.write("half"); !ok) co_return ok;
    co_return fail(errc::unavailable, "the source is gone");
}

asio::awaitable<result<void>> half_then_throws(body_writer& out) {
    if (auto ok = co_await out.write("half"); !ok) co_return ok;
    throw std::runtime_error("boom");
}

handler answers(std::function<response()> make) {
    return [make](request&) -> asio::awaitable<response> { co_return make(); };
}

handler produces(std::optional<std::uint64_t> length, body_producer produce) {
    return answers([length, produce] {
        response out;
        out.body = produced_body{length, produce};
        return out;
    });
}

std::string get(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

TEST(server_body, shared_text_is_sent_whole) {
    auto const text = std::make_shared<std::string const>(3'000'000, 's');
    router r;
    r.add("GET", "/", answers([text] {
              response out;
              out.body = text;
              return out;
          }));
    test_server s(std::move(r));
    EXPECT_EQ(exchange_once(s.port(), get("/")).body, *text);
}

TEST(server_body, produced_with_length_has_that_length) {
    router r;
    r.add("GET", "/", produces(13, three_pieces));
    test_server s(std::move(r));
    raw_client c(s.port());
    c.send(get("/") + get("/"));
    for (int i = 0; i < 2; ++i) {
        auto const out = c.read();
        EXPECT_EQ(out.header("Content-Length"), "13");
        EXPECT_EQ(out.body, "one two three");
    }
}

TEST(server_body, produced_without_length_is_chunked) {
    router r;
    r.add("GET", "/", produces(std::nullopt, three_pieces));
    test_server s(std::move(r));
    raw_client c(s.port());
    c.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    auto const all = c.read_to_end();
    EXPECT_THAT(all, HasSubstr("Transfer-Encoding: chunked\r\n"));
    EXPECT_THAT(all, EndsWith("\r\n\r\n4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"));
}

TEST(server_body, http_1_0_gets_an_unknown_length_until_close) {
    router r;
    r.add("GET", "/", produces(std::nullopt, three_pieces));
    test_server s(std::move(r));
    raw_client c(s.port());
    c.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(c.read_to_end(), EndsWith("Connection: close\r\n\r\none two three"));
}

TEST(server_body, a_producer_that_fails_leaves_no_complete_looking_answer) {
    router r;
    r.add("GET", "/chunked", produces(std::nullopt, half_then_fails));
    r.add("GET", "/length", produces(100, half_then_fails));
    r.add("GET", "/throws", produces(std::nullopt, half_then_throws));
    r.add("GET", "/short", produces(100, three_pieces));
    r.add("GET", "/long", produces(5, three_pieces));
    test_server s(std::move(r));
    for (auto path : {"/chunked", "/length", "/throws", "/short", "/long"}) {
        raw_client c(s.port());
        c.send(get(path));
        auto const all = c.read_to_end();
        EXPECT_TRUE(c.was_reset()) << path;
        EXPECT_EQ(all.find("\r\n0\r\n"), std::string::npos) << path;
    }
}

file_body whole_file(std::string const& path, std::uint64_t size) {
    return {std::make_shared<unique_fd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), 0, size};
}

TEST(server_body, files_are_sent_whole_and_by_range) {
    temp_dir dir;
    std::string content;
    for (int i = 0; content.size() < 5'000'000; ++i) content += std::to_string(i) + "\n";
    auto const path = dir.write("f", content);
    auto const whole = whole_file(path, content.size());
    auto part = whole;
    part.offset = 1'234'567;
    part.length = 1000;
    router r;
    auto serve = [](file_body file) {
        return answers([file] {
            response out;
            out.body = file;
            return out;
        });
    };
    r.add("GET", "/whole", serve(whole));
    r.add("GET", "/part", serve(part));
    auto too_long = whole;
    too_long.length += 10;
    r.add("GET", "/shrunk", serve(too_long));
    test_server s(std::move(r));
    raw_client c(s.port());
    c.send(get("/whole") + get("/part"));
    EXPECT_EQ(c.read().body, content);
    EXPECT_EQ(c.read().body, content.substr(1'234'567, 1000));
    raw_client shrunk(s.port());
    shrunk.send(get("/shrunk"));
    shrunk.read_to_end();
    EXPECT_TRUE(shrunk.was_reset()) << "a file shorter than promised must not end like a whole answer";
}

TEST(server_body, a_producer_can_mix_text_and_file) {
    temp_dir dir;
    auto const file = whole_file(dir.write("f", "0123456789"), 10);
    body_producer produce = [fd = file.fd](body_writer& out) -> asio::awaitable<result<void>> {
        if (auto ok = co_await out.write("<"); !ok) co_return ok;
        if (auto ok = co_await out.write_file(fd->get(), 2, 3); !ok) co_return ok;
        co_return co_await out.write(">");
    };
    router r;
    r.add("GET", "/length", produces(5, produce));
    r.add("GET", "/chunked", produces(std::nullopt, produce));
    test_server s(std::move(r));
    EXPECT_EQ(exchange_once(s.port(), get("/length")).body, "<234>");
    raw_client c(s.port());
    c.send("GET /chunked HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(c.read_to_end(), EndsWith("1\r\n<\r\n3\r\n234\r\n1\r\n>\r\n0\r\n\r\n"));
}

TEST(server_body, a_client_that_does_not_read_is_cut_after_the_stall_limit) {
    router r;
    auto const text = std::make_shared<std::string const>(64u << 20, 's');
    r.add("GET", "/", answers([text] {
              response out;
              out.body = text;
              return out;
          }));
    test_server s(std::move(r));
    raw_client c(s.port());
    c.send(get("/"));
    ASSERT_TRUE(c.more());
    auto& busy = s.metrics.gauge("fjord_http_requests_in_flight", "");
    EXPECT_EQ(busy.value(), 1);
    EXPECT_TRUE(eventually([&] {
        s.time.advance(std::chrono::seconds(31));
        return busy.value() == 0;
    }));
    EXPECT_THAT(s.metrics.text(), HasSubstr("fjord_http_timeouts_total 1"));
}

}  // namespace
}  // namespace fjord::net::test
