// From a caller to an account: the four methods, what they refuse, and an ALISE stand-in over TLS that answers, refuses, stalls
// and lies.
#include "site/identity.hpp"

#include "door_harness.hpp"
#include "site/account_map.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>

namespace fjord::site::test {
namespace {

using fjord::test::FailsWith;
using fjord::test::HasErrc;
using fjord::test::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char const* iam = "https://iam.example/vo";

TEST(AccountMap, NamesTheIssuerWithTheSubject) {
    auto const map = account_map::parse("# people\n\nalice https://iam.example/vo 42\nbob\thttps://other.example\t42\r\n");
    ASSERT_THAT(map, IsOk());
    EXPECT_EQ(map->size(), 2u);
    EXPECT_EQ(map->find(iam, "42"), "alice");
    EXPECT_EQ(map->find("https://other.example", "42"), "bob") << "the same subject of another issuer is somebody else";
    EXPECT_EQ(map->find("https://iam.example/vo/", "42"), std::nullopt) << "issuers are compared byte for byte";
    EXPECT_EQ(map->find(iam, "4"), std::nullopt);
}

TEST(AccountMap, BadLinesAreAllNamed) {
    EXPECT_THAT(account_map::parse("alice 42\nalice http://iam.example 1\n-x https://a b\na https://a b c\n"),
                FailsWith(errc::invalid_argument, AllOf(HasSubstr("line 1: needs three"), HasSubstr("line 2: the second field"),
                                                        HasSubstr("line 3: the first field"), HasSubstr("line 4: needs three"))));
    EXPECT_THAT(account_map::parse("a https://a 1\nb https://a 1\n"), FailsWith(errc::invalid_argument, HasSubstr("line 2")));
}

TEST(Alise, AsksByHashOrByUrl) {
    alise_options o;
    o.site = "vega gpu";
    // SHA-1 of "https://iam.example/vo", by `printf %s ... | sha1sum`.
    EXPECT_EQ(alise_path(o, iam, "a/b c"),
              "/api/v1/target/vega%20gpu/mapping/issuer/422864ec681f78d4d6bd3e4ec076c211693b3061/user/a%2Fb%20c");
    o.issuer_by_url = true;
    EXPECT_EQ(alise_path(o, iam, "42"), "/api/v1/target/vega%20gpu/mapping/issuer/https%3A%2F%2Fiam.example%2Fvo/user/42");
}

std::string linked(std::string const& account, std::string const& iss = iam, std::string const& sub = "42") {
    return R"({"internal": {"username": ")" + account +
           R"("}, "external": [{"sub": "7", "iss": "https://else.example"}, {"sub": ")" + sub + R"(", "iss": ")" + iss +
           R"("}]})";
}

TEST(Alise, AnAnswerMustBeAboutThePerson) {
    EXPECT_EQ(*parse_alise_answer(linked("alice"), iam, "42"), "alice");
    for (auto const& body : {linked("alice", "https://evil.example"), linked("alice", iam, "43"), linked(""), std::string("[]"),
                             std::string("{}"), std::string("<html>"), std::string(R"({"internal": 1, "external": []})")})
        EXPECT_THAT(parse_alise_answer(body, iam, "42"), HasErrc(errc::corrupt)) << body;
}

