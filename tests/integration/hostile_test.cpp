// Bad input to real servers: a clear error each, never a crash, nothing lost.
#include "tests/integration/fixture.hpp"

namespace fjord::test {
namespace {

class Hostile : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        f = new federation_fixture();
        f->up();
    }
    static void TearDownTestSuite() {
        delete f;
        f = nullptr;
    }
    void TearDown() override { EXPECT_TRUE(f->roles().all_running()) << "a role died"; }
    static inline federation_fixture* f = nullptr;
};

std::string detail(net::client_response const& r) {
    auto value = parse_json(r.body);
    return value ? cli::member_text(*value, "detail") : std::string();
}

struct bad_body {
    char const* name;
    std::string text;
    unsigned status;
};

TEST_F(Hostile, BadJsonIsRefusedWithTheReason) {
    std::string deep(200, '[');
    for (auto const& [name, text, status] : std::vector<bad_body>{{"truncated", R"({"uri": )", 400},
                                                                  {"duplicate key", R"({"uri": "a/b/c", "uri": "d/e/f"})", 400},
                                                                  {"deep nesting", R"({"uri": )" + deep, 400},
                                                                  {"invalid UTF-8", "{\"uri\": \"\xff\xfe\"}", 400},
                                                                  {"trailing bytes", R"({"uri": "a/b/c"} x)", 400},
                                                                  {"not an object", "[1]", 400},
                                                                  {"unknown member", R"({"uri": "a/b/c", "colour": 1})", 400},
                                                                  {"wrong type", R"({"uri": 7})", 400},
                                                                  {"dot segment", R"({"uri": "a/../c"})", 400}}) {
        auto const answer = f->http("POST", "/api/v1/resolve", f->token("twin"), text);
        EXPECT_TRUE(answer.status == status || answer.status == 413) << name << ": " << answer.status << " " << answer.body;
        EXPECT_FALSE(detail(answer).empty()) << name;
    }
    auto const unknown = f->http("POST", "/api/v1/resolve", f->token("twin"), R"({"uri": "a/b/c", "colour": 1})");
    EXPECT_NE(detail(unknown).find("colour"), std::string::npos) << "the member is named";
}

TEST_F(Hostile, OversizedBodiesAndHeadsHaveTheirOwnStatus) {
    auto const body = f->http("POST", "/api/v1/resolve", f->token("twin"), "{\"uri\": \"" + std::string(17u << 20, 'a') + "\"}");
    EXPECT_EQ(body.status, 413u);
    net::client_request r;
    r.url = f->roles().broker_url() + "/";
    r.headers.set("X-Padding", std::string(70'000, 'p'));
    EXPECT_EQ(f->http(r).status, 431u);
}

TEST_F(Hostile, PathTricksReachNothing) {
    for (auto const& url :
         {f->roles().broker_url() + "/data/", f->roles().site_url("site-a") + "/", f->roles().cache_url() + "/data/"}) {
        for (std::string const trick : {"..%2f..%2fetc/passwd", "%2e%2e/%2e%2e/etc/passwd", "a%2fb/c/d", "a%00b/c/d", "a%5cb/c/d",
                                        "a//b//c", "%c0%ae%c0%ae/etc"}) {
            auto const answer = f->http("GET", url + trick, f->token("admin"));
            EXPECT_TRUE(answer.status == 400 || answer.status == 401 || answer.status == 404)
                << url << trick << ": " << answer.status;
            EXPECT_EQ(answer.body.find("root:"), std::string::npos);
        }
    }
}

TEST_F(Hostile, BadRangesAreAnsweredByTheRules) {
    auto const file = f->write("ranges.bin", federation_fixture::bytes(1000));
    f->expect_ok("twin", {"put", file, "elevation/ranges/grid"});
    auto const resolved = f->call("POST", "/api/v1/resolve", "twin", R"({"uri": "elevation/ranges/grid", "site": "hpc"})");
    for (auto const& place : resolved.at("places").as_array()) {
        struct range_case {
            char const* field;
            unsigned status;
        };
        for (auto const& c : {range_case{"bytes=0-9", 206},
                              {"bytes=990-", 206},
                              {"bytes=-10", 206},
                              {"bytes=1000-", 416},
                              {"bytes=9-0", 200},
                              {"bytes=abc", 200},
                              {"bytes=0-99999999999999999999", 206},
                              {"lines=0-9", 200}}) {
            net::client_request r;
            r.url = cli::member_text(place, "url");
            r.bearer = secret(cli::member_text(place, "token"));
            r.headers.set("Range", c.field);
            auto const answer = f->http(r);
            EXPECT_TRUE(answer.status == c.status ||
                        (std::string_view(c.field).find("9999") != std::string_view::npos && answer.status == 200))
                << cli::member_text(place, "kind") << " " << c.field << ": " << answer.status;
        }
    }
}

TEST_F(Hostile, UnknownConfigurationKeysNameFileLineAndKey) {
    auto const file =
        f->write("typo.toml", "listen = [\"https://127.0.0.1:0\"]\ndata_dir = \"x\"\ntoken_lifetim = 5\nthreads = \"two\"\n");
    auto const done = f->fjord("", {"check-config", "broker", file});
    EXPECT_EQ(done.exit_code, 2) << done.err;
    EXPECT_NE(done.err.find("typo.toml:3"), std::string::npos) << done.err;
    EXPECT_NE(done.err.find("token_lifetim"), std::string::npos) << done.err;
    EXPECT_NE(done.err.find("typo.toml:4"), std::string::npos) << done.err;
}

TEST_F(Hostile, PlainListenerRefusesTokens) {
    auto env = f->roles().write_env({"x"});
    ASSERT_TRUE(env);
    auto const text = read_file(f->roles().path("env.json"));
    auto const cache_http = cli::member_text(*parse_json(*text), "cache_http");
    auto const done = cli::run_command({{"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                                         "Authorization: Bearer abc.def.ghi", cache_http + "/data/a/b/c"},
                                        {},
                                        false,
                                        {}});
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(done->out, "400");
}

TEST_F(Hostile, WrongUsageIsExplained) {
    EXPECT_EQ(f->fjord("", {"resolve"}).exit_code, 2);
    EXPECT_EQ(f->fjord("", {"no-such-command"}).exit_code, 2);
    auto const no_broker = f->fjord("", {"ls"}, {{"FJORD_BROKER", "https://localhost:1"}});
    EXPECT_EQ(no_broker.exit_code, 5) << no_broker.err;
    auto const help = f->fjord("", {"--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_NE(help.out.find("resolve"), std::string::npos);
}

TEST_F(Hostile, NoTokenReachesAnyMetric) {
    f->http("GET", "/data/elevation/ranges/grid?access_token=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", f->token("twin"));
    for (auto const& url : {f->roles().broker_url(), f->roles().cache_url(), f->roles().site_url("site-a")}) {
        auto const metrics = f->http("GET", url + "/metrics");
        EXPECT_EQ(metrics.status, 200u) << url;
        EXPECT_EQ(metrics.body.find("eyJ"), std::string::npos) << url;
    }
}

}  // namespace
}  // namespace fjord::test
