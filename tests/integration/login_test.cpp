// People log in: `fjord login` against a real Keycloak, whose pages a small browser fills in; what they may do follows from their
// groups there; keys rotate and tokens are revoked while they are in use.
#include "tests/integration/keycloak.hpp"

#include "auth/jwt.hpp"
#include "cli/login/login_store.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <sys/stat.h>

namespace fjord::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string text_in(std::string const& file) {
    auto text = read_file(file);
    return text ? *text : std::string();
}

class Login : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (!keycloak::missing().empty()) return;
        f = new federation_fixture();
        // Keycloak needs its certificate from the federation, and takes longest: it comes up beside the rest.
        f->up();
        kc = new keycloak(*f);
        kc->begin();
        auto const file = f->write("scene.bin", federation_fixture::bytes(5000));
        f->must("twin", {"put", file, "landsat-7/olinda/scene", "--at", "site-a"});
        kc->await();
        kc->make_realm(f->roles().broker_url());
        kc->add_user("flora", {"/twins/flood"});
        kc->add_user("ada", {"/fjord/admins"});
        kc->add_user("sam", {});
        trust();
    }
    static void TearDownTestSuite() {
        if (kc) kc->stop();
        delete f;
        delete kc;
        f = nullptr;
        kc = nullptr;
    }
    void SetUp() override {
        if (auto const why = keycloak::missing(); !why.empty()) GTEST_SKIP() << why;
        auto const real = "/tmp/bt_u" + std::to_string(getuid());
        if (access(real.c_str(), R_OK) == 0) GTEST_SKIP() << "there is a token in " << real << ", which goes before any login";
        state = f->dir() + "/state-" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    }
    void TearDown() override {
        if (!f) return;
        for (auto const& who : {"flora", "ada", "sam"})
            if (auto const kept = login_of(who)) f->in_use(kept->access), f->in_use(kept->refresh);
    }

    // The broker learns of the new issuer without a restart.
    static void trust() {
        auto const file = f->roles().path("broker.toml");
        auto text = read_file(file).value();
        text +=
            "\n[[issuer]]\nurl = \"" + kc->issuer() + "\"\nca = \"" + f->roles().path("ca.pem") +
            "\"\nalgorithms = [\"RS256\"]\ngroups_claim = \"groups\"\norg = \"flood-lab\"\nadmin_groups = [\"/fjord/admins\"]\n"
            "login_client_id = \"fjord-cli\"\n";
        ASSERT_TRUE(write_file_atomically(file, text));
        auto const ready = parse_json(read_file(f->roles().path("broker.ready")).value()).value();
        ASSERT_EQ(::kill(static_cast<pid_t>(ready.at("pid").as_int64()), SIGHUP), 0);
        auto offered = [] {
            auto const logins = f->call("GET", "/api/v1/logins", "");
            return json::serialize(logins).find("fjord-cli") != std::string::npos;
        };
        ASSERT_TRUE(federation_fixture::eventually(offered));
    }

    cli::environment env_of(std::string const& who) {
        return {{"XDG_STATE_HOME", state + "/" + who}, {"XDG_CONFIG_HOME", state}, {"XDG_RUNTIME_DIR", state}, {"OIDC_SOCK", ""}};
    }
    finished_command fjord(std::string const& who, std::vector<std::string> args) { return f->fjord("", args, env_of(who)); }

    std::optional<cli::login_record> login_of(std::string const& who) {
        auto const file = file_of(who);
        auto const text = file.empty() ? result<std::string>(fail(errc::not_found)) : read_file(file);
        if (!text) return std::nullopt;
        auto r = cli::parse_login(*text, file);
        EXPECT_TRUE(r) << r.error().message();
        return r ? std::optional(*r) : std::nullopt;
    }
    std::string file_of(std::string const& who) {
        std::error_code none;
        for (auto const& e : fs::directory_iterator(state + "/" + who + "/fjord/logins", none))
            if (e.path().extension() == ".json") return e.path().string();
        return {};
    }
    void rewrite(std::string const& who, cli::login_record const& r) {
        ASSERT_TRUE(write_file_atomically(file_of(who), cli::render_login(r).reveal(), 0600));
    }
    void make_due(std::string const& who) {
        auto r = *login_of(who);
        r.expires = system_clock().now() - seconds{1};
        rewrite(who, r);
    }

    // `fjord login` as a process of its own; the person is at a browser meanwhile. The exit code comes last.
    struct login_run {
        int exit_code = -1;
        std::string out, err, pages;
    };
    login_run log_in(std::string const& who, std::string const& decision = "allow", std::vector<std::string> more = {}) {
        fs::create_directories(state);
        auto const base = state + "/" + who;
        for (auto const* end : {".out", ".err", ".code"}) fs::remove(base + end);
        std::string line = std::string(FJORD_PROGRAM) + " login";
        for (auto const& a : more) line += " " + a;
        cli::command c{
            {"sh", "-c", line + " >" + base + ".out 2>" + base + ".err; echo $? >" + base + ".code"}, {}, false, base + ".sh"};
        c.env = f->roles().as("", {}).env;
        auto const env = env_of(who);
        c.env.insert(c.env.end(), env.begin(), env.end());
        auto started = cli::child_process::start(c);
        EXPECT_TRUE(started) << started.error().message();
        login_run run;
        std::string url;
        auto shown = [&] {
            auto const text = read_file(base + ".err");
            auto const at = text ? text->find("    https://") : std::string::npos;
            if (at != std::string::npos && text->find('\n', at) != std::string::npos)
                url = text->substr(at + 4, text->find('\n', at) - at - 4);
            return !url.empty() || read_file(base + ".code");
        };
        EXPECT_TRUE(federation_fixture::eventually(shown));
        if (!url.empty()) {
            auto const pages = cli::run_command({{"python3", FJORD_SOURCE_DIR "/tests/peers/device_login.py", url,
                                                  f->roles().path("ca.pem"), who, "pw-" + who, decision},
                                                 {},
                                                 false,
                                                 {}});
            EXPECT_TRUE(pages && pages->exit_code == 0) << (pages ? pages->err + pages->out : pages.error().message());
            if (pages) run.pages = pages->out;
        }
        auto done = [&] {
            auto const code = read_file(base + ".code");
            if (code && !code->empty()) run.exit_code = std::atoi(code->c_str());
            return run.exit_code >= 0;
        };
        EXPECT_TRUE(federation_fixture::eventually(done, std::chrono::seconds(60)));
        run.out = text_in(base + ".out");
        run.err = text_in(base + ".err");
        return run;
    }
    json::value whoami(std::string const& who) {
        auto const done = fjord(who, {"--json", "whoami"});
        EXPECT_EQ(done.exit_code, 0) << done.err;
        auto value = parse_json(done.out);
        return value ? *value : json::value(json::object{});
    }
    static unsigned status_with(secret const& token) { return f->http("GET", "/api/v1/sites", token).status; }

    std::string state;
    static inline federation_fixture* f = nullptr;
    static inline keycloak* kc = nullptr;
};