// Accounts that need not exist on this machine.
std::vector<account> listed() {
    return {{"alice", 60'001, 60'001, {60'001}},
            {"bob", 60'002, 60'002, {60'002}},
            {"vo", 60'003, 60'003, {60'003}},
            {"super", 0, 0, {0}},
            {"low", 12, 12, {12}},
            {"wheel", 60'004, 60'004, {60'004, 0}}};
}

class Identity : public ::testing::Test {
protected:
    // Answers of the stand-in by status and body; 0: it never answers.
    void alise(unsigned status, std::string body) { status_ = status, body_ = std::move(body); }
    std::unique_ptr<account_mapper> make(identity_options options) {
        return make_account_mapper(std::move(options), *accounts, *w.client, w.pool, time).value();
    }
    identity_options with_alise() {
        identity_options o;
        o.alise = {server_->endpoints().front().url, "vega", secret("k&y"), false, milliseconds{300}};
        return o;
    }
    result<account_ptr> map(account_mapper& m, principal who) { return w.run(m.account_for(std::move(who))); }
    std::string name(account_mapper& m, principal who) {
        auto found = map(m, std::move(who));
        return found ? (*found)->name : "(" + std::string(found.error().code == errc::denied ? "denied" : "unavailable") + ")";
    }
    static principal person(std::string sub = "42", std::string iss = iam) {
        principal p;
        p.kind = principal_kind::human;
        p.issuer = std::move(iss);
        p.subject = std::move(sub);
        return p;
    }

    void SetUp() override {
        routes_.add("GET", "/{path...}", [this](net::request& req) { return answer(this, req); });
        net::server_options o{.listen = {"https://127.0.0.1:0"}, .tls = {w.tls.certificate, w.tls.key}, .access_log = false};
        server_ = std::make_unique<net::http_server>(w.runtime, std::move(o), routes_, w.metrics, system_clock());
        server_->start().value();
    }
    void TearDown() override { server_->stop(milliseconds{50}); }

    world w;
    manual_clock time;
    std::unique_ptr<account_directory> accounts = make_account_directory(listed());
    std::atomic<int> asked{0};
    std::string seen;

private:
    static net::asio::awaitable<net::response> answer(Identity* self, net::request& req) {
        self->seen = req.target;
        ++self->asked;
        if (self->status_ == 0) {
            net::asio::steady_timer never(co_await net::asio::this_coro::executor, seconds{30});
            co_await never.async_wait(net::asio::use_awaitable);
        }
        co_return net::text_response(self->status_, self->body_, "application/json");
    }
    unsigned status_ = 404;
    std::string body_;
    net::router routes_;
    std::unique_ptr<net::http_server> server_;
};

TEST_F(Identity, TheFileIsReadAgainWhenItChangesAndABadOneIsNotTaken) {
    identity_options o;
    o.map_file = w.dir.write("map", "alice https://iam.example/vo 42\n");
    o.keep = o.keep_negative = seconds{0};
    auto m = make(o);
    EXPECT_EQ(name(*m, person()), "alice");
    EXPECT_EQ(name(*m, person("43")), "(denied)");
    EXPECT_EQ(name(*m, person("42", "https://other.example")), "(denied)");
    w.dir.write("map", "alice https://iam.example/vo 42\nbob https://iam.example/vo 43\n");
    EXPECT_EQ(name(*m, person("43")), "bob");
    w.dir.write("map", "this is no map, and nobody loses an account by it\n");
    EXPECT_EQ(name(*m, person("43")), "bob");
    o.map_file = w.dir.path("map");
    EXPECT_THAT(make_account_mapper(o, *accounts, *w.client, w.pool, time),
                FailsWith(errc::invalid_argument, HasSubstr("line 1")));
    o.map_file = w.dir.path("absent");
    EXPECT_THAT(make_account_mapper(o, *accounts, *w.client, w.pool, time), HasErrc(errc::not_found));
}

TEST_F(Identity, AliseAnswersAndIsAskedOnceInAWhile) {
    alise(200, linked("alice"));
    auto m = make(with_alise());
    for (int i = 0; i < 5; ++i) EXPECT_EQ(name(*m, person()), "alice");
    EXPECT_EQ(asked, 1);
    EXPECT_THAT(seen, AllOf(HasSubstr("/api/v1/target/vega/mapping/issuer/"), HasSubstr("/user/42?apikey=k%26y")));
    alise(200, linked("bob"));
    time.advance(seconds{299});
    EXPECT_EQ(name(*m, person()), "alice");
    time.advance(seconds{2});
    EXPECT_EQ(name(*m, person()), "bob") << "kept for minutes, not for good";
    EXPECT_EQ(asked, 2);
}

TEST_F(Identity, WhomAliseDoesNotKnowHasNoAccountForSeconds) {
    alise(404, "{}");
    auto m = make(with_alise());
    EXPECT_EQ(name(*m, person()), "(denied)");
    EXPECT_EQ(name(*m, person()), "(denied)");
    EXPECT_EQ(asked, 1);
    alise(200, linked("alice"));  // the person links the account
    time.advance(seconds{6});
    EXPECT_EQ(name(*m, person()), "alice");
}

TEST_F(Identity, AnAliseThatCannotBeAskedNeverMeansAnotherAccount) {
    auto o = with_alise();
    o.keep_negative = seconds{0};
    o.groups = {{"/vo", "", "vo"}};
    auto m = make(o);
    auto who = person();
    who.asserted_groups = {"/vo"};
    who.account_hint = "bob";
    for (unsigned const status : {0u, 401u, 403u, 500u, 302u}) {
        alise(status, "");
        EXPECT_EQ(name(*m, who), "(unavailable)") << status;
    }
    for (auto const& lie : {linked("alice", iam, "43"), std::string("{}"), std::string("<html>")}) {
        alise(200, lie);
        EXPECT_EQ(name(*m, who), "(unavailable)") << lie;
    }
    auto const why = map(*m, who).error().message();
    EXPECT_THAT(why, Not(HasSubstr("k%26y"))) << "the key is nobody's business";
    alise(404, "");
    EXPECT_EQ(name(*m, who), "vo") << "who is not linked is found by the next method";
}

TEST_F(Identity, AliseThatLiesAboutTheSuperuserIsNotObeyed) {
    auto o = with_alise();
    o.keep_negative = seconds{0};
    auto m = make(o);
    for (auto const* account : {"super", "root", "low", "wheel", "nobody-of-that-name", "../etc", "-x"}) {
        alise(200, linked(account));
        EXPECT_EQ(name(*m, person()), "(denied)") << account;
    }
}

TEST_F(Identity, TheFirstGroupThatFitsDecides) {
    identity_options o;
    o.groups = {{"/vo/special", iam, "alice"}, {"/vo", "", "vo"}, {"urn:geant:egi.eu:group:x#AAI.egi.eu", "", "bob"}};
    auto m = make(o);
    auto who = person();
    who.asserted_groups = {"/vo", "/vo/special"};
    EXPECT_EQ(name(*m, who), "alice");
    who.issuer = "https://other.example";
    EXPECT_EQ(name(*m, who), "vo") << "the first row is for one issuer's groups";
    who.asserted_groups = {"urn:geant:egi.eu:group:x#aai.egi.eu"};
    EXPECT_EQ(name(*m, who), "bob") << "entitlements in their normal form";
    who.asserted_groups = {"/vo2"};
    EXPECT_EQ(name(*m, who), "(denied)");
    o.groups = {{"no/../group", "", "vo"}};
    EXPECT_THAT(make_account_mapper(o, *accounts, *w.client, w.pool, time), HasErrc(errc::invalid_argument));
}

TEST_F(Identity, AClaimIsTheLastResortAndTheOrderHolds) {
    identity_options o;
    o.map_file = w.dir.write("map", "alice https://iam.example/vo 42\n");
    o.groups = {{"/vo", "", "vo"}};
    auto m = make(o);
    auto who = person("77");
    who.account_hint = "bob";
    EXPECT_EQ(name(*m, who), "bob");
    who.asserted_groups = {"/vo"};
    EXPECT_EQ(name(*m, who), "vo");
    who.subject = "42";
    EXPECT_EQ(name(*m, who), "alice");
}

TEST_F(Identity, WithoutATokenOnlyThePublicAccountActs) {
    identity_options o;
    o.map_file = w.dir.write("map", "");
    EXPECT_EQ(name(*make(o), principal{}), "(denied)");
    o.public_account = "vo";
    EXPECT_EQ(name(*make(o), principal{}), "vo");
}

}  // namespace
}  // namespace fjord::site::test
