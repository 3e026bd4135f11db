// Two real XRootD 5.5.3 servers as sites: ingest, replicate between them by HTTP-TPC, resolve, read.
#include "tests/integration/fixture.hpp"

namespace fjord::test {
namespace {

bool have_xrootd() {
    auto done = cli::run_command({{"sh", "-c", "command -v xrootd && ls /usr/lib/*/libXrdAccSciTokens-5.so"}, {}, false, {}});
    return done && done->exit_code == 0;
}

TEST(XRootD, IngestReplicateResolveRead) {
    if (!have_xrootd())
        GTEST_SKIP() << "needs Debian's xrootd-server, xrootd-plugins and xrootd-scitokens-plugins (deploy/install-deps --run)";
    federation_fixture f(true);
    f.up();
    auto const content = federation_fixture::bytes(5'000'000, 3);
    auto const file = f.write("scene", content);
    f.expect_ok("twin", {"put", file, "landsat-7/xrootd/band", "--at", "site-a"});
    auto const rule = f.fjord("twin", {"rule", "add", "landsat-7/xrootd", "--sites", "tier=1", "--copies", "2", "--wait"});
    ASSERT_EQ(rule.exit_code, 0) << rule.err << rule.out;
    auto const replicas = f.call("GET", "/api/v1/replicas?uri=landsat-7/xrootd/band", "twin").at("replicas").as_array();
    ASSERT_EQ(replicas.size(), 2u);
    for (auto const& r : replicas)
        EXPECT_TRUE(cli::member_text(r, "path").starts_with("fed/")) << "hashed names, so that no scope is a prefix of another";
    // Each site's own copy, read directly with the token that resolve gave.
    auto const resolved = f.call("POST", "/api/v1/resolve", "twin", R"({"uri": "landsat-7/xrootd/band"})");
    std::size_t sites = 0;
    for (auto const& place : resolved.at("places").as_array()) {
        if (cli::member_text(place, "kind") != "site") continue;
        auto const answer = f.http("GET", cli::member_text(place, "url"), secret(cli::member_text(place, "token")));
        EXPECT_EQ(answer.status, 200u) << cli::member_text(place, "url");
        EXPECT_EQ(answer.body, content);
        ++sites;
    }
    EXPECT_EQ(sites, 2u);
    // Through the cache, and from the other site when one is gone.
    f.roles().stop_role("site-a");
    auto const target = f.dir() + "/scene.out";
    auto const got = f.fjord("twin", {"get", "landsat-7/xrootd/band", target}, {{"FJORD_SITE", "hpc"}});
    EXPECT_EQ(got.exit_code, 0) << got.err;
    EXPECT_EQ(*read_file(target), content);
}

}  // namespace
}  // namespace fjord::test
