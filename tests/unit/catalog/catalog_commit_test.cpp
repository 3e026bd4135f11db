#include "catalog_fixture.hpp"

#include <atomic>
#include <mutex>
#include <thread>

namespace fjord::catalog {
namespace {

class CatalogCommit : public CatalogTest {
protected:
    // Runs `work(n)` on as many threads.
    template <class Work>
    static void together(int threads, Work work) {
        std::vector<std::thread> pool;
        for (int n = 0; n < threads; ++n) pool.emplace_back([&work, n] { work(n); });
        for (auto& t : pool) t.join();
    }
};

TEST_P(CatalogCommit, AnEmptySetIsDoneAtOnce) {
    EXPECT_EQ(must(cat().commit({})), 0u);
    EXPECT_TRUE(change_set{}.empty());
}

TEST_P(CatalogCommit, TwoLoadersOfTheSameIdsShareTheWorkWithoutDoubles) {
    must(commit([](change_set& c) { c.put_collection(collection("c")); }));
    constexpr int loaders = 4, items = 60;
    std::atomic<int> won = 0, lost = 0;
    together(loaders, [&](int who) {
        for (int n = 0; n < items; ++n) {
            auto r = commit([&](change_set& c) { c.put_item(item("c", std::to_string(n), std::to_string(who)), if_absent{}); });
            if (r)
                ++won;
            else if (r.error().code == make_error_code(errc::already_exists))
                ++lost;
        }
    });
    EXPECT_EQ(won, items);
    EXPECT_EQ(lost, items * (loaders - 1)) << "a loser learns that the item exists, not of a clash inside";
    EXPECT_EQ(cat().last_sequence(), 1u + items);
}

TEST_P(CatalogCommit, ConcurrentUpdatesByEtagAreNeverLost) {
    must(commit([](change_set& c) {
        c.put_collection(collection("c"));
        c.put_item(item("c", "n", "0"));
    }));
    constexpr int threads = 4, increments = 25;
    together(threads, [&](int) {
        for (int done = 0; done < increments;) {
            auto now = must(cat().find_item(collection_id("c"), item_id("n")));
            auto next = item("c", "n", std::to_string(std::stoi(now.document) + 1));
            if (commit([&](change_set& c) { c.put_item(next, if_etag{now.etag}); })) ++done;
        }
    });
    EXPECT_EQ(must(cat().find_item(collection_id("c"), item_id("n"))).document, std::to_string(threads * increments));
}

TEST_P(CatalogCommit, UnconditionalWritersAreAllServed) {
    constexpr int threads = 4, writes = 25;
    auto a = ref("c", "i", "a");
    together(threads, [&](int who) {
        for (int n = 0; n < writes; ++n) {
            auto bytes = std::to_string(who) + "/" + std::to_string(n);
            must(commit([&](change_set& c) { c.register_version(a, {.id = version_of(bytes), .size = bytes.size()}); }));
        }
    });
    EXPECT_EQ(must(cat().list_versions(a)).size(), static_cast<std::size_t>(threads * writes));
    EXPECT_EQ(cat().last_sequence(), static_cast<sequence>(threads * writes));
}

TEST_P(CatalogCommit, AnItemNeverEndsUpInACollectionThatIsGone) {
    for (int round = 0; round < 30; ++round) {
        auto name = "c" + std::to_string(round);
        must(commit([&](change_set& c) { c.put_collection(collection(name.c_str())); }));
        std::atomic<bool> put = false, dropped = false;
        together(2, [&](int who) {
            if (who == 0)
                put = commit([&](change_set& c) { c.put_item(item(name.c_str(), "i")); }).has_value();
            else
                dropped = commit([&](change_set& c) { c.delete_collection(collection_id(name)); }).has_value();
        });
        EXPECT_NE(put, dropped);
        EXPECT_EQ(cat().find_collection(collection_id(name)).has_value(), put);
        EXPECT_EQ(cat().find_item(collection_id(name), item_id("i")).has_value(), put);
    }
}

TEST_P(CatalogCommit, ObserversSeeEveryEntryOnceInOrderBeforeCommitReturns) {
    std::atomic<sequence> delivered = 0;
    std::atomic<int> inside = 0;
    std::vector<sequence> first, second;
    cat().on_commit([&](std::vector<log_entry> const& entries) {
        EXPECT_EQ(++inside, 1) << "one at a time";
        for (auto const& e : entries) first.push_back(e.seq);
        delivered = entries.back().seq;
        --inside;
    });
    cat().on_commit([&](std::vector<log_entry> const& entries) {
        for (auto const& e : entries) second.push_back(e.seq);
    });
    constexpr int threads = 6, commits = 30;
    together(threads, [&](int who) {
        for (int n = 0; n < commits; ++n) {
            auto seq = must(commit([&](change_set& c) {
                c.append_event("test.first", std::to_string(who), {});
                c.append_event("test.second", std::to_string(who), {});
            }));
            EXPECT_GE(delivered.load(), seq);
        }
    });
    ASSERT_EQ(first.size(), static_cast<std::size_t>(threads * commits * 2));
    for (std::size_t n = 0; n < first.size(); ++n) ASSERT_EQ(first[n], n + 1);
    EXPECT_EQ(first, second);
}

TEST_P(CatalogCommit, ObserversFindTheStateTheEntrySpeaksOf) {
    must(commit([](change_set& c) { c.put_collection(collection("c")); }));
    std::string found;
    cat().on_commit([&](auto const&) { found = must(cat().find_item(collection_id("c"), item_id("i"))).document; });
    must(commit([](change_set& c) { c.put_item(item("c", "i", "doc")); }));
    EXPECT_EQ(found, "doc");
}

TEST_P(CatalogCommit, AnObserverThatCommitsIsToldInsteadOfHanging) {
    bool refused = false;
    cat().on_commit(
        [&](auto const&) { refused = failed_with(commit([](change_set& c) { c.append_event("t", "s", {}); }), errc::internal); });
    must(commit([](change_set& c) { c.append_event("t", "s", {}); }));
    EXPECT_TRUE(refused);
}

TEST_P(CatalogCommit, AfterARestartObserversSeeOnlyWhatIsNew) {
    must(commit([](change_set& c) { c.append_event("old", "s", {}); }));
    reopen();
    std::vector<std::string> types;
    cat().on_commit([&](std::vector<log_entry> const& entries) {
        for (auto const& e : entries) types.push_back(e.type);
    });
    must(commit([](change_set& c) { c.append_event("new", "s", {}); }));
    EXPECT_THAT(types, ::testing::ElementsAre("new"));
}

TEST_P(CatalogCommit, TheLogIsPagedAndPrunedThroughTheCatalog) {
    for (int n = 0; n < 5; ++n) must(commit([](change_set& c) { c.append_event("t", "s", {}); }));
    EXPECT_EQ(must(cat().read_log(1, 2)).back().seq, 3u);
    must(cat().prune_log(4));
    EXPECT_TRUE(failed_with(cat().read_log(1, 2), errc::not_found));
    EXPECT_EQ(must(cat().read_log(3, 10)).size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Engines, CatalogCommit, engines(), engine_name);

}  // namespace
}  // namespace fjord::catalog