TEST_F(Login, APersonLogsInAndSeesTheirGroups) {
    auto const run = log_in("flora");
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.err, AllOf(HasSubstr(kc->issuer()), HasSubstr("/device?user_code="), HasSubstr("code")));
    EXPECT_THAT(run.out, AllOf(HasSubstr("Logged in at " + f->roles().broker_url()), HasSubstr("/twins/flood")));
    EXPECT_THAT(run.pages, HasSubstr("accept")) << "the person was asked";

    auto const who = whoami("flora");
    EXPECT_EQ(cli::member_text(who, "issuer"), kc->issuer());
    EXPECT_EQ(cli::member_text(who, "subject"), kc->user_id("flora"));
    EXPECT_EQ(cli::member_text(who, "org"), "flood-lab");
    EXPECT_EQ(cli::member_text(who, "groups"), R"(["/twins/flood"])");
    EXPECT_EQ(cli::member_text(who, "roles"), "[]");
    EXPECT_THAT(cli::member_text(who, "token_from"), StartsWith("login at " + kc->issuer()));
    auto const left = who.at("lifetime_s").to_number<int>();
    EXPECT_TRUE(left > 60 && left <= 300) << left;
    EXPECT_THAT(fjord("flora", {"whoami"}).out, AllOf(HasSubstr("token from"), HasSubstr("expires")));

    struct stat st {};
    ASSERT_EQ(::stat(file_of("flora").c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 0777, 0600u);
}

TEST_F(Login, GroupsDecideWhatTheyMay) {
    ASSERT_EQ(log_in("flora").exit_code, 0);
    ASSERT_EQ(log_in("ada").exit_code, 0);
    ASSERT_EQ(log_in("sam").exit_code, 0);
    auto const copy = state + "/scene.bin";
    auto const got = fjord("flora", {"get", "landsat-7/olinda/scene", copy});
    EXPECT_EQ(got.exit_code, 0) << got.err;
    EXPECT_EQ(text_in(copy), federation_fixture::bytes(5000));
    EXPECT_EQ(fjord("sam", {"get", "landsat-7/olinda/scene", state + "/none"}).exit_code, 3) << "it does not exist for sam";
    EXPECT_EQ(cli::member_text(whoami("ada"), "roles"), R"(["admin"])");
    EXPECT_EQ(fjord("ada", {"token", "keys"}).exit_code, 0);
    EXPECT_EQ(fjord("flora", {"token", "keys"}).exit_code, 4);
}

