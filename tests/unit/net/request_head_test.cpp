#include "net/request_head.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fjord::net {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

head_rules const tls{.tls = true};

struct refused_case {
    char const* promise;
    std::string bytes;
    unsigned status;
};

std::string get(std::string_view target, std::string_view more = "") {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "\r\n";
}

TEST(request_head, refuses_what_is_malformed_or_ambiguous) {
    refused_case const table[] = {
        {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two hosts", get("/", "Host: b\r\n"), 400},
        {"host with blanks", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        {"host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"length and chunked", get("/", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"chunked and length", get("/", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400},
        {"length and another coding", get("/", "Content-Length: 3\r\nTransfer-Encoding: gzip\r\n"), 400},
        {"two lengths", get("/", "Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
        {"two equal lengths", get("/", "Content-Length: 3\r\nContent-Length: 3\r\n"), 400},
        {"length list", get("/", "Content-Length: 3, 3\r\n"), 400},
        {"negative length", get("/", "Content-Length: -1\r\n"), 400},
        {"huge length", get("/", "Content-Length: 99999999999999999999\r\n"), 400},
        {"coding that is not chunked", get("/", "Transfer-Encoding: gzip\r\n"), 501},
        {"chunked not last", get("/", "Transfer-Encoding: chunked, gzip\r\n"), 501},
        {"two codings", get("/", "Transfer-Encoding: gzip, chunked\r\n"), 501},
        {"chunked in 1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"blank before colon", get("/", "Content-Length : 3\r\n"), 400},
        {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", 505},
        {"NUL in target", "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"s, 400},
        {"NUL in value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"s, 400},
        {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"authority form", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"star for GET", get("*"), 400},
        {"fragment", get("/a#b"), 400},
        {"dots", get("/a/../b"), 400},
        {"encoded dots", get("/a/%2e%2e/b"), 400},
        {"encoded slash", get("/a%2fb"), 400},
        {"encoded backslash", get("/a%5cb"), 400},
        {"backslash", get("/a\\b"), 400},
        {"encoded NUL", get("/a%00b"), 400},
        {"bad escape", get("/a%zz"), 400},
        {"bad UTF-8", get("/a%ff"), 400},
        {"bad escape in query", get("/a?b=%z"), 400},
        {"token in query", get("/a?authz=Bearer%20x"), 400},
        {"encoded name of token in query", get("/a?acc%65ss_token=x"), 400},
        {"two tokens", get("/", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400},
        {"unknown expectation", get("/", "Expect: 200-ok\r\n"), 417},
        {"head over the limit in one line", get("/", "X: " + std::string(70'000, 'x') + "\r\n"), 431},
    };
    for (auto const& c : table) {
        auto const parsed = parse_message_for_test(c.bytes, tls);
        ASSERT_TRUE(parsed.refused) << c.promise;
        EXPECT_EQ(parsed.refused->status, c.status) << c.promise << ": " << parsed.refused->detail;
    }
}

TEST(request_head, limits_the_sum_of_many_short_lines) {
    std::string lines;
    while (lines.size() < 70'000) lines += "X-Header: value\r\n";
    auto const parsed = parse_message_for_test(get("/", lines), tls);
    ASSERT_TRUE(parsed.refused);
    EXPECT_EQ(parsed.refused->status, 431u);
}

TEST(request_head, gives_the_parts_of_a_request) {
    auto const parsed = parse_message_for_test(get("/a%20b/c/?q=1&r=x+y", "X-Y: z\r\n"), tls);
    ASSERT_FALSE(parsed.refused) << parsed.refused->detail;
    EXPECT_TRUE(parsed.complete);
    EXPECT_EQ(parsed.req.method, "GET");
    EXPECT_EQ(parsed.req.raw_path, "/a%20b/c/");
    EXPECT_THAT(parsed.req.path.segments, ::testing::ElementsAre("a b", "c"));
    EXPECT_TRUE(parsed.req.path.trailing_slash);
    EXPECT_EQ(parsed.req.query.get("r"), "x y");
    EXPECT_EQ(parsed.req.headers.get("x-y"), "z");
    EXPECT_EQ(parsed.req.base_url, "https://a");
}

TEST(request_head, takes_host_and_path_from_an_absolute_target) {
    auto const parsed = parse_message_for_test(get("http://other:81/x?y=1"), tls);
    ASSERT_FALSE(parsed.refused);
    EXPECT_EQ(parsed.req.raw_path, "/x");
    EXPECT_EQ(parsed.req.headers.get("Host"), "other:81");
    EXPECT_EQ(parse_message_for_test(get("http://other"), tls).req.raw_path, "/");
    EXPECT_TRUE(parse_message_for_test(get("http://user:pw@other/"), tls).refused);
    EXPECT_TRUE(parse_message_for_test(get("ftp://other/"), tls).refused);
}

TEST(request_head, refuses_tokens_on_plain_listeners_unless_allowed) {
    auto const bytes = get("/", "Authorization: Bearer x\r\n");
    auto const plain = parse_message_for_test(bytes, {});
    ASSERT_TRUE(plain.refused);
    EXPECT_EQ(plain.refused->status, 400u);
    EXPECT_THAT(plain.refused->detail, HasSubstr("https"));
    EXPECT_FALSE(parse_message_for_test(bytes, tls).refused);
    auto const allowed = parse_message_for_test(bytes, {.tokens_over_http = true});
    EXPECT_FALSE(allowed.refused);
    EXPECT_TRUE(allowed.req.tls);
    EXPECT_TRUE(parse_message_for_test(get("/", "TransferHeaderAuthorization: Bearer x\r\n"), {}).refused);
}

TEST(request_head, believes_forwarding_fields_only_when_told) {
    auto const bytes = get("/", "X-Forwarded-Proto: https\r\nX-Forwarded-Host: pub.example, b\r\nX-Forwarded-Prefix: /data/\r\n");
    EXPECT_EQ(parse_message_for_test(bytes, {}).req.base_url, "http://a");
    EXPECT_EQ(parse_message_for_test(bytes, {.trust_forwarded = true}).req.base_url, "https://pub.example/data");
    auto const standard = get("/", "Forwarded: for=1.2.3.4;proto=https;host=\"x:8443\", for=b;host=c\r\n");
    EXPECT_EQ(parse_message_for_test(standard, {.trust_forwarded = true}).req.base_url, "https://x:8443");
    auto const bad = get("/", "X-Forwarded-Proto: gopher\r\nX-Forwarded-Host: a b\r\nX-Forwarded-Prefix: //x\"\r\n");
    EXPECT_EQ(parse_message_for_test(bad, {.trust_forwarded = true}).req.base_url, "http://a");
}

TEST(request_head, accepts_http_1_0_without_host) {
    auto const parsed = parse_message_for_test("GET / HTTP/1.0\r\n\r\n", {.default_host = "127.0.0.1:8"});
    ASSERT_FALSE(parsed.refused);
    EXPECT_EQ(parsed.req.base_url, "http://127.0.0.1:8");
}

TEST(request_head, an_incomplete_head_is_neither_refused_nor_complete) {
    std::string const whole = get("/a/b?c=d", "X: y\r\n");
    for (std::size_t n = 0; n < whole.size(); ++n) {
        auto const parsed = parse_message_for_test(whole.substr(0, n), tls);
        EXPECT_FALSE(parsed.refused) << n << ": " << parsed.refused->detail;
        EXPECT_FALSE(parsed.complete) << n;
    }
}

std::string chunked(std::string_view body) { return get("/", "Transfer-Encoding: chunked\r\n") + std::string(body); }

TEST(request_body, is_decoded_from_chunks) {
    auto const parsed = parse_message_for_test(chunked("3\r\nabc\r\n5;ext=1\r\ndefgh\r\n0\r\nX-Trailer: t\r\n\r\n"), tls);
    ASSERT_FALSE(parsed.refused) << parsed.refused->detail;
    EXPECT_TRUE(parsed.complete);
    EXPECT_EQ(parsed.body, "abcdefgh");
    EXPECT_EQ(parsed.req.headers.find("X-Trailer"), std::nullopt) << "trailers must not become headers";
}

TEST(request_body, longer_than_the_readers_buffer_is_whole) {
    std::string const body(5000, 'b');
    auto const parsed = parse_message_for_test(chunked("1388\r\n" + body + "\r\n0\r\n\r\n"), tls);
    EXPECT_TRUE(parsed.complete);
    EXPECT_EQ(parsed.body, body);
}

TEST(request_body, refuses_broken_chunks) {
    for (auto bytes : {"zz\r\n", "-1\r\nabc\r\n", "3\r\nabcd\r\n0\r\n\r\n", "3 \r\nabc\r\n", "ffffffffffffffffff\r\n", "\r\n\r\n",
                       "0x3\r\nabc\r\n\r\n", "3\nabc\r\n"}) {
        EXPECT_TRUE(parse_message_for_test(chunked(bytes), tls).refused) << bytes;
    }
}

TEST(request_body, stops_where_content_length_says) {
    auto const parsed = parse_message_for_test(get("/", "Content-Length: 3\r\n") + "abcGET /next", tls);
    EXPECT_TRUE(parsed.complete);
    EXPECT_EQ(parsed.body, "abc");
}

}  // namespace
}  // namespace fjord::net
