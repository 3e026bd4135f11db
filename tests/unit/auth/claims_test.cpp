#include "auth/claims.hpp"

#include "tests/unit/auth/support.hpp"

#include <boost/json/array.hpp>

namespace fjord::auth::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Claims : public ::testing::Test {
protected:
    manual_clock time;
    issuer_options issuer = trusted();
    json::object claims = good_token(test_key::ec("k")).claims;
    std::string typ = "jwt";
    std::int64_t now = std::chrono::duration_cast<seconds>(time.now().time_since_epoch()).count();

    result<checked_claims> check() { return check_claims(claims, typ, issuer, {our_origin}, time.now()); }
    void become_oidc() {
        claims.erase("wlcg.ver");
        claims["scope"] = "openid profile";
    }
};

TEST_F(Claims, AGoodTokenBecomesAPrincipal) {
    auto c = check();
    ASSERT_THAT(c, IsOk());
    auto const& who = c->who;
    EXPECT_EQ(who.kind, principal_kind::human);
    EXPECT_EQ(who.issuer, issuer_url);
    EXPECT_EQ(who.subject, "user-1");
    EXPECT_EQ(who.org, "org-a");
    EXPECT_EQ(who.token_id, "id-1");
    EXPECT_THAT(who.audience, ElementsAre(our_origin));
    ASSERT_EQ(who.capabilities.size(), 1u);
    EXPECT_EQ(who.capabilities[0].verb, "storage.read");
    EXPECT_EQ(who.expires, wall_time{seconds{now + 3600}});
    EXPECT_EQ(c->issued_at, wall_time{seconds{now}});
}

TEST_F(Claims, ExpiryIsStrictAndTellsSince) {
    claims["exp"] = now;
    EXPECT_THAT(check(), HasErrc(errc::expired));
    claims["exp"] = now - 12;
    EXPECT_THAT(check(), FailsWith(errc::expired, HasSubstr("expired 12 s ago")));
    claims["exp"] = now + 1;
    EXPECT_THAT(check(), IsOk());
    claims["exp"] = static_cast<double>(now) + 0.5;
    EXPECT_THAT(check(), IsOk());
    time.advance(milliseconds(500));
    EXPECT_THAT(check(), HasErrc(errc::expired));
}

TEST_F(Claims, SkewIsGrantedOnNbfAndIatOnly) {
    claims["nbf"] = now + 60;
    claims["iat"] = now + 60;
    EXPECT_THAT(check(), IsOk());
    claims["nbf"] = now + 61;
    EXPECT_THAT(check(), HasErrc(errc::not_yet_valid));
    claims.erase("nbf");  // optional
    EXPECT_THAT(check(), IsOk());
    claims["iat"] = now + 61;
    EXPECT_THAT(check(), HasErrc(errc::not_yet_valid));
}

TEST_F(Claims, TokensThatAreNeverValidAreRefused) {
    claims["nbf"] = now + 3600;
    EXPECT_THAT(check(), HasErrc(errc::not_yet_valid));
    claims["nbf"] = now;
    claims["exp"] = now + 30;
    claims["iat"] = now + 30;
    EXPECT_THAT(check(), HasErrc(errc::not_yet_valid));
}

TEST_F(Claims, LifetimeIsCappedPerIssuer) {
    claims["exp"] = now + 6 * 3600;
    EXPECT_THAT(check(), IsOk());
    claims["exp"] = now + 6 * 3600 + 1;
    EXPECT_THAT(check(), HasErrc(errc::lifetime_too_long));
    issuer.max_lifetime = seconds{7 * 3600};
    EXPECT_THAT(check(), IsOk());
    claims["exp"] = now + 315'360'000;  // ten years
    EXPECT_THAT(check(), HasErrc(errc::lifetime_too_long));
}

