// A checkpoint brings the index back as it was, plus the log since; and a damaged, foreign or outdated one is never used: then
// every document is read. Whichever way, the answers are those of an index that read everything.
#include "stac/checkpoint.hpp"

#include "base/file.hpp"
#include "base/random.hpp"
#include "catalog/catalog.hpp"
#include "catalog/store.hpp"
#include "stac/index.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/stac/random_world.hpp"
#include "tests/unit/stac/samples.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>

namespace fjord::stac::test {
namespace {

using fjord::test::IsOk;
using fjord::test::temp_dir;

index_options options_in(std::string directory) {
    index_options o;
    o.directory = std::move(directory);
    o.limits.tail_rows = 5;
    o.limits.merge_segments = 3;
    return o;
}

std::vector<std::string> everything_in(index const& i) {
    visibility all([](policies::resource const&) { return true; });
    search_query q;
    q.limit = 10'000;
    auto const page = i.search(q, all).value();
    std::vector<std::string> out;
    for (auto const& item : page.items) out.push_back(item->collection.str() + "/" + item->id.str() + "/" + item->etag);
    EXPECT_EQ(page.matched, out.size());
    // A condition on columns, and one by space.
    q.filters.push_back(std::make_shared<cql2::node const>(cql2::parse_text("num > 3 OR name LIKE '%7%'").value()));
    q.bbox = make_bbox(std::vector<double>{-90, -45, 120, 60}).value();
    for (auto const& item : i.search(q, all).value().items) out.push_back("also " + item->id.str());
    for (auto const& p : i.properties({}, all)) out.push_back(p.name + std::to_string(p.numbers) + "," + std::to_string(p.texts));
    return out;
}

class checkpoints : public ::testing::Test {
protected:
    checkpoints() : store_(catalog::make_memory_store(clock_)) {}

    std::unique_ptr<catalog::catalog> open() { return std::make_unique<catalog::catalog>(*store_, clock_); }
    void put(catalog::catalog& cat, plain_item const& p) {
        catalog::change_set c;
        c.put_item({.collection = collection_id(p.collection), .id = item_id(p.id), .document = document_of(p)});
        ASSERT_THAT(cat.commit(std::move(c)), IsOk());
    }
    void add_collections(catalog::catalog& cat) {
        catalog::change_set c;
        for (auto const* id : {"a", "b"}) c.put_collection({.id = collection_id(id), .document = sample_collection(id)});
        ASSERT_THAT(cat.commit(std::move(c)), IsOk());
    }
    // Random puts, replacements and removals.
    void change(catalog::catalog& cat, int count) {
        for (int i = 0; i < count; ++i) {
            auto const* c = world_.one_in(4) ? "b" : "a";
            auto const id = "i" + std::to_string(world_.upto(60));
            if (world_.one_in(4)) {
                catalog::change_set gone;
                gone.delete_item(collection_id(c), item_id(id), catalog::always{});
                ASSERT_THAT(cat.commit(std::move(gone)), IsOk());
            } else {
                put(cat, world_.item(c, id));
            }
        }
    }
    std::vector<std::string> fresh() {
        auto cat = open();
        index i;
        EXPECT_THAT(i.follow(*cat), IsOk());
        return everything_in(i);
    }
    std::string folder() const { return dir_.path("index"); }

