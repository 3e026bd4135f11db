#include "auth/exchange.hpp"

#include "auth/auth.hpp"
#include "auth/scope.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>

#include <random>

namespace fjord::auth::test {
namespace {

using namespace fjord::test;
using ::testing::HasSubstr;
using ::testing::SizeIs;

capability cap(std::string_view text) { return parse_requested_scope(text).value().front(); }

struct narrowing {
    char const *held, *wanted;
    bool covered;
};

TEST(Exchange, NarrowsByVerbAndPath) {
    for (auto const& [held, wanted, covered] : std::vector<narrowing>{
             {"storage.read:/a", "storage.read:/a", true},       {"storage.read:/a", "storage.read:/a/b", true},
             {"storage.read:/", "storage.read:/a/b", true},      {"storage.read:/a/b", "storage.read:/a", false},
             {"storage.read:/a", "storage.read:/ab", false},     {"storage.read:/a", "storage.read:/b", false},
             {"storage.read:/a", "storage.create:/a", false},    {"storage.read:/a", "storage.stage:/a", false},
             {"storage.modify:/a", "storage.create:/a/b", true}, {"storage.create:/a", "storage.modify:/a", false},
             {"storage.modify:/a", "storage.read:/a", false},    {"storage.stage:/a", "storage.poll:/a", true},
             {"storage.poll:/a", "storage.stage:/a", false},     {"storage.stage:/a", "storage.read:/a", false},
             {"storage.read:/a/", "storage.read:/a", false},  // the file /a
             {"storage.read:/a/", "storage.read:/a/", true},     {"storage.read:/a/", "storage.read:/a/b", true},
             {"storage.read:/a", "storage.read:/a/", true},      {"storage.read:/a%20b", "storage.read:/a%20b/c", true},
         })
        EXPECT_EQ(covers(cap(held), cap(wanted)), covered) << held << " -> " << wanted;
}

TEST(Exchange, WhatCannotBeAskedForIsNamed) {
    for (auto const& [scope, part] :
         std::vector<std::pair<std::string, std::string>>{{"storage.read", "storage.read"},
                                                          {"storage.read:/a/../b", "storage.read:/a/../b"},
                                                          {"storage.read:/a openid", "openid"},
                                                          {"compute.read", "compute.read"},
                                                          {"storage.write:/a", "storage.write:/a"},
                                                          {"read:/a", "read:/a"},
                                                          {"storage.read:a", "storage.read:a"},
                                                          {"storage.read:/a%2fb", "a%2fb"}})
        EXPECT_THAT(parse_requested_scope(scope), FailsWith(errc::bad_scope, HasSubstr(part))) << scope;
    std::string many;
    for (int i = 0; i <= 16; ++i) many += " storage.read:/" + std::to_string(i);
    EXPECT_THAT(parse_requested_scope(many), FailsWith(errc::bad_scope, HasSubstr("16")));
}

TEST(Exchange, AnEntrySaidTwiceIsOne) {
    EXPECT_THAT(parse_requested_scope("storage.read:/a  storage.read:/a storage.read:/%61"), IsOkAnd(SizeIs(1)));
    EXPECT_THAT(parse_requested_scope(""), IsOkAnd(SizeIs(0)));
}

TEST(Exchange, TheFirstEntryThatIsTooMuchIsNamed) {
    auto const held = parse_requested_scope("storage.read:/a storage.create:/b").value();
    EXPECT_THAT(must_cover(held, parse_requested_scope("storage.read:/a/x storage.create:/b").value()), IsOk());
    EXPECT_THAT(must_cover(held, parse_requested_scope("storage.read:/a storage.read:/b/y").value()),
                FailsWith(errc::bad_scope, HasSubstr("storage.read:/b/y")));
}

TEST(Exchange, WhatIsWrittenReadsBackTheSame) {
    for (auto const* text : {"storage.read:/", "storage.read:/a", "storage.read:/a/", "storage.create:/a%20b/%C3%A9"}) {
        auto const c = cap(text);
        EXPECT_EQ(scope_text(c), text);
        EXPECT_TRUE(covers(c, cap(scope_text(c))) && covers(cap(scope_text(c)), c)) << text;
    }
}

// The promise itself, in terms of what the door then allows: whatever a narrowed token opens, the first one opened too.
TEST(Exchange, NeverOpensWhatWasClosed) {
    std::mt19937 random(11);
    auto pick = [&random](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    char const* const verbs[] = {"storage.read", "storage.create", "storage.modify", "storage.stage", "storage.poll"};
    char const* const names[] = {"a", "ab", "b", "a b", "data"};
    auto path = [&](int longest) {
        std::vector<std::string> segments;
        for (int n = pick(longest + 1); n > 0; --n) segments.emplace_back(names[pick(5)]);
        return segments;
    };
    auto any = [&] {
        capability c{verbs[pick(5)], path(3), false};
        c.directory_only = !c.segments.empty() && pick(2) == 0;  // the root is no file
        return c;
    };
    int narrowed = 0, opened = 0;
    for (int round = 0; round < 20'000; ++round) {
        principal before;
        for (int n = 1 + pick(3); n > 0; --n) before.capabilities.push_back(any());
        std::vector<capability> wanted;
        for (int n = 1 + pick(2); n > 0; --n) wanted.push_back(any());
        if (!must_cover(before.capabilities, wanted)) continue;
        ++narrowed;
        principal after;
        after.capabilities = parse_scopes(scope_text(wanted), dialect::wlcg).value();  // as a door reads the minted token
        for (int tries = 0; tries < 20; ++tries) {
            auto const object = path(4);
            bool const directory = pick(2) == 0;
            for (std::string_view verb :
                 {"storage.read", "storage.create", "storage.modify", "storage.stage", "storage.poll", "storage.stat"}) {
                if (!allows(after, verb, object, directory)) continue;
                ++opened;
                ASSERT_TRUE(allows(before, verb, object, directory))
                    << scope_text(before.capabilities) << " -> " << scope_text(wanted) << " opened " << verb;
            }
        }
    }
    EXPECT_GT(narrowed, 500);
    EXPECT_GT(opened, 500);
}

}  // namespace
}  // namespace fjord::auth::test
