#include "site/remote.hpp"

#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fjord::site {
namespace {

using test::HasErrc;
using test::IsOk;
namespace ip = boost::asio::ip;

TEST(RemoteUrl, OnlyHttpsWithoutUserinfoAndFragmentIsTaken) {
    EXPECT_THAT(parse_remote("https://src.example:1094/a/b", {}), IsOk());
    for (auto const* bad : {"file:///etc/hostname", "http://src.example/a", "gopher://x/", "smb://x/y", "ftp://x/y",
                            "https://u:p@x/y", "https://x/y#z", "https:///y", "//x/y", "/etc/passwd", "", "https://x:0/",
                            "https://x:99999/", "https://x\\@y/", "https://x y/", "root://x//y"})
        EXPECT_THAT(parse_remote(bad, {}), HasErrc(errc::invalid_argument)) << bad;
}

TEST(RemoteUrl, DavsIsReadAsHttps) {
    auto const parts = parse_remote("davs://src.example/a?x=1", {});
    ASSERT_THAT(parts, IsOk());
    EXPECT_EQ(url_text(*parts), "https://src.example/a?x=1");
}

TEST(RemoteUrl, PortsCanBeLimited) {
    remote_rules const rules{.ports = {443, 1094}};
    EXPECT_THAT(parse_remote("https://x/", rules), IsOk());
    EXPECT_THAT(parse_remote("https://x:1094/", rules), IsOk());
    EXPECT_THAT(parse_remote("https://x:22/", rules), HasErrc(errc::denied));
}

TEST(RemoteAddress, SpecialAddressesAreNotPublic) {
    for (auto const* text : {"127.0.0.1",
                             "127.8.9.1",
                             "10.1.2.3",
                             "172.16.0.1",
                             "172.31.255.255",
                             "192.168.1.1",
                             "169.254.169.254",
                             "0.0.0.0",
                             "100.64.0.1",
                             "192.0.2.7",
                             "198.18.0.1",
                             "198.51.100.1",
                             "203.0.113.1",
                             "224.0.0.1",
                             "255.255.255.255",
                             "::1",
                             "::",
                             "fe80::1",
                             "fc00::1",
                             "fd12::1",
                             "ff02::1",
                             "2001:db8::1",
                             "2001::1",
                             "::ffff:127.0.0.1",
                             "::ffff:10.0.0.1",
                             "64:ff9b::7f00:1",
                             "2002:7f00:1::",
                             "::7f00:1"})
        EXPECT_FALSE(is_public(ip::make_address(text))) << text;
    for (auto const* text : {"1.1.1.1", "172.32.0.1", "172.15.0.1", "188.184.9.235", "100.128.0.1", "2606:4700::1",
                             "2001:1458:201::1", "::ffff:1.1.1.1", "64:ff9b::101:101"})
        EXPECT_TRUE(is_public(ip::make_address(text))) << text;
}

TEST(RemoteAddress, OneBadAddressIsEnoughToRefuse) {
    auto const remote = *parse_remote("https://src.example:1094/a", {});
    std::vector const mixed{ip::make_address("1.1.1.1"), ip::make_address("127.0.0.1")};
    EXPECT_THAT(judge_addresses(remote, mixed, {}), HasErrc(errc::denied));
    EXPECT_THAT(judge_addresses(remote, {mixed.front()}, {}), IsOk());
}

TEST(RemoteAddress, ConfigurationMayListAHostWithItsPort) {
    auto const remote = *parse_remote("https://site-b.internal:1094/a", {});
    std::vector const inside{ip::make_address("10.0.0.7")};
    EXPECT_THAT(judge_addresses(remote, inside, {.allow = {"site-b.internal:1094"}}), IsOk());
    EXPECT_THAT(judge_addresses(remote, inside, {.allow = {"site-b.internal:22"}}), HasErrc(errc::denied));
    EXPECT_THAT(judge_addresses(remote, inside, {.allow_local = true}), IsOk());
}

TEST(RemoteAddress, LiteralsResolveToThemselves) {
    auto const v6 = resolve_remote("[::1]");
    ASSERT_THAT(v6, IsOk());
    EXPECT_FALSE(is_public(v6->front()));
    // Spellings of loopback that a textual filter would miss.
    for (auto const* host : {"127.1", "2130706433", "0x7f.1", "0177.0.0.1"}) {
        auto const found = resolve_remote(host);
        EXPECT_FALSE(found && is_public(found->front())) << host;
    }
}

}  // namespace
}  // namespace fjord::site
