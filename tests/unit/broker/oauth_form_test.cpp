#include "broker/oauth_form.hpp"

#include "tests/support/matchers.hpp"

#include <boost/json/serialize.hpp>

namespace fjord::broker {
namespace {

using namespace fjord::test;

std::string const good =
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=a.b.c"
    "&subject_token_type=urn:ietf:params:oauth:token-type:jwt";

TEST(ExchangeForm, IsReadAsTheRfcWritesIt) {
    auto const form =
        read_exchange_form(good + "&scope=storage.read:/data/a+storage.read:/data/b&resource=https://H.example:443/x/y" +
                           "&requested_token_type=urn:ietf:params:oauth:token-type:jwt&purpose=DUO:0000042");
    ASSERT_TRUE(form) << form.error().description;
    EXPECT_EQ(form->subject_token.reveal(), "a.b.c");
    EXPECT_EQ(*form->scope, "storage.read:/data/a storage.read:/data/b");
    EXPECT_EQ(form->audience, "https://h.example") << "the origin of the resource";
    EXPECT_EQ(form->issued_token_type, "urn:ietf:params:oauth:token-type:jwt");
    EXPECT_EQ(*form->purpose, "DUO:0000042");
    EXPECT_FALSE(read_exchange_form(good)->scope);
}

TEST(ExchangeForm, ARefusalIsNeverKept) {
    auto const answer = oauth_refusal({401, "invalid_client", "no"});
    EXPECT_EQ(answer.headers.get("Cache-Control"), "no-store");
    EXPECT_EQ(answer.headers.get("WWW-Authenticate"), "Basic realm=\"fjord\"");
    EXPECT_EQ(oauth_refusal({503, "temporarily_unavailable", "x"}).headers.get("Retry-After"), "5");
}

TEST(ActClaim, NamesWhoActsAndKeepsWhoActedBefore) {
    EXPECT_EQ(json::serialize(*act_claim("https://i", "job", nullptr)), R"({"sub":"job","iss":"https://i"})");
    auto const prior = parse_json(R"({"sub":"first","act":{"sub":"second"}})").value();
    auto const act = act_claim("https://i", "job", &prior);
    ASSERT_THAT(act, IsOk());
    EXPECT_EQ(act->at("act").at("act").at("sub"), "second");
}

TEST(ActClaim, RefusesChainsThatAreTooLongOrNone) {
    for (auto const* bad : {R"({"sub":"1","act":{"sub":"2","act":{"sub":"3","act":{"sub":"4"}}}})", R"("text")",
                            R"({"act":{"sub":"x"}})", R"({"sub":7})", R"({"sub":"1","act":[]})"}) {
        auto const prior = parse_json(bad).value();
        EXPECT_THAT(act_claim("https://i", "job", &prior), HasErrc(errc::invalid_argument)) << bad;
    }
}

TEST(MayAct, TheActorMustBeTheOneThatIsNamed) {
    auto const by_name = parse_json(R"({"sub":"job"})").value(),
               by_both = parse_json(R"({"sub":"job","iss":"https://i"})").value();
    EXPECT_TRUE(may_act(nullptr, "https://i", "anybody"));
    EXPECT_TRUE(may_act(&by_name, "https://x", "job"));
    EXPECT_FALSE(may_act(&by_name, "https://x", "other"));
    EXPECT_TRUE(may_act(&by_both, "https://i", "job"));
    EXPECT_FALSE(may_act(&by_both, "https://x", "job"));
    auto const bad = parse_json("[]").value();
    EXPECT_FALSE(may_act(&bad, "https://i", "job"));
}

}  // namespace
}  // namespace fjord::broker
