// The path rule of WLCG v1.3 (section 2.4 of our reference) and the verbs of section 2.3, as tables.
#include "auth/auth.hpp"
#include "auth/scope.hpp"
#include "base/dataset_uri.hpp"

#include <gtest/gtest.h>

#include <random>

namespace fjord::auth {
namespace {

principal holding(std::string_view scope, dialect d = dialect::wlcg) {
    principal p;
    p.kind = principal_kind::human;
    p.capabilities = parse_scopes(scope, d).value();
    return p;
}

std::vector<std::string> path(std::string_view text) { return decode_path(text).value().segments; }

struct path_row {
    char const* scope;
    char const* verb;
    char const* object;
    bool directory;
    bool allowed;
};

TEST(Allows, PathTable) {
    for (auto const& [scope, verb, object, directory, allowed] : {
             path_row{"storage.read:/foo/bar", "storage.read", "/foo/bar", false, true},
             path_row{"storage.read:/foo/bar", "storage.read", "/foo/bar", true, true},
             path_row{"storage.read:/foo/bar", "storage.read", "/foo/bar/a/b", false, true},
             path_row{"storage.read:/foo/bar", "storage.read", "/foo", false, false},
             path_row{"storage.read:/foo/bar", "storage.read", "/foo", true, false},
             path_row{"storage.read:/foo/bar", "storage.read", "/foo/bargain", false, false},
             path_row{"storage.read:/foo/bar", "storage.read", "/foo/ba", false, false},
             path_row{"storage.read:/foo/bar", "storage.read", "/foo/Bar", false, false},
             path_row{"storage.read:/foo/bar", "storage.read", "/", true, false},
             path_row{"storage.read:/foo/bar/", "storage.read", "/foo/bar", false, false},
             path_row{"storage.read:/foo/bar/", "storage.read", "/foo/bar", true, true},
             path_row{"storage.read:/foo/bar/", "storage.read", "/foo/bar/x", false, true},
             path_row{"storage.read:/", "storage.read", "/anything/at/all", false, true},
             path_row{"storage.read:/", "storage.read", "/", true, true},
             path_row{"storage.create:/foo/bar", "storage.create", "/foo", true, true},  // mkdir of a leading directory
             path_row{"storage.modify:/foo/bar", "storage.create", "/foo", true, true},
             path_row{"storage.create:/foo/bar", "storage.create", "/foo", false, false},
             path_row{"storage.create:/foo/bar", "storage.create", "/fo", true, false},
             path_row{"storage.create:/foo/bar", "storage.create", "/other", true, false},
             path_row{"storage.modify:/foo/bar", "storage.modify", "/foo", true, false},  // no delete above the scope
             path_row{"storage.create:/foo/bar", "storage.stat", "/foo", true, false},
         })
        EXPECT_EQ(allows(holding(scope), verb, path(object), directory), allowed)
            << scope << " " << verb << " " << object << (directory ? " dir" : "");
}

TEST(Allows, VerbTable) {
    constexpr char const* wanted[] = {"storage.read",  "storage.create", "storage.modify",
                                      "storage.stage", "storage.poll",   "storage.stat"};
    struct row {
        char const* held;
        char const* grants;
    };  // 1 or 0 for each of `wanted`
    for (auto const& [held, grants] :
         {row{"storage.read", "100001"}, row{"storage.create", "010001"}, row{"storage.modify", "011001"},
          row{"storage.stage", "000111"}, row{"storage.poll", "000010"}})
        for (int i = 0; i < 6; ++i)
            EXPECT_EQ(allows(holding(std::string(held) + ":/x"), wanted[i], {"x"}), grants[i] == '1')
                << held << " -> " << wanted[i];
}

TEST(Allows, SciTokensWriteIsCreateAndModifyButCreateIsNotWrite) {
    auto writer = holding("write:/x", dialect::scitokens);
    EXPECT_TRUE(allows(writer, "storage.create", {"x", "new"}));
    EXPECT_TRUE(allows(writer, "storage.modify", {"x", "old"}));
    EXPECT_FALSE(allows(writer, "storage.read", {"x", "old"}));
    EXPECT_FALSE(allows(holding("storage.create:/x", dialect::scitokens), "storage.modify", {"x", "old"}));
}

TEST(Allows, OtherCapabilitiesGrantNoStorage) {
    auto p = holding("compute.read compute.modify host.auth");
    EXPECT_FALSE(p.capabilities.empty());
    for (auto verb : {"storage.read", "storage.stat", "storage.create", "compute.read", "host.auth", ""})
        EXPECT_FALSE(allows(p, verb, {})) << verb;
}

TEST(Allows, NobodyMayAnythingWithoutCapabilities) {
    EXPECT_FALSE(allows({}, "storage.read", {}));
    principal admin;
    admin.roles.push_back("admin");
    EXPECT_FALSE(allows(admin, "storage.read", {"a"}));
}

// A13: over random paths, a scope covers an object exactly when it is an ancestor or the object itself.
TEST(Allows, NeverBySharedLettersOfNames) {
    std::mt19937 random(7);
    auto name = [&] { return std::string(1 + random() % 3, static_cast<char>('a' + random() % 2)); };
    auto some_path = [&] {
        std::vector<std::string> out;
        for (auto i = random() % 4; i > 0; --i) out.push_back(name());
        return out;
    };
    for (int i = 0; i < 20'000; ++i) {
        auto scope = some_path(), object = some_path();
        principal p;
        p.capabilities.push_back({"storage.read", scope, false});
        bool inside = scope.size() <= object.size();
        for (std::size_t k = 0; inside && k < scope.size(); ++k) inside = scope[k] == object[k];
        ASSERT_EQ(allows(p, "storage.read", object), inside);
    }
}

}  // namespace
}  // namespace fjord::auth
