// Kinds of sites: which urls and attributes are accepted, what tokens and peers see of them, and which copies can go between
// them.
#include "transfer/access.hpp"
#include "transfer/planner.hpp"
#include "transfer/source_choice.hpp"

#include "tests/support/matchers.hpp"

namespace fjord::transfer {
namespace {

using fjord::test::FailsWith;
using fjord::test::HasErrc;
using fjord::test::IsOk;
using storage::copy_mode;
using ::testing::HasSubstr;

catalog::site_record site(std::string kind, std::string url, std::map<std::string, std::string> attributes = {}) {
    catalog::site_record s;
    s.id = site_id(kind + "-1");
    s.kind = std::move(kind);
    s.url = std::move(url);
    s.attributes = std::move(attributes);
    return s;
}

auto const door = site("door", "https://door.example/data");
auto const bucket = site("s3", "https://s3.example:9000/eo/fed");
auto const native = site("xrootd", "roots://xrd.example:1095//data/eo");
auto const both = site("xrootd", "roots://xrd.example//data", {{"https_url", "https://xrd.example:1094/data/"}});

TEST(SiteAddress, EachKindHasItsUrls) {
    for (auto const& s : {door, bucket, native, both, site("xrootd", "https://h:1094/data"), site("webdav", "https://h"),
                          site("s3", "https://bucket.s3.example", {{"addressing", "virtual"}})})
        EXPECT_THAT(check_site(s), IsOk()) << s.url;
    struct row {
        catalog::site_record site;
        char const* says;
    };
    for (auto const& r : {row{site("tape", "https://h"), "kind must be"}, row{site("door", "http://h"), "tokens travel"},
                          row{site("webdav", "roots://h//x"), "https"}, row{site("xrootd", "root://h//x"), "in the clear"},
                          row{site("xrootd", "roots://h//x", {{"https_url", "http://h"}}), "https_url"},
                          row{site("s3", "https://s3.example"), "bucket"}, row{site("s3", "http://s3.example/b"), "TLS"},
                          row{site("s3", "https://s3.example/b", {{"addressing", "dns"}}), "addressing"},
                          row{site("door", "https://h/x?y=1"), "query"}})
        EXPECT_THAT(check_site(r.site), FailsWith(errc::invalid_argument, HasSubstr(r.says))) << r.site.url;
}

TEST(SiteAddress, PeersSeeHttpsWhereThereIsOne) {
    EXPECT_EQ(url_of(door, "a/b"), "https://door.example/data/a/b");
    EXPECT_EQ(url_of(native, "a/b"), "roots://xrd.example:1095//data/eo/a/b");
    EXPECT_EQ(url_of(site("xrootd", "roots://h"), "a"), "roots://h:1094//a");
    EXPECT_EQ(url_of(both, "a/b"), "https://xrd.example:1094/data/a/b");
}

TEST(SiteAddress, TokensAreForTheHttpsOriginAndThePathsOfTheServer) {
    EXPECT_EQ(*token_audience(door), "https://door.example");
    EXPECT_EQ(*token_audience(native), "https://xrd.example:1095");
    EXPECT_EQ(*token_audience(both), "https://xrd.example:1094");
    EXPECT_EQ(*token_audience(site("webdav", "https://h", {{"audience", "urn:site"}})), "urn:site");
    EXPECT_EQ(token_scope(native, {{"storage.read", "x"}}), "storage.read:/data/eo/x");
    auto stripped = native;
    stripped.attributes["token_base"] = "/data/";
    EXPECT_EQ(token_scope(stripped, {{"storage.read", "x"}}), "storage.read:/eo/x");
}

TEST(SiteAddress, CopiesGoWhereBothEndsUnderstandEachOther) {
    struct row {
        catalog::site_record from, to;
        bool possible;
    };
    for (auto const& r : {row{door, both, true}, row{both, door, true}, row{native, native, true}, row{bucket, door, true},
                          row{bucket, both, true}, row{door, native, false}, row{native, both, false}, row{bucket, native, false},
                          row{door, bucket, false}, row{bucket, bucket, false}}) {
        auto const mode = choose_mode(r.from, r.to, {});
        EXPECT_EQ(mode.has_value(), r.possible) << r.from.url << " -> " << r.to.url;
        if (!mode) { EXPECT_THAT(mode, HasErrc(errc::unsupported)); }
    }
    EXPECT_THAT(choose_mode(door, bucket, {}), FailsWith(errc::unsupported, HasSubstr("relay")));
    EXPECT_THAT(choose_mode(door, native, {}), FailsWith(errc::unsupported, HasSubstr("https_url")));
}

TEST(SiteAddress, ABucketIsOnlyEverPulledFrom) {
    EXPECT_EQ(*choose_mode(bucket, door, {}), copy_mode::pull);
    EXPECT_EQ(*choose_mode(bucket, door, copy_mode::pull), copy_mode::pull) << "it cannot push instead";
    auto passive = door;
    passive.attributes["tpc"] = "push";
    EXPECT_THAT(choose_mode(bucket, passive, {}), HasErrc(errc::unsupported));
}

TEST(SiteAddress, APlanUsesABucketOnlyForWhatIsThere) {
    catalog::rule_record rule;
    rule.copies = 1;
    auto const anywhere = *site_expression::parse("*");
    planner_asset asset;
    asset.ref = {collection_id("C"), item_id("I"), asset_key("A")};
    asset.version.id = sha256_of("x");
    std::vector<planner_site> const sites{{bucket, {}}};
    auto const allowed = [](catalog::site_record const&) { return place_verdict{}; };
    auto const without = planner(rule, anywhere, sites).plan(asset, allowed);
    EXPECT_EQ(without.missing, 1u);
    EXPECT_THAT(without.verdicts.front().reason, HasSubstr("cannot pull a copy"));
    catalog::replica_record held{asset.ref, asset.version.id, bucket.id, catalog::replica_state::available};
    asset.replicas.push_back(held);
    auto const with = planner(rule, anywhere, sites).plan(asset, allowed);
    EXPECT_EQ(with.missing, 0u);
    EXPECT_EQ(with.verdicts.front().choice, site_choice::has_copy);
}

}  // namespace
}  // namespace fjord::transfer
