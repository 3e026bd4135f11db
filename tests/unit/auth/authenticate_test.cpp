#include "tests/unit/auth/support.hpp"

#include <boost/json/array.hpp>

namespace fjord::auth::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Authenticate : public ::testing::Test, protected one_issuer {
protected:
    Authenticate() {
        request.tls = true;
        request.base_url = "https://b.example";
    }
    std::optional<net::response> run_filter(std::string_view ticket = {}) {
        return run(authenticate(request, v, "fjord", ticket));
    }
    std::string token_value() { return good_token(key).signed_by(key).reveal(); }
    static std::string challenge(net::response const& r) { return std::string(r.headers.get("WWW-Authenticate")); }
    void with_query(std::string_view text) { request.query = net::query_list::parse(text).value(); }

    net::request request;
};

TEST_F(Authenticate, WithoutCredentialsTheCallerIsAnonymous) {
    EXPECT_FALSE(run_filter());
    ASSERT_TRUE(request.caller);
    EXPECT_TRUE(request.caller->is_anonymous());
}

TEST_F(Authenticate, AnyCaseOfTheSchemeIsTaken) {
    for (auto scheme : {"Bearer", "bearer", "BEARER", "bEaReR"}) {
        request.headers.set("Authorization", std::string(scheme) + "  " + token_value());
        EXPECT_FALSE(run_filter()) << scheme;
        EXPECT_EQ(request.caller->subject, "user-1");
    }
}

TEST_F(Authenticate, BadTokensAnswer401WithTheReason) {
    auto t = good_token(key);
    t.claims["exp"] = t.claims["iat"].as_int64() + 5;
    request.headers.set("Authorization", "Bearer " + t.signed_by(key).reveal());
    time.advance(seconds{17});
    auto answer = run_filter();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 401u);
    EXPECT_EQ(challenge(*answer), R"(Bearer realm="fjord", error="invalid_token", error_description="expired 12 s ago", )"
                                  R"(resource_metadata="https://b.example/.well-known/oauth-protected-resource")");
    EXPECT_EQ(answer->headers.get("Content-Type"), "application/problem+json");
    EXPECT_TRUE(request.caller->is_anonymous());
}

TEST_F(Authenticate, A19_TokensInTheUrlAnswer400) {
    for (auto name : {"access_token", "authz"}) {
        with_query(std::string(name) + "=" + token_value());
        auto answer = run_filter("ticket");
        ASSERT_TRUE(answer) << name;
        EXPECT_EQ(answer->status, 400u);
        EXPECT_THAT(challenge(*answer), AllOf(HasSubstr(R"(error="invalid_request")"), Not(HasSubstr("eyJ"))));
    }
}

TEST_F(Authenticate, A20_TokensOverCleartextAnswer400) {
    request.tls = false;
    EXPECT_FALSE(run_filter()) << "anonymous requests are fine";
    request.headers.set("Authorization", "Bearer " + token_value());
    auto answer = run_filter();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400u);
    request.headers.remove("Authorization");
    with_query("ticket=" + token_value());
    EXPECT_TRUE(run_filter("ticket"));
}

TEST_F(Authenticate, A22_DuplicateAuthorizationAnswers400) {
    request.headers.add("Authorization", "Bearer " + token_value());
    request.headers.add("authorization", "Bearer " + token_value());
    auto answer = run_filter();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400u);
    EXPECT_THAT(challenge(*answer), HasSubstr(R"(error="invalid_request")"));
    EXPECT_TRUE(request.caller->is_anonymous());
}

TEST_F(Authenticate, MalformedFieldsAnswer400) {
    for (auto value : {"Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer \"a\"", "Bearer a\tb"}) {
        request.headers.set("Authorization", value);
        auto answer = run_filter();
        ASSERT_TRUE(answer) << value;
        EXPECT_EQ(answer->status, 400u) << value;
    }
}

TEST_F(Authenticate, OtherSchemesGetAChallengeWithoutError) {
    request.headers.set("Authorization", "Basic dXNlcjpwYXNz");
    auto answer = run_filter();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 401u);
    EXPECT_THAT(challenge(*answer), Not(HasSubstr("error=")));
}

TEST_F(Authenticate, TicketsAreTakenOnlyWhereTheyAreExpectedAndAlone) {
    with_query("ticket=" + token_value());
    EXPECT_FALSE(run_filter());
    EXPECT_TRUE(request.caller->is_anonymous()) << "no ticket parameter here";
    EXPECT_FALSE(run_filter("ticket"));
    EXPECT_EQ(request.caller->subject, "user-1");

    request.headers.set("Authorization", "Bearer " + token_value());
    auto answer = run_filter("ticket");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400u);
    request.headers.remove("Authorization");

    with_query("ticket=" + token_value() + "&ticket=" + token_value());
    answer = run_filter("ticket");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400u);
    with_query("ticket=");
    EXPECT_TRUE(run_filter("ticket"));
}

TEST_F(Authenticate, AnIssuerThatIsDownAnswers503) {
    source->answer(fail(fjord::errc::unavailable, "down"));
    request.headers.set("Authorization", "Bearer " + token_value());
    auto answer = run_filter();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503u);
    EXPECT_FALSE(answer->headers.get("Retry-After").empty());
}

TEST_F(Authenticate, ChallengeWithoutATokenNamesWhatIsNeededAndNoError) {
    auto answer = unauthorized(request, "fjord", "storage.read:/ds/abc");
    EXPECT_EQ(answer.status, 401u);
    EXPECT_EQ(challenge(answer), R"(Bearer realm="fjord", scope="storage.read:/ds/abc", )"
                                 R"(resource_metadata="https://b.example/.well-known/oauth-protected-resource")");
    EXPECT_EQ(answer.headers.count("WWW-Authenticate"), 1u);
}

TEST_F(Authenticate, InsufficientScopeAnswers403WithTheScopeNeeded) {
    auto answer = insufficient_scope(request, "fjord", "storage.modify:/ds/abc", "deleting needs storage.modify");
    EXPECT_EQ(answer.status, 403u);
    EXPECT_EQ(challenge(answer),
              R"(Bearer realm="fjord", error="insufficient_scope", error_description="deleting needs storage.modify", )"
              R"(scope="storage.modify:/ds/abc", resource_metadata="https://b.example/.well-known/oauth-protected-resource")");
}

TEST_F(Authenticate, ForeignTextCannotBreakOutOfTheHeader) {
    auto answer = insufficient_scope(request, "fjord", "x\"\r\nSet-Cookie: a=b", "a\"b\\c\n\x01\xc3\xa9");
    auto text = challenge(answer);
    EXPECT_EQ(std::count(text.begin(), text.end(), '"'), 10);
    for (char c : text) EXPECT_TRUE(c >= ' ' && c <= '~');
    EXPECT_EQ(answer.headers.count("Set-Cookie"), 0u);
}

TEST_F(Authenticate, NoTokenTextReachesAnAnswer) {
    auto token = token_value();
    for (auto value : {"Bearer " + token + "x", "DPoP " + token, "Basic " + token, "Bearer " + token + " " + token}) {
        request.headers.set("Authorization", value);
        auto answer = run_filter();
        ASSERT_TRUE(answer);
        auto const* body = std::get_if<std::string>(&answer->body);
        for (auto const& part : {challenge(*answer), body ? *body : std::string()})
            EXPECT_THAT(part, Not(HasSubstr(token.substr(0, 20))));
    }
}

}  // namespace
}  // namespace fjord::auth::test