TEST_F(Login, ANoInTheBrowserIsANo) {
    auto const run = log_in("flora", "deny");
    EXPECT_EQ(run.exit_code, 4) << run.err;
    EXPECT_THAT(run.err, HasSubstr("refused in the browser"));
    EXPECT_EQ(file_of("flora"), "") << "nothing is kept";
    EXPECT_THAT(fjord("flora", {"whoami"}).out, HasSubstr("anonymous"));
}

TEST_F(Login, WhatCannotWorkIsSaidBeforeTheBrowser) {
    auto const stranger = log_in("flora", "allow", {"https://idp.example"});
    EXPECT_EQ(stranger.exit_code, 2);
    EXPECT_THAT(stranger.err, AllOf(HasSubstr("does not trust https://idp.example"), HasSubstr(kc->issuer())));
    auto const client = log_in("flora", "allow", {kc->issuer(), "--client-id", "nobody"});
    EXPECT_EQ(client.exit_code, 4);
    EXPECT_THAT(client.err, HasSubstr("invalid_client"));
    auto const no_flow = log_in("flora", "allow", {f->roles().issuer_url(), "--client-id", "x"});
    EXPECT_THAT(no_flow.err, HasSubstr("token_endpoint")) << "the development issuer logs nobody in";
    auto const no_broker = f->fjord("", {"login"}, {{"FJORD_BROKER", ""}, {"XDG_CONFIG_HOME", state}});
    EXPECT_EQ(no_broker.exit_code, 2);
    EXPECT_THAT(no_broker.err, HasSubstr("--broker"));
}

TEST_F(Login, CommandsRenewItOnceHoweverManyRun) {
    ASSERT_EQ(log_in("flora").exit_code, 0);
    auto const before = *login_of("flora");
    make_due("flora");
    std::vector<std::thread> side_by_side;
    std::atomic<int> done{0};
    for (int i = 0; i < 6; ++i) side_by_side.emplace_back([&] { done += fjord("flora", {"--json", "whoami"}).exit_code == 0; });
    for (auto& t : side_by_side) t.join();
    EXPECT_EQ(done, 6) << "this realm's refresh tokens are good once, so that a second use would have ended the login";
    auto const after = *login_of("flora");
    EXPECT_NE(after.access.reveal(), before.access.reveal());
    EXPECT_NE(after.refresh.reveal(), before.refresh.reveal());
    f->in_use(before.access);
    f->in_use(before.refresh);
}

TEST_F(Login, KeysOfTheIssuerRotateWhileTokensAreInUse) {
    ASSERT_EQ(log_in("flora").exit_code, 0);
    auto const old = login_of("flora")->access;
    ASSERT_EQ(status_with(old), 200u);
    kc->rotate_keys();
    make_due("flora");
    EXPECT_EQ(cli::member_text(whoami("flora"), "org"), "flood-lab") << "the new key is fetched when it is met";
    auto const fresh = login_of("flora")->access;
    EXPECT_NE(auth::parse_jwt(fresh.reveal())->kid, auth::parse_jwt(old.reveal())->kid);
    EXPECT_EQ(status_with(fresh), 200u);
    EXPECT_EQ(status_with(old), 200u) << "and the old one still counts";
    f->in_use(old);
}

TEST_F(Login, ARevokedTokenIsRefusedAtTheNextRequest) {
    ASSERT_EQ(log_in("flora").exit_code, 0);
    auto const token = login_of("flora")->access;
    EXPECT_EQ(fjord("flora", {"stat", "landsat-7"}).exit_code, 0);
    f->expect_ok("admin", {"token", "revoke", "--token", f->write("leaked.token", token.reveal()), "--reason", "test"});
    auto const refused = fjord("flora", {"stat", "landsat-7"});
    EXPECT_EQ(refused.exit_code, 4);
    EXPECT_THAT(refused.err, HasSubstr("revoked"));
    make_due("flora");
    EXPECT_EQ(fjord("flora", {"stat", "landsat-7"}).exit_code, 0) << "the person is still logged in, the token is not";
    f->in_use(token);
}

TEST_F(Login, WhenTheIssuerEndsItTheCommandSaysSo) {
    ASSERT_EQ(log_in("flora").exit_code, 0);
    // An offline session outlives a logout of the user, so the consent behind it is taken back.
    kc->admin("DELETE", "/twins/users/" + kc->user_id("flora") + "/consents/fjord-cli");
    kc->admin("POST", "/twins/users/" + kc->user_id("flora") + "/logout");
    make_due("flora");
    auto const ended = fjord("flora", {"ls"});
    EXPECT_EQ(ended.exit_code, 4) << ended.out;
    EXPECT_THAT(ended.err, AllOf(HasSubstr("has ended"), HasSubstr("Run: fjord login")));
}

