#include "cli/login/choose.hpp"
#include "cli/login/device_poll.hpp"
#include "cli/login/login_store.hpp"
#include "cli/login/oidc_answers.hpp"
#include "cli/login/token_source.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"

#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

namespace fjord::cli {
namespace {

using namespace fjord::test;
using ::testing::AllOf;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;

// --- what a provider answers --------------------------------------------------------------------------------------------------

std::string const metadata = R"({"issuer": "https://idp.example/realms/x", "token_endpoint": "https://idp.example/token",
  "device_authorization_endpoint": "https://idp.example/device", "revocation_endpoint": "https://idp.example/revoke",
  "scopes_supported": ["openid", "profile", "offline_access", "wlcg.groups", 7]})";

std::string replaced(std::string text, std::string const& from, std::string const& to) {
    return text.replace(text.find(from), from.size(), to);
}

TEST(OidcAnswers, MetadataIsOfTheIssuerThatWasAsked) {
    auto const m = read_metadata(metadata, "https://idp.example/realms/x");
    ASSERT_THAT(m, IsOk());
    EXPECT_EQ(m->device_endpoint, "https://idp.example/device");
    EXPECT_EQ(m->revocation_endpoint, "https://idp.example/revoke");
    EXPECT_EQ(usual_scope(*m), "openid offline_access wlcg.groups");
    EXPECT_THAT(read_metadata(metadata, "https://idp.example/realms/x/"),
                FailsWith(errc::invalid_argument, HasSubstr("https://idp.example/realms/x")));
    EXPECT_THAT(read_metadata(replaced(metadata, "https://idp.example/token", "http://idp.example/token"),
                              "https://idp.example/realms/x"),
                FailsWith(errc::invalid_argument, HasSubstr("token_endpoint")))
        << "secrets go over https only";
    EXPECT_THAT(read_metadata(replaced(metadata, "device_authorization_endpoint", "other"), "https://idp.example/realms/x"),
                FailsWith(errc::unsupported, HasSubstr("no device flow")));
    EXPECT_THAT(read_metadata("<html>", "https://x"), HasErrc(errc::invalid_argument));
}

TEST(OidcAnswers, ADeviceCodeIsReadWithinBounds) {
    auto const c =
        read_device_code(R"({"device_code": "d", "user_code": "AB\u001b[2JCD", "verification_uri": "https://idp/x\u0007",
                                       "interval": 0, "expires_in": 1e18})");
    ASSERT_THAT(c, IsOk());
    EXPECT_EQ(c->user_code, "AB [2JCD") << "nothing that moves the cursor reaches the terminal";
    EXPECT_EQ(c->uri, "https://idp/x ");
    EXPECT_EQ(c->interval, seconds{1});
    EXPECT_EQ(c->lifetime, seconds{86400});
    EXPECT_EQ(read_device_code(R"({"device_code": "d", "user_code": "u", "verification_url": "https://old"})")->uri,
              "https://old");
    EXPECT_THAT(read_device_code(R"({"device_code": "d"})"), HasErrc(errc::invalid_argument));
}

TEST(OidcAnswers, TokensAndRefusalsAreTold) {
    auto const good = read_token_answer(200, R"({"access_token": "a.b.c", "refresh_token": "r", "expires_in": "300",
                                                "refresh_expires_in": 0, "scope": "openid"})");
    ASSERT_THAT(good, IsOk());
    ASSERT_TRUE(good->tokens);
    EXPECT_EQ(good->tokens->lifetime, seconds{300}) << "some write it as text";
    EXPECT_FALSE(good->tokens->refresh_lifetime) << "0 is Keycloak's for ever";
    auto const no = read_token_answer(400, R"({"error": "invalid_grant", "error_description": "Token is not\nactive"})");
    ASSERT_THAT(no, IsOk());
    EXPECT_EQ(text_of(*no->refused), "invalid_grant (Token is not active)");
    EXPECT_TRUE(read_token_answer(200, R"({"error": "authorization_pending"})")->refused) << "some answer 200";
    EXPECT_THAT(read_token_answer(503, "<html>"), HasErrc(errc::unavailable));
    EXPECT_THAT(read_token_answer(502, R"({"error": "x"})"), HasErrc(errc::unavailable));
    EXPECT_THAT(read_token_answer(200, "{}"), HasErrc(errc::invalid_argument));
    EXPECT_THAT(read_token_answer(200, R"({"access_token": "a b\r\nX-Evil: 1"})"), HasErrc(errc::invalid_argument));
}

// --- polling ------------------------------------------------------------------------------------------------------------------

token_outcome refused(std::string code) { return {std::nullopt, oauth_refused{std::move(code), ""}}; }

