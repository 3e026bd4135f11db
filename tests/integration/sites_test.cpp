// Sites that are no doors, in a federation of real processes: an S3 bucket and an XRootD server reached by roots://.
#include "tests/conformance/s3_server.hpp"
#include "tests/integration/fixture.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace fjord::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

bool have_xrootd() {
    auto done = cli::run_command({{"sh", "-c", "command -v xrootd && ls /usr/lib/*/libXrdAccSciTokens-5.so"}, {}, false, {}});
    return done && done->exit_code == 0;
}

// The places of a dataset at one site.
std::vector<json::object> places_at(json::value const& resolved, std::string const& site) {
    std::vector<json::object> out;
    for (auto const& p : resolved.at("places").as_array())
        if (cli::member_text(p, "site") == site) out.push_back(p.as_object());
    return out;
}

std::vector<std::string> sites_of(federation_fixture& f, std::string const& uri) {
    std::vector<std::string> out;
    auto const answer = f.call("GET", "/api/v1/replicas?uri=" + uri, "twin");
    for (auto const& r : answer.at("replicas").as_array())
        if (cli::member_text(r, "state") == "available") out.push_back(cli::member_text(r, "site"));
    return out;
}

class S3Site : public ::testing::Test {
protected:
    void SetUp() override {
        if (auto const why = s3_server::missing(); !why.empty()) GTEST_SKIP() << why;
        f.up();
        s3 = std::make_unique<s3_server>(
            test_tls{f.roles().path("ca.pem"), f.roles().path("host.pem"), f.roles().path("host.key")});
        f.roles().stop_role("broker");
        std::ofstream(f.roles().path("broker.toml"), std::ios::app)
            << "\n[[s3_credentials]]\nsite = \"bucket\"\nfile = \"" << s3->credentials_file() << "\"\n";
        ASSERT_TRUE(f.roles().restart("broker"));
        f.must("admin", {"site", "add", "bucket", "--kind", "s3", "--url", s3->options(false).url + "/eo", "--jurisdiction", "DE",
                         "--attribute", "country=DE"});
    }

    federation_fixture f;
    std::unique_ptr<s3_server> s3;
};

TEST_F(S3Site, HoldsDataThatIsReadCopiedAndDeleted) {
    auto const content = federation_fixture::bytes(3'000'000, 11);
    f.expect_ok("twin", {"put", f.write("scene", content), "landsat-7/bucket/band", "--at", "bucket"});
    EXPECT_THAT(sites_of(f, "landsat-7/bucket/band"), ::testing::ElementsAre("bucket"));

    // Whoever has the URL reads the object, and nothing else.
    auto const resolved = f.call("POST", "/api/v1/resolve", "twin", R"({"uri": "landsat-7/bucket/band"})");
    auto const places = places_at(resolved, "bucket");
    ASSERT_EQ(places.size(), 1u);
    auto const url = cli::member_text(places[0], "url");
    EXPECT_EQ(cli::member_text(places[0], "token"), "");
    EXPECT_THAT(url, HasSubstr("X-Amz-Signature="));
    auto const read = f.http("GET", url);
    EXPECT_EQ(read.status, 200u);
    EXPECT_EQ(read.body, content);
    auto other = url;
    other.replace(other.find("/eo/"), 4, "/eo/x");
    EXPECT_EQ(f.http("GET", other).status, 403u);
    auto const target = f.dir() + "/scene.out";
    f.expect_ok("twin", {"get", "landsat-7/bucket/band", target});
    EXPECT_EQ(*read_file(target), content);
    auto const redirect = f.http("GET", "/data/landsat-7/bucket/band", f.token("twin"));
    EXPECT_EQ(redirect.status, 307u);
    EXPECT_THAT(std::string(redirect.headers.get("Location")), HasSubstr("X-Amz-Signature="));
    for (auto const link : redirect.headers.all("Link"))
        EXPECT_EQ(link.find("X-Amz"), std::string_view::npos) << "a right is listed";

    // A cache fills itself from the bucket.
    f.fjord("twin", {"get", "landsat-7/bucket/band", target + "2"}, {{"FJORD_SITE", "hpc"}});
    EXPECT_EQ(*read_file(target + "2"), content);
    auto const cached = f.http("GET", f.roles().cache_url() + "/data/landsat-7/bucket/band", f.token("twin"));
    EXPECT_EQ(cached.status, 200u) << cached.body;
    EXPECT_EQ(cached.body, content);

    // A door pulls its copy from a presigned URL and verifies it.
    auto const rule = f.fjord("twin", {"rule", "add", "landsat-7/bucket", "--sites", "site-a", "--wait"});
    ASSERT_EQ(rule.exit_code, 0) << rule.err << rule.out;
    EXPECT_THAT(sites_of(f, "landsat-7/bucket/band"), ::testing::UnorderedElementsAre("bucket", "site-a"));

    auto const gone = f.http("DELETE", "/api/v1/replicas?uri=landsat-7/bucket/band&site=bucket", f.token("admin"));
    EXPECT_EQ(gone.status / 100, 2u) << gone.body;
    EXPECT_TRUE(f.eventually([&] { return sites_of(f, "landsat-7/bucket/band") == std::vector<std::string>{"site-a"}; }));
    EXPECT_EQ(f.http("GET", url).status, 404u);
}

