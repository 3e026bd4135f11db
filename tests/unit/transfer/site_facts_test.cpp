// What follows from the facts that the site probe found: layout, tokens per step, site expressions. Pure.
#include "transfer/layout.hpp"
#include "transfer/site_expression.hpp"
#include "transfer/site_facts.hpp"
#include "transfer/step_grants.hpp"

#include "tests/support/matchers.hpp"

#include <optional>

namespace fjord::transfer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

catalog::site_record site(std::string kind, std::map<std::string, std::string> honours,
                          std::map<std::string, std::string> attributes = {}) {
    catalog::site_record s;
    s.id = site_id("s");
    s.kind = std::move(kind);
    s.url = "https://host.example/data";
    s.attributes = std::move(attributes);
    s.honours = std::move(honours);
    return s;
}

TEST(site_facts_test, OnlyTrueAndFalseAreAnswers) {
    auto s = site("door", {{"a", "true"}, {"b", "false"}, {"c", "202"}});
    EXPECT_EQ(fact(s, "a"), true);
    EXPECT_EQ(fact(s, "b"), false);
    EXPECT_EQ(fact(s, "c"), std::nullopt);
    EXPECT_EQ(fact(s, "d"), std::nullopt);
}

TEST(site_facts_test, DigestsAreAListAnEmptyListOrUnknown) {
    using enum digest_algorithm;
    EXPECT_EQ(told_digests(site("door", {})), std::nullopt);
    EXPECT_THAT(*told_digests(site("door", {{"digests", "adler32,crc32c,md5"}})), ElementsAre(adler32, crc32c, md5));
    EXPECT_THAT(*told_digests(site("door", {{"digests", "none"}})), IsEmpty());
}

TEST(site_facts_test, ASiteThatIgnoresPathBoundariesGetsHashedNamesWhateverItsOperatorWants) {
    struct {
        char const *kind, *layout, *path_boundary;
        bool hashed;
    } const table[] = {
        {"door", "", "", false},
        {"door", "", "true", false},
        {"door", "", "false", true},
        {"door", "hashed", "true", true},
        {"door", "readable", "false", true},
        {"xrootd", "", "", true},
        {"xrootd", "", "true", true},
        {"xrootd", "", "false", true},
        {"xrootd", "readable", "", false},
        {"xrootd", "readable", "true", false},
        {"xrootd", "readable", "false", true},
    };
    catalog::asset_ref const asset{collection_id("C"), item_id("I"), asset_key("A")};
    catalog::asset_version const version{sha256_of("x"), {}, 1, {}, "scene.tif"};
    for (auto const& t : table) {
        auto s = site(t.kind, {});
        if (*t.layout) s.attributes["layout"] = t.layout;
        if (*t.path_boundary) s.honours["path_boundary"] = t.path_boundary;
        EXPECT_EQ(has_hashed_layout(s), t.hashed) << t.kind << " layout=" << t.layout << " path_boundary=" << t.path_boundary;
        EXPECT_THAT(replica_path(s, asset, version), StartsWith(t.hashed ? "fed/" : "C/I/A/"));
        EXPECT_EQ(staging_folder(s), t.hashed ? "fed/.in" : ".fjord-staging");
    }
}

TEST(site_facts_test, ATokenCarriesWhatItsStepNeedsThere) {
    auto scope = [](std::vector<grant> const& grants) { return token_scope(site("xrootd", {}), grants); };
    auto removing = [&](std::map<std::string, std::string> facts) { return scope(remove_grants(site("x", facts), "f")); };
    EXPECT_EQ(removing({{"modify_delete", "true"}}), "storage.modify:/data/f");
    EXPECT_EQ(removing({{"modify_delete", "false"}}), "storage.modify:/data/f storage.read:/data/f");
    EXPECT_EQ(removing({}), removing({{"modify_delete", "false"}})) << "what is not known is not counted on";

    auto renaming = [&](std::map<std::string, std::string> facts) { return scope(rename_grants(site("x", facts), "a", "b")); };
    std::string const create = "storage.create:/data/a storage.create:/data/b";
    std::string const modify = " storage.modify:/data/a storage.modify:/data/b";
    EXPECT_EQ(renaming({}), create + modify + " storage.read:/data/b");
    EXPECT_EQ(renaming({{"overwrite_move", "true"}}), create + modify + " storage.read:/data/b");
    EXPECT_EQ(renaming({{"overwrite_move", "true"}, {"create_stat", "true"}}), create + modify);
    EXPECT_EQ(renaming({{"overwrite_move", "false"}}), create + " storage.read:/data/b")
        << "where MOVE replaces what is there, the token cannot";
    EXPECT_EQ(renaming({{"overwrite_move", "false"}, {"create_stat", "true"}}), create + " storage.read:/data/b");
    EXPECT_EQ(scope(verify_grants("f")), "storage.read:/data/f");
}

TEST(site_facts_test, ExpressionsReadWhatWasProbed) {
    auto matches = [](std::string text, catalog::site_record const& s) {
        return site_expression::parse(text).value().matches(s);
    };
    auto old = site("xrootd", {{"path_boundary", "false"}, {"tpc_status", "201"}}, {{"tier", "1"}});
    EXPECT_FALSE(matches("honours.path_boundary=true", old));
    EXPECT_TRUE(matches("honours.path_boundary=false", old));
    EXPECT_FALSE(matches("honours.path_boundary", old));
    EXPECT_TRUE(matches("honours.tpc_status<202&tier=1", old));
    EXPECT_FALSE(matches("honours.checks_audience=true", old)) << "unknown is not true";
    EXPECT_FALSE(matches("honours.checks_audience!=true", old)) << "nor is it known to be otherwise";
    EXPECT_TRUE(matches("honours.path_boundary", site("door", {{"path_boundary", "true"}})));
    EXPECT_TRUE(matches("not honours.path_boundary=true", old));
}

}  // namespace
}  // namespace fjord::transfer
