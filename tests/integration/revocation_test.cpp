// Tokens taken back while they are in use: the broker refuses them at the next request, doors and caches follow, a crash forgets
// nothing.
#include "tests/integration/fixture.hpp"

#include "auth/jwt.hpp"

namespace fjord::test {
namespace {

class Revocation : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        f = new federation_fixture();
        f->up();
    }
    static void TearDownTestSuite() {
        delete f;
        f = nullptr;
    }

    struct place {
        std::string kind, url;
        secret token;
    };
    // A dataset of this test, and where it can be read from.
    static std::vector<place> places_of(std::string const& item) {
        auto const file = f->write(item + ".bin", federation_fixture::bytes(100'000));
        f->expect_ok("twin", {"put", file, "elevation/" + item + "/grid"});
        return resolve(item);
    }
    static std::vector<place> resolve(std::string const& item) {
        auto const answer =
            f->call("POST", "/api/v1/resolve", "twin", R"({"uri": "elevation/)" + item + R"(/grid", "site": "hpc"})");
        std::vector<place> out;
        for (auto const& p : answer.at("places").as_array())
            out.push_back({cli::member_text(p, "kind"), cli::member_text(p, "url"), secret(cli::member_text(p, "token"))});
        return out;
    }
    static unsigned get(place const& p) { return f->http("GET", p.url, p.token).status; }
    static bool soon_refused(place const& p) {
        return federation_fixture::eventually([&] { return get(p) == 401; }, std::chrono::seconds(10));
    }
    static std::string token_file(secret const& token) { return f->write("leaked.txt", token.reveal() + "\n"); }
    static unsigned whoami(secret const& token) { return f->http("GET", "/api/v1/transfers", token).status; }

    static inline federation_fixture* f = nullptr;
};

TEST_F(Revocation, TheBrokerRefusesAtTheNextRequest) {
    auto const token = f->roles().mint("leaver", {"/fjord/admins"}, "org-a", 3600);
    EXPECT_EQ(whoami(token), 200u);
    f->expect_ok("admin", {"token", "revoke", "--token", token_file(token), "--reason", "left the project"});
    EXPECT_EQ(whoami(token), 401u);
    auto const listed = f->expect_ok("admin", {"token", "revocations"});
    EXPECT_NE(listed.out.find("left the project"), std::string::npos) << listed.out;
    auto const answer = f->http("GET", "/api/v1/transfers", token);
    EXPECT_NE(answer.headers.get("WWW-Authenticate").find("error=\"invalid_token\""), std::string::npos);
    EXPECT_NE(answer.body.find("decision_id"), std::string::npos);
}

TEST_F(Revocation, DoorsAndCachesFollow) {
    places_of("follow");
    EXPECT_TRUE(federation_fixture::eventually([] { return resolve("follow").size() >= 2; })) << "a door and the cache";
    for (auto const& p : resolve("follow")) {
        ASSERT_EQ(get(p), 200u) << p.kind;
        f->expect_ok("admin", {"token", "revoke", "--token", token_file(p.token)});
        EXPECT_TRUE(soon_refused(p)) << p.kind << " at " << p.url;
    }
    for (auto const& p : resolve("follow")) EXPECT_EQ(get(p), 200u) << "new tokens are good: " << p.kind;
}

TEST_F(Revocation, WhatIsTakenBackCountsAgain) {
    auto const p = places_of("restore").front();
    f->expect_ok("admin", {"token", "revoke", "--token", token_file(p.token)});
    EXPECT_TRUE(soon_refused(p));
    auto const token = auth::parse_jwt(p.token.reveal());
    ASSERT_TRUE(token);
    auto const listed = f->call("GET", "/api/v1/revocations", "admin");
    std::string newest;
    for (auto const& r : listed.at("revocations").as_array())
        if (!cli::member_text(r, "id").empty())
            newest = cli::member_text(r, "created") > newest ? cli::member_text(r, "created") : newest;
    std::string id;
    for (auto const& r : listed.at("revocations").as_array())
        if (cli::member_text(r, "created") == newest) id = cli::member_text(r, "id");
    f->expect_ok("admin", {"token", "restore", id});
    EXPECT_TRUE(federation_fixture::eventually([&] { return get(p) == 200; }));
}

TEST_F(Revocation, ACrashForgetsNothingAndADoorRemembersAlone) {
    auto const token = f->roles().mint("crash", {"/fjord/admins"}, "org-a", 3600);
    auto const places = places_of("crash");
    auto const door = *std::find_if(places.begin(), places.end(), [](auto const& p) { return p.kind != "cache"; });
    f->expect_ok("admin", {"token", "revoke", "--token", token_file(token)});
    f->expect_ok("admin", {"token", "revoke", "--token", token_file(door.token)});
    EXPECT_TRUE(soon_refused(door));
    f->roles().kill_role("broker");
    auto const at_site_a = door.url.starts_with(f->roles().site_url("site-a"));
    std::string const site = at_site_a ? "site-a" : "site-b";
    f->roles().kill_role(site);
    ASSERT_TRUE(f->roles().restart(site)) << "without its broker";
    EXPECT_EQ(get(door), 401u) << "the list is on its disk, and so are the broker's keys";
    ASSERT_TRUE(f->roles().restart("broker"));
    EXPECT_EQ(whoami(token), 401u);
    EXPECT_EQ(get(door), 401u);
}

TEST_F(Revocation, AllThatAnIssuerGaveOutBeforeAMoment) {
    auto const places = places_of("epoch");
    f->expect_ok("admin", {"token", "revoke", "--issuer", f->roles().broker_url(), "--issued-before", "now"});
    for (auto const& p : places) EXPECT_TRUE(soon_refused(p)) << p.kind;
    EXPECT_TRUE(federation_fixture::eventually([&] {
        auto const fresh = resolve("epoch");
        return !fresh.empty() && std::all_of(fresh.begin(), fresh.end(), [](place const& p) { return get(p) == 200; });
    })) << "tokens from after the moment are good";
}

TEST_F(Revocation, IsForAdministratorsAndSaysWhatItNeeds) {
    auto const body = R"({"issuer": "https://i.example", "jti": "1"})";
    EXPECT_EQ(f->http("POST", "/api/v1/revocations", f->token("twin"), body).status, 403u);
    EXPECT_EQ(f->http("GET", "/api/v1/revocations", f->token("twin")).status, 403u);
    EXPECT_EQ(f->http("POST", "/api/v1/revocations", {}, body).status, 401u);
    for (auto bad :
         {R"({})", R"({"issuer": "https://i.example"})", R"({"issuer": "i", "jti": "1"})",
          R"({"issuer": "https://i.example", "jti": "1", "issued_before": "2026-01-01T00:00:00Z"})",
          R"({"issuer": "https://i.example", "issued_before": "soon"})",
          R"({"issuer": "https://i.example", "issued_before": "2999-01-01T00:00:00Z"})",
          R"({"issuer": "https://i.example", "jti": ""})", R"({"issuer": "https://i.example", "jti": "1", "colour": 1})"})
        EXPECT_EQ(f->http("POST", "/api/v1/revocations", f->token("admin"), bad).status, 400u) << bad;
    EXPECT_EQ(f->http("DELETE", "/api/v1/revocations/none", f->token("admin")).status, 404u);
    EXPECT_EQ(f->fjord("admin", {"token", "revoke"}).exit_code, 2);
}

TEST_F(Revocation, TheListIsPublicAndNamesNobody) {
    auto const token = f->roles().mint("somebody", {"/fjord/admins"}, "org-a", 3600);
    f->expect_ok("admin", {"token", "revoke", "--token", token_file(token)});
    auto const list = f->http("GET", "/.well-known/fjord-revocations");
    EXPECT_EQ(list.status, 200u);
    EXPECT_EQ(list.body.find("somebody"), std::string::npos);
    net::client_request again;
    again.url = f->roles().broker_url() + "/.well-known/fjord-revocations";
    again.headers.set("If-None-Match", list.headers.get("ETag"));
    EXPECT_EQ(f->http(again).status, 304u);
}

TEST_F(Revocation, EveryRoleSaysWhereTokensComeFrom) {
    for (auto const& url : {f->roles().broker_url(), f->roles().site_url("site-a"), f->roles().cache_url()}) {
        auto const answer = f->http("GET", url + "/.well-known/oauth-protected-resource");
        EXPECT_EQ(answer.status, 200u) << url;
        auto const document = parse_json(answer.body);
        ASSERT_TRUE(document);
        EXPECT_EQ(cli::member_text(*document, "resource"), url);
        EXPECT_FALSE(document->at("authorization_servers").as_array().empty());
        EXPECT_FALSE(document->at("dpop_signing_alg_values_supported").as_array().empty());
    }
}

}  // namespace
}  // namespace fjord::test
