#include "auth/decision_cache.hpp"
#include "tests/unit/auth/support.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>

namespace fjord::auth::test {
namespace {

using ::testing::SizeIs;

TEST(Verifier, GivesThePrincipalOfAGoodToken) {
    one_issuer i;
    auto who = i.verify(good_token(i.key));
    ASSERT_THAT(who, IsOk());
    EXPECT_EQ(who->subject, "user-1");
    EXPECT_THAT(who->token_hash, SizeIs(64));
    EXPECT_TRUE(allows(*who, "storage.read", {"foo", "bar"}));
}

TEST(Verifier, EveryConfiguredAlgorithmWorks) {
    auto const& rsa = test_key::shared_rsa();
    auto p384 = test_key::ec("p384", "P-384"), ed = test_key::ed25519("ed");
    auto options = trusted();
    options.algorithms = {"RS256", "PS256", "ES384", "EdDSA"};
    one_issuer i(options);
    i.source->answer(key_source::keys{jwks_of({rsa.jwk(), p384.jwk(), ed.jwk()})});
    struct row {
        test_key const* key;
        char const* alg;
    };
    for (auto [key, alg] : {row{&rsa, "RS256"}, row{&rsa, "PS256"}, row{&p384, "ES384"}, row{&ed, "EdDSA"}})
        EXPECT_THAT(i.verify(good_token(*key, i.time.now(), alg).signed_by(*key)), IsOk()) << alg;
    EXPECT_EQ(i.source->fetches(), 1);
}

TEST(Verifier, KeysAreFetchedOnceForManyTokens) {
    one_issuer i;
    for (int n = 0; n < 20; ++n) {
        auto t = good_token(i.key);
        t.claims["jti"] = "id-" + std::to_string(n);
        EXPECT_THAT(i.verify(t), IsOk());
    }
    EXPECT_EQ(i.source->fetches(), 1);
}

TEST(Verifier, ManyAtOnceCauseOneFetch) {
    one_issuer i;
    i.source->hold();
    asio::io_context context(1);
    int good = 0;
    for (int n = 0; n < 50; ++n) {
        auto t = good_token(i.key);
        t.claims["jti"] = "id-" + std::to_string(n);
        auto count = [&good](std::exception_ptr e, result<principal> who) { good += !e && who.has_value(); };
        asio::co_spawn(context, i.v.verify(t.signed_by(i.key)), count);
    }
    for (int n = 0; n < 200; ++n) context.poll_one();
    EXPECT_EQ(good, 0);
    i.source->release();
    context.run_for(std::chrono::seconds(5));
    EXPECT_EQ(good, 50);
    EXPECT_EQ(i.source->fetches(), 1);
}

TEST(Verifier, WaitersAreServedWhenTheirFetchIsCutShort) {
    one_issuer i;
    i.source->hold();
    auto doomed = std::make_unique<asio::io_context>(1);
    asio::co_spawn(*doomed, i.v.verify(good_token(i.key).signed_by(i.key)), asio::detached);
    for (int n = 0; n < 20; ++n) doomed->poll_one();
    asio::io_context context(1);
    std::optional<result<principal>> answer;
    auto keep = [&answer](std::exception_ptr, result<principal> r) { answer = std::move(r); };
    auto t = good_token(i.key);
    t.claims["jti"] = "other";
    asio::co_spawn(context, i.v.verify(t.signed_by(i.key)), keep);
    for (int n = 0; n < 20; ++n) context.poll_one();
    EXPECT_EQ(i.source->fetches(), 1);
    doomed.reset();  // as when a context ends with a fetch under way
    context.restart();
    context.run_for(std::chrono::seconds(5));
    ASSERT_TRUE(answer);
    EXPECT_THAT(*answer, HasErrc(errc::keys_unavailable));
}

TEST(Verifier, RotationIsPickedUpAtTheFirstTokenOfTheNewKey) {
    one_issuer i;
    EXPECT_THAT(i.verify(good_token(i.key)), IsOk());
    auto next = test_key::ec("k2");
    i.source->answer(key_source::keys{jwks_of({next.jwk()})});
    i.time.advance(seconds{10});
    EXPECT_THAT(i.verify(good_token(next, i.time.now()).signed_by(next)), IsOk());
    EXPECT_EQ(i.source->fetches(), 2);
}

TEST(Verifier, AWithdrawnKeyEndsItsTokens) {
    one_issuer i;
    auto token = good_token(i.key).signed_by(i.key);
    EXPECT_THAT(i.verify(token), IsOk());
    auto next = test_key::ec("k2");
    i.source->answer(key_source::keys{jwks_of({next.jwk()})});
    i.time.advance(seconds{10});
    EXPECT_THAT(i.verify(good_token(next, i.time.now()).signed_by(next)), IsOk());
    EXPECT_THAT(i.verify(token), HasErrc(errc::unknown_key)) << "also when it was verified before";
}

TEST(Verifier, StaleKeysServeWhileTheIssuerIsDown) {
    one_issuer i;
    EXPECT_THAT(i.verify(good_token(i.key)), IsOk());
    i.source->answer(fail(fjord::errc::unavailable, "down"));
    i.time.advance(std::chrono::hours(24));
    EXPECT_THAT(i.verify(good_token(i.key, i.time.now())), IsOk());
    i.time.advance(std::chrono::hours(25));
    EXPECT_THAT(i.verify(good_token(i.key, i.time.now())), HasErrc(errc::keys_unavailable));
}

TEST(Verifier, AnErrorPageNeverReplacesKeys) {
    one_issuer i;
    EXPECT_THAT(i.verify(good_token(i.key)), IsOk());
    i.source->answer(key_source::keys{"<html>maintenance</html>"});
    i.time.advance(std::chrono::hours(7));
    EXPECT_THAT(i.verify(good_token(i.key, i.time.now())), IsOk());
    i.time.advance(seconds{1});
    auto t = good_token(i.key, i.time.now());
    t.claims["jti"] = "later";
    EXPECT_THAT(i.verify(t), IsOk());
    EXPECT_EQ(i.source->fetches(), 2);
}

TEST(Verifier, AnUnreachableIssuerIsNotAskedForEveryToken) {
    one_issuer i;
    i.source->answer(fail(fjord::errc::unavailable, "down"));
    for (int n = 0; n < 50; ++n) EXPECT_THAT(i.verify(good_token(i.key)), HasErrc(errc::keys_unavailable));
    EXPECT_EQ(i.source->fetches(), 1);
    i.time.advance(seconds{6});
    i.source->answer(key_source::keys{jwks_of({i.key.jwk()})});
    EXPECT_THAT(i.verify(good_token(i.key)), IsOk());
}

TEST(Verifier, RevocationIsEffectiveAtTheNextRequest) {
    one_issuer i;
    auto first = good_token(i.key).signed_by(i.key);
    auto other = good_token(i.key);
    other.claims["jti"] = "id-2";
    auto second = other.signed_by(i.key);
    EXPECT_THAT(i.verify(first), IsOk());
    EXPECT_THAT(i.verify(second), IsOk());
    i.v.replace_revocations({{token_fingerprint(issuer_url, "id-1"), {}, {}}});
    EXPECT_THAT(i.verify(first), HasErrc(errc::revoked)) << "also when it was verified a moment ago";
    EXPECT_THAT(i.verify(second), IsOk());

    i.v.replace_revocations({{{}, issuer_url, i.time.now() + seconds{1}}});
    EXPECT_THAT(i.verify(second), HasErrc(errc::revoked));
    EXPECT_THAT(i.verify(first), HasErrc(errc::revoked));
    i.time.advance(seconds{2});
    auto later = good_token(i.key, i.time.now());
    later.claims["jti"] = "id-3";
    EXPECT_THAT(i.verify(later), IsOk()) << "issued after the moment";

    i.v.replace_revocations({});
    EXPECT_THAT(i.verify(first), IsOk()) << "a revocation that is taken back";
}

TEST(Verifier, ARevocationOfOneIssuerLeavesOthersAlone) {
    one_issuer i;
    i.v.replace_revocations({{token_fingerprint("https://other.example", "id-1"), {}, {}},
                             {{}, "https://other.example", i.time.now() + std::chrono::hours(1)}});
    EXPECT_THAT(i.verify(good_token(i.key)), IsOk());
}

TEST(Verifier, RecallAnswersForWhatStillCountsAndForNothingElse) {
    one_issuer i;
    auto token = good_token(i.key).signed_by(i.key);
    EXPECT_FALSE(i.v.recall(token)) << "never seen";
    EXPECT_THAT(i.verify(token), IsOk());
    auto known = i.v.recall(token);
    ASSERT_TRUE(known && *known);
    EXPECT_EQ((**known)->subject, "user-1");
    EXPECT_FALSE(i.v.recall(secret(token.reveal() + "x")));
    i.time.advance(recent_tokens::longest);
    ASSERT_TRUE(i.v.recall(token)) << "by its hash now";
    i.v.replace_issuers({trusted()});
    EXPECT_FALSE(i.v.recall(token)) << "another configuration";
    EXPECT_THAT(i.verify(token), IsOk());
    i.time.advance(seconds{3600});
    EXPECT_FALSE(i.v.recall(token));
}

TEST(Verifier, AReloadAppliesToTokensSeenBefore) {
    one_issuer i;
    auto token = good_token(i.key).signed_by(i.key);
    EXPECT_THAT(i.verify(token), IsOk());
    auto options = trusted();
    options.audience = {"https://elsewhere.example"};
    i.v.replace_issuers({options});
    EXPECT_THAT(i.verify(token), HasErrc(errc::bad_audience));
    i.v.replace_issuers({trusted()});
    EXPECT_THAT(i.verify(token), IsOk());
    EXPECT_EQ(i.source->fetches(), 1) << "keys survive a reload";
    i.v.replace_issuers({});
    EXPECT_THAT(i.verify(token), HasErrc(errc::unknown_issuer));
}

TEST(Verifier, FixedKeysServeTheirIssuerAndOthersServeTheRest) {
    auto ours = test_key::ec("ours");
    auto others = std::make_shared<fake_key_source>(jwks_of({ours.jwk()}));
    auto source = make_fixed_key_source(issuer_url, jwks_of({ours.jwk()}), others);
    manual_clock time;
    auto second = trusted();
    second.url = "https://second.example";
    verifier v({trusted(), second}, {our_origin}, source, time);
    EXPECT_THAT(run(v.verify(good_token(ours).signed_by(ours))), IsOk());
    EXPECT_EQ(others->fetches(), 0);
    auto t = good_token(ours);
    t.claims["iss"] = second.url;
    EXPECT_THAT(run(v.verify(t.signed_by(ours))), IsOk());
    EXPECT_EQ(others->fetches(), 1);
}

}  // namespace
}  // namespace fjord::auth::test
