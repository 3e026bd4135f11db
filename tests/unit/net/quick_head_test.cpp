// Which heads are plain. That what is accepted reads as the whole parser reads it is fuzz_quick_head's promise; a few are here.
#include "net/quick_head.hpp"

#include "net/request_head.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fjord::net {
namespace {

std::string get(std::string const& target, std::string const& fields = "Host: a\r\n") {
    return "GET " + target + " HTTP/1.1\r\n" + fields + "\r\n";
}

bool is_plain(std::string const& bytes) {
    quick_head head;
    return read_quick_head(bytes, head);
}

TEST(quick_head, reads_a_plain_request) {
    auto const bytes =
        get("/a/b.nc", "Host: site:8443\r\nauthorization: Bearer xyz\r\nX-Request-Id: id-7\r\nRange: bytes=0-1 \r\n");
    auto const with_next = bytes + "GET /next";
    quick_head head;
    ASSERT_TRUE(read_quick_head(with_next, head));
    EXPECT_EQ(head.req.method, "GET");
    EXPECT_EQ(head.req.path, "/a/b.nc");
    EXPECT_EQ(head.req.authorization, "Bearer xyz");
    EXPECT_EQ(head.request_id, "id-7");
    EXPECT_EQ(head.req.field("RANGE"), "bytes=0-1");
    EXPECT_TRUE(head.req.has("range"));
    EXPECT_FALSE(head.req.has("If-Match"));
    EXPECT_EQ(head.size, bytes.size());
}

TEST(quick_head, forgets_the_request_before) {
    quick_head head;
    ASSERT_TRUE(read_quick_head(get("/a", "Host: a\r\nAuthorization: Bearer x\r\nX-Request-Id: i\r\n"), head));
    ASSERT_TRUE(read_quick_head(get("/b"), head));
    EXPECT_EQ(head.req.authorization, "");
    EXPECT_EQ(head.request_id, "");
    EXPECT_EQ(head.req.fields.size(), 1u);
}

TEST(quick_head, leaves_every_other_target_to_the_whole_parser) {
    for (auto const* target : {"/", "/a/", "//a", "/a//b", "/./a", "/a/..", "/a%20b", "/a?b", "/a#b", "http://a/b", "*", "a",
                               "/a b", "/a\\b", "/\xC3\xA4", "/a\"b", ""})
        EXPECT_FALSE(is_plain(get(target))) << target;
    EXPECT_FALSE(is_plain(get("/" + std::string(256, 'a'))));
    EXPECT_FALSE(is_plain(get("/" + std::string(2000, 'a'))));
    EXPECT_TRUE(is_plain(get("/" + std::string(255, 'a'))));
}

TEST(quick_head, leaves_every_other_method_and_version_to_the_whole_parser) {
    for (auto const* line : {"POST /a HTTP/1.1", "get /a HTTP/1.1", "GET /a HTTP/1.0", "GET /a HTTP/2.0", "GET  /a HTTP/1.1",
                             "GET /a HTTP/1.1 ", "GET /a", "\r\nGET /a HTTP/1.1"})
        EXPECT_FALSE(is_plain(std::string(line) + "\r\nHost: a\r\n\r\n")) << line;
}

TEST(quick_head, leaves_what_decides_about_framing_to_the_whole_parser) {
    for (auto const* fields : {"",
                               "Host: a\r\nHost: a\r\n",
                               "Host: a b\r\n",
                               "Host:\r\n",
                               "Host: a\r\nContent-Length: 0\r\n",
                               "Host: a\r\nTransfer-Encoding: chunked\r\n",
                               "Host: a\r\nExpect: 100-continue\r\n",
                               "Host: a\r\nConnection: close\r\n",
                               "Host: a\r\nConnection: keep-alive, close\r\n",
                               "Host: a\r\nUpgrade: h2c\r\n",
                               "Host: a\r\nProxy-Connection: close\r\n",
                               "Host: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n",
                               "Host: a\r\nAuthorization:\r\n",
                               "Host: a\r\nTransferHeaderAuthorization: Bearer x\r\n",
                               "Host: a\r\nX-Request-Id: a b\r\n",
                               "Host: a\r\nX-Request-Id: a\r\nX-Request-Id: a\r\n",
                               "Host: a\r\n folded: x\r\n",
                               "Host: a\r\nname : x\r\n",
                               "Host: a\r\n: x\r\n",
                               "Host: a\r\nA: \x01\r\n",
                               "Host: a\r\nA: \x7F\r\n",
                               "Host: a\r\nA: \xFF\r\n",
                               "Host: a\nB: c\r\n",
                               "Host: a\r\nA: b\rc\r\n"})
        EXPECT_FALSE(is_plain(get("/a", fields))) << fields;
    EXPECT_TRUE(is_plain(get("/a", "Host: a\r\nConnection: Keep-Alive\r\n")));
}

TEST(quick_head, refuses_more_fields_than_it_has_room_for) {
    std::string fields = "Host: a\r\n";
    for (std::size_t i = 1; i < quick_head::max_fields; ++i) fields += "A: b\r\n";
    EXPECT_TRUE(is_plain(get("/a", fields)));
    EXPECT_FALSE(is_plain(get("/a", fields + "A: b\r\n")));
    EXPECT_FALSE(is_plain(get("/a", "Host: a\r\nA: " + std::string(17'000, 'x') + "\r\n")));
}

TEST(quick_head, needs_the_whole_head) {
    auto const bytes = get("/a", "Host: a\r\nAccept: */*\r\n");
    for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(is_plain(bytes.substr(0, n))) << n;
    EXPECT_TRUE(is_plain(bytes));
}

}  // namespace
}  // namespace fjord::net
