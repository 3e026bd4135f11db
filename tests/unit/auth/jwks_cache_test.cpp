// The WLCG system JWKS cache: its format, its places, and starts without network.
#include "auth/jwks_cache.hpp"

#include "base/pool.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/auth/support.hpp"

#include <boost/json/serialize.hpp>

#include <filesystem>

namespace fjord::auth::test {
namespace {

std::string entry_text(std::string const& issuer, std::int64_t expiration, std::string const& jwks, std::int64_t next = 0) {
    json::object entry{{"expiration", expiration}, {"jwks", parse_json(jwks).value()}};
    if (next) entry["next_update"] = next;
    json::object file;
    file[issuer] = entry;
    return json::serialize(file);
}

TEST(JwksCacheFormat, IsReadAsWritten) {
    auto const jwks = jwks_of({test_key::ec("k").jwk()});
    cached_jwks const entry{jwks, wall_time{seconds{2'000'000'000}}, wall_time{seconds{1'900'000'000}}};
    auto const back = find_cached_jwks(write_cached_jwks(issuer_url, entry), issuer_url);
    ASSERT_THAT(back, IsOk());
    EXPECT_EQ(parse_json(back->jwks).value(), parse_json(jwks).value());
    EXPECT_EQ(back->expiration, entry.expiration);
    EXPECT_EQ(back->next_update, entry.next_update);
}

TEST(JwksCacheFormat, OfSeveralObjectsTheLastEntryCounts) {
    auto const a = entry_text("https://a", 100, R"({"keys":[1]})"), b = entry_text("https://b", 200, R"({"keys":["}{\""]})"),
               newer = entry_text("https://a", 300, R"({"keys":[2]})");
    for (auto const& text : {a + b + newer, "\n" + a + "\n\n" + b + "\t" + newer + "\n"}) {
        auto const found = find_cached_jwks(text, "https://a");
        ASSERT_THAT(found, IsOk()) << text;
        EXPECT_EQ(found->jwks, R"({"keys":[2]})");
        EXPECT_EQ(found->expiration, wall_time{seconds{300}});
        EXPECT_FALSE(found->next_update);
        EXPECT_EQ(find_cached_jwks(text, "https://b")->jwks, R"({"keys":["}{\""]})");
        EXPECT_THAT(find_cached_jwks(text, "https://c"), HasErrc(fjord::errc::not_found));
        EXPECT_THAT(find_cached_jwks(text, "https://a/"), HasErrc(fjord::errc::not_found)) << "byte for byte";
    }
}

