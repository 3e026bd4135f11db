#include "catalog/keys.hpp"

#include "support.hpp"

#include <algorithm>

namespace fjord::catalog {
namespace {

using keys::table;
using ::testing::ElementsAre;

bool inside(key_range const& r, std::string const& key) { return key >= r.first && (r.last.empty() || key < r.last); }

// Names that tempt a codec: separators, escapes, high bytes, prefixes of one another.
std::vector<std::string> const names{std::string("\0", 1),
                                     std::string("\0\1", 2),
                                     "\x01",
                                     "\x01\x01",
                                     "\x01\x02",
                                     "\x02",
                                     " ",
                                     "!",
                                     "0",
                                     "A",
                                     "A B",
                                     "A.B",
                                     "AB",
                                     "a",
                                     "a\x7f",
                                     "\xc3\xa9",
                                     "\xf0\x9f\x8c\x8d",
                                     "\xff"};

TEST(CatalogKeys, NamesOfAnyBytesComeBackUnchanged) {
    for (auto const& c : names)
        for (auto const& i : names) {
            auto parts = keys::split(keys::item(collection_id(c), item_id(i)));
            ASSERT_TRUE(parts);
            EXPECT_EQ(parts->tag, table::item);
            EXPECT_THAT(parts->segments, ElementsAre(c, i));
        }
}

TEST(CatalogKeys, KeysSortAsTheirTuplesDo) {
    std::vector<std::pair<std::string, std::string>> tuples;
    for (auto const& c : names)
        for (auto const& i : names) tuples.emplace_back(c, i);
    std::sort(tuples.begin(), tuples.end());
    std::vector<std::string> keys;
    for (auto const& [c, i] : tuples) keys.push_back(keys::item(collection_id(c), item_id(i)));
    EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
    EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end()) << "two tuples share a key";
}

TEST(CatalogKeys, ARangeHoldsWhatIsBelowItsOwnerAndNothingElse) {
    for (auto const& owner : names) {
        auto range = keys::items_of(collection_id(owner));
        for (auto const& c : names)
            for (auto const& i : names)
                EXPECT_EQ(inside(range, keys::item(collection_id(c), item_id(i))), c == owner) << c << " in " << owner;
    }
}

TEST(CatalogKeys, EveryViewOfAReplicaAndALockHasItsRange) {
    auto a = ref("c", "i", "data");
    auto other = ref("c", "i", "data2");
    auto v = version_of("1"), w = version_of("2");
    site_id s("site-a");
    EXPECT_TRUE(inside(keys::replicas_of(a), keys::replica(a, v, s)));
    EXPECT_FALSE(inside(keys::replicas_of(a), keys::replica(other, v, s)));
    EXPECT_TRUE(inside(keys::replicas_of(a, v), keys::replica(a, v, s)));
    EXPECT_FALSE(inside(keys::replicas_of(a, v), keys::replica(a, w, s)));
    EXPECT_TRUE(inside(keys::replicas_at(s), keys::replica_by_site(s, a, v)));
    EXPECT_FALSE(inside(keys::replicas_at(site_id("site")), keys::replica_by_site(s, a, v)));
    EXPECT_TRUE(inside(keys::versions_of(a), keys::version(a, v)));
    EXPECT_FALSE(inside(keys::versions_of(a), keys::version(other, v)));
    EXPECT_TRUE(inside(keys::members_of(a, v), keys::member(a, v, "b/0.0")));
    EXPECT_FALSE(inside(keys::members_of(a, v), keys::member(a, w, "b/0.0")));
    EXPECT_TRUE(inside(keys::assets_of(a.collection), keys::asset(a)));
    EXPECT_TRUE(inside(keys::assets_of(a.collection, a.item), keys::asset(a)));
    lock_record lock{rule_id("r"), a, v, s};
    EXPECT_TRUE(inside(keys::locks_of(lock.rule), keys::lock(lock)));
    EXPECT_TRUE(inside(keys::locks_of(a), keys::lock_by_asset(lock)));
    EXPECT_FALSE(inside(keys::locks_of(other), keys::lock_by_asset(lock)));
}

TEST(CatalogKeys, TablesDoNotOverlap) {
    auto a = ref("c", "i", "data");
    auto v = version_of("1");
    lock_record l{rule_id("r"), a, v, site_id("s")};
    std::vector<std::string> one_of_each{keys::collection(a.collection),
                                         keys::item(a.collection, a.item),
                                         keys::asset(a),
                                         keys::version(a, v),
                                         keys::member(a, v, "p"),
                                         keys::replica(a, v, l.site),
                                         keys::replica_by_site(l.site, a, v),
                                         keys::site(l.site),
                                         keys::rule(l.rule),
                                         keys::lock(l),
                                         keys::lock_by_asset(l),
                                         keys::transfer(transfer_id("t")),
                                         keys::open_transfer(transfer_id("t")),
                                         keys::policy("p"),
                                         keys::upload("u"),
                                         keys::probe(site_id("s")),
                                         keys::revocation("k")};
    for (auto const& key : one_of_each) {
        auto parts = keys::split(key);
        ASSERT_TRUE(parts);
        auto holds = [&](std::string const& k) { return inside(keys::all(parts->tag), k); };
        EXPECT_EQ(std::count_if(one_of_each.begin(), one_of_each.end(), holds), 1) << keys::describe(key);
    }
}

TEST(CatalogKeys, DigestsOfAnyBytesComeBack) {
    auto a = ref("c", "i", "data");
    for (unsigned first = 0; first < 256; ++first) {
        std::array<std::byte, 32> bytes{};
        bytes[0] = bytes[31] = static_cast<std::byte>(first);
        auto v = must(digest::from_bytes(digest_algorithm::sha256, bytes));
        auto parts = must(keys::split_as(table::replica, 5, keys::replica(a, v, site_id("s"))));
        EXPECT_EQ(keys::asset_at(parts, 0), a);
        EXPECT_EQ(keys::version_at(parts, 3), v);
        EXPECT_EQ(parts.segments[4], "s");
    }
}

TEST(CatalogKeys, BytesThatAreNoKeyAreRefused) {
    for (std::string_view bad : {std::string_view(""), std::string_view("?x\0", 3), std::string_view("ia"),
                                 std::string_view("ia\x01"), std::string_view("ia\x01\x05\0", 5)})
        EXPECT_FALSE(keys::split(bad));
    EXPECT_TRUE(failed_with(keys::split_as(table::item, 2, keys::site(site_id("s"))), errc::corrupt));
    EXPECT_TRUE(failed_with(keys::split_as(table::item, 3, keys::item(collection_id("c"), item_id("i"))), errc::corrupt));
}

TEST(CatalogKeys, NextAfterIsTheSmallestGreaterKey) {
    auto key = keys::item(collection_id("c"), item_id("i"));
    EXPECT_LT(key, keys::next_after(key));
    EXPECT_LT(keys::next_after(key), keys::item(collection_id("c"), item_id(std::string("i\0", 2))));
}

}  // namespace
}  // namespace fjord::catalog
