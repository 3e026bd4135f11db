// Uploads that a broker reserved: in place and registered, or neither.
#include "door_harness.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace fjord::site::test {
namespace {

using ::testing::HasSubstr;

class fake_registrar final : public upload_registrar {
public:
    net::asio::awaitable<result<commit_answer>> commit(upload_commit upload) override {
        seen.push_back(std::move(upload));
        co_return next;
    }
    std::vector<upload_commit> seen;
    result<commit_answer> next = commit_answer{201, "{}"};
};

class CommitTest : public DoorTest {
protected:
    void SetUp() override { start(local_options(root.str()), &registrar); }
    void TearDown() override { site.reset(); }
    net::client_response upload(std::string body, fields const& headers = {}) {
        return send("PUT", "/fed/x", w.token("storage.create:/fed/x", "up-1"), headers, std::move(body));
    }
    fake_registrar registrar;
};

TEST_F(CommitTest, TheBrokerLearnsSizeAndDigests) {
    EXPECT_EQ(upload("hello").status, 201u);
    ASSERT_EQ(registrar.seen.size(), 1u);
    auto const& told = registrar.seen[0];
    EXPECT_EQ(told.issuer, issuer_url);
    EXPECT_EQ(told.upload_id, "up-1");
    EXPECT_EQ(told.size, 5u);
    EXPECT_EQ(told.digests.sha256, sha256_of("hello"));
    EXPECT_TRUE(told.digests.adler32 && told.digests.crc32c);
    EXPECT_FALSE(told.token.empty());
    EXPECT_EQ(root.read("fed/x"), "hello");
}

TEST_F(CommitTest, OrdinaryUploadsAreNotRegistered) {
    EXPECT_EQ(put("/x", "hello").status, 201u);
    EXPECT_TRUE(registrar.seen.empty());
}

TEST_F(CommitTest, ARefusedUploadIsTakenBackAndTheBrokerSpeaks) {
    registrar.next = commit_answer{409, R"({"title":"Conflict","status":409,"detail":"the digest is not the one announced"})"};
    auto const answer = upload("hello");
    EXPECT_EQ(answer.status, 409u);
    EXPECT_THAT(answer.body, HasSubstr("the digest is not the one announced"));
    EXPECT_FALSE(exists("fed/x"));
}

TEST_F(CommitTest, AnOpenOutcomeKeepsTheBytesAndARepetitionSettlesIt) {
    registrar.next = fail(errc::unavailable, "the broker cannot be reached");
    EXPECT_EQ(upload("hello").status, 503u);
    EXPECT_EQ(root.read("fed/x"), "hello") << "the broker may have registered it";
    registrar.next = commit_answer{201, "{}"};
    EXPECT_EQ(upload("hello").status, 201u);
    EXPECT_EQ(registrar.seen.size(), 2u);
    EXPECT_EQ(incoming(), 0u);
}

TEST_F(CommitTest, ARepetitionWithOtherBytesOverwritesNothing) {
    EXPECT_EQ(upload("hello").status, 201u);
    EXPECT_EQ(upload("jello").status, 403u);
    EXPECT_EQ(root.read("fed/x"), "hello");
    EXPECT_EQ(registrar.seen.size(), 1u);
}

TEST_F(CommitTest, ARefusedRepetitionDoesNotTakeBackWhatIsRegistered) {
    EXPECT_EQ(upload("hello").status, 201u);
    registrar.next = commit_answer{409, "{}"};
    EXPECT_EQ(upload("hello").status, 409u);
    EXPECT_EQ(root.read("fed/x"), "hello");
}

TEST_F(CommitTest, ABrokenPromiseIsNotRegistered) {
    EXPECT_EQ(upload("hello", {{"Repr-Digest", repr_digest_header(sha256_of("jello"))}}).status, 400u);
    EXPECT_TRUE(registrar.seen.empty());
}

// A broker of one route.
class broker_stand_in {
public:
    broker_stand_in(world& w, std::vector<unsigned> statuses) : statuses_(std::move(statuses)) {
        routes_.add("POST", "/api/v1/uploads/{id}/commit", [this](net::request& req) { return take(this, req); });
        net::server_options options{
            .listen = {"https://127.0.0.1:0"}, .tls = {w.tls.certificate, w.tls.key}, .access_log = false};
        server_ = std::make_unique<net::http_server>(w.runtime, std::move(options), routes_, w.metrics, system_clock());
        server_->start().value();
    }
    ~broker_stand_in() { server_->stop(milliseconds{50}); }
    std::string url() const { return server_->endpoints().front().url; }
    std::string body, id, authorization;
    std::size_t calls = 0;

private:
    static net::asio::awaitable<net::response> take(broker_stand_in* self, net::request& req) {
        auto text = co_await net::read_body(req);
        self->body = text ? *text : "";
        self->id = req.params.at(0);
        self->authorization = std::string(req.headers.get("Authorization"));
        auto const status = self->statuses_.at(std::min(self->calls++, self->statuses_.size() - 1));
        co_return net::problem(status, "said the broker");
    }
    std::vector<unsigned> statuses_;
    net::router routes_;
    std::unique_ptr<net::http_server> server_;
};

result<commit_answer> commit_at(world& w, std::string const& issuer) {
    auto registrar = make_http_registrar(*w.client);
    upload_commit upload{issuer, "up 1", secret("t0ken"), 5, {}};
    upload.digests.set(sha256_of("hello"));
    return w.run(registrar->commit(std::move(upload)));
}

TEST(HttpRegistrar, TheCallIsAsAgreed) {
    world w;
    broker_stand_in broker(w, {200});
    auto const answer = commit_at(w, broker.url() + "/");
    ASSERT_THAT(answer, fjord::test::IsOk());
    EXPECT_TRUE(answer->accepted());
    EXPECT_EQ(broker.id, "up 1") << "encoded as one segment";
    EXPECT_EQ(broker.authorization, "Bearer t0ken");
    EXPECT_EQ(boost::json::parse(broker.body),
              boost::json::parse(R"({"size":5,"digests":{"sha-256":")" + sha256_of("hello").hex() + "\"}}"));
}

TEST(HttpRegistrar, UnclearAnswersAreAskedAgainAndRefusalsAreFinal) {
    world w;
    broker_stand_in flaky(w, {503, 500, 201});
    EXPECT_TRUE(commit_at(w, flaky.url())->accepted());
    EXPECT_EQ(flaky.calls, 3u);
    broker_stand_in strict(w, {409});
    auto const refused = commit_at(w, strict.url());
    ASSERT_THAT(refused, fjord::test::IsOk());
    EXPECT_TRUE(refused->refused());
    EXPECT_THAT(refused->body, HasSubstr("said the broker"));
    EXPECT_EQ(strict.calls, 1u);
    broker_stand_in down(w, {503});
    EXPECT_THAT(commit_at(w, down.url()), fjord::test::HasErrc(errc::unavailable));
    EXPECT_EQ(down.calls, 3u);
}

}  // namespace
}  // namespace fjord::site::test
