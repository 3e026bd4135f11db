// Rows of the attack table that concern the drivers: a site's token goes to that site and nowhere else.
#include "storage/webdav.hpp"

#include "fake_site.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>

namespace fjord::storage {
namespace {

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

// The same server under its other name is another origin.
struct two_names {
    fake_site site{[this](seen_request const& request) {
        if (request.path.starts_with("/data/")) return net::redirect_response(307, other_name + "/there");
        return net::text_response(200, "hello");
    }};
    std::string other_name = "https://localhost" + site.url().substr(site.url().rfind(':'));
    std::unique_ptr<driver> at = make_webdav_driver(site.url() + "/data/", site.client());
};

TEST(Attack, A21_ARedirectedReadLeavesTheTokenBehind) {
    two_names t;
    EXPECT_TRUE(t.site.run(t.at->read(with_token(), "x", std::nullopt, discard())));
    auto const seen = t.site.seen();
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[0].headers.get("Authorization"), "Bearer t0ken");
    EXPECT_EQ(seen[1].path, "/there");
    EXPECT_EQ(seen[1].headers.count("Authorization"), 0u);
}

TEST(Attack, A21_WritesAreNotRedirected) {
    two_names t;
    EXPECT_FALSE(t.site.run(t.at->remove(with_token(), "x")).has_value());
    EXPECT_FALSE(t.site.run(t.at->make_directory(with_token(), "d")).has_value());
    for (auto const& request : t.site.seen()) EXPECT_NE(request.path, "/there");
}

}  // namespace
}  // namespace fjord::storage
