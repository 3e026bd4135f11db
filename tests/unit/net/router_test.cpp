#include "net/router.hpp"

#include "tests/support/run.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace fjord::net {
namespace {

using fjord::test::run;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

asio::awaitable<response> named(request&, std::string name) { co_return text_response(200, std::move(name)); }

handler says(std::string name) {
    return [name](request& req) { return named(req, name); };
}

request ask(std::string method, std::string path) {
    request out;
    out.method = std::move(method);
    out.id = "id-1";
    out.raw_path = path;
    if (path != "*") out.path = *decode_path(path);
    return out;
}

response answer(router const& r, request& req) { return run(r.run(req, r.find(req))); }

std::string said(router const& r, std::string method, std::string path) {
    auto req = ask(std::move(method), std::move(path));
    auto const out = answer(r, req);
    return out.status == 200 ? std::get<std::string>(out.body) : std::to_string(out.status);
}

router sample() {
    router r;
    r.add("GET", "/", says("root"));
    r.add("GET", "/c", says("list"));
    r.add("GET", "/c/{c}", says("one"));
    r.add("PUT", "/c/{c}", says("put"));
    r.add("GET", "/c/new", says("new"));
    r.add("GET", "/c/{c}/i/{i}", says("item"));
    r.add("GET", "/data/{path...}", says("tail"));
    r.add("GET", "/data/{c}/meta", says("meta"));
    return r;
}

TEST(router, literal_wins_over_name_and_name_over_tail) {
    auto const r = sample();
    EXPECT_EQ(said(r, "GET", "/"), "root");
    EXPECT_EQ(said(r, "GET", "/c/new"), "new");
    EXPECT_EQ(said(r, "GET", "/c/old"), "one");
    EXPECT_EQ(said(r, "GET", "/data/x/meta"), "meta");
    EXPECT_EQ(said(r, "GET", "/data/x/other"), "tail");
    EXPECT_EQ(said(r, "GET", "/data"), "tail");
}

TEST(router, goes_back_when_the_better_branch_has_no_such_method) { EXPECT_EQ(said(sample(), "PUT", "/c/new"), "put"); }

TEST(router, captures_decoded_values_in_order) {
    auto const r = sample();
    auto req = ask("GET", "/c/a%20b/i/x");
    r.find(req);
    EXPECT_THAT(req.params, ElementsAre("a b", "x"));
    auto tail = ask("GET", "/data/p/q/r");
    r.find(tail);
    EXPECT_THAT(tail.params, IsEmpty());
    EXPECT_THAT(tail.rest, ElementsAre("p", "q", "r"));
}

TEST(router, tells_which_methods_a_path_has) {
    auto const r = sample();
    auto req = ask("DELETE", "/c/a");
    auto const out = answer(r, req);
    EXPECT_EQ(out.status, 405u);
    EXPECT_EQ(out.headers.get("Allow"), "GET, HEAD, OPTIONS, PUT");
    auto options = ask("OPTIONS", "/c/a");
    auto const told = answer(r, options);
    EXPECT_EQ(told.status, 204u);
    EXPECT_EQ(told.headers.get("Allow"), "GET, HEAD, OPTIONS, PUT");
    EXPECT_EQ(said(r, "OPTIONS", "*"), "204");
}

TEST(router, tells_unknown_paths_from_unknown_methods) {
    auto const r = sample();
    EXPECT_EQ(said(r, "GET", "/nowhere"), "404");
    EXPECT_EQ(said(r, "OPTIONS", "/nowhere"), "404");
    EXPECT_EQ(said(r, "BREW", "/c"), "501");
    EXPECT_EQ(said(r, "PATCH", "/c"), "405");
}

TEST(router, head_falls_back_to_get) { EXPECT_EQ(said(sample(), "HEAD", "/c"), "list"); }

asio::awaitable<std::optional<response>> refuse(request&) { co_return empty_response(401); }

TEST(router, filters_guard_all_but_open_routes_and_finishers_see_every_answer) {
    router r;
    r.add("GET", "/closed", says("closed"));
    r.add("GET", "/open", says("open"), {.open = true});
    r.add_filter(refuse);
    r.add_finisher([](request const&, response& out) { out.headers.set("X-Seen", "yes"); });
    EXPECT_EQ(said(r, "GET", "/closed"), "401");
    EXPECT_EQ(said(r, "GET", "/open"), "open");
    auto missing = ask("GET", "/missing");
    EXPECT_EQ(answer(r, missing).headers.get("X-Seen"), "yes");
}

asio::awaitable<response> throws(request&) {
    throw std::runtime_error("inner secret");
    co_return response{};
}

TEST(router, a_throwing_handler_is_a_500_that_tells_nothing) {
    router r;
    r.add("GET", "/", throws);
    auto req = ask("GET", "/");
    auto const out = answer(r, req);
    EXPECT_EQ(out.status, 500u);
    auto const body = boost::json::parse(std::get<std::string>(out.body)).as_object();
    EXPECT_EQ(std::get<std::string>(out.body).find("secret"), std::string::npos);
    EXPECT_EQ(body.at("instance"), "urn:fjord:request:id-1");
}

TEST(router, fallback_answers_what_no_route_does) {
    auto r = sample();
    r.set_fallback(says("fallback"));
    EXPECT_EQ(said(r, "GET", "/nowhere"), "fallback");
    EXPECT_EQ(said(r, "DELETE", "/c"), "405");
}

TEST(router, refuses_two_handlers_for_one_route) {
    router r;
    r.add("GET", "/a/{x}", says("a"));
    EXPECT_THROW(r.add("GET", "/a/{y}", says("b")), std::invalid_argument);
    EXPECT_THROW(r.add("GET", "/a/{y...}/z", says("b")), std::invalid_argument);
    EXPECT_EQ(r.routes().size(), 1u);
}

}  // namespace
}  // namespace fjord::net