TEST(DevicePoll, KeepsThePaceTheProviderSets) {
    steady_time const start{};
    device_poll poll({secret("d"), "U", "https://x", "", seconds{60}, seconds{5}}, start);
    EXPECT_EQ(poll.pause(), seconds{5});
    EXPECT_EQ(poll.on_answer(refused("authorization_pending"), start + seconds{5}), device_poll::verdict::wait);
    EXPECT_EQ(poll.pause(), seconds{5});
    EXPECT_EQ(poll.on_answer(refused("slow_down"), start + seconds{10}), device_poll::verdict::wait);
    EXPECT_EQ(poll.pause(), seconds{10}) << "RFC 8628: five more, for good";
    EXPECT_EQ(poll.on_silence(start + seconds{20}), device_poll::verdict::wait);
    EXPECT_EQ(poll.pause(), seconds{20}) << "and a provider in trouble gets time";
    EXPECT_EQ(poll.on_answer(refused("authorization_pending"), start + seconds{40}), device_poll::verdict::expired)
        << "the next one would come too late";
}

TEST(DevicePoll, EndsAsThePersonDecides) {
    steady_time const start{};
    device_poll poll({secret("d"), "U", "https://x", "", seconds{60}, seconds{5}}, start);
    EXPECT_EQ(poll.on_answer(refused("access_denied"), start), device_poll::verdict::denied);
    EXPECT_EQ(poll.on_answer(refused("expired_token"), start), device_poll::verdict::expired);
    EXPECT_EQ(poll.on_answer(refused("invalid_client"), start), device_poll::verdict::rejected);
    EXPECT_EQ(poll.reason(), "invalid_client");
    EXPECT_EQ(poll.on_answer({token_answer{}, std::nullopt}, start), device_poll::verdict::done);
}

// --- choosing -----------------------------------------------------------------------------------------------------------------

login_offer const one{"https://one.example", "client-1", "openid", ""}, two{"https://two.example", "client-2", "", "aud"},
    bare{"https://bare.example", "", "", ""};

TEST(ChooseLogin, TheBrokersOfferIsTakenWhenThereIsOne) {
    auto const c = choose_login("https://b", {}, {}, {bare, one});
    ASSERT_THAT(c, IsOk());
    EXPECT_EQ(c->issuer, one.issuer);
    EXPECT_EQ(c->client_id, "client-1");
    EXPECT_EQ(c->scope, "openid");
}

TEST(ChooseLogin, WhatIsSaidGoesBeforeWhatIsConfiguredBeforeWhatIsOffered) {
    login_options said, configured;
    said.issuer = two.issuer;
    said.scope = "mine";
    configured.issuer = two.issuer;
    configured.client_id = "configured";
    configured.scope = "configured";
    auto const c = choose_login("https://b", said, configured, {one, two});
    ASSERT_THAT(c, IsOk());
    EXPECT_EQ(c->scope, "mine");
    EXPECT_EQ(c->client_id, "configured");
    EXPECT_EQ(c->audience, "aud");
    configured.issuer = one.issuer;
    EXPECT_EQ(choose_login("https://b", said, configured, {one, two})->client_id, "client-2")
        << "another issuer's client is no use";
}

TEST(ChooseLogin, RefusalsSayWhatToAdd) {
    EXPECT_THAT(
        choose_login("https://b", {}, {}, {one, two}),
        FailsWith(errc::invalid_argument, AllOf(HasSubstr(one.issuer), HasSubstr(two.issuer), HasSubstr("fjord login ISSUER"))));
    EXPECT_THAT(choose_login("https://b", {}, {}, {}), FailsWith(errc::invalid_argument, HasSubstr("none")));
    login_options said;
    said.issuer = "https://one.example/";
    EXPECT_THAT(choose_login("https://b", said, {}, {one}), FailsWith(errc::invalid_argument, HasSubstr("does not trust")));
    auto const only = choose_login("https://b", {}, {}, {bare});
    ASSERT_THAT(only, IsOk()) << "the only issuer there is; the client id is asked for when it is needed";
    EXPECT_EQ(only->client_id, "");
}

// --- keeping ------------------------------------------------------------------------------------------------------------------

class LoginStore : public ::testing::Test {
protected:
    LoginStore() {
        for (auto const* name : {"BEARER_TOKEN", "BEARER_TOKEN_FILE", "XDG_RUNTIME_DIR", "OIDC_SOCK"}) ::unsetenv(name);
        ::setenv("XDG_STATE_HOME", dir.path("state").c_str(), 1);
    }
    void SetUp() override {
        auto const real = "/tmp/bt_u" + std::to_string(::getuid());
        if (::access(real.c_str(), R_OK) == 0) GTEST_SKIP() << "there is a token in " << real << ", which goes before any login";
    }
    ~LoginStore() override { ::unsetenv("XDG_STATE_HOME"); }
    static login_record record() {
        login_record r;
        r.broker = "https://b.example";
        r.issuer = "https://idp.example";
        r.client_id = "fjord-cli";
        r.token_endpoint = "https://localhost:1/token";
        r.access = secret("access.token.text");
        r.refresh = secret("refresh.token.text");
        auto const now = std::chrono::floor<seconds>(system_clock().now());
        r.since = r.issued = now;
        r.expires = now + seconds{3600};
        return r;
    }
    global_options options() {
        global_options o;
        o.broker = "https://b.example";
        return o;
    }
    temp_dir dir;
};