TEST(JwksCacheFormat, WhatIsNotTheFormatIsSaid) {
    for (auto text :
         {"[]", "{", "nonsense", R"({"https://a":7})", R"({"https://a":{"expiration":1}})", R"({"https://a":{"jwks":{}}})",
          R"({"https://a":{"expiration":"soon","jwks":{}}})", R"({"https://a":{"expiration":-1,"jwks":{}}})",
          R"({"https://a":{"expiration":1,"jwks":[]}})", R"({"b":{}}{"https://a)", R"({"b":{}}x)"})
        EXPECT_THAT(find_cached_jwks(text, "https://a"), HasErrc(fjord::errc::invalid_argument)) << text;
    EXPECT_THAT(find_cached_jwks("", "https://a"), HasErrc(fjord::errc::not_found));
}

TEST(JwksCacheFormat, FilesAreNamedByTheIssuersHash) {
    // printf https://issuer.example | sha256sum
    EXPECT_EQ(cached_jwks_name(issuer_url), "ffb55acfff1cbc1b78adb75565bb3ff6e96ee5b7830905fe7feadc7d97736da8");
}

class JwksCachePlaces : public ::testing::Test {
protected:
    wall_time const now{seconds{1000}};
    temp_dir dir;
    std::string const name = cached_jwks_name(issuer_url);
};

TEST_F(JwksCachePlaces, TheFirstWithAnEntryThatHasNotExpiredServes) {
    dir.write("first/" + name, entry_text(issuer_url, 999, R"({"keys":["expired"]})"));
    dir.write("broken.json", "{");
    dir.write("second.json", entry_text("https://else", 2000, "{}") + entry_text(issuer_url, 2000, R"({"keys":["second"]})"));
    dir.write("third/" + name, entry_text(issuer_url, 2000, R"({"keys":["third"]})"));
    jwks_cache const cache(
        "", {dir.path("absent"), dir.path("first"), dir.path("broken.json"), dir.path("second.json"), dir.path("third")});
    auto const found = cache.read(issuer_url, now);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->jwks, R"({"keys":["second"]})");
    EXPECT_FALSE(cache.read("https://nobody", now));
    EXPECT_FALSE(cache.read(issuer_url, now + seconds{1000}));
}

TEST_F(JwksCachePlaces, WhatWeWriteIsReadFirst) {
    dir.write("other/" + name, entry_text(issuer_url, 2000, R"({"keys":["other"]})"));
    jwks_cache const cache(dir.path("own/deeper"), {dir.path("other")});
    EXPECT_EQ(cache.read(issuer_url, now)->jwks, R"({"keys":["other"]})");
    ASSERT_THAT(cache.write(issuer_url, {R"({"keys":["own"]})", now + seconds{50}, {}}), IsOk());
    EXPECT_EQ(cache.read(issuer_url, now)->jwks, R"({"keys":["own"]})");
    EXPECT_EQ(cache.read(issuer_url, now + seconds{50})->jwks, R"({"keys":["other"]})");
}

TEST_F(JwksCachePlaces, TheEnvironmentComesBeforeTheSystem) {
    setenv("JWKS_CACHE_DIR", "/d", 1);
    setenv("JWKS_CACHE_FILE", "/f", 1);
    EXPECT_EQ(jwks_cache::standard_places(), (std::vector<std::string>{"/d", "/f", "/etc/jwks", "/etc/jwks/cache.json",
                                                                       "/var/cache/jwks", "/var/cache/jwks/cache.json"}));
    unsetenv("JWKS_CACHE_DIR");
    unsetenv("JWKS_CACHE_FILE");
    EXPECT_EQ(jwks_cache::standard_places().size(), 4u);
}

// A verifier as a role has it, started again and again over one directory.
class OfflineStart : public ::testing::Test {
protected:
    result<principal> verify_in_a_new_process(test_key const& by) {
        verifier v({trusted()}, {our_origin}, make_cached_key_source(source, directory, pool, time), time);
        return run(v.verify(good_token(by, time.now()).signed_by(by)));
    }
    manual_clock time;
    temp_dir dir;
    std::string directory = dir.path("jwks");
    blocking_pool pool{1, 16};
    test_key key = test_key::ec("k1");
    std::shared_ptr<fake_key_source> source = std::make_shared<fake_key_source>(jwks_of({key.jwk()}));
};

TEST_F(OfflineStart, NeedsNoNetworkWhileTheFileIsFresh) {
    EXPECT_THAT(verify_in_a_new_process(key), IsOk());
    EXPECT_EQ(source->fetches(), 1);
    EXPECT_THAT(verify_in_a_new_process(key), IsOk());
    EXPECT_EQ(source->fetches(), 1);
    time.advance(seconds{3600});
    EXPECT_THAT(verify_in_a_new_process(key), IsOk());
    EXPECT_EQ(source->fetches(), 2) << "due";
}

TEST_F(OfflineStart, SurvivesAnIssuerThatIsDownUntilTheFileExpires) {
    EXPECT_THAT(verify_in_a_new_process(key), IsOk());
    source->answer(fail(fjord::errc::unavailable, "down"));
    time.advance(std::chrono::hours(47));
    EXPECT_THAT(verify_in_a_new_process(key), IsOk());
    time.advance(std::chrono::hours(2));
    EXPECT_THAT(verify_in_a_new_process(key), HasErrc(errc::keys_unavailable));
}

TEST_F(OfflineStart, ARotationWhileWeWereAwayIsSeenAtTheFirstToken) {
    EXPECT_THAT(verify_in_a_new_process(key), IsOk());
    auto const next = test_key::ec("k2");
    source->answer(key_source::keys{jwks_of({next.jwk()})});
    EXPECT_THAT(verify_in_a_new_process(next), IsOk()) << "the file does not know this key";
    EXPECT_THAT(verify_in_a_new_process(next), IsOk());
    EXPECT_EQ(source->fetches(), 2) << "and now it does";
}

TEST_F(OfflineStart, AnUnwritableDirectoryCostsNothingElse) {
    dir.write("file", "");
    directory = dir.path("file") + "/jwks";
    EXPECT_THAT(verify_in_a_new_process(key), IsOk());
    EXPECT_THAT(verify_in_a_new_process(key), IsOk());
    EXPECT_EQ(source->fetches(), 2);
}

TEST_F(OfflineStart, AnErrorPageIsNeverKept) {
    EXPECT_THAT(verify_in_a_new_process(key), IsOk());
    time.advance(seconds{7200});
    source->answer(key_source::keys{"<html>maintenance</html>"});
    EXPECT_THAT(verify_in_a_new_process(key), IsOk()) << "the good ones serve instead";
    source->answer(fail(fjord::errc::unavailable, "down"));
    EXPECT_THAT(verify_in_a_new_process(key), IsOk()) << "and are still there";
}

}  // namespace
}  // namespace fjord::auth::test
