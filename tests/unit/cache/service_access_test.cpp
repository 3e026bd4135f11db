// Who may read, what an event changes, and what an administrator can do.
#include "cache/follower.hpp"
#include "world.hpp"

namespace fjord::cache::test {
namespace {

using testing::HasSubstr;

TEST(ServiceAccess, WithoutATokenTheAnswerIs401WithAChallenge) {
    world w;
    w.source.put("c/i/a", "x");
    auto got = w.send("GET", "/data/c/i/a", "");
    EXPECT_EQ(got.status(), 401u);
    EXPECT_THAT(got.header("WWW-Authenticate"), HasSubstr("storage.read:/data/c/i/a"));
    EXPECT_EQ(w.source.asked, 0);
}

TEST(ServiceAccess, AMintedTokenDecidesOnTheSpotAndForItsPathOnly) {
    world w;
    w.source.put("c/i/a", "hello");
    w.source.put("c/i/ab", "other");
    EXPECT_EQ(w.send("GET", "/data/c/i/a", w.token_for("c/i/a")).body(), "hello");
    EXPECT_EQ(w.send("GET", "/data/c/i/ab", w.token_for("c/i/a")).status(), 403u);
    EXPECT_EQ(w.source.asked, 0) << "the broker is not asked about its own tokens";
    EXPECT_EQ(w.send("GET", "/data/c/i/a?ticket=" + w.token_for("c/i/a"), "").body(), "hello");
    EXPECT_EQ(w.send("GET", "/data/c/i/a?ticket=nonsense", "").status(), 401u);
}

TEST(ServiceAccess, AnExpiredTokenIsRefusedAlsoOnAHit) {
    world w;
    w.source.put("c/i/a", "hello");
    auto token = w.token_for("c/i/a");
    EXPECT_EQ(w.send("GET", "/data/c/i/a", token).status(), 200u);
    w.time.advance(seconds(601));
    EXPECT_EQ(w.send("GET", "/data/c/i/a", token).status(), 401u);
}

TEST(ServiceAccess, OtherTokensAreShownToTheSourceAndItsAnswerIsRemembered) {
    world w;
    w.source.put("c/i/a", "hello");
    w.source.readers = {"anna"};
    auto anna = w.person("anna");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(w.send("GET", "/data/c/i/a", anna).status(), 200u);
    EXPECT_EQ(w.source.asked, 1);
    EXPECT_EQ(w.source.last_token, anna) << "it is the caller's own token";
    auto eve = w.person("eve");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(w.send("GET", "/data/c/i/a", eve).status(), 403u);
    EXPECT_EQ(w.source.asked, 2);
    w.source.hidden = {"c/i/a"};
    EXPECT_EQ(w.send("GET", "/data/c/i/a", w.person("bob")).status(), 404u) << "hidden reads as absent";
}

TEST(ServiceAccess, ARememberedPermissionIsNotProlongedByUse) {
    world w;
    w.source.put("c/i/a", "hello");
    w.source.readers = {"anna"};
    auto anna = w.person("anna");
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(w.send("GET", "/data/c/i/a", anna).status(), 200u);
        w.time.advance(seconds(70));
        if (i == 0) w.source.readers.clear();
    }
    EXPECT_EQ(w.send("GET", "/data/c/i/a", anna).status(), 403u) << "five minutes after it was learnt, however often it was used";
}

TEST(ServiceAccess, AChangedPolicyIsAskedAboutAtOnce) {
    world w;
    w.source.put("c/i/a", "hello");
    w.source.readers = {"anna"};
    auto anna = w.person("anna");
    EXPECT_EQ(w.send("GET", "/data/c/i/a", anna).status(), 200u);
    w.source.readers.clear();
    apply_event({"org.fjord.policy.changed", "{}", "1"}, *w.cache);
    EXPECT_EQ(w.send("GET", "/data/c/i/a", anna).status(), 403u);
}

TEST(ServiceAccess, ANewVersionIsServedFromItsEventOn) {
    world w;
    w.source.put("c/i/a", "old content");
    w.cache->set_following(true);
    EXPECT_EQ(w.get("c/i/a").body(), "old content");
    auto const& fresh = w.source.put("c/i/a", "new content");
    EXPECT_EQ(w.get("c/i/a").body(), "old content") << "nothing was said yet";
    auto version = sha256_of(fresh).text();
    apply_event({"org.fjord.asset.version", R"({"subject":"/c/i/a","data":{"version":")" + version + "\"}}", "2"}, *w.cache);
    auto got = w.get("c/i/a");
    EXPECT_EQ(got.body(), "new content");
    EXPECT_EQ(got.header("ETag"), "\"" + sha256_of(fresh).hex() + "\"");
}

