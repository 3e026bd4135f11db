// `fjord serve site` in mapped mode, as an HPC centre runs it: a real process, started as root, that acts as accounts of this
// machine. The accounts are those of every Debian; nothing is added to the user database.
#include "auth/auth.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "cli/client_context.hpp"
#include "cli/demo/process.hpp"
#include "cli/output.hpp"
#include "net/runtime.hpp"
#include "net/server.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_tls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace fjord::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char const* issuer_url = "https://issuer.test";
constexpr char const* audience = "https://door.test";

std::optional<passwd> account_of(char const* name) {
    auto const* found = ::getpwnam(name);
    return found ? std::optional(*found) : std::nullopt;
}

class MappedSite : public ::testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "a door that acts as other accounts is started as root";
        for (auto const* name : {"www-data", "games", "nobody"})
            if (!account_of(name)) GTEST_SKIP() << "this machine has no account " << name;
        ::chmod(dir.str().c_str(), 0755);
        tls = make_test_tls(dir.str());
        minter = std::make_unique<auth::minter>(auth::minter::open(issuer_url, dir.path("issuer.pem"), system_clock()).value());
        dir.write("jwks.json", minter->jwks());
        dir.write("map", "# people\nwww-data https://issuer.test anna\nroot https://issuer.test mallory\n");
        dir.write("alise.key", "the-key\n");
        make("root", 0, 0, 0755);
        make("root/anna", www.pw_uid, www.pw_gid, 0700);
        make("root/ben", games.pw_uid, games.pw_gid, 0700);
        start_alise();
        cli::global_options o;
        o.ca = tls.ca;
        client = std::make_unique<cli::client_context>(o, secret());
    }
    void TearDown() override {
        door = {};
        client.reset();
        if (alise) alise->stop(milliseconds{50});
        runtime.stop();
    }

    // An account linking service: knows carl, and has trouble with dora.
    void start_alise() {
        routes.add("GET", "/{path...}", [](net::request& req) { return link(req); });
        net::server_options o{.listen = {"https://127.0.0.1:0"}, .tls = {tls.certificate, tls.key}, .access_log = false};
        alise = std::make_unique<net::http_server>(runtime, std::move(o), routes, metrics, system_clock());
        alise->start().value();
        runtime.start();
    }
    static net::asio::awaitable<net::response> link(net::request& req) {
        bool const ours =
            req.raw_query == "apikey=the-key" && req.raw_path.starts_with("/api/v1/target/test-site/mapping/issuer/");
        if (!ours) co_return net::text_response(401, "");
        if (req.raw_path.ends_with("/user/dora")) co_return net::text_response(500, "");
        if (!req.raw_path.ends_with("/user/carl")) co_return net::text_response(404, "");
        co_return net::text_response(
            200, R"({"internal": {"username": "nobody"}, "external": [{"iss": "https://issuer.test", "sub": "carl"}]})",
            "application/json");
    }

    std::string config(std::string const& identity) const {
        return "listen = [\"https://127.0.0.1:0\"]\npublic_url = \"" + std::string(audience) + "\"\nroot = \"" +
               dir.path("root") + "\"\ndata_dir = \"" + dir.path("state") + "\"\nca = \"" + tls.ca + "\"\n[log]\nfile = \"" +
               dir.path("door.log") + "\"\n[tls]\ncertificate = \"" + tls.certificate + "\"\nkey = \"" + tls.key + "\"\n" +
               identity + "\n[[group_account]]\ngroup = \"/vo\"\naccount = \"games\"\n[[issuer]]\nurl = \"" + issuer_url +
               "\"\njwks_file = \"" + dir.path("jwks.json") + "\"\n";
    }
    std::string methods() const {
        return "[identity]\nmode = \"mapped\"\numask = \"0027\"\nmin_uid = 1\nmap_file = \"" + dir.path("map") +
               "\"\nalise_url = \"" + alise->endpoints().front().url + "\"\nalise_site = \"test-site\"\nalise_key_file = \"" +
               dir.path("alise.key") + "\"\n";
    }
    void serve() {
        ::mkdir(dir.path("state").c_str(), 0700);
        dir.write("door.toml", config(methods()));
        cli::command c{{FJORD_PROGRAM, "serve", "site", "--config", dir.path("door.toml"), "--ready-file", dir.path("ready")},
                       {},
                       false,
                       dir.path("door.out")};
        door = cli::child_process::start(c).value();
        for (int i = 0; i < 2000 && ::access(dir.path("ready").c_str(), R_OK) != 0; ++i) {
            ASSERT_TRUE(door.running()) << dir.read("door.out");
            std::this_thread::sleep_for(milliseconds{5});
        }
        auto const ready = parse_json(dir.read("ready")).value();
        url = std::string(ready.at("listen").at(0).as_string());
    }

    secret token(std::string subject, std::vector<std::string> groups = {}) const {
        auth::mint_request m;
        m.subject = std::move(subject);
        m.audience = {audience};
        m.scope = "storage.read:/ storage.modify:/";
        m.groups = std::move(groups);
        return minter->mint(m);
    }
    net::client_response ask(secret const& who, std::string method, std::string path, std::string body = {}) {
        net::client_request r;
        r.method = std::move(method);
        r.url = url + path;
        r.bearer = who;
        r.body = std::move(body);
        auto answer = client->send(std::move(r));
        EXPECT_TRUE(answer) << answer.error().message();
        return answer ? *answer : net::client_response{};
    }
    void make(std::string const& name, uid_t uid, gid_t gid, mode_t mode) const {
        ::mkdir(dir.path(name).c_str(), 0700);
        EXPECT_EQ(::chown(dir.path(name).c_str(), uid, gid), 0);
        EXPECT_EQ(::chmod(dir.path(name).c_str(), mode), 0);
    }
    struct stat facts(std::string const& name) const {
        struct stat st {};
        EXPECT_EQ(::lstat(dir.path("root/" + name).c_str(), &st), 0) << name;
        return st;
    }

    passwd const www = account_of("www-data").value_or(passwd{}), games = account_of("games").value_or(passwd{});
    temp_dir dir;
    test_tls tls;
    std::unique_ptr<auth::minter> minter;
    net::router routes;
    metrics_registry metrics;
    net::io_runtime runtime{1};
    std::unique_ptr<net::http_server> alise;
    std::unique_ptr<cli::client_context> client;
    cli::child_process door;
    std::string url;
};

