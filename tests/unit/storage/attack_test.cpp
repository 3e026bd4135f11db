// Rows of the attack table that concern the drivers: a site's token goes to that site and nowhere else.
#include "storage/webdav.hpp"

#include "fake_site.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>

namespace fjord::storage {
namespace {

using fjord::test::FailsWith;
using fjord::test::HasErrc;
using test::fake_site;
using test::seen_request;

call with_token() { return {secret("t0ken"), system_clock().steady() + seconds{5}}; }

byte_sink discard() {
    struct sink {
        static boost::asio::awaitable<result<void>> take() { co_return result<void>{}; }
    };
    return [](std::string_view) { return sink::take(); };
}

TEST(Attack, A20_ASiteOverCleartextGetsNoToken) {
    fake_site site([](seen_request const&) { return net::text_response(200, "x"); });
    auto driver = make_webdav_driver("http://127.0.0.1:1/data/", site.client());
    EXPECT_FALSE(site.run(driver->stat(with_token(), "x")).has_value());
    EXPECT_FALSE(site.run(driver->remove(with_token(), "x")).has_value());
}

byte_source hello() {
    struct source {
        static boost::asio::awaitable<result<std::size_t>> give(std::shared_ptr<bool> given, std::span<char> out) {
            if (std::exchange(*given, true)) co_return std::size_t{0};
            co_return std::string("hello").copy(out.data(), out.size());
        }
    };
    auto given = std::make_shared<bool>(false);
    return [given](std::span<char> out) { return source::give(given, out); };
}

// A site whose door sends everything on, first to its own data server (another port: another origin), or elsewhere.
struct redirecting_site {
    fake_site site{[this](seen_request const& request) {
        if (request.path.starts_with("/data/")) return net::redirect_response(status, target + "/there");
        if (request.method == "COPY") return net::text_response(202, "success: Created\n");
        if (request.method == "PROPFIND") return net::text_response(404, "");
        if (request.method == "GET") return net::text_response(200, "hello");
        return net::text_response(data_status, "said the data server");
    }};
    redirecting_site() { site.leave_bodies_below("/data/"); }
    unsigned status = 307, data_status = 201;
    std::string target = site.other_url();
    std::unique_ptr<driver> at = make_webdav_driver(site.url() + "/data/", site.client());

    // The one request that arrived at the data server.
    seen_request landed() {
        auto const seen = site.seen();
        EXPECT_FALSE(seen.empty());
        EXPECT_EQ(seen.back().path, "/there");
        for (auto const& r : seen) EXPECT_EQ(r.headers.count("Authorization"), r.path == "/there" ? 0u : 1u) << r.method;
        return seen.empty() ? seen_request{} : seen.back();
    }
};

TEST(Attack, A21_ARedirectedReadLeavesTheTokenBehind) {
    redirecting_site t;
    EXPECT_TRUE(t.site.run(t.at->read(with_token(), "x", std::nullopt, discard())));
    EXPECT_EQ(t.landed().method, "GET");
}

TEST(Attack, A21_RedirectedWritesGoToTheDataServerWithoutTheToken) {
    for (unsigned const status : {307u, 308u}) {
        redirecting_site t;
        t.status = status;
        EXPECT_TRUE(t.site.run(t.at->write(with_token(), "x", 5, hello(), true)));
        EXPECT_EQ(t.landed().method, "PUT");
        EXPECT_EQ(t.landed().body, "hello");
        EXPECT_TRUE(t.site.run(t.at->remove(with_token(), "x")));
        EXPECT_EQ(t.landed().method, "DELETE");
        EXPECT_TRUE(t.site.run(t.at->make_directory(with_token(), "d")));
        EXPECT_EQ(t.landed().method, "MKCOL");
        EXPECT_TRUE(t.site.run(t.at->rename(with_token(), "x", "y")));
        EXPECT_EQ(t.landed().method, "MOVE");
    }
}

TEST(Attack, A21_ARedirectedCopyTakesNeitherTokenAlong) {
    redirecting_site t;
    third_party_request rq;
    rq.local_path = "x";
    rq.remote_url = "https://remote.example/y";
    rq.remote_token = secret("remote-t0ken");
    EXPECT_TRUE(t.site.run(t.at->third_party_copy(with_token(), rq)));
    EXPECT_EQ(t.landed().method, "COPY");
    EXPECT_EQ(t.landed().headers.count("TransferHeaderAuthorization"), 0u);
    EXPECT_EQ(t.landed().headers.get("Source"), rq.remote_url);
}

TEST(Attack, A21_ADataServerThatWantsATokenIsNamedInTheRefusal) {
    redirecting_site t;
    t.data_status = 401;
    auto const refused = t.site.run(t.at->remove(with_token(), "x"));
    EXPECT_THAT(refused, FailsWith(errc::unauthenticated, ::testing::HasSubstr(t.site.other_url())));
    EXPECT_THAT(refused, FailsWith(errc::unauthenticated, ::testing::HasSubstr("does not go along")));
}

TEST(Attack, A21_NobodyIsFollowedOutOfTheSite) {
    redirecting_site t;
    auto const port = t.site.other_url().substr(t.site.other_url().rfind(':'));
    for (auto const& elsewhere : {"https://localhost" + port, std::string("https://evil.example"), "http://127.0.0.1" + port}) {
        t.target = elsewhere;
        EXPECT_THAT(t.site.run(t.at->read(with_token(), "x", std::nullopt, discard())), HasErrc(errc::denied)) << elsewhere;
        EXPECT_THAT(t.site.run(t.at->write(with_token(), "x", 5, hello(), true)), HasErrc(errc::denied)) << elsewhere;
        EXPECT_THAT(t.site.run(t.at->remove(with_token(), "x")), HasErrc(errc::denied)) << elsewhere;
    }
    t.target = t.site.url() + "/data";
    EXPECT_THAT(t.site.run(t.at->remove(with_token(), "x")),
                FailsWith(errc::limit_exceeded, ::testing::HasSubstr("3 redirects")));
    for (auto const& request : t.site.seen()) EXPECT_NE(request.path, "/there");
}

}  // namespace
}  // namespace fjord::storage
