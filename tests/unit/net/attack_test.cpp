// Rows of the attack table that concern the wire: what the server refuses to take and the client refuses to send.
#include "tests/unit/net/harness.hpp"

#include "tests/support/run.hpp"

#include <gtest/gtest.h>

namespace fjord::net::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Answers with what reached the handler.
asio::awaitable<response> show_credentials(request& req) {
    std::string text = "authorization=" + std::string(req.headers.get("Authorization"));
    text += " cookie=" + std::string(req.headers.get("Cookie"));
    co_return text_response(200, text);
}

asio::awaitable<response> redirect(std::string where) { co_return redirect_response(302, where); }

router shows() {
    router r;
    r.add("GET", "/{path...}", show_credentials);
    return r;
}

server_options cleartext_allowed() {
    auto options = plain_options();
    options.tokens_over_http = true;
    return options;
}

std::string get_with(std::string_view fields, std::string_view target = "/x") {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

result<client_response> get(http_client& client, std::string url, int redirects = 0) {
    client_request rq;
    rq.url = std::move(url);
    rq.bearer = secret("tok-1");
    rq.headers.set("Cookie", "session-1");
    rq.timeout = std::chrono::seconds(10);
    rq.max_redirects = redirects;
    return run(client.send(std::move(rq)));
}

TEST(Attack, A19_TokensInTheUrlAreRefusedByEveryServer) {
    test_server s(shows());
    for (auto target : {"/x?authz=abc", "/x?access_token=abc", "/x?a=b&authz=Bearer%20abc", "/x?%61uthz=abc"}) {
        auto const answer = exchange_once(s.port(), get_with("", target));
        EXPECT_EQ(answer.status, 400u) << target;
        EXPECT_THAT(answer.header("WWW-Authenticate"), HasSubstr("error=\"invalid_request\"")) << target;
        EXPECT_THAT(answer.head + answer.body, Not(HasSubstr("abc"))) << target;
    }
}

TEST(Attack, A20_PlainListenersRefuseTokens) {
    test_server s(shows());
    for (auto field :
         {"Authorization: Bearer abc\r\n", "authorization: DPoP abc\r\n", "TransferHeaderAuthorization: Bearer abc\r\n"})
        EXPECT_EQ(exchange_once(s.port(), get_with(field)).status, 400u) << field;
    EXPECT_EQ(exchange_once(s.port(), get_with("")).status, 200u);
}

TEST(Attack, A20_NoTokenIsSentInTheClear) {
    test_server s(shows());
    http_client client({});
    EXPECT_THAT(get(client, s.url("/x")), HasErrc(errc::invalid_argument));
    client_request rq;
    rq.url = s.url("/x");
    rq.headers.set("Authorization", "Bearer abc");
    EXPECT_THAT(run(client.send(std::move(rq))), HasErrc(errc::invalid_argument));
}

TEST(Attack, A21_CredentialsStayWithTheirOriginWhenRedirected) {
    test_server other(shows(), cleartext_allowed());
    router r;
    r.add("GET", "/away", [&other](request&) { return redirect(other.url("/landed")); });
    r.add("GET", "/stay", [](request&) { return redirect("/shown"); });
    r.add("GET", "/shown", show_credentials);
    test_server first(std::move(r), cleartext_allowed());
    client_options lenient;
    lenient.allow_cleartext_token = true;
    http_client client(lenient);
    auto const away = get(client, first.url("/away"), 3);
    ASSERT_THAT(away, IsOk());
    EXPECT_EQ(away->body, "authorization= cookie=") << "another port is another origin";
    auto const stay = get(client, first.url("/stay"), 3);
    ASSERT_THAT(stay, IsOk());
    EXPECT_EQ(stay->body, "authorization=Bearer tok-1 cookie=session-1");
}

TEST(Attack, A22_TheSchemeHasAnyCaseAndTheFieldStandsOnce) {
    test_server s(shows(), cleartext_allowed());
    EXPECT_EQ(exchange_once(s.port(), get_with("Authorization: Bearer a\r\nauthorization: Bearer b\r\n")).status, 400u);
    EXPECT_EQ(exchange_once(s.port(), get_with("Authorization: Bearer a\r\nAUTHORIZATION: Bearer a\r\n")).status, 400u);
    EXPECT_EQ(exchange_once(s.port(), get_with("Authorization : Bearer a\r\n")).status, 400u);
    EXPECT_EQ(exchange_once(s.port(), get_with("aUTHORIZATION: bEARER a\r\n")).body, "authorization=bEARER a cookie=");
}

}  // namespace
}  // namespace fjord::net::test
