#include "auth/probe_minter.hpp"

#include "auth/jwt.hpp"
#include "base/file.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/auth/support.hpp"

#include <filesystem>

namespace fjord::auth::test {
namespace {

constexpr char const* run_name = "01K8Q2ZV5T4N6XHGJ3W9YRCDEF";

class ProbeMinter : public ::testing::Test {
protected:
    static std::string at(std::string const& rest) { return "/data/.fjord-probe/" + std::string(run_name) + rest; }
    probe_token_request reading(std::string const& rest) {
        return {.audience = our_origin, .run = run_name, .scope = "storage.read:" + at(rest)};
    }
    json::object claims_of(probe_token_request const& request) {
        auto token = probe.mint(request);
        EXPECT_THAT(token, IsOk());
        return token ? parse_jwt(token->reveal()).value().claims : json::object{};
    }

    temp_dir dir;
    manual_clock time;
    minter keys = minter::open(issuer_url, dir.path("key.pem"), time).value();
    probe_minter probe{keys, time};
};

TEST_F(ProbeMinter, AFlawlessTokenIsAGoodToken) {
    auto own = trusted();
    verifier v({own}, {our_origin}, make_fixed_key_source(issuer_url, keys.jwks(), nullptr), time);
    auto who = run(v.verify(*probe.mint(reading("/canary"))));
    ASSERT_THAT(who, IsOk());
    EXPECT_EQ(who->subject, "site-probe");
    EXPECT_TRUE(allows(*who, "storage.read", {"data", ".fjord-probe", run_name, "canary", "in"}));
    EXPECT_EQ(*who->expires, time.now() + seconds{60});
}

TEST_F(ProbeMinter, EachFlawIsWhereItBelongs) {
    auto const now = std::chrono::duration_cast<seconds>(time.now().time_since_epoch()).count();
    auto request = reading("/canary");
    auto with = [&](token_flaw flaw) {
        request.flaw = flaw;
        return claims_of(request);
    };
    EXPECT_EQ(with(token_flaw::expired).at("exp").as_int64(), now - 10);
    EXPECT_LT(with(token_flaw::expired).at("iat").as_int64(), now - 10) << "only its end is wrong";
    EXPECT_EQ(with(token_flaw::long_lived).at("exp").as_int64(), now + 10L * 365 * 86400);
    EXPECT_NE(with(token_flaw::wrong_audience).at("aud").as_string(), our_origin);
    EXPECT_FALSE(with(token_flaw::no_audience).contains("aud"));
    EXPECT_EQ(with(token_flaw::minor_version).at("wlcg.ver").as_string(), "1.3");
}

TEST_F(ProbeMinter, OurOwnVerifierRefusesThemAll) {
    verifier v({trusted()}, {our_origin}, make_fixed_key_source(issuer_url, keys.jwks(), nullptr), time);
    auto request = reading("/canary");
    auto refused_as = [&](token_flaw flaw, errc why) {
        request.flaw = flaw;
        EXPECT_THAT(run(v.verify(*probe.mint(request))), HasErrc(why));
    };
    refused_as(token_flaw::expired, errc::expired);
    refused_as(token_flaw::long_lived, errc::lifetime_too_long);
    refused_as(token_flaw::wrong_audience, errc::bad_audience);
    refused_as(token_flaw::no_audience, errc::bad_audience);
    request.flaw = token_flaw::none;
    request.scope = "storage.read";
    request.lifetime = seconds{30};
    EXPECT_THAT(run(v.verify(*probe.mint(request))), HasErrc(errc::bad_scope));
}

TEST_F(ProbeMinter, NothingOutsideTheRunsCanariesIsSigned) {
    auto refuse = [&](std::string scope, seconds lifetime = seconds{30}, token_flaw flaw = token_flaw::none) {
        probe_token_request request{our_origin, run_name, scope, lifetime, flaw};
        EXPECT_THAT(probe.mint(request), HasErrc(fjord::errc::denied)) << scope;
    };
    refuse("");
    refuse("storage.read:/");
    refuse("storage.read:/data");
    refuse("storage.read:/data/.fjord-probe");
    refuse("storage.read:/data/.fjord-probe/another-run-another-run/x");
    refuse("storage.read:" + at("X"));
    refuse("storage.read:" + at("/a/../../x"));
    refuse("storage.read:" + at("/%2e%2e/x"));
    refuse("storage.read:" + at("/x") + " storage.modify:/data");
    refuse("storage.modify");
    refuse("storage.read storage.create:" + at("/x"));
    refuse("wlcg.groups");
    refuse("storage.read", seconds{31});
    refuse("storage.read:" + at("/x"), seconds{121});
    refuse("storage.read:" + at("/x"), seconds{0});
    refuse("storage.modify:" + at("/x"), seconds{60}, token_flaw::long_lived);
    refuse("storage.read", seconds{30}, token_flaw::long_lived);
    auto nameless = reading("/x");
    nameless.run = "..";
    EXPECT_THAT(probe.mint(nameless), HasErrc(fjord::errc::denied));
    EXPECT_THAT(probe.mint(reading("/canary/../canaryX")), IsOk()) << "stays inside, however it is read";
}

// "A probe-only code path that cannot be reached otherwise": whoever else includes it breaks this promise.
TEST(ProbeMinterTree, OnlyTheBrokersProberMakesSuchTokens) {
    namespace fs = std::filesystem;
    std::vector<std::string> users;
    for (auto const* folder : {"auth", "base", "broker", "cache", "catalog", "cli", "net", "policies", "site", "stac",
                               //"storage",
                               "transfer"}) {
        for (auto const& entry : fs::recursive_directory_iterator(fs::path(FJORD_SOURCE_DIR) / folder)) {
            if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
            if (read_file(entry.path().string()).value().find("auth/probe_minter.hpp\"") != std::string::npos)
                users.push_back(fs::relative(entry.path(), FJORD_SOURCE_DIR).string());
        }
    }
    std::sort(users.begin(), users.end());
    EXPECT_THAT(users, ::testing::ElementsAre("auth/probe_minter.cpp", "broker/site_prober.cpp"));
}

}  // namespace
}  // namespace fjord::auth::test
