#include "catalog_fixture.hpp"

namespace fjord::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CatalogNamespace : public CatalogTest {
protected:
    void SetUp() override {
        must(commit([](change_set& c) { c.put_collection(collection("c")); }));
        news();
    }
    result<sequence> put(item_record i, expectation e = always{}) {
        return commit([&](change_set& c) { c.put_item(std::move(i), std::move(e)); });
    }
    std::vector<std::string> ids_after(std::string_view after) {
        std::vector<std::string> ids;
        auto keep = [&ids](item_record const& i) {
            ids.push_back(i.id.str());
            return true;
        };
        must(cat().scan_items(collection_id("c"), after, keep));
        return ids;
    }
};

TEST_P(CatalogNamespace, ACollectionIsKeptByteForByteWithItsEtag) {
    std::string document = "{ \"id\" : \"d\",  \"n\": 1.10 }\n";
    must(commit([&](change_set& c) { c.put_collection(collection("d", document), if_absent{}); }));
    auto found = must(cat().find_collection(collection_id("d")));
    EXPECT_EQ(found.document, document);
    EXPECT_EQ(found.owner, "flood-dt");
    EXPECT_EQ(found.etag, sha256_of(document).hex());
    EXPECT_EQ(found.created, time().now());
    EXPECT_EQ(must(cat().list_collections()).size(), 2u);
    auto log = news();
    ASSERT_THAT(types_of(log), ElementsAre("collection.created"));
    EXPECT_EQ(log[0].subject, "d");
    EXPECT_EQ(text_of(log[0], "etag"), found.etag);
}

TEST_P(CatalogNamespace, ExpectationsAreJudgedByTheStateOfTheThing) {
    must(put(item("c", "i", "1"), if_absent{}));
    EXPECT_TRUE(failed_with(put(item("c", "i", "2"), if_absent{}), errc::already_exists));
    EXPECT_TRUE(failed_with(put(item("c", "j", "2"), if_present{}), errc::not_found));
    EXPECT_TRUE(failed_with(put(item("c", "j", "2"), if_etag{"00"}), errc::not_found));
    EXPECT_TRUE(failed_with(put(item("c", "i", "2"), if_etag{"00"}), errc::conflict));
    EXPECT_EQ(must(cat().find_item(collection_id("c"), item_id("i"))).document, "1");
    must(put(item("c", "i", "2"), if_etag{sha256_of("1").hex()}));
    must(put(item("c", "i", "3"), if_present{}));
    must(put(item("c", "j", "4"), always{}));
    EXPECT_EQ(must(cat().find_item(collection_id("c"), item_id("i"))).document, "3");
    EXPECT_THAT(types_of(news()), ElementsAre("item.created", "item.updated", "item.updated", "item.created"));
}

TEST_P(CatalogNamespace, AFailedStepUndoesTheWholeSet) {
    auto both = commit([](change_set& c) {
        c.put_item(item("c", "new"));
        c.delete_item(collection_id("c"), item_id("absent"));
    });
    EXPECT_TRUE(failed_with(both, errc::not_found));
    EXPECT_TRUE(failed_with(cat().find_item(collection_id("c"), item_id("new")), errc::not_found));
    EXPECT_THAT(news(), IsEmpty());
}

TEST_P(CatalogNamespace, CreationTimeStaysAndUpdateTimeMoves) {
    auto born = time().now();
    must(put(item("c", "i", "1")));
    time().advance(seconds{60});
    auto update = item("c", "i", "2");
    update.created = time().now();
    must(put(update));
    auto found = must(cat().find_item(collection_id("c"), item_id("i")));
    EXPECT_EQ(found.created, born);
    EXPECT_EQ(found.updated, born + seconds{60});
}

TEST_P(CatalogNamespace, PuttingTheSameDocumentAgainIsNoNews) {
    must(put(item("c", "i")));
    auto before = must(cat().find_item(collection_id("c"), item_id("i")));
    time().advance(seconds{60});
    EXPECT_EQ(must(put(item("c", "i"))), cat().last_sequence());
    EXPECT_EQ(must(cat().find_item(collection_id("c"), item_id("i"))).updated, before.updated);
    EXPECT_THAT(types_of(news()), ElementsAre("item.created"));
}

TEST_P(CatalogNamespace, AnItemNeedsItsCollection) {
    EXPECT_TRUE(failed_with(put(item("nowhere", "i")), errc::not_found));
    must(commit([](change_set& c) {
        c.put_collection(collection("n"));
        c.put_item(item("n", "i"));
    }));
    EXPECT_THAT(types_of(news()), ElementsAre("collection.created", "item.created"));
}