TEST(ServiceAccess, ADeletedItemIsGoneEvenWhenTheBrokerCannotBeAsked) {
    world w;
    w.source.put("c/i/a", "hello");
    EXPECT_EQ(w.get("c/i/a").status(), 200u);
    apply_event({"org.fjord.item.deleted", R"({"subject":"c/i"})", "3"}, *w.cache);
    w.source.unreachable = true;
    EXPECT_EQ(w.get("c/i/a").status(), 503u);
}

TEST(ServiceAccess, WithoutTheBrokerWhatIsHereIsServedAndSaidSo) {
    world w;
    auto const& content = w.source.put("c/i/a", random_bytes(300'000, 1));
    ASSERT_TRUE(w.get("c/i/a").body() == content);
    w.source.unreachable = true;
    w.time.advance(seconds(120));
    auto got = w.get("c/i/a");
    EXPECT_TRUE(got.body() == content);
    EXPECT_THAT(got.header("Cache-Status"), HasSubstr("fjord; hit; detail=\"the broker cannot be asked"));
    w.restart();
    EXPECT_TRUE(w.get("c/i/a").body() == content) << "also after a restart";
    EXPECT_EQ(w.get("c/i/unknown").status(), 503u);
    EXPECT_EQ(w.send("GET", "/data/c/i/a", w.person("anna")).status(), 503u) << "people's tokens cannot be decided here";
}

TEST(ServiceAccess, AdministrationNeedsTheAdminRole) {
    world w;
    for (auto path : {"/api/v1/stats", "/api/v1/entries?path=c/i/a"}) {
        EXPECT_EQ(w.send("GET", path, "").status(), 401u) << path;
        EXPECT_EQ(w.send("GET", path, w.person("anna")).status(), 403u) << path;
    }
    EXPECT_EQ(w.send("POST", "/api/v1/purge", w.person("anna"), {}, "{}").status(), 403u);
}

TEST(ServiceAccess, PurgeAnswersWithExactCountsAndTheNextReadIsAMiss) {
    world w;
    auto admin = w.person("root", {"/admins"});
    auto const& a = w.source.put("c/i/a", random_bytes(100'000, 2));
    w.source.put("c/i/b", random_bytes(5000, 3));
    for (auto path : {"c/i/a", "c/i/b", "c/i/b", "c/i/b"}) w.get(path);
    auto entries = w.send("GET", "/api/v1/entries?path=c/i/a", admin);
    EXPECT_THAT(entries.body(), HasSubstr(R"("size":100000)"));
    EXPECT_THAT(entries.body(), HasSubstr(R"("verified":true)"));
    auto by_digest = w.send("POST", "/api/v1/purge", admin, {}, R"({"digest":")" + sha256_of(a).text() + "\"}");
    EXPECT_EQ(by_digest.body(), R"({"objects":1,"bytes":100000})");
    EXPECT_EQ(w.send("POST", "/api/v1/purge", admin, {}, R"({"collection":"c"})").body(), R"({"objects":1,"bytes":5000})");
    EXPECT_EQ(w.send("POST", "/api/v1/purge", admin, {}, R"({"collection":"c"})").body(), R"({"objects":0,"bytes":0})");
    EXPECT_EQ(w.get("c/i/b").header("Cache-Status"), "fjord; fwd=miss; stored");
    EXPECT_EQ(w.send("POST", "/api/v1/purge", admin, {}, R"({"uri":"c/i/a","prefix":"c"})").status(), 400u);
    EXPECT_EQ(w.send("POST", "/api/v1/purge", admin, {}, R"({"everything":true})").status(), 400u);
}

TEST(ServiceAccess, WarmFillsWithoutAReader) {
    world w;
    auto admin = w.person("root", {"/admins"});
    auto const& content = w.source.put("c/i/a", random_bytes(3u << 20, 4));
    EXPECT_EQ(w.send("POST", "/api/v1/warm", admin, {}, R"({"uri":"c/i/a"})").status(), 202u);
    for (int i = 0; i < 500 && w.cache->stats().tasks > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(w.source.served(), content.size());
    EXPECT_EQ(w.cache->stats().hits + w.cache->stats().misses, 0u) << "warming is neither";
    EXPECT_EQ(w.get("c/i/a").header("Cache-Status"), "fjord; hit");
}

}  // namespace
}  // namespace fjord::cache::test
