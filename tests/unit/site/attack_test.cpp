// Rows of the attack table that concern a storage door: what a COPY may carry along, and to whom.
#include "door_harness.hpp"
#include "site/copy_request.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>

namespace fjord::site::test {
namespace {

using fjord::test::HasErrc;
using fjord::test::IsOk;
using ::testing::HasSubstr;

// Another storage server, which remembers what it was sent.
class other_site {
public:
    explicit other_site(world& w, std::string redirect_to = {}) : redirect_to_(std::move(redirect_to)) {
        for (auto const* method : {"GET", "PUT", "HEAD"})
            routes_.add(method, "/{path...}", [this](net::request& req) { return take(this, req); });
        net::server_options options{
            .listen = {"https://127.0.0.1:0"}, .tls = {w.tls.certificate, w.tls.key}, .access_log = false};
        server_ = std::make_unique<net::http_server>(w.runtime, std::move(options), routes_, w.metrics, system_clock());
        server_->start().value();
    }
    ~other_site() { server_->stop(milliseconds{50}); }
    std::string url() const { return server_->endpoints().front().url; }
    net::header_list seen() const {
        std::scoped_lock lock(mutex_);
        return seen_;
    }

private:
    static net::asio::awaitable<net::response> take(other_site* self, net::request& req) {
        std::scoped_lock lock(self->mutex_);
        self->seen_ = req.headers;
        if (!self->redirect_to_.empty()) co_return net::redirect_response(307, self->redirect_to_);
        co_return net::text_response(200, "hello");
    }
    std::string const redirect_to_;
    mutable std::mutex mutex_;
    net::header_list seen_;
    net::router routes_;
    std::unique_ptr<net::http_server> server_;
};

using Attack = DoorTest;

TEST_F(Attack, A21_ACopyTakesItsTokenToTheNamedOriginOnly) {
    other_site second(w);
    other_site first(w, second.url() + "/data");
    auto const answer =
        send("COPY", "/y", all, {{"Source", first.url() + "/x"}, {"TransferHeaderAuthorization", "Bearer remote-token"}});
    EXPECT_THAT(answer.body, HasSubstr("success"));
    EXPECT_EQ(first.seen().get("Authorization"), "Bearer remote-token");
    EXPECT_EQ(second.seen().count("Authorization"), 0u);
}

TEST_F(Attack, A21_TheCallersOwnTokenIsNeverPassedOn) {
    other_site source(w);
    EXPECT_THAT(send("COPY", "/y", all, {{"Source", source.url() + "/x"}}).body, HasSubstr("success"));
    EXPECT_EQ(source.seen().count("Authorization"), 0u);
}

TEST_F(Attack, A23_OnlyListedHeadersAreCarriedToTheOtherSide) {
    other_site source(w);
    auto const copy = [&](std::string name, std::string value) {
        return send("COPY", "/y", all, {{"Source", source.url() + "/x"}, {std::move(name), std::move(value)}});
    };
    for (auto name : {"Host", "Content-Length", "Transfer-Encoding", "Connection", "Cookie", "Range", "TransferHeaderHost", ""})
        EXPECT_EQ(copy("TransferHeader" + std::string(name), "7").status, 400u) << name;
    EXPECT_TRUE(source.seen().items().empty()) << "refused before anything is sent";
    EXPECT_THAT(copy("TransferHeaderX-Request-Id", "r-1").body, HasSubstr("success"));
    EXPECT_EQ(source.seen().get("X-Request-Id"), "r-1");
    copy("X-Not-Listed", "1");
    EXPECT_EQ(source.seen().count("X-Not-Listed"), 0u);
}

TEST(AttackCopy, A23_LineBreaksDoNotBecomeHeaders) {
    for (std::string value : {"Bearer abc\r\nX-Evil: 1", "Bearer abc\nX-Evil: 1", "Bearer ab\tc", "Basic eDp5"}) {
        net::header_list headers;
        headers.set("Source", "https://src.example/x");
        headers.set("TransferHeaderAuthorization", value);
        EXPECT_THAT(parse_copy_request(headers, {}), HasErrc(errc::invalid_argument)) << value;
    }
    net::header_list headers;
    headers.set("Source", "https://src.example/x");
    headers.set("TransferHeaderAuthorization", "Bearer abc\rX");
    auto const taken = parse_copy_request(headers, {});
    ASSERT_THAT(taken, IsOk());
    EXPECT_EQ(taken->remote_token.reveal(), "abcX");
}

}  // namespace
}  // namespace fjord::site::test