TEST_P(CatalogNamespace, ACollectionWithItemsIsNotDeleted) {
    must(put(item("c", "i")));
    auto drop = [](change_set& c) { c.delete_collection(collection_id("c")); };
    EXPECT_TRUE(failed_with(commit(drop), errc::conflict));
    must(cat().find_collection(collection_id("c")));
    must(commit([](change_set& c) {
        c.delete_item(collection_id("c"), item_id("i"));
        c.delete_collection(collection_id("c"));
    }));
    EXPECT_TRUE(failed_with(cat().find_collection(collection_id("c")), errc::not_found));
    EXPECT_TRUE(failed_with(commit(drop), errc::not_found));
    EXPECT_THAT(types_of(news()), ElementsAre("item.created", "item.deleted", "collection.deleted"));
}

TEST_P(CatalogNamespace, DeletingLeavesATombstoneInTheLog) {
    must(put(item("c", "a b")));
    must(commit([](change_set& c) { c.delete_item(collection_id("c"), item_id("a b")); }));
    auto log = news();
    ASSERT_THAT(types_of(log), ElementsAre("item.created", "item.deleted"));
    EXPECT_EQ(log[1].subject, "c/a%20b");
    EXPECT_EQ(data_of(log[1]), (boost::json::object{{"collection", "c"}, {"item", "a b"}}));
    auto absent = commit([](change_set& c) { c.delete_item(collection_id("c"), item_id("a b"), always{}); });
    EXPECT_EQ(must(absent), cat().last_sequence());
    EXPECT_THAT(news(), IsEmpty());
}

TEST_P(CatalogNamespace, NamesThatBreakTheRulesAreRefused) {
    for (auto name : {"", "..", "a/b", "a\nb", "\xff"})
        EXPECT_TRUE(failed_with(put(item("c", name)), errc::invalid_argument)) << name;
    EXPECT_TRUE(failed_with(commit([](change_set& c) { c.put_collection(collection("a\\b")); }), errc::invalid_argument));
}

TEST_P(CatalogNamespace, ItemsAreScannedInOrderAfterACursor) {
    must(commit([](change_set& c) {
        c.put_collection(collection("c2"));
        for (auto id : {"b", "a", "a.1", "c", "\xc3\xa9"}) c.put_item(item("c", id));
        c.put_item(item("c2", "other"));
    }));
    EXPECT_THAT(ids_after(""), ElementsAre("a", "a.1", "b", "c", "\xc3\xa9"));
    EXPECT_THAT(ids_after("a"), ElementsAre("a.1", "b", "c", "\xc3\xa9"));
    EXPECT_THAT(ids_after("bb"), ElementsAre("c", "\xc3\xa9"));
    int seen = 0;
    must(cat().scan_items(collection_id("c"), "", [&](item_record const&) { return ++seen < 2; }));
    EXPECT_EQ(seen, 2);
    std::vector<std::string> all;
    must(cat().for_each_item([&](item_record const& i) {
        all.push_back(i.collection.str() + "/" + i.id.str());
        return true;
    }));
    EXPECT_THAT(all, ElementsAre("c/a", "c/a.1", "c/b", "c/c", "c/\xc3\xa9", "c2/other"));
}

TEST_P(CatalogNamespace, AThousandItemsAreOneBatchAndOneRunOfTheLog) {
    auto before = cat().last_sequence();
    auto seq = commit([](change_set& c) {
        for (int n = 0; n < 1000; ++n) c.put_item(item("c", std::to_string(n)), if_absent{});
    });
    EXPECT_EQ(must(seq), before + 1000);
    EXPECT_EQ(ids_after("").size(), 1000u);
}

// "created", "updated", "unchanged", or the error.
std::string fate(result<item_change> const& r) {
    if (!r) return std::string(r.error().code.message());
    return *r == item_change::created ? "created" : *r == item_change::updated ? "updated" : "unchanged";
}

TEST_P(CatalogNamespace, ManyItemsAtOnceAreEachForThemselves) {
    must(put(item("c", "there")));
    auto changed = item("c", "there");
    changed.document += " ";
    std::vector<item_put> puts{{item("c", "a"), if_absent{}}, {item("c", "there"), if_absent{}}, {item("absent", "a")},
                               {item("c", "bad/name")},       {item("c", "a"), if_absent{}},     {changed, if_present{}},
                               {changed, always{}},           {item("c", "z"), if_etag{"x"}},    {item("c", "last")}};
    news();
    auto const outcomes = must(cat().put_items(puts));
    std::vector<std::string> got;
    for (auto const& o : outcomes) got.push_back(fate(o));
    auto text = [](errc e) { return make_error_code(e).message(); };
    EXPECT_THAT(got, ElementsAre("created", text(errc::already_exists), text(errc::not_found), text(errc::invalid_argument),
                                 text(errc::already_exists), "updated", "unchanged", text(errc::not_found), "created"));
    EXPECT_THAT(types_of(news()), ElementsAre("item.created", "item.updated", "item.created"));
    EXPECT_EQ(must(cat().find_item(collection_id("c"), item_id("there"))).document, changed.document);
    EXPECT_TRUE(failed_with(cat().find_item(collection_id("absent"), item_id("a")), errc::not_found));
}

INSTANTIATE_TEST_SUITE_P(Engines, CatalogNamespace, engines(), engine_name);

}  // namespace
}  // namespace fjord::catalog
