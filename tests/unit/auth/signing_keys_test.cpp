#include "auth/signing_keys.hpp"

#include "auth/jwk.hpp"
#include "auth/jwt.hpp"
#include "base/file.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/auth/support.hpp"

#include <boost/json/array.hpp>

#include <sys/stat.h>

namespace fjord::auth::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr seconds day{86400}, life{6 * 3600};

class SigningKeys : public ::testing::Test {
protected:
    signing_options options() {
        signing_options o;
        o.file = dir.path("signing-keys.json");
        o.rotation = {10 * day, 4 * day};
        o.longest_life = life;
        return o;
    }
    std::shared_ptr<signing_keys> open(signing_options o) {
        auto keys = signing_keys::open(std::move(o), time);
        EXPECT_THAT(keys, IsOk());
        return keys ? *keys : nullptr;
    }
    std::shared_ptr<signing_keys> open() { return open(options()); }
    void pass(seconds by) { time.advance(by); }
    static std::vector<std::string> published(signing_keys const& keys) {
        std::vector<std::string> kids;
        auto const document = parse_json(keys.jwks()).value();
        for (auto const& k : document.at("keys").as_array()) kids.emplace_back(k.at("kid").as_string());
        return kids;
    }
    secret token_of(signing_keys& keys) {
        minter m(issuer_url, std::shared_ptr<signing_keys>(&keys, [](auto*) {}), time);
        return m.mint({.subject = "user-1", .audience = {our_origin}, .scope = "storage.read:/x", .lifetime = life});
    }

    temp_dir dir;
    manual_clock time;
};

