// Acknowledged means durable: under kill -9 of the process and under a power cut of the machine. And one owner per directory.
#include "catalog/rocksdb_store.hpp"
#include "base/file.hpp"
#include "power_cut_fs.hpp"
#include "support.hpp"

#include <rocksdb/env.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>

namespace fjord::catalog {
namespace {

// The catalog_writer beside this test, with its standard input and output in our hands. Killed when it goes out of scope.
class writer_process {
public:
    writer_process(std::string mode, std::string directory) {
        int in[2], out[2];
        if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        auto program = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "catalog_writer").string();
        char* const arguments[] = {program.data(), mode.data(), directory.data(), nullptr};
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(in[0], STDIN_FILENO);
            ::dup2(out[1], STDOUT_FILENO);
            ::execv(program.c_str(), arguments);
            ::_exit(127);
        }
        ::close(in[0]);
        ::close(out[1]);
        stdin_ = unique_fd(in[1]);
        stdout_ = ::fdopen(out[0], "r");
    }
    ~writer_process() {
        kill_now();
        std::fclose(stdout_);
    }

    // One line without its end; nullopt at the end of the output. A line that was cut is not a line.
    std::optional<std::string> line() {
        char* text = nullptr;
        std::size_t room = 0;
        auto n = ::getline(&text, &room, stdout_);
        std::string read(text ? text : "", n > 0 ? static_cast<std::size_t>(n) : 0);
        std::free(text);
        if (!read.ends_with('\n')) return std::nullopt;
        read.pop_back();
        return read;
    }
    void kill_now() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    pid_t pid() const { return pid_; }

private:
    pid_t pid_ = 0;
    unique_fd stdin_;
    std::FILE* stdout_ = nullptr;
};

struct acknowledged {
    std::string name;
    sequence seq;
};

acknowledged parse(std::string const& line) {
    auto first = line.find(' '), second = line.rfind(' ');
    return {line.substr(0, first) + "-" + line.substr(first + 1, second - first - 1), std::stoull(line.substr(second + 1))};
}

// A commit of catalog_writer is there with all its parts.
void expect_whole(catalog const& cat, std::string const& name) {
    asset_ref a{collection_id("c"), item_id(name), asset_key("data")};
    EXPECT_EQ(must(cat.find_item(a.collection, a.item)).document, "first " + name);
    EXPECT_EQ(must(cat.find_item(a.collection, item_id(name + "-twin"))).document, "second " + name);
    EXPECT_EQ(must(cat.find_asset(a)).current.id, sha256_of(name));
    EXPECT_EQ(must(cat.list_replicas(a)).size(), 1u);
}

// Every item has its entry in the log and every entry its item; commits are in whole; numbers have no gap.
void expect_log_and_state_agree(catalog const& cat) {
    std::set<std::string> logged, stored;
    sequence expected = 1;
    auto log = must(cat.read_log(0, SIZE_MAX));
    for (auto const& e : log) {
        EXPECT_EQ(e.seq, expected++);
        if (e.type == "item.created") logged.insert(e.subject);
    }
    EXPECT_EQ(cat.last_sequence(), log.size());
    EXPECT_EQ(log.size() % 4, 1u) << "the collection, and four entries for each commit";
    must(cat.for_each_item([&stored](item_record const& i) {
        stored.insert("c/" + i.id.str());
        return true;
    }));
    EXPECT_EQ(logged, stored);
    EXPECT_EQ(must(cat.list_replicas_at(site_id("s"), "", SIZE_MAX)).size(), stored.size() / 2);
}

TEST(CatalogDurability, WhatWasAcknowledgedSurvivesKill9InTheMiddleOfCommitting) {
    temp_folder folder;
    sequence before = 0;
    for (std::size_t commits : {1u, 40u, 150u}) {
        auto directory = folder.path("store-" + std::to_string(commits));
        std::vector<acknowledged> done;
        {
            writer_process writer("load", directory);
            while (done.size() < commits) {
                auto line = writer.line();
                ASSERT_TRUE(line) << "the writer ended by itself";
                done.push_back(parse(*line));
            }
            writer.kill_now();
            while (auto line = writer.line()) done.push_back(parse(*line));
        }
        manual_clock time;
        auto rows = must(open_rocksdb_store(directory, time));
        catalog cat(*rows, time);
        for (auto const& d : done) {
            expect_whole(cat, d.name);
            EXPECT_LE(d.seq, cat.last_sequence());
        }
        expect_log_and_state_agree(cat);
        before = cat.last_sequence();
        change_set next;
        next.append_event("t", "s", {});
        EXPECT_EQ(must(cat.commit(std::move(next))), before + 1) << "numbers go on";
    }
}

// A store on a disk that loses what was not synced.
struct power_bench {
    temp_folder folder;
    manual_clock time;
    std::shared_ptr<power_cut_fs> fs = std::make_shared<power_cut_fs>();
    std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(fs);
    std::unique_ptr<store> rows = must(open_rocksdb_store(folder.path(), time, env.get()));

    std::unique_ptr<store> after_power_cut() {
        auto name = "after";
        fs->copy_as_after_power_cut(folder.path(), folder.path(name));
        return must(open_rocksdb_store(folder.path(name), time));
    }
};