TEST_F(MappedSite, FilesBelongToWhoeverTheyWereWrittenFor) {
    serve();
    auto const anna = token("anna"), ben = token("ben", {"/vo"}), carl = token("carl");
    EXPECT_EQ(ask(anna, "PUT", "/anna/x", "hers").status, 201u);
    EXPECT_EQ(facts("anna/x").st_uid, www.pw_uid);
    EXPECT_EQ(facts("anna/x").st_gid, www.pw_gid);
    EXPECT_EQ(facts("anna/x").st_mode & 0777, 0640u) << "by the umask of the configuration";
    EXPECT_EQ(ask(ben, "PUT", "/ben/x", "his").status, 201u) << "by his group";
    EXPECT_EQ(facts("ben/x").st_uid, games.pw_uid);
    EXPECT_EQ(ask(anna, "GET", "/anna/x").body, "hers");
    EXPECT_EQ(ask(ben, "GET", "/anna/x").status, 403u) << "a scope does not beat the file system";
    EXPECT_EQ(ask(ben, "PUT", "/anna/y", "no").status, 403u);
    EXPECT_EQ(ask(ben, "DELETE", "/anna/x").status, 403u);
    EXPECT_EQ(ask(carl, "GET", "/ben/x").status, 403u) << "nobody, by ALISE";
    EXPECT_EQ(ask(carl, "PUT", "/top", "no").status, 403u) << "the root is nobody's";
    make("root/open", 0, 0, 01777);
    EXPECT_EQ(ask(carl, "PUT", "/open/c", "1").status, 201u);
    EXPECT_EQ(facts("open/c").st_uid, account_of("nobody")->pw_uid);
}

TEST_F(MappedSite, WhoCannotBeMappedGetsNothing) {
    serve();
    make("root/open", 0, 0, 01777);
    EXPECT_EQ(ask(token("stranger"), "PUT", "/open/x", "1").status, 403u);
    EXPECT_EQ(ask(token("mallory"), "PUT", "/open/x", "1").status, 403u) << "the map says root, and nobody is ever root";
    auto const open_question = ask(token("dora", {"/vo"}), "PUT", "/open/x", "1");
    EXPECT_EQ(open_question.status, 503u) << "ALISE cannot tell, so the group's account will not do";
    EXPECT_EQ(open_question.headers.get("Retry-After"), "10");
    EXPECT_FALSE(std::filesystem::exists(dir.path("root/open/x")));
    auto const log = dir.read("door.log") + dir.read("door.out");
    EXPECT_THAT(log, HasSubstr("superuser"));
    EXPECT_THAT(log, Not(HasSubstr("the-key")));
}