TEST_F(Claims, RequiredClaimsAreRequired) {
    for (auto name : {"exp", "iat", "sub", "jti"}) {
        auto kept = claims;
        claims.erase(name);
        EXPECT_THAT(check(), FailsWith(errc::bad_profile, HasSubstr(name)));
        claims[name] = json::array{};
        EXPECT_THAT(check(), HasErrc(errc::bad_profile)) << name;
        claims[name] = "";
        EXPECT_THAT(check(), HasErrc(errc::bad_profile)) << name;
        claims = kept;
    }
}

TEST_F(Claims, TimesMustBeNumbersInRange) {
    for (json::value v :
         {json::value("1795222942"), json::value(-1), json::value(1e300), json::value(nullptr), json::value(true)}) {
        claims["exp"] = v;
        EXPECT_THAT(check(), HasErrc(errc::bad_profile)) << v;
    }
    claims["exp"] = now + 60;
    claims["nbf"] = "soon";
    EXPECT_THAT(check(), HasErrc(errc::bad_profile));
}

TEST_F(Claims, SubjectsArePrintableAsciiUpTo255) {
    claims["sub"] = std::string(255, 's');
    EXPECT_THAT(check(), IsOk());
    for (auto const& sub : {std::string(256, 's'), std::string("a\nb"), std::string("\xc3\xa9"), std::string("a\0b", 3)}) {
        claims["sub"] = sub;
        EXPECT_THAT(check(), HasErrc(errc::bad_profile));
    }
}

TEST_F(Claims, AudienceTable) {
    constexpr char const* any = "https://wlcg.cern.ch/jwt/v1/any";
    struct row {
        json::value aud;
        bool allow_any;
        bool ok;
    };
    for (auto const& [aud, allow_any, ok] : {
             row{our_origin, false, true},
             row{json::array{our_origin, "https://other.example"}, false, true},
             row{"https://other.example", false, false},
             row{"https://data.example/", false, false},
             row{"https://DATA.example", false, false},
             row{"https://data.example:443", false, false},
             row{"", false, false},
             row{json::array{}, false, false},
             row{json::array{our_origin, 7}, false, false},
             row{nullptr, false, false},
             row{any, false, false},
             row{any, true, true},
             row{"ANY", true, false},
         }) {
        claims["aud"] = aud;
        issuer.allow_any_audience = allow_any;
        if (ok)
            EXPECT_THAT(check(), IsOk()) << aud;
        else
            EXPECT_THAT(check(), HasErrc(errc::bad_audience)) << aud;
    }
    claims.erase("aud");
    EXPECT_THAT(check(), HasErrc(errc::bad_audience));
}

TEST_F(Claims, ConfiguredAudienceReplacesOurOwn) {
    issuer.audience = {"fjord"};
    EXPECT_THAT(check(), HasErrc(errc::bad_audience));
    claims["aud"] = "fjord";
    EXPECT_THAT(check(), IsOk());
}

TEST_F(Claims, VersionTable) {
    struct row {
        char const* version;
        bool ok;
    };
    for (auto [version, ok] :
         {row{"1.0", true}, row{"1.3", true}, row{"1.99", true}, row{"2.0", false}, row{"0.9", false}, row{"1", false},
          row{"1.", false}, row{"1.x", false}, row{"01.0", false}, row{"", false}, row{"1.0 ", false}}) {
        claims["wlcg.ver"] = version;
        if (ok)
            EXPECT_THAT(check(), IsOk()) << version;
        else
            EXPECT_THAT(check(), HasErrc(errc::bad_profile)) << version;
    }
    claims["wlcg.ver"] = 1.0;
    EXPECT_THAT(check(), HasErrc(errc::bad_profile));
}

