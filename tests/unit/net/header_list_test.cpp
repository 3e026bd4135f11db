#include "net/http.hpp"

#include "tests/support/matchers.hpp"

#include <gtest/gtest.h>

namespace fjord::net {
namespace {

using namespace fjord::test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(header_list, names_compare_without_case) {
    header_list h;
    h.add("Content-Type", "text/plain");
    EXPECT_EQ(h.get("content-type"), "text/plain");
    EXPECT_EQ(h.find("x"), std::nullopt);
}

TEST(header_list, add_keeps_order_and_set_replaces_all) {
    header_list h;
    h.add("Link", "a");
    h.add("link", "b");
    EXPECT_THAT(h.all("LINK"), ElementsAre("a", "b"));
    h.set("Link", "c");
    EXPECT_THAT(h.items(), ElementsAre(Pair("Link", "c")));
    h.remove("LINK");
    EXPECT_EQ(h.count("Link"), 0u);
}

TEST(header_list, cannot_be_used_to_split_an_answer) {
    header_list h;
    h.set("X-A\r\nEvil: 1", std::string_view("v\r\nSet-Cookie: x\0y", 18));
    EXPECT_THAT(h.items(), ElementsAre(Pair("X-AEvil1", "vSet-Cookie: xy")));
}

TEST(header_list, may_be_set_from_its_own_value) {
    header_list h;
    h.set("A", "some longer value that does not fit a small string");
    h.set("A", h.get("A"));
    EXPECT_EQ(h.get("A"), "some longer value that does not fit a small string");
}

TEST(query_list, decodes_once_and_reads_plus_as_blank) {
    auto const q = query_list::parse("a=1+2&b=%2526&c&=d&a=x%3Dy");
    ASSERT_THAT(q, IsOk());
    EXPECT_THAT(q->items(), ElementsAre(Pair("a", "1 2"), Pair("b", "%26"), Pair("c", ""), Pair("", "d"), Pair("a", "x=y")));
    EXPECT_EQ(q->count("a"), 2u);
    EXPECT_EQ(q->get("b"), "%26");
}

TEST(query_list, refuses_broken_escapes_and_too_many_parameters) {
    EXPECT_THAT(query_list::parse("a=%zz"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(query_list::parse("a=%00"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(query_list::parse("token=%4"), FailsWith(errc::invalid_argument, HasSubstr("'token'")));
    std::string many;
    for (int i = 0; i < 1001; ++i) many += "a=1&";
    EXPECT_THAT(query_list::parse(many), HasErrc(errc::limit_exceeded));
}

}  // namespace
}  // namespace fjord::net