TEST_F(LoginStore, IsReadableByItsOwnerOnlyAndReadsBack) {
    login_store store("https://b.example");
    ASSERT_THAT(store.write(record()), IsOk());
    struct stat st {};
    ASSERT_EQ(::stat(store.file().c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 0777, 0600u);
    ASSERT_EQ(::stat(login_store::folder().c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 0777, 0700u);
    auto const back = store.read();
    ASSERT_THAT(back, IsOk());
    EXPECT_EQ(render_login(**back).reveal(), render_login(record()).reveal());
    EXPECT_THAT(store.remove(), IsOk());
    EXPECT_THAT(store.read(), IsOkAnd(Eq(std::nullopt)));
    EXPECT_THAT(store.remove(), IsOk()) << "once more does no harm";
}

TEST_F(LoginStore, TokensThatOthersMayHaveReadAreNotUsed) {
    login_store store("https://b.example");
    ASSERT_THAT(store.write(record()), IsOk());
    ::chmod(store.file().c_str(), 0644);
    EXPECT_THAT(store.read(), FailsWith(errc::denied, HasSubstr("fjord login")));
    EXPECT_THAT(token_source::find(options()), HasErrc(errc::denied));
}

TEST_F(LoginStore, ALoginIsForItsBrokerOnly) {
    ASSERT_THAT(login_store("https://b.example").write(record()), IsOk());
    EXPECT_THAT(login_store("https://other.example").read(), IsOkAnd(Eq(std::nullopt)));
}

TEST_F(LoginStore, DamagedFilesAreNamed) {
    for (auto const& text : {std::string("{"), std::string("[]"), std::string("{\"broker\": \"x\"}"),
                             replaced(render_login(record()).reveal(), "\"access_token\":\"access.token.text\",", ""),
                             replaced(render_login(record()).reveal(), "\"issuer\"", "\"strange\"")})
        EXPECT_THAT(parse_login(text, "login.json"), FailsWith(errc::invalid_argument, HasSubstr("login.json"))) << text;
}

TEST_F(LoginStore, RenewalComesBeforeTheEnd) {
    auto r = record();
    auto const at = r.issued;
    r.expires = at + seconds{3600};
    EXPECT_FALSE(wants_renewal(r, at + seconds{3539}));
    EXPECT_TRUE(wants_renewal(r, at + seconds{3541}));
    r.expires = at + seconds{60};
    EXPECT_FALSE(wants_renewal(r, at + seconds{44})) << "short tokens are used, too";
    EXPECT_TRUE(wants_renewal(r, at + seconds{46}));
}

TEST_F(LoginStore, BearerDiscoveryGoesFirst) {
    ASSERT_THAT(login_store("https://b.example").write(record()), IsOk());
    auto kept = token_source::find(options());
    ASSERT_THAT(kept, IsOk());
    EXPECT_EQ(kept->current()->reveal(), "access.token.text");
    EXPECT_THAT(kept->origin(), HasSubstr("login at https://idp.example"));
    ::setenv("BEARER_TOKEN", "from.the.environment", 1);
    auto given = token_source::find(options());
    ::unsetenv("BEARER_TOKEN");
    ASSERT_THAT(given, IsOk());
    EXPECT_EQ(given->current()->reveal(), "from.the.environment");
    EXPECT_EQ(given->origin(), "BEARER_TOKEN");
    auto elsewhere = options();
    elsewhere.broker = "https://other.example";
    EXPECT_TRUE(token_source::find(elsewhere)->current()->empty()) << "a login's token goes to its broker only";
}

TEST_F(LoginStore, AnUnreachableIssuerDoesNotTakeAGoodTokenAway) {
    auto r = record();
    r.issued = r.expires - seconds{3600};
    r.expires = system_clock().now() + seconds{30};  // due, and still good
    ASSERT_THAT(login_store("https://b.example").write(r), IsOk());
    auto source = token_source::find(options());
    ASSERT_THAT(source, IsOk());
    EXPECT_EQ(source->current()->reveal(), "access.token.text");
    r.expires = system_clock().now() - seconds{1};
    ASSERT_THAT(login_store("https://b.example").write(r), IsOk());
    EXPECT_THAT(token_source::find(options()), FailsWith(errc::unavailable, HasSubstr("renewing your login")));
    r.refresh = secret();
    ASSERT_THAT(login_store("https://b.example").write(r), IsOk());
    EXPECT_THAT(token_source::find(options()), FailsWith(errc::unauthenticated, HasSubstr("Run: fjord login")));
}

}  // namespace
}  // namespace fjord::cli