TEST(CatalogDurability, WhatWasAcknowledgedSurvivesAPowerCut) {
    constexpr int threads = 4, cuts = 5;
    power_bench bench;
    bench.fs->make_syncs_take(std::chrono::milliseconds{1});
    std::atomic<bool> stop = false;
    std::array<std::atomic<int>, threads> done{};
    auto write = [&](int who) {
        for (int n = 0; !stop; ++n) {
            auto key = std::to_string(who) + "-" + std::to_string(n);
            must(bench.rows->apply({.puts = {{key, "v"}}, .log = {{.type = key}}}));
            done[who] = n + 1;
        }
    };
    std::vector<std::thread> pool;
    for (int who = 0; who < threads; ++who) pool.emplace_back(write, who);
    std::array<std::array<int, threads>, cuts> acknowledged{};
    for (int cut = 0; cut < cuts; ++cut) {
        while (done[0] < (cut + 1) * 10) std::this_thread::yield();
        for (int who = 0; who < threads; ++who) acknowledged[cut][who] = done[who];
        bench.fs->copy_as_after_power_cut(bench.folder.path(), bench.folder.path("cut-" + std::to_string(cut)));
    }
    stop = true;
    for (auto& t : pool) t.join();

    for (int cut = 0; cut < cuts; ++cut) {
        auto survivor = must(open_rocksdb_store(bench.folder.path("cut-" + std::to_string(cut)), bench.time));
        for (int who = 0; who < threads; ++who)
            for (int n = 0; n < acknowledged[cut][who]; ++n)
                EXPECT_EQ(must(survivor->get(std::to_string(who) + "-" + std::to_string(n))), "v");
        for (auto const& e : must(survivor->read_log(0, SIZE_MAX))) EXPECT_TRUE(must(survivor->get(e.type))) << e.type;
    }
}

TEST(CatalogDurability, ABatchOfManyEntriesCostsOneSync) {
    power_bench bench;
    auto before = bench.fs->log_syncs();
    write_batch b;
    for (int n = 0; n < 1000; ++n) {
        b.puts.push_back({std::to_string(n), "v"});
        b.log.push_back({.type = "t"});
    }
    must(bench.rows->apply(std::move(b)));
    EXPECT_EQ(bench.fs->log_syncs(), before + 1);
}

TEST(CatalogDurability, NothingIsAcknowledgedOnceTheDiskFails) {
    power_bench bench;
    must(bench.rows->apply({.puts = {{"a", "1"}}, .log = {{.type = "t"}}}));
    bench.fs->break_disk();
    EXPECT_TRUE(failed_with(bench.rows->apply({.puts = {{"b", "1"}}, .log = {{.type = "t"}}}), errc::unavailable));
    auto next = bench.rows->apply({.puts = {{"c", "1"}}, .log = {{.type = "t"}}});
    EXPECT_TRUE(failed_with(next, errc::unavailable));
    EXPECT_THAT(next.error().detail, ::testing::HasSubstr("restart"));
    EXPECT_EQ(bench.rows->last_sequence(), 1u);
    EXPECT_EQ(must(bench.rows->get("a")), "1") << "reads go on";
    auto survivor = bench.after_power_cut();
    EXPECT_EQ(must(survivor->get("a")), "1");
    EXPECT_EQ(must(survivor->get("c")), std::nullopt);
}

TEST(CatalogDurability, ASecondProcessIsToldWhoHasTheStore) {
    temp_folder folder;
    writer_process holder("hold", folder.path());
    ASSERT_EQ(holder.line(), "open");
    manual_clock time;
    auto second = open_rocksdb_store(folder.path(), time);
    EXPECT_TRUE(failed_with(second, errc::unavailable));
    EXPECT_THAT(second.error().detail, ::testing::HasSubstr("in use by process " + std::to_string(holder.pid())));
    EXPECT_THAT(second.error().detail, ::testing::HasSubstr("data_dir"));
    holder.kill_now();
    EXPECT_TRUE(open_rocksdb_store(folder.path(), time)) << "a dead owner does not block the next";
}

TEST(CatalogDurability, TheSameProcessCannotOpenAStoreTwice) {
    temp_folder folder;
    manual_clock time;
    auto first = must(open_rocksdb_store(folder.path(), time));
    EXPECT_TRUE(failed_with(open_rocksdb_store(folder.path(), time), errc::unavailable));
}

TEST(CatalogDurability, AFolderIsCreatedWithItsParents) {
    temp_folder folder;
    manual_clock time;
    must(open_rocksdb_store(folder.path("a/b/c"), time));
    EXPECT_TRUE(std::filesystem::is_directory(folder.path("a/b/c")));
}

TEST(CatalogDurability, AFileInPlaceOfTheFolderIsAClearError) {
    temp_folder folder;
    manual_clock time;
    must(write_file_atomically(folder.path("file"), "x"));
    auto opened = open_rocksdb_store(folder.path("file"), time);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().detail, ::testing::HasSubstr(folder.path("file")));
}

TEST(CatalogDurability, AStoreOfANewerReleaseIsRefused) {
    temp_folder folder;
    manual_clock time;
    must(must(open_rocksdb_store(folder.path(), time))
             ->apply({.puts = {{"\x01"
                                "format",
                                "fjord-catalog-2"}}}));
    auto opened = open_rocksdb_store(folder.path(), time);
    EXPECT_TRUE(failed_with(opened, errc::unsupported));
    EXPECT_THAT(opened.error().detail, ::testing::HasSubstr("fjord-catalog-2"));
}

TEST(CatalogDurability, ADamagedStoreIsCorruptNotEmpty) {
    temp_folder folder;
    manual_clock time;
    {
        auto rows = must(open_rocksdb_store(folder.path(), time));
        must(rows->apply({.puts = {{"a", "1"}}}));
    }
    for (auto const& entry : std::filesystem::directory_iterator(folder.path()))
        if (entry.path().filename().string().starts_with("MANIFEST")) std::filesystem::resize_file(entry.path(), 10);
    EXPECT_TRUE(failed_with(open_rocksdb_store(folder.path(), time), errc::corrupt));
}

}  // namespace
}  // namespace fjord::catalog