    manual_clock clock_;
    std::unique_ptr<catalog::store> store_;
    temp_dir dir_;
    random_world world_{77};
};

TEST_F(checkpoints, ARestartGoesOnFromTheCheckpointAndTheLogSince) {
    for (int round = 0; round < 6; ++round) {
        auto cat = open();
        index i(options_in(folder()));
        auto const there = i.begin(*cat);
        ASSERT_THAT(there, IsOk());
        ASSERT_EQ(*there, round > 0) << "only the first start reads everything";
        if (!*there) ASSERT_THAT(i.read_all(*cat), IsOk());
        ASSERT_EQ(everything_in(i), fresh());
        if (round == 0) add_collections(*cat);
        change(*cat, 40);
        ASSERT_THAT(i.checkpoint(), IsOk());
        change(*cat, round * 7);  // what a crash would leave to the log
        ASSERT_EQ(everything_in(i), fresh());
    }
}

TEST_F(checkpoints, CollectionsThatChangeOrGoAfterTheCheckpointDoSoAgain) {
    {
        auto cat = open();
        index i(options_in(folder()));
        ASSERT_THAT(i.follow(*cat), IsOk());
        add_collections(*cat);
        change(*cat, 50);
        ASSERT_THAT(i.checkpoint(), IsOk());
        std::vector<std::string> ids;
        ASSERT_THAT(cat->scan_items(collection_id("b"), {},
                                    [&](catalog::item_record const& r) {
                                        ids.push_back(r.id.str());
                                        return true;
                                    }),
                    IsOk());
        catalog::change_set c;
        for (auto const& id : ids) c.delete_item(collection_id("b"), item_id(id));
        c.delete_collection(collection_id("b"));
        c.put_collection({.id = collection_id("a"), .document = sample_collection("a", R"("fjord:personal_data":"special")")});
        ASSERT_THAT(cat->commit(std::move(c)), IsOk());
    }
    auto cat = open();
    index i(options_in(folder()));
    ASSERT_TRUE(i.begin(*cat).value());
    EXPECT_EQ(everything_in(i), fresh());
    visibility open_ones([](policies::resource const& r) { return r.personal_data != "special"; });
    EXPECT_EQ(i.search({}, open_ones).value().matched, 0u);
}

TEST_F(checkpoints, AnyDamageMakesTheIndexReadEverything) {
    {
        auto cat = open();
        index i(options_in(folder()));
        ASSERT_THAT(i.follow(*cat), IsOk());
        add_collections(*cat);
        change(*cat, 80);
        ASSERT_THAT(i.checkpoint(), IsOk());
    }
    auto const wanted = fresh();
    std::vector<std::string> files;
    for (auto const& f : std::filesystem::directory_iterator(folder())) files.push_back(f.path().filename().string());
    ASSERT_GE(files.size(), 2u);
    random_world world(5);
    auto const copy = dir_.path("damaged");
    for (auto const& name : files) {
        auto const file = copy + "/" + name;
        auto const whole = read_file(folder() + "/" + name).value();
        for (int i = 0; i < 12; ++i) {
            std::filesystem::remove_all(copy);
            std::filesystem::copy(folder(), copy);
            auto bytes = whole;
            auto const at = static_cast<std::size_t>(world.upto(static_cast<int>(whole.size())));
            if (i == 0) bytes.clear();
            if (i % 3 == 0) bytes.resize(std::min(bytes.size(), at));
            if (i % 3 == 1) bytes[at] = static_cast<char>(bytes[at] ^ (1 << world.upto(8)));
            if (i % 3 == 2) std::filesystem::remove(file);
            if (i % 3 != 2) ASSERT_THAT(write_file_atomically(file, bytes), IsOk());
            auto cat = open();
            index damaged(options_in(copy));
            ASSERT_FALSE(damaged.begin(*cat).value()) << file << " try " << i;
            ASSERT_FALSE(damaged.ready());
            if (i < 3) {
                ASSERT_THAT(damaged.read_all(*cat), IsOk());
                ASSERT_EQ(everything_in(damaged), wanted);
                index next(options_in(copy));
                auto again = open();
                ASSERT_TRUE(next.begin(*again).value()) << "reading everything leaves a good checkpoint";
            }
        }
    }
    auto cat = open();
    index i(options_in(folder()));
    EXPECT_TRUE(i.begin(*cat).value());
}

TEST_F(checkpoints, AnotherCatalogsCheckpointAndAPrunedLogAreRefused) {
    {
        auto cat = open();
        index i(options_in(folder()));
        ASSERT_THAT(i.follow(*cat), IsOk());
        add_collections(*cat);
        change(*cat, 20);
        ASSERT_THAT(i.checkpoint(), IsOk());
    }
    auto const mine = std::move(store_);
    store_ = catalog::make_memory_store(clock_);
    {
        auto cat = open();
        add_collections(*cat);
        change(*cat, 60);
        index i(options_in(folder()));
        EXPECT_FALSE(i.begin(*cat).value());
    }
    auto cat = std::make_unique<catalog::catalog>(*mine, clock_);
    change(*cat, 5);
    ASSERT_THAT(cat->prune_log(cat->last_sequence()), IsOk());
    index i(options_in(folder()));
    EXPECT_FALSE(i.begin(*cat).value());
}

TEST_F(checkpoints, FilesThatNothingNamesAreRemoved) {
    auto cat = open();
    index i(options_in(folder()));
    ASSERT_THAT(i.follow(*cat), IsOk());
    add_collections(*cat);
    for (int round = 0; round < 5; ++round) {
        change(*cat, 30);
        ASSERT_THAT(i.checkpoint(), IsOk());
        auto const m = checkpoint_manifest::parse(read_file(folder() + "/manifest").value()).value();
        std::size_t named = 1;
        for (auto const& c : m.collections) named += c.segments.size();
        auto const all = std::filesystem::directory_iterator(folder());
        EXPECT_EQ(static_cast<std::size_t>(std::distance(begin(all), end(all))), named);
    }
}

TEST_F(checkpoints, ChangesWhileEverythingIsReadAreNotLost) {
    {
        auto cat = open();
        add_collections(*cat);
        change(*cat, 100);
    }
    auto cat = open();
    index i(options_in(folder()));
    ASSERT_FALSE(i.begin(*cat).value());
    std::thread reading([&] { ASSERT_THAT(i.read_all(*cat), IsOk()); });
    change(*cat, 200);
    reading.join();
    EXPECT_TRUE(i.ready());
    EXPECT_EQ(everything_in(i), fresh());
    EXPECT_GE(i.loaded(), 1u);
}

// Killed in the middle of commits and checkpoints, over and over: the next start finds what was acknowledged, by whatever way.
TEST(checkpoint_crash, AKilledProcessLeavesACheckpointThatTellsTheTruth) {
    temp_dir dir;
    auto program = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "stac_index_writer").string();
    auto root = dir.str();
    int from_checkpoint = 0;
    for (int round = 0; round < 12; ++round) {
        int out[2];
        ASSERT_EQ(::pipe(out), 0);
        auto number = std::to_string(round);
        char* const arguments[] = {program.data(), root.data(), number.data(), nullptr};
        auto const child = ::fork();
        if (child == 0) {
            ::dup2(out[1], STDOUT_FILENO);
            ::execv(program.c_str(), arguments);
            ::_exit(127);
        }
        ::close(out[1]);
        // Acknowledged commits, one line each; killed after some of them.
        auto* lines = ::fdopen(out[0], "r");
        char line[256];
        std::vector<std::string> acknowledged;
        int const enough = 5 + round * 9;
        while (static_cast<int>(acknowledged.size()) < enough && std::fgets(line, sizeof line, lines))
            acknowledged.emplace_back(line, std::strcspn(line, "\n"));
        ::kill(child, SIGKILL);
        while (std::fgets(line, sizeof line, lines)) acknowledged.emplace_back(line, std::strcspn(line, "\n"));
        std::fclose(lines);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself, status " << status;

        auto store = catalog::open_rocksdb_store(root + "/store", system_clock()).value();
        catalog::catalog cat(*store, system_clock());
        index kept(options_in(root + "/index"));
        auto const there = kept.begin(cat);
        ASSERT_THAT(there, IsOk());
        from_checkpoint += *there;
        if (!*there) ASSERT_THAT(kept.read_all(cat), IsOk());
        catalog::catalog again(*store, system_clock());
        index read;
        ASSERT_THAT(read.follow(again), IsOk());
        ASSERT_EQ(everything_in(kept), everything_in(read));
        visibility all([](policies::resource const&) { return true; });
        for (auto const& id : acknowledged) ASSERT_TRUE(kept.find_item(collection_id("a"), item_id(id), all)) << id;
    }
    EXPECT_GT(from_checkpoint, 8) << "most starts should find a usable checkpoint";
}

TEST(checkpoint_manifest, SurvivesItsTextForm) {
    checkpoint_manifest m{.at = 42, .mark = "abc"};
    m.collections.push_back({collection_id("c \"quoted\""),
                             {{"0123456789ab.segment", 77, {0, 1, 2, 9, 500}}, {"f.segment", 1, {}}},
                             {"x", "\xC3\xA9"}});
    auto const back = checkpoint_manifest::parse(m.text());
    ASSERT_THAT(back, IsOk());
    EXPECT_EQ(back->text(), m.text());
    EXPECT_EQ(back->collections[0].segments[0].dead, m.collections[0].segments[0].dead);
    for (auto const* bad : {"", "fjord-index-2", "fjord-index-2 00000000\n{}", "nonsense\n{}"})
        EXPECT_EQ(checkpoint_manifest::parse(bad).error().code, make_error_code(errc::corrupt)) << bad;
    EXPECT_EQ(checkpoint_manifest::parse("fjord-index-99 00000000\n{}").error().code, make_error_code(errc::unsupported));
}

}  // namespace
}  // namespace fjord::stac::test
