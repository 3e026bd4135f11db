#include "auth/scope.hpp"

#include "tests/support/matchers.hpp"

#include <algorithm>

namespace fjord::auth {
namespace {

using fjord::test::HasErrc;
using fjord::test::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> verbs(std::string_view scope, dialect d) {
    std::vector<std::string> out;
    for (auto const& c : parse_scopes(scope, d).value()) out.push_back(c.verb);
    return out;
}

TEST(Scope, VerbsByDialect) {
    struct row {
        char const* scope;
        dialect d;
        std::vector<std::string> verbs;
    };
    for (auto const& [scope, d, expected] : {
             row{"storage.read:/a", dialect::wlcg, {"storage.read"}},
             row{"storage.read:/a storage.create:/b storage.modify:/c storage.stage:/d storage.poll:/e",
                 dialect::wlcg,
                 {"storage.read", "storage.create", "storage.modify", "storage.stage", "storage.poll"}},
             row{"openid profile offline_access", dialect::wlcg, {}},
             row{"compute.create compute.read", dialect::wlcg, {"compute.create", "compute.read"}},
             row{"host.auth", dialect::wlcg, {"host.auth"}},
             row{"storage.write:/a storage.readall:/b", dialect::wlcg, {}},  // not scopes of the profile
             row{"Storage.Read:/a", dialect::wlcg, {}},
             row{"read:/a write:/b", dialect::wlcg, {}},  // SciTokens only
             row{"read:/a", dialect::scitokens, {"storage.read"}},
             row{"write:/a", dialect::scitokens, {"storage.create", "storage.modify"}},
             row{"storage.create:/a", dialect::scitokens, {"storage.create"}},  // never becomes write
             row{"queue execute condor:/READ", dialect::scitokens, {"scitokens.queue", "scitokens.execute", "scitokens.condor"}},
             row{"storage.read:/a", dialect::oidc, {"storage.read"}},
             row{"  storage.read:/a   openid ", dialect::wlcg, {"storage.read"}},
             row{"", dialect::wlcg, {}},
         })
        EXPECT_EQ(verbs(scope, d), expected) << scope;
}

TEST(Scope, PathsAreDecodedOnceIntoSegments) {
    struct row {
        char const* path;
        std::vector<std::string> segments;
        bool directory;
    };
    for (auto const& [path, segments, directory] : {
             row{"/", {}, false},
             row{"/a", {"a"}, false},
             row{"/a/b.c/d_e", {"a", "b.c", "d_e"}, false},
             row{"/a/b/", {"a", "b"}, true},
             row{"/with%20space/%C3%A9", {"with space", "\xc3\xa9"}, false},
             row{"/a:b@c+d,e", {"a:b@c+d,e"}, false},
             row{"/100%25", {"100%"}, false},
             row{"/...", {"..."}, false},
             row{"/.hidden", {".hidden"}, false},
             row{"/a;b", {"a;b"}, false},
         }) {
        auto parsed = parse_scope_path(path);
        ASSERT_THAT(parsed, IsOk()) << path;
        EXPECT_EQ(parsed->segments, segments) << path;
        EXPECT_EQ(parsed->directory_only, directory) << path;
    }
}

TEST(Scope, PathsThatAreNotPlainAreRefused) {
    for (std::string const path : {"",          "a",
                                   "a/b",       "foo/",
                                   "//",        "//a",
                                   "/a//b",     "/a//",
                                   "/.",        "/..",
                                   "/a/../b",   "/a/./b",
                                   "/a/..",     "/../a",
                                   "/a/../",    "/%2e%2e/a",
                                   "/%2E%2E/a", "/a/%2e",
                                   "/a%2eb",    "/a/.%2e",
                                   "/a%2fb",    "/a%2Fb",
                                   "/a%5cb",    "/a\\b",
                                   "/a%00b",    "/%252e%252e/a",
                                   "/%252e",    "/a%252fb",
                                   "/%25252e",  "/a%",
                                   "/a%2",      "/a%zz",
                                   "/a?b",      "/a#b",
                                   "/..;x/a",   "/.;/a",
                                   "/;x",       "/a%0ab",
                                   "/a%7fb",    "/%ff",
                                   "/%c3",      "/%c0%ae%c0%ae/a"})
        EXPECT_THAT(parse_scope_path(path), HasErrc(errc::bad_scope)) << path;
    EXPECT_THAT(parse_scope_path("/" + std::string(256, 'a')), HasErrc(errc::bad_scope));
}

TEST(Scope, OneBadStorageScopeSpoilsTheToken) {
    for (auto scope : {"storage.read", "storage.read:", "storage.create:foo", "storage.read:/a storage.modify",
                       "openid storage.stage", "storage.poll:/a/../b"})
        EXPECT_THAT(parse_scopes(scope, dialect::wlcg), HasErrc(errc::bad_scope)) << scope;
    EXPECT_THAT(parse_scopes("read", dialect::scitokens), HasErrc(errc::bad_scope));
    EXPECT_THAT(parse_scopes("write:/a/..", dialect::scitokens), HasErrc(errc::bad_scope));
}

}  // namespace
}  // namespace fjord::auth