TEST_F(Login, LogoutRevokesThere) {
    ASSERT_EQ(log_in("flora").exit_code, 0);
    auto const kept = *login_of("flora");
    auto const out = fjord("flora", {"logout"});
    EXPECT_EQ(out.exit_code, 0) << out.err;
    EXPECT_EQ(file_of("flora"), "");
    EXPECT_THAT(fjord("flora", {"whoami"}).out, HasSubstr("anonymous"));
    auto const again = kc->post_form(kc->endpoint("token"),
                                     "grant_type=refresh_token&client_id=fjord-cli&refresh_token=" + kept.refresh.reveal());
    EXPECT_EQ(again.status, 400u) << "the refresh token is dead at the issuer";
    EXPECT_EQ(fjord("flora", {"logout"}).exit_code, 0) << "once more does no harm";
    f->in_use(kept.refresh);
}

TEST_F(Login, ALogoutThatTheIssuerDoesNotHearOfIsNotOne) {
    ASSERT_EQ(log_in("flora").exit_code, 0);
    auto r = *login_of("flora");
    r.revocation_endpoint = "https://localhost:1/revoke";
    rewrite("flora", r);
    auto const out = fjord("flora", {"logout"});
    EXPECT_EQ(out.exit_code, 5);
    EXPECT_THAT(out.err, AllOf(HasSubstr("still logged in"), HasSubstr("--local")));
    EXPECT_NE(file_of("flora"), "");
    EXPECT_EQ(fjord("flora", {"logout", "--local"}).exit_code, 0);
    EXPECT_EQ(file_of("flora"), "");
}

// --- oidc-agent ---------------------------------------------------------------------------------------------------------------

TEST_F(Login, OidcAgentIsTakenWhenItHasAnAccount) {
    auto const there = cli::run_command({{"sh", "-c", "command -v oidc-agent oidc-gen"}, {}, false, {}});
    if (!there || there->exit_code != 0) GTEST_SKIP() << "oidc-agent is not installed (Debian: oidc-agent-cli)";
    ASSERT_EQ(log_in("flora").exit_code, 0);
    auto const seed = *login_of("flora");
    f->in_use(seed.refresh);
    auto const home = state + "/agent-home";
    fs::create_directories(home);
    // In the foreground it would want a terminal, so it is told apart by the pid it prints and ended below.
    auto run = [&](std::vector<std::string> argv, cli::environment env = {}) {
        env.push_back({"HOME", home});
        auto done = cli::run_command({std::move(argv), env, false, {}});
        EXPECT_TRUE(done);
        return done ? *done : finished_command{};
    };
    auto const started = run({"oidc-agent"}).out;
    auto value_of = [&](std::string const& name) {
        auto const at = started.find(name + "=");
        return at == std::string::npos ? std::string()
                                       : started.substr(at + name.size() + 1, started.find(';', at) - at - name.size() - 1);
    };
    auto const socket = value_of("OIDC_SOCK"), pid = value_of("OIDCD_PID");
    ASSERT_FALSE(socket.empty() || pid.empty()) << started;
    struct ender {
        pid_t pid;
        ~ender() { ::kill(pid, SIGTERM); }
    } const end{static_cast<pid_t>(std::atoi(pid.c_str()))};
    auto const made = run({"oidc-gen", "--prompt=none", "--confirm-yes", "--pw-cmd=echo pw", "--iss=" + kc->issuer(),
                           "--client-id=fjord-cli", "--client-secret=", "--scope=openid offline_access",
                           "--rt=" + seed.refresh.reveal(), "--flow=refresh", "--cp=" + f->roles().path("ca.pem"), "-m", "test"},
                          {{"OIDC_SOCK", socket}});
    ASSERT_EQ(made.exit_code, 0) << made.out << made.err;

    auto with_agent = [&](std::vector<std::string> args) {
        auto env = env_of("agent-user");
        env.push_back({"OIDC_SOCK", socket});
        return f->fjord("", std::move(args), env);
    };
    auto const in = with_agent({"login"});
    EXPECT_EQ(in.exit_code, 0) << in.err;
    EXPECT_THAT(in.out, HasSubstr("oidc-agent"));
    auto const kept = text_in(file_of("agent-user"));
    EXPECT_THAT(kept, Not(HasSubstr("eyJ"))) << "the tokens stay with the agent";
    auto const who = with_agent({"--json", "whoami"});
    EXPECT_EQ(who.exit_code, 0) << who.err;
    EXPECT_THAT(who.out, AllOf(HasSubstr("/twins/flood"), HasSubstr("oidc-agent, for " + kc->issuer())));
    EXPECT_EQ(with_agent({"logout"}).exit_code, 0);
    EXPECT_EQ(run({"oidc-add", "--loaded"}, {{"OIDC_SOCK", socket}}).exit_code, 0) << "the agent keeps its own";
}

}  // namespace
}  // namespace fjord::test
