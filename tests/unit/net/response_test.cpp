#include "net/http.hpp"
#include "net/response_head.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fjord::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(problem, every_kind_of_failure_has_its_status) {
    std::pair<errc, unsigned> const table[] = {
        {errc::not_found, 404},       {errc::already_exists, 409},   {errc::conflict, 409},       {errc::denied, 403},
        {errc::unauthenticated, 401}, {errc::invalid_argument, 400}, {errc::limit_exceeded, 413}, {errc::unavailable, 503},
        {errc::timed_out, 504},       {errc::no_space, 507},         {errc::unsupported, 501},    {errc::corrupt, 502},
        {errc::cancelled, 499},       {errc::internal, 500},
    };
    for (auto const& [kind, status] : table) EXPECT_EQ(problem(fail(kind, "why")).status, status);
    EXPECT_EQ(status_of(error(boost::system::errc::make_error_code(boost::system::errc::io_error), "x")), 500u);
}

boost::json::object body_of(response const& r) { return boost::json::parse(std::get<std::string>(r.body)).as_object(); }

TEST(problem, is_rfc_9457) {
    auto const r = problem(409, "item x exists", {{"decision_id", "d-1"}});
    EXPECT_EQ(r.headers.get("Content-Type"), "application/problem+json");
    auto const body = body_of(r);
    EXPECT_EQ(body.at("type"), "about:blank");
    EXPECT_EQ(body.at("title"), "Conflict");
    EXPECT_EQ(body.at("status"), 409);
    EXPECT_EQ(body.at("detail"), "item x exists");
    EXPECT_EQ(body.at("decision_id"), "d-1");
}

TEST(problem, never_tells_inner_text_of_a_500) {
    auto const r = problem(fail(errc::internal, "rocksdb said secret things"));
    EXPECT_THAT(std::get<std::string>(r.body), Not(HasSubstr("rocksdb")));
}

TEST(problem, says_how_to_go_on) {
    EXPECT_EQ(problem(fail(errc::unavailable, "x")).headers.get("Retry-After"), "1");
    EXPECT_EQ(problem(fail(errc::unauthenticated, "x")).headers.get("WWW-Authenticate"), "Bearer");
}

TEST(body_plan, frames_each_kind_of_answer) {
    response text = text_response(200, "hello");
    response made;
    made.body = produced_body{std::nullopt, {}};
    response not_modified = empty_response(304);
    not_modified.head_length = 7;

    EXPECT_EQ(plan_body(text, "GET", true).length, 5u);
    EXPECT_TRUE(plan_body(text, "GET", true).send);
    EXPECT_EQ(plan_body(text, "HEAD", true).length, 5u);
    EXPECT_FALSE(plan_body(text, "HEAD", true).send);
    EXPECT_TRUE(plan_body(made, "GET", true).chunked);
    EXPECT_TRUE(plan_body(made, "GET", false).until_close);
    EXPECT_FALSE(plan_body(made, "HEAD", true).chunked);
    EXPECT_EQ(plan_body(not_modified, "GET", true).length, 7u);
    EXPECT_FALSE(plan_body(not_modified, "GET", true).send);
    EXPECT_EQ(plan_body(empty_response(204), "GET", true).length, std::nullopt);
    EXPECT_EQ(plan_body(empty_response(201), "PUT", true).length, 0u);
}

TEST(response_head, keeps_framing_and_identity_fields_to_itself) {
    response answer = text_response(200, "hello");
    answer.headers.set("Content-Length", "99");
    answer.headers.set("Transfer-Encoding", "chunked");
    answer.headers.set("Connection", "upgrade");
    answer.headers.set("Server", "other");
    std::string head;
    append_head(head, answer, plan_body(answer, "GET", true), {"fjord", "now", "id-1", true, true});
    EXPECT_EQ(head,
              "HTTP/1.1 200 OK\r\nDate: now\r\nServer: fjord\r\nX-Request-Id: id-1\r\n"
              "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\n");
}

}  // namespace
}  // namespace fjord::net