TEST_F(Claims, SciTokensOneAndTwoAreTakenAndOtherVersionsAreNot) {
    claims.erase("wlcg.ver");
    claims["scope"] = "read:/foo write:/foo/out";
    for (auto version : {"scitoken:2.0", "scitokens:2.0"}) {
        claims["ver"] = version;
        auto c = check();
        ASSERT_THAT(c, IsOk()) << version;
        EXPECT_EQ(c->who.capabilities.size(), 3u);
    }
    claims["aud"] = "ANY";
    EXPECT_THAT(check(), HasErrc(errc::bad_audience));
    issuer.allow_any_audience = true;
    EXPECT_THAT(check(), IsOk());
    for (auto version : {"scitoken:1.0", "scitokens:1.0"}) {
        claims["ver"] = version;
        EXPECT_THAT(check(), IsOk());
    }
    for (auto version : {"scitokens:3.0", "scitokens", "scitoken:2", "scitokens:2.0 "}) {
        claims["ver"] = version;
        EXPECT_THAT(check(), HasErrc(errc::bad_profile)) << version;
    }
}

TEST_F(Claims, SciTokensOneNeedsNbfAndKnowsItsClaims) {
    claims.erase("wlcg.ver");
    claims["ver"] = "scitoken:1.0";
    claims["scope"] = "read:/foo";
    EXPECT_THAT(check(), IsOk());
    claims["site"] = "T2";
    EXPECT_THAT(check(), HasErrc(errc::bad_profile)) << "an unknown claim";
    claims.erase("site");
    claims.erase("nbf");
    EXPECT_THAT(check(), HasErrc(errc::bad_profile));
}

TEST_F(Claims, Rfc9068TypIsEnforcedWhereConfigured) {
    issuer.require_at_jwt = true;
    EXPECT_THAT(check(), HasErrc(errc::bad_profile)) << "typ JWT";
    typ = "at+jwt";
    EXPECT_THAT(check(), IsOk());
    typ = "jwt";
    issuer.require_at_jwt = false;
    EXPECT_THAT(check(), IsOk());
}

TEST_F(Claims, CapabilityBeatsGroup) {
    issuer.admin_groups = {"/admins"};
    issuer.admin_subjects = {"user-1"};
    claims["wlcg.groups"] = json::array{"/admins", "/cms"};
    auto c = check();
    ASSERT_THAT(c, IsOk());
    EXPECT_THAT(c->who.groups, IsEmpty());
    EXPECT_THAT(c->who.roles, IsEmpty());
    claims["scope"] = "compute.read";  // even an irrelevant one
    c = check();
    ASSERT_THAT(c, IsOk());
    EXPECT_THAT(c->who.groups, IsEmpty());
    claims["scope"] = "openid";
    c = check();
    ASSERT_THAT(c, IsOk());
    EXPECT_THAT(c->who.groups, ElementsAre("/admins", "/cms"));
    EXPECT_THAT(c->who.roles, ElementsAre("admin"));
    EXPECT_THAT(c->who.capabilities, IsEmpty());
}

TEST_F(Claims, AdministratorsAreNamedByGroupOrSubject) {
    claims["scope"] = "";
    claims["wlcg.groups"] = json::array{"/cms"};
    EXPECT_THAT(check()->who.roles, IsEmpty());
    issuer.admin_groups = {"/cms"};
    EXPECT_THAT(check()->who.roles, ElementsAre("admin"));
    issuer.admin_groups = {"/cms/admins"};
    EXPECT_THAT(check()->who.roles, IsEmpty());
    issuer.admin_subjects = {"user-1"};
    EXPECT_THAT(check()->who.roles, ElementsAre("admin"));
}

TEST_F(Claims, PlainOidcTokensCarryEntitlements) {
    become_oidc();
    claims["eduperson_entitlement"] = json::array{"urn:GEANT:egi.eu:group:flood.dt:role=member#aai.egi.eu"};
    claims["entitlements"] = "urn:geant:egi.eu:group:other#aai.egi.eu";
    auto c = check();
    ASSERT_THAT(c, IsOk());
    EXPECT_THAT(c->who.groups,
                ElementsAre("urn:geant:egi.eu:group:other#aai.egi.eu", "urn:geant:egi.eu:group:flood.dt:role=member#aai.egi.eu"));
}

