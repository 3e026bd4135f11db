#include "net/client.hpp"

#include "tests/support/matchers.hpp"

#include <gtest/gtest.h>

namespace fjord::net {
namespace {

using namespace fjord::test;

TEST(url, is_split_into_checked_parts) {
    auto const u = parse_url("HTTPS://Site.Example:8443/a/b?c=d?e");
    ASSERT_THAT(u, IsOk());
    EXPECT_EQ(u->scheme, "https");
    EXPECT_EQ(u->host, "site.example");
    EXPECT_EQ(u->port, 8443);
    EXPECT_EQ(u->path, "/a/b");
    EXPECT_EQ(u->query, "c=d?e");
    EXPECT_EQ(u->origin(), "https://site.example:8443");
}

TEST(url, default_port_is_not_part_of_the_origin) {
    EXPECT_EQ(parse_url("https://a:443")->origin(), "https://a");
    EXPECT_EQ(parse_url("http://a/")->origin(), parse_url("http://a:80/x")->origin());
    EXPECT_EQ(parse_url("http://[::1]:81/")->host, "[::1]");
    EXPECT_EQ(parse_url("http://a?b")->query, "b");
    EXPECT_EQ(parse_url("http://a")->path, "/");
}

TEST(url, refuses_what_could_be_read_in_two_ways) {
    for (std::string text : {"",
                             "a",
                             "/a",
                             "ftp://a/",
                             "file:///etc/passwd",
                             "https://",
                             "https:///a",
                             "https://user:pw@a/",
                             "https://a#f",
                             "https://a:0/",
                             "https://a:70000/",
                             "https://a:/",
                             "https://a:1x/",
                             "https://a b/",
                             "https://a/\r\nX: y",
                             "https://a\\b/",
                             "https://[::1/",
                             "https://[x]/",
                             "https://a/\x80",
                             "javascript:alert(1)",
                             "https://[/"}) {
        EXPECT_THAT(parse_url(text), HasErrc(errc::invalid_argument)) << text;
    }
    EXPECT_THAT(parse_url("https://a/" + std::string(20'000, 'x')), HasErrc(errc::invalid_argument));
}

TEST(url, a_site_is_a_host_or_a_domain) {
    auto judge = [](char const* from, char const* to) { return within_site(*parse_url(from), *parse_url(to)); };
    EXPECT_THAT(judge("https://door.site.org", "https://door.site.org:2881/x"), IsOk());
    EXPECT_THAT(judge("https://door.site.org", "https://pool7.site.org/x"), IsOk());
    EXPECT_THAT(judge("https://door.site.org", "https://pool.rack.site.org/x"), IsOk());
    EXPECT_THAT(judge("https://door.site.org", "https://DOOR.SITE.ORG/x"), IsOk());
    EXPECT_THAT(judge("https://127.0.0.1:1", "https://127.0.0.1:2"), IsOk());
    EXPECT_THAT(judge("http://door.site.org", "http://door.site.org:2"), IsOk());
    for (auto const& [from, to] :
         std::vector<std::pair<char const*, char const*>>{{"https://door.site.org", "http://door.site.org"},
                                                          {"https://door.site.org", "https://evil.org"},
                                                          {"https://door.site.org", "https://evilsite.org"},
                                                          {"https://door.site.org", "https://site.org.evil.net"},
                                                          {"https://site.org", "https://other.org"},
                                                          {"https://localhost", "https://127.0.0.1"},
                                                          {"https://10.0.0.1", "https://11.0.0.1"},
                                                          {"https://10.0.0.1", "https://169.254.169.254"},
                                                          {"https://[::1]", "https://[::2]"}})
        EXPECT_THAT(judge(from, to), HasErrc(errc::denied)) << from << " -> " << to;
}

}  // namespace
}  // namespace fjord::net
