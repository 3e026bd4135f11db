// What goes beyond one driver: copies out of a bucket, and XRootD servers that demand a login.
#include "tests/conformance/s3_server.hpp"
#include "tests/conformance/site_under_test.hpp"
#include "tests/conformance/xrootd_pair.hpp"

#include "base/random.hpp"
#include "storage/xrootd.hpp"
#include "tests/integration/door_bench.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/run.hpp"

#include <cstdlib>

namespace fjord::test {
namespace {

constexpr std::chrono::seconds patience{60};

storage::call soon(secret token) { return {std::move(token), system_clock().steady() + patience}; }

asio::awaitable<result<void>> keep(std::shared_ptr<std::string> to, std::string_view bytes) {
    to->append(bytes);
    co_return result<void>{};
}

class Bucket : public ::testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        if (auto const why = s3_server::missing(); !why.empty()) GTEST_SKIP() << why;
        if (auto const why = site().missing(); !why.empty()) GTEST_SKIP() << why;
    }
    site_under_test& site() { return site_named(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Conformance, Bucket, ::testing::Values("webdav_door", "webdav_xrootd"),
                         [](auto const& info) { return info.param; });

TEST_P(Bucket, ACopyIsPulledFromAPresignedUrl) {
    auto& bench = door_bench::get();
    s3_server bucket(test_tls{bench.ca(), bench.path("host.pem"), bench.path("host.key")});  // an authority that the sites trust
    auto const content = noise(3'000'000, 21);
    bucket.place("fed/scene 1", content);
    auto const url = storage::presigned_url(bucket.options(false), "GET", "fed/scene%201", system_clock().now(), seconds{60});
    ASSERT_THAT(url, IsOk());
    auto const driver = site().connect();
    auto const all = site().token("storage.read:/ storage.modify:/ storage.create:/");
    auto const folder = "s3-" + random_hex(4);
    auto nothing = [](std::span<char>) -> asio::awaitable<result<std::size_t>> { co_return std::size_t{0}; };
    ASSERT_THAT(run(driver->write(soon(all), folder + "/beside", 0, nothing, false), patience), IsOk()) << "makes the folder";
    storage::third_party_request pull;
    pull.local_path = folder + "/copy";
    pull.remote_url = url->reveal();
    auto const copied = run(driver->third_party_copy(soon(all), pull), patience);
    ASSERT_THAT(copied, IsOk());
    auto text = std::make_shared<std::string>();
    storage::byte_sink sink = [text](std::string_view bytes) { return keep(text, bytes); };
    ASSERT_THAT(run(driver->read(soon(all), pull.local_path, std::nullopt, sink), patience), IsOk());
    EXPECT_TRUE(*text == content);
}

TEST(XrootdLogin, ATokenFromTheEnvironmentOpensServersThatDemandOne) {
    if (auto const why = site_named("roots_xrootd").missing(); !why.empty()) GTEST_SKIP() << why;
    auto& pair = xrootd_pair::get();
    auto const& server = pair.with_login();
    pair.place(server, "/data/file", "content");
    auto const driver = storage::make_xrootd_driver("roots://" + server.authority() + "//data", test_pool()).value();
    auto const token = pair.token("storage.read:/", server);
    ::unsetenv("BEARER_TOKEN");
    EXPECT_THAT(run(driver->stat(soon(token), "file"), patience), HasErrc(errc::unauthenticated));
    ::setenv("BEARER_TOKEN", pair.token("storage.read:/", server).reveal().c_str(), 1);
    auto const until = std::chrono::steady_clock::now() + patience;
    auto info = run(driver->stat(soon(token), "file"), patience);
    while (!info && std::chrono::steady_clock::now() < until) {  // a refused login is remembered for a second
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        info = run(driver->stat(soon(token), "file"), patience);
    }
    ::unsetenv("BEARER_TOKEN");
    ASSERT_THAT(info, IsOk());
    EXPECT_EQ(info->size, 7u);
    auto const foreign = pair.token("storage.read:/nowhere", server);
    EXPECT_THAT(run(driver->stat(soon(foreign), "file"), patience), HasErrc(errc::denied)) << "each call goes by its own token";
}

}  // namespace
}  // namespace fjord::test