TEST_F(S3Site, TakesExactlyThePromisedBytesAndOnlyOnce) {
    auto const content = federation_fixture::bytes(100'000, 12);
    json::object body{{"uri", "landsat-7/once/band"}, {"site", "bucket"}, {"size", content.size()}};
    body["digests"] = json::object{{"sha-256", sha256_of(content).hex()}};
    auto const reserved = f.call("POST", "/api/v1/uploads", "twin", json::serialize(body));
    auto const put = [&](std::string bytes, bool with_headers) {
        net::client_request r;
        r.method = "PUT";
        r.url = cli::member_text(reserved, "url");
        r.body = std::move(bytes);
        if (with_headers)
            for (auto const& h : reserved.at("headers").as_object()) r.headers.set(h.key(), std::string(h.value().as_string()));
        return f.http(std::move(r)).status;
    };
    EXPECT_EQ(put(content, false), 403u) << "the headers are part of the right";
    EXPECT_EQ(put("other bytes", true), 400u) << "the promised digest is checked by the bucket";
    EXPECT_EQ(put(content, true), 200u);
    EXPECT_EQ(put(content, true), 412u) << "a second time would be a replacement";
    auto const commit = "/api/v1/uploads/" + cli::member_text(reserved, "id") + "/commit";
    EXPECT_EQ(f.http("POST", commit, f.token("twin"), "{}").status, 201u);
}

TEST_F(S3Site, CannotBeCopiedToAndSaysSo) {
    f.expect_ok("twin", {"put", f.write("f", "content"), "landsat-7/no-way/band", "--at", "site-a"});
    auto const plan =
        f.call("POST", "/api/v1/rules/plan", "twin", R"({"uri": "landsat-7/no-way", "sites": "bucket", "copies": 1})");
    EXPECT_THAT(json::serialize(plan), HasSubstr("cannot pull a copy"));
}

TEST_F(S3Site, WithoutCredentialsIsRefusedWhenItIsRegistered) {
    auto const done = f.fjord("admin", {"site", "add", "other", "--kind", "s3", "--url", s3->options(false).url});
    EXPECT_NE(done.exit_code, 0);
    EXPECT_THAT(done.err, AllOf(HasSubstr("s3_credentials"), HasSubstr("other")));
}

TEST_F(S3Site, SignaturesAndKeysReachNoLog) {
    auto const content = federation_fixture::bytes(50'000, 13);
    f.expect_ok("twin", {"put", f.write("s", content), "landsat-7/quiet/band", "--at", "bucket"});
    f.expect_ok("twin", {"rule", "add", "landsat-7/quiet", "--sites", "site-b", "--wait"});
    f.expect_ok("twin", {"get", "landsat-7/quiet/band", f.dir() + "/quiet.out"});
    for (std::string const role : {"broker", "site-a", "site-b", "cache"}) {
        auto const log = read_file(f.roles().path(role + ".log"), 1u << 30);
        ASSERT_TRUE(log);
        auto const at = log->find("X-Amz-Signature=");
        EXPECT_TRUE(at == std::string::npos || log->compare(at + 16, 9, "[removed]") == 0) << role << ": " << log->substr(at, 60);
        EXPECT_EQ(log->find("conformance-only-secret"), std::string::npos) << role;
    }
}

TEST(RootsSite, IsVerifiedByXrootdAndCopiedToByHttps) {
    if (!have_xrootd())
        GTEST_SKIP() << "needs Debian's xrootd-server, xrootd-plugins and xrootd-scitokens-plugins (deploy/install-deps --run)";
    federation_fixture f(true);
    f.up();
    auto const https = f.roles().site_url("site-a");
    auto const roots = "roots" + https.substr(5) + "//data/native";
    auto const add = [&](std::string const& id, std::string const& url, std::vector<std::string> more) {
        std::vector<std::string> args{
            "site", "add", id, "--kind", "xrootd", "--url", url, "--jurisdiction", "DE", "--attribute", "token_base=/data"};
        args.insert(args.end(), more.begin(), more.end());
        return f.fjord("admin", args);
    };
    EXPECT_THAT(add("clear", "root://localhost:1//data", {}).err, HasSubstr("in the clear"));
    auto const added = add("native", roots, {"--attribute", "https_url=" + https + "/data/native"});
    ASSERT_EQ(added.exit_code, 0) << added.err;

    auto const content = federation_fixture::bytes(2'000'000, 14);
    f.expect_ok("twin", {"put", f.write("n", content), "landsat-7/native/band", "--at", "native"});
    f.expect_ok("twin", {"get", "landsat-7/native/band", f.dir() + "/n.out"});
    EXPECT_EQ(*read_file(f.dir() + "/n.out"), content);
    // A copy comes by HTTP-TPC from the other server, is verified and named by XRootD's protocol.
    f.expect_ok("twin", {"put", f.write("m", content), "landsat-7/moved/band", "--at", "site-b"});
    auto const rule = f.fjord("twin", {"rule", "add", "landsat-7/moved", "--sites", "native", "--wait"});
    ASSERT_EQ(rule.exit_code, 0) << rule.err << rule.out;
    EXPECT_THAT(sites_of(f, "landsat-7/moved/band"), ::testing::UnorderedElementsAre("native", "site-b"));
    auto const gone = f.http("DELETE", "/api/v1/replicas?uri=landsat-7/moved/band&site=site-b", f.token("admin"));
    EXPECT_EQ(gone.status / 100, 2u) << gone.body;

    // Without https_url there is a roots:// place, which clients of http are not sent to.
    auto const bare = add("bare", "roots" + https.substr(5) + "//data/bare", {});
    ASSERT_EQ(bare.exit_code, 0) << bare.err;
    auto const put = f.fjord("twin", {"put", f.dir() + "/n.out", "landsat-7/bare/band", "--at", "bare"});
    EXPECT_NE(put.exit_code, 0);
    EXPECT_THAT(put.err, HasSubstr("https_url"));
}

}  // namespace
}  // namespace fjord::test
