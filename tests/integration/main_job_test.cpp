// The main job over real processes: put, search, replicate, resolve, read, refuse, survive the loss of a site.
#include "tests/integration/fixture.hpp"

namespace fjord::test {
namespace {

class MainJob : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        f = new federation_fixture();
        f->up();
    }
    static void TearDownTestSuite() {
        delete f;
        f = nullptr;
    }
    static inline federation_fixture* f = nullptr;

    std::string put(std::string const& uri, std::string const& content, std::vector<std::string> more = {}) {
        auto const file = f->write(std::to_string(std::hash<std::string>{}(uri)) + ".bin", content);
        std::vector<std::string> args{"put", file, uri};
        args.insert(args.end(), more.begin(), more.end());
        f->expect_ok("twin", args);
        return file;
    }
};

TEST_F(MainJob, PutGetGivesTheSameBytes) {
    auto const content = federation_fixture::bytes(3 << 20);
    put("landsat-7/put-get/band", content);
    auto const target = f->dir() + "/put-get.out";
    f->expect_ok("twin", {"get", "landsat-7/put-get/band", target});
    EXPECT_EQ(*read_file(target), content);
}

TEST_F(MainJob, PlainCurlUploadIsRegisteredBeforeItIsAcknowledged) {
    auto const content = federation_fixture::bytes(100'000, 7);
    auto const file = f->write("curl-put.bin", content);
    auto const done = cli::run_command({{"curl", "-sS", "--location", "--cacert", f->roles().path("ca.pem"), "-H",
                                         "Authorization: Bearer " + f->token("twin").reveal(), "-T", file, "-w", "%{http_code}",
                                         f->roles().broker_url() + "/data/landsat-7/curl-put/band"},
                                        {},
                                        false,
                                        {}});
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_TRUE(done->out.ends_with("201")) << done->out << done->err;
    auto const resolved = f->call("POST", "/api/v1/resolve", "twin", R"({"uri": "landsat-7/curl-put/band"})");
    EXPECT_EQ(cli::member_text(resolved.at("digests"), "sha-256"), sha256_of(content).hex());
    auto const item = f->http("GET", "/collections/landsat-7/items/curl-put", f->token("twin"));
    EXPECT_EQ(item.status, 200u);
}

TEST_F(MainJob, RuleBringsASecondVerifiedCopy) {
    put("landsat-7/two-copies/band", federation_fixture::bytes(500'000, 2), {"--at", "site-a"});
    auto const done =
        f->fjord("twin", {"--json", "rule", "add", "landsat-7/two-copies", "--sites", "tier=1", "--copies", "2", "--wait"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    auto const replicas = f->call("GET", "/api/v1/replicas?uri=landsat-7/two-copies/band", "twin").at("replicas").as_array();
    ASSERT_EQ(replicas.size(), 2u);
    for (auto const& r : replicas) {
        EXPECT_EQ(cli::member_text(r, "state"), "available");
        EXPECT_FALSE(cli::member_text(r, "verified_at").empty());
        EXPECT_EQ(cli::member_text(r, "size"), "500000");
    }
}

TEST_F(MainJob, RuleOverForbiddenJurisdictionIsImpossibleWithWitness) {
    f->expect_ok("admin",
                 {"site", "add", "site-us", "--url", "https://localhost:1/x", "--jurisdiction", "US", "--attribute", "tier=9"});
    put("precipitation/here/grid", federation_fixture::bytes(1000, 3), {"--at", "site-a"});
    auto const plan =
        f->call("POST", "/api/v1/rules/plan", "twin", R"({"uri": "precipitation/here", "sites": "tier=9", "copies": 1})");
    EXPECT_EQ(cli::member_text(plan, "impossible"), "1");
    EXPECT_NE(cli::member_text(plan, "reason").find("US"), std::string::npos) << cli::member_text(plan, "reason");
}

TEST_F(MainJob, TwinBesideTheCacheReadsThroughItAndTheSecondReadHits) {
    auto const content = federation_fixture::bytes(1'000'003, 4);
    put("landsat-7/cached/band", content);
    auto const resolved = f->call("POST", "/api/v1/resolve", "twin", R"({"uri": "landsat-7/cached/band", "site": "hpc"})");
    auto const& best = resolved.at("places").as_array().at(0);
    ASSERT_EQ(cli::member_text(best, "kind"), "cache");
    secret const token(cli::member_text(best, "token"));
    auto const first = f->http("GET", cli::member_text(best, "url"), token);
    EXPECT_EQ(first.status, 200u) << first.body.substr(0, 300);
    EXPECT_EQ(first.body, content);
    EXPECT_NE(first.headers.get("Cache-Status").find("fwd=miss"), std::string_view::npos) << first.headers.get("Cache-Status");
    auto const second = f->http("GET", cli::member_text(best, "url"), token);
    EXPECT_EQ(second.body, content);
    EXPECT_NE(second.headers.get("Cache-Status").find("hit"), std::string_view::npos) << second.headers.get("Cache-Status");
}

TEST_F(MainJob, NewVersionIsServedAndTheOldOneStaysAddressable) {
    auto const before = federation_fixture::bytes(70'000, 5), after = federation_fixture::bytes(80'000, 6);
    put("landsat-7/versions/band", before);
    auto const old = "sha-256:" + sha256_of(before).hex();
    put("landsat-7/versions/band", after);
    auto const now = f->dir() + "/now.bin", then = f->dir() + "/then.bin";
    f->expect_ok("twin", {"get", "landsat-7/versions/band", now});
    f->expect_ok("twin", {"get", "landsat-7/versions/band?version=" + old, then});
    EXPECT_EQ(*read_file(now), after);
    EXPECT_EQ(*read_file(then), before);
}

TEST_F(MainJob, WhoMayOnlyCreateCannotReplace) {
    auto const rules =
        R"([{"id":"partners-add","effect":"permit","actions":["create"],"select":{"collection":"elevation"},"when":[{"subject.groups":{"contains_any":["/partners/hydrology"]}}]}])";
    f->expect_ok("admin", {"policy", "set", "partners-add", f->write("partners-add.json", rules)});
    f->expect_ok("partner", {"put", f->write("one.bin", federation_fixture::bytes(10, 14)), "elevation/added/grid"});
    auto const second =
        f->fjord("partner", {"put", f->write("two.bin", federation_fixture::bytes(10, 15)), "elevation/added/grid"});
    EXPECT_EQ(second.exit_code, 4) << second.err;
}

TEST_F(MainJob, EveryRefusalHasTheRightStatusAndAReason) {
    put("landsat-7/refused/band", federation_fixture::bytes(10, 8));
    auto const url = std::string("/data/landsat-7/refused/band");
    auto const none = f->http("GET", url);
    EXPECT_EQ(none.status, 401u);
    EXPECT_EQ(none.headers.get("WWW-Authenticate").find("error="), std::string_view::npos);
    auto const expired = f->http("GET", url, f->roles().mint("flood-twin", {"/twins/flood"}, "twin-lab", -10));
    EXPECT_EQ(expired.status, 401u);
    EXPECT_NE(expired.headers.get("WWW-Authenticate").find("invalid_token"), std::string_view::npos);
    auto const partner = f->http("GET", url, f->token("partner"));
    EXPECT_EQ(partner.status, 403u);
    EXPECT_NE(partner.body.find("decision_id"), std::string::npos);
    auto const in_url = f->http("GET", url + "?access_token=abc");
    EXPECT_EQ(in_url.status, 400u);
    EXPECT_EQ(f->fjord("partner", {"get", "landsat-7/refused/band"}).exit_code, 4);
    EXPECT_EQ(f->fjord("twin", {"get", "landsat-7/absent/band"}).exit_code, 3);
}

TEST_F(MainJob, HiddenAndAbsentAnswerAlikeToAStranger) {
    put("landsat-7/hidden/band", federation_fixture::bytes(10, 9));
    for (std::string const what : {"/data/", "/api/v1/replicas?uri="}) {
        auto ask = [&](std::string const& uri) {
            net::client_request r;
            r.url = f->roles().broker_url() + what + uri;
            r.bearer = f->token("stranger");
            r.headers.set("X-Request-Id", "same");  // the one thing that names the request in the answer
            return f->http(r);
        };
        auto const hidden = ask("landsat-7/hidden/band");
        auto const absent = ask("nothing-here/hidden/band");
        EXPECT_EQ(hidden.status, 404u) << what;
        EXPECT_EQ(absent.status, 404u) << what;
        EXPECT_EQ(hidden.body, absent.body) << what;
    }
}

TEST_F(MainJob, EmbargoedDataOpensForNobodyOutsideTheGroup) {
    put("climate/embargoed/grid", federation_fixture::bytes(10, 10));
    EXPECT_EQ(f->http("GET", "/data/climate/embargoed/grid", f->token("partner")).status, 403u);
    EXPECT_EQ(f->http("GET", "/data/climate/embargoed/grid", f->token("twin")).status, 307u);
}

TEST_F(MainJob, EventsTellWhatHappenedAndResume) {
    auto const before = f->call("GET", "/api/v1/events?since=0", "admin");
    auto const mark = cli::member_text(before, "next");
    put("elevation/events/grid", federation_fixture::bytes(10, 11));
    auto const after = f->call("GET", "/api/v1/events?since=" + mark, "admin");
    std::string types;
    for (auto const& e : after.at("events").as_array()) types += cli::member_text(e, "type") + " ";
    for (auto const* type : {"org.fjord.item.created", "org.fjord.asset.version", "org.fjord.replica.available"})
        EXPECT_NE(types.find(type), std::string::npos) << types;
}

TEST_F(MainJob, MetalinkListsEveryPlaceWithDigests) {
    put("elevation/metalink/grid", federation_fixture::bytes(10, 12));
    net::client_request r;
    r.url = f->roles().broker_url() + "/data/elevation/metalink/grid";
    r.headers.set("Accept", "application/metalink4+xml");
    auto const answer = f->http(r);
    EXPECT_EQ(answer.status, 200u);
    EXPECT_NE(answer.body.find("<hash type=\"sha-256\">"), std::string::npos);
    EXPECT_NE(answer.body.find("<url location=\"site-a\""), std::string::npos);
    EXPECT_EQ(answer.body.find("ticket="), std::string::npos) << "a credential must not be listed";
}

TEST_F(MainJob, LossOfASiteIsSurvived) {
    auto const content = federation_fixture::bytes(2 << 20, 13);
    put("landsat-7/survive/band", content, {"--at", "site-a"});
    ASSERT_EQ(f->fjord("twin", {"rule", "add", "landsat-7/survive", "--sites", "tier=1", "--copies", "2", "--wait"}).exit_code,
              0);
    f->roles().stop_role("site-a");
    auto const target = f->dir() + "/survive.out";
    f->expect_ok("twin", {"get", "landsat-7/survive/band", target});
    EXPECT_EQ(*read_file(target), content);
    ASSERT_TRUE(f->roles().restart("site-a"));
}

}  // namespace
}  // namespace fjord::test
