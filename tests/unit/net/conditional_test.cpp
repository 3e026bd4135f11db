#include "net/http.hpp"
#include "net/http_date.hpp"

#include <gtest/gtest.h>

namespace fjord::net {
namespace {

using fields = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view etag = "\"v1\"";
wall_time const modified = *parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") + milliseconds(400);

request make(std::string method, fields const& headers) {
    request out;
    out.method = std::move(method);
    for (auto const& [name, value] : headers) out.headers.add(name, value);
    return out;
}

struct precondition_case {
    char const* promise;
    std::string method;
    fields headers;
    std::optional<unsigned> status;
};

TEST(preconditions, follow_rfc_9110_section_13_2) {
    std::string const same = "Sun, 06 Nov 1994 08:49:37 GMT", earlier = "Sun, 06 Nov 1994 08:49:36 GMT",
                      later = "Mon, 07 Nov 1994 00:00:00 GMT";
    precondition_case const table[] = {
        {"nothing asked", "GET", {}, {}},
        {"the same tag is not sent again", "GET", {{"If-None-Match", "\"v1\""}}, 304},
        {"weak comparison for If-None-Match", "HEAD", {{"If-None-Match", "W/\"v1\""}}, 304},
        {"a list", "GET", {{"If-None-Match", "\"a\", W/\"b\" ,\"v1\""}}, 304},
        {"several lines", "GET", {{"If-None-Match", "\"a\""}, {"If-None-Match", "\"v1\""}}, 304},
        {"another tag", "GET", {{"If-None-Match", "\"v2\""}}, {}},
        {"a tag with a comma inside", "GET", {{"If-None-Match", "\"a,\"v1\""}}, {}},
        {"star on read", "GET", {{"If-None-Match", "*"}}, 304},
        {"star on write: only create", "PUT", {{"If-None-Match", "*"}}, 412},
        {"tag on write", "PUT", {{"If-None-Match", "\"v1\""}}, 412},
        {"If-Match holds", "PUT", {{"If-Match", "\"v0\", \"v1\""}}, {}},
        {"If-Match star", "PUT", {{"If-Match", "*"}}, {}},
        {"If-Match fails", "PUT", {{"If-Match", "\"v0\""}}, 412},
        {"strong comparison for If-Match", "PUT", {{"If-Match", "W/\"v1\""}}, 412},
        {"malformed If-Match never matches", "PUT", {{"If-Match", "v1"}}, 412},
        {"If-Modified-Since same second", "GET", {{"If-Modified-Since", same}}, 304},
        {"If-Modified-Since earlier", "GET", {{"If-Modified-Since", earlier}}, {}},
        {"If-Modified-Since is for reads", "PUT", {{"If-Modified-Since", later}}, {}},
        {"If-Modified-Since garbage", "GET", {{"If-Modified-Since", "yesterday"}}, {}},
        {"If-None-Match outranks the date", "GET", {{"If-None-Match", "\"v2\""}, {"If-Modified-Since", later}}, {}},
        {"If-Unmodified-Since holds", "PUT", {{"If-Unmodified-Since", same}}, {}},
        {"If-Unmodified-Since fails", "PUT", {{"If-Unmodified-Since", earlier}}, 412},
        {"If-Match outranks the date", "PUT", {{"If-Match", "\"v1\""}, {"If-Unmodified-Since", earlier}}, {}},
        {"412 comes before 304", "GET", {{"If-Match", "\"v0\""}, {"If-None-Match", "\"v1\""}}, 412},
    };
    for (auto const& c : table)
        EXPECT_EQ(evaluate_preconditions(make(c.method, c.headers), etag, modified), c.status) << c.promise;
}

TEST(preconditions, of_something_that_does_not_exist) {
    EXPECT_EQ(evaluate_preconditions(make("PUT", {{"If-None-Match", "*"}}), "", {}), std::nullopt);
    EXPECT_EQ(evaluate_preconditions(make("PUT", {{"If-Match", "*"}}), "", {}), 412u);
    EXPECT_EQ(evaluate_preconditions(make("PUT", {{"If-Match", "\"v1\""}}), "", {}), 412u);
}

TEST(if_range, applies_only_when_the_validator_is_strong_and_equal) {
    auto applies = [](fields const& headers) { return range_applies(make("GET", headers), etag, modified); };
    EXPECT_TRUE(applies({}));
    EXPECT_TRUE(applies({{"If-Range", "\"v1\""}}));
    EXPECT_FALSE(applies({{"If-Range", "\"v2\""}}));
    EXPECT_FALSE(applies({{"If-Range", "W/\"v1\""}}));
    EXPECT_TRUE(applies({{"If-Range", "Sun, 06 Nov 1994 08:49:37 GMT"}}));
    EXPECT_FALSE(applies({{"If-Range", "Sun, 06 Nov 1994 08:49:38 GMT"}}));
    EXPECT_FALSE(applies({{"If-Range", "garbage"}}));
}

TEST(http_date, reads_all_three_forms) {
    auto const t = wall_time(seconds(784111777));
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), t);
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), t);
    EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), t);
    EXPECT_EQ(parse_http_date(format_http_date(t)), t);
}

TEST(http_date, refuses_what_is_none) {
    for (auto text : {"", "x", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
                      "Sun, 06 Xxx 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08-49-37 GMT", "1994-11-06T08:49:37Z"}) {
        EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace fjord::net
