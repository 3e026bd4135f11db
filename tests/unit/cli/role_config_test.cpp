#include "cli/role_config.hpp"

#include "base/file.hpp"

#include <gmock/gmock.h>

namespace fjord::cli {
namespace {

using ::testing::HasSubstr;

TEST(RoleConfig, ABrokerFileIsReadWithItsIssuersAndNetworks) {
    broker_config c;
    auto const ok = table_of(c).parse_text(R"(
listen = ["https://0.0.0.0:8443"]
data_dir = "/srv/fjord"
token_lifetime = "PT5M"
[location]
jurisdiction = "DE"
[[issuer]]
url = "https://issuer.example"
admin_groups = ["/admins"]
[[network]]
cidr = "192.0.2.0/24"
site = "hpc"
)",
                                           "broker.toml");
    ASSERT_TRUE(ok) << ok.error().message();
    EXPECT_EQ(c.issuers.at(0).admin_groups.at(0), "/admins");
    EXPECT_EQ(c.broker.networks.at(0).site, "hpc");
    EXPECT_EQ(c.broker.token_lifetime, seconds(300));
    EXPECT_EQ(c.broker.jurisdiction, "DE");
}

TEST(RoleConfig, AllFaultsAreReportedWithLineAndKey) {
    cache_config c;
    auto const bad = table_of(c).parse_text("listen = \"x\"\nsiez = 3\n[disk]\npath = \"p\"\nsize = 5\n", "cache.toml");
    ASSERT_FALSE(bad);
    for (auto const* expected : {"cache.toml:1", "listen", "cache.toml:2", "siez", "cache.toml:5", "disk.size"})
        EXPECT_THAT(bad.error().detail, HasSubstr(expected));
}

TEST(RoleConfig, TheReferenceNamesEveryRole) {
    auto const text = configuration_reference();
    for (auto const* expected : {"## broker", "## site", "## cache", "## issuer", "data_dir", "tokens_over_http", "max_lifetime"})
        EXPECT_THAT(text, HasSubstr(expected));
}

// docs/configuration.md is generated; this fails when somebody changed a table and forgot `fjord config-reference`.
TEST(RoleConfig, ThePublishedReferenceIsUpToDate) {
    auto const published = read_file(std::string(FJORD_SOURCE_DIR) + "/docs/configuration.md");
    ASSERT_TRUE(published) << published.error().message();
    EXPECT_EQ(*published, configuration_reference()) << "run: fjord config-reference > docs/configuration.md";
}

}  // namespace
}  // namespace fjord::cli