TEST_F(MappedSite, InterleavedRequestsNeverActAsTheWrongOne) {
    serve();
    make("root/open", 0, 0, 01777);
    constexpr int each = 250;
    std::atomic<int> bad{0};
    auto write = [&](std::string const& who, secret const& as) {
        cli::global_options o;
        o.ca = tls.ca;
        cli::client_context own(o, secret());
        for (int i = 0; i < each; ++i) {
            net::client_request r;
            r.method = "PUT";
            r.url = url + "/open/" + who + std::to_string(i);
            r.bearer = as;
            r.body = who;
            auto answer = own.send(std::move(r));
            if (!answer || answer->status != 201) ++bad;
        }
    };
    std::thread first(write, "anna", token("anna")), second(write, "ben", token("ben", {"/vo"}));
    first.join();
    second.join();
    EXPECT_EQ(bad, 0);
    for (int i = 0; i < each; ++i) {
        ASSERT_EQ(facts("open/anna" + std::to_string(i)).st_uid, www.pw_uid) << i;
        ASSERT_EQ(facts("open/ben" + std::to_string(i)).st_uid, games.pw_uid) << i;
    }
}

TEST_F(MappedSite, TheProcessKeepsTwoCapabilitiesAndNoOther) {
    serve();
    std::size_t threads = 0;
    for (auto const& task : std::filesystem::directory_iterator("/proc/" + std::to_string(door.pid()) + "/task")) {
        auto const status = read_file(task.path().string() + "/status");
        if (!status) continue;  // a thread that has ended meanwhile
        ++threads;
        for (auto const* set : {"CapEff:\t00000000000000c0", "CapPrm:\t00000000000000c0", "CapInh:\t0000000000000000"})
            EXPECT_THAT(*status, HasSubstr(set)) << task.path();
        EXPECT_THAT(*status, HasSubstr("NoNewPrivs:\t1")) << task.path();
    }
    EXPECT_GT(threads, 2u);
}

TEST_F(MappedSite, WhoamiAtTheSiteNamesTheAccountAndThePaths) {
    serve();
    dir.write("anna.token", token("anna").reveal());
    auto const done = cli::run_command(
        {{FJORD_PROGRAM, "--ca", tls.ca, "--token-file", dir.path("anna.token"), "whoami", "--at", url}, {}, false, {}});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->exit_code, 0) << done->err;
    for (auto const* said : {"subject      anna\n", "account      www-data\n", "may          /: create modify read stat\n"})
        EXPECT_THAT(done->out, HasSubstr(said));
}

TEST_F(MappedSite, AnIncompleteConfigurationIsNamedBeforeAnythingIsServed) {
    auto start = [&](std::string const& identity) {
        auto text = config(identity);
        text.erase(text.find("[[group_account]]"), text.find("[[issuer]]") - text.find("[[group_account]]"));
        dir.write("bad.toml", text);
        auto done = cli::run_command({{FJORD_PROGRAM, "serve", "site", "--config", dir.path("bad.toml")}, {}, false, {}});
        EXPECT_TRUE(done && done->exit_code != 0);
        return done ? done->err : std::string();
    };
    EXPECT_THAT(start("[identity]\nmode = \"mapped\"\n"), HasSubstr("needs a method"));
    EXPECT_THAT(start("[identity]\nmode = \"mapped\"\nalise_url = \"https://a\"\n"), HasSubstr("identity.alise_site"));
    EXPECT_THAT(start("[identity]\nmode = \"mapped\"\nalise_url = \"http://a\"\n"), HasSubstr("https"));
    EXPECT_THAT(start("[identity]\nmode = \"mapped\"\nmap_file = \"" + dir.path("absent") + "\"\n"), HasSubstr("absent"));
    dir.write("twice", "games https://issuer.test a\nnobody https://issuer.test a\n");
    EXPECT_THAT(start("[identity]\nmode = \"mapped\"\nmap_file = \"" + dir.path("twice") + "\"\n"), HasSubstr("line 2"));
    EXPECT_THAT(start("[identity]\numask = \"29\"\n"), HasSubstr("umask"));
}

}  // namespace
}  // namespace fjord::test