TEST_F(SigningKeys, OutliveTheProcessAndBelongToTheirOwnerOnly) {
    auto const before = open()->jwks();
    EXPECT_EQ(open()->jwks(), before);
    struct stat info {};
    ASSERT_EQ(::stat(options().file.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SigningKeys, ANewKeyIsPublishedBeforeItSignsAndTheOldOneStaysForItsTokens) {
    auto keys = open();
    auto const first = keys->signer(algorithm::es256)->kid();
    pass(6 * day - seconds{1});
    EXPECT_THAT(keys->tick(), IsOkAnd(false));
    EXPECT_THAT(published(*keys), ElementsAre(first));
    pass(seconds{1});
    EXPECT_THAT(keys->tick(), IsOkAnd(true));
    ASSERT_THAT(published(*keys), SizeIs(2));
    EXPECT_EQ(keys->signer(algorithm::es256)->kid(), first);
    auto const second = published(*keys)[1];

    pass(4 * day - seconds{1});
    auto const last_of_first = token_of(*keys);
    EXPECT_EQ(parse_jwt(last_of_first.reveal())->kid, first);
    pass(seconds{1});
    EXPECT_EQ(keys->signer(algorithm::es256)->kid(), second) << "time alone makes it sign";

    verifier v({trusted()}, {our_origin}, make_own_key_source(issuer_url, keys, nullptr), time);
    pass(life - seconds{2});
    EXPECT_THAT(keys->tick(), IsOk());
    EXPECT_THAT(run(v.verify(last_of_first)), IsOk()) << "the last token of a retired key is good to its last second";
    pass(seconds{3600});
    EXPECT_THAT(keys->tick(), IsOkAnd(true));
    EXPECT_THAT(published(*keys), ElementsAre(second));
}

TEST_F(SigningKeys, ARotationIsAnnouncedUnlessItIsUrgent) {
    auto keys = open();
    auto const first = keys->signer(algorithm::es256)->kid();
    auto const announced = keys->rotate(false);
    ASSERT_THAT(announced, IsOk());
    EXPECT_EQ(keys->signer(algorithm::es256)->kid(), first);
    EXPECT_THAT(keys->rotate(false), IsOkAnd(*announced)) << "asking twice makes one key";
    EXPECT_THAT(keys->rotate(true), IsOkAnd(*announced)) << "the announced one is used at once";
    pass(seconds{1});
    EXPECT_EQ(keys->signer(algorithm::es256)->kid(), announced->front());
    EXPECT_THAT(published(*keys), ElementsAre(first, announced->front()));
}

TEST_F(SigningKeys, ADroppedKeyVerifiesNothingAnyMore) {
    auto keys = open();
    auto const first = keys->signer(algorithm::es256)->kid();
    auto const token = token_of(*keys);
    verifier v({trusted()}, {our_origin}, make_own_key_source(issuer_url, keys, nullptr), time);
    EXPECT_THAT(run(v.verify(token)), IsOk());
    EXPECT_THAT(keys->drop(first), FailsWith(fjord::errc::conflict, HasSubstr("signs now")));
    EXPECT_THAT(keys->drop("no-such"), HasErrc(fjord::errc::not_found));
    EXPECT_THAT(keys->rotate(true), IsOk());
    pass(seconds{1});
    EXPECT_THAT(keys->drop(first), IsOk());
    v.forget_keys(issuer_url);
    EXPECT_THAT(run(v.verify(token)), HasErrc(errc::unknown_key)) << "although it had been verified and remembered";
    EXPECT_THAT(run(v.verify(token_of(*keys))), IsOk());
    EXPECT_THAT(published(*open()), ElementsAre(keys->signer(algorithm::es256)->kid())) << "it stays gone after a restart";
}

TEST_F(SigningKeys, AnRsaKeyServesThoseWhoKnowNothingElse) {
    auto o = options();
    o.algorithms = {algorithm::es256, algorithm::rs256};
    auto keys = open(o);
    EXPECT_THAT(keys->tick(), IsOkAnd(true));
    EXPECT_THAT(published(*keys), SizeIs(2));
    auto issuer = trusted();
    issuer.algorithms = {"RS256"};
    verifier v({issuer}, {our_origin}, make_own_key_source(issuer_url, keys, nullptr), time);
    minter m(issuer_url, keys, time);
    mint_request request{.subject = "u", .audience = {our_origin}, .scope = "storage.read:/x", .signature = algorithm::rs256};
    auto const token = m.mint(request);
    EXPECT_EQ(parse_jwt(token.reveal())->alg, "RS256");
    EXPECT_THAT(run(v.verify(token)), IsOk());
    EXPECT_THAT(parse_jwks(keys->jwks()), IsOk());
}

TEST_F(SigningKeys, WithoutAnRsaKeyTheOtherOneSigns) { EXPECT_EQ(open()->signer(algorithm::rs256)->alg(), algorithm::es256); }

TEST_F(SigningKeys, TheKeyOfAFormerVersionIsTakenOver) {
    auto const old = minter::open(issuer_url, dir.path("signing-key.pem"), time);
    ASSERT_THAT(old, IsOk());
    auto o = options();
    o.adopt = dir.path("signing-key.pem");
    EXPECT_EQ(open(o)->jwks(), old->jwks());
}

TEST_F(SigningKeys, TheOperatorsKeyRotatesWhenItsFileIsReplaced) {
    auto o = options();
    o.own_key = dir.path("own.pem");
    auto const put = [&] { dir.write("own.pem", signing_key::generate(algorithm::es256).value()->pem()->reveal()); };
    put();
    auto keys = open(o);
    auto const first = keys->signer(algorithm::es256)->kid();
    EXPECT_THAT(keys->rotate(false), FailsWith(fjord::errc::conflict, HasSubstr("own.pem")));
    pass(100 * day);
    EXPECT_THAT(keys->tick(), IsOkAnd(false)) << "nothing is made beside it";
    put();
    EXPECT_THAT(keys->tick(), IsOkAnd(true));
    EXPECT_EQ(keys->signer(algorithm::es256)->kid(), first);
    pass(4 * day);
    EXPECT_NE(keys->signer(algorithm::es256)->kid(), first);
}

TEST_F(SigningKeys, AnotherProcessesRotationIsTakenIn) {
    auto mine = open(), theirs = open();
    ASSERT_THAT(theirs->rotate(false), IsOk());
    EXPECT_THAT(mine->tick(), IsOkAnd(true));
    EXPECT_EQ(mine->jwks(), theirs->jwks());
}

TEST_F(SigningKeys, ADamagedFileIsNeverReplacedByNewKeys) {
    auto const text = [&] {
        open();
        return read_file(options().file).value();
    }();
    for (auto const& [name, bad] :
         std::map<std::string, std::string>{{"half", text.substr(0, text.size() / 2)},
                                            {"another version", R"({"version": 2, "keys": []})"},
                                            {"no list", R"({"version": 1, "keys": 7})"},
                                            {"unknown member", R"({"version": 1, "keys": [], "more": 1})"},
                                            {"a key of another name",
                                             [&] {
                                                 auto copy = text;
                                                 auto const at = copy.find("\"kid\":\"") + 7;
                                                 copy[at] = copy[at] == 'A' ? 'B' : 'A';
                                                 return copy;
                                             }()},
                                            {"the same key twice", [&] {
                                                 auto const from = text.find("[{") + 1, to = text.rfind("}]") + 1;
                                                 auto copy = text;
                                                 return copy.insert(to, "," + text.substr(from, to - from));
                                             }()}}) {
        dir.write("signing-keys.json", bad);
        auto const opened = signing_keys::open(options(), time);
        EXPECT_THAT(opened, FailsWith(fjord::errc::invalid_argument, HasSubstr("signing-keys.json"))) << name;
        EXPECT_EQ(read_file(options().file).value(), bad) << name << ": the file is left for a person to look at";
    }
}

TEST_F(SigningKeys, CachesAreNotToldToKeepKeysLongerThanANewOneIsAnnounced) {
    auto o = options();
    EXPECT_EQ(open(o)->max_age(), seconds{3600});
    o.rotation.publish_ahead = seconds{60};
    EXPECT_EQ(open(o)->max_age(), seconds{60});
}

TEST_F(SigningKeys, NoTokenOutlivesWhatTheScheduleCountsOn) {
    auto keys = open();
    minter m(issuer_url, keys, time);
    auto const c = parse_jwt(m.mint({.subject = "u", .audience = {our_origin}, .lifetime = 100 * day}).reveal())->claims;
    EXPECT_EQ(c.at("exp").as_int64() - c.at("iat").as_int64(), life.count());
}

}  // namespace
}  // namespace fjord::auth::test