TEST_F(Claims, WlcgTokensDoNotCarryEntitlements) {
    claims["scope"] = "openid";
    claims["entitlements"] = "urn:geant:egi.eu:group:other#aai.egi.eu";
    EXPECT_THAT(check()->who.groups, IsEmpty());
}

TEST_F(Claims, AnOidcTokenMustSayWhatItIsFor) {
    become_oidc();
    EXPECT_THAT(check(), IsOk());
    claims.erase("scope");
    EXPECT_THAT(check(), HasErrc(errc::bad_profile));
    typ = "at+jwt";
    EXPECT_THAT(check(), IsOk());
}

TEST_F(Claims, OrganisationComesFromConfigurationFirst) {
    claims["fjord.org"] = "org-z";
    EXPECT_EQ(check()->who.org, "org-a");
    issuer.org.clear();
    EXPECT_EQ(check()->who.org, "org-z");
}

TEST_F(Claims, KindAndUploadComeFromClaims) {
    claims["fjord.upload"] = "01J";
    claims["fjord.kind"] = "twin_run";
    auto c = check();
    EXPECT_EQ(c->who.upload_id, "01J");
    EXPECT_EQ(c->who.kind, principal_kind::twin_run);
    claims["fjord.kind"] = "service";
    EXPECT_EQ(check()->who.kind, principal_kind::service);
    claims["fjord.kind"] = "emperor";
    EXPECT_EQ(check()->who.kind, principal_kind::human);
}

TEST_F(Claims, TheLocalAccountIsTakenFromTheConfiguredClaimOnly) {
    claims["preferred_username"] = "anna";
    EXPECT_EQ(check()->who.account_hint, "");
    issuer.account_claim = "preferred_username";
    EXPECT_EQ(check()->who.account_hint, "anna");
    claims["preferred_username"] = json::array{"root"};
    EXPECT_EQ(check()->who.account_hint, "");
    claims["realm"] = json::object{{"account", "bert"}};
    issuer.account_claim = "realm.account";
    EXPECT_EQ(check()->who.account_hint, "bert");
}

TEST_F(Claims, GroupsThatGrantNothingBesideACapabilityStillFindTheAccount) {
    claims["wlcg.groups"] = json::array{"/hpc"};
    auto const who = check()->who;
    EXPECT_THAT(who.groups, IsEmpty());
    EXPECT_THAT(who.asserted_groups, ElementsAre("/hpc"));
}

TEST_F(Claims, ScopePathsAreRootedAtTheIssuersBase) {
    issuer.base_path = "/vo/data";
    auto c = check();
    ASSERT_THAT(c, IsOk());
    EXPECT_THAT(c->who.capabilities[0].segments, ElementsAre("vo", "data", "foo"));
    EXPECT_TRUE(allows(c->who, "storage.read", {"vo", "data", "foo", "x"}));
    EXPECT_FALSE(allows(c->who, "storage.read", {"foo"}));
    claims["scope"] = "storage.read:/";
    EXPECT_FALSE(allows(check()->who, "storage.read", {"vo"}));
}

TEST_F(Claims, UnknownClaimsChangeNothing) {
    auto before = check();
    claims["https://example/admin"] = true;
    claims["roles"] = json::array{"admin"};
    claims["groups"] = json::array{"/admins"};
    claims["authorities"] = "root";
    auto after = check();
    ASSERT_THAT(after, IsOk());
    EXPECT_EQ(after->who.groups, before->who.groups);
    EXPECT_EQ(after->who.roles, before->who.roles);
}

TEST_F(Claims, ScopeMustBeText) {
    claims["scope"] = json::array{"storage.read:/"};
    EXPECT_THAT(check(), HasErrc(errc::bad_scope));
}

}  // namespace
}  // namespace fjord::auth::test
