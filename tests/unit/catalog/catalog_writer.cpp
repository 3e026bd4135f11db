// The other process of durability_test.cpp: commits to a store until it is killed and reports on standard output.
//   catalog_writer load DIRECTORY   one line per acknowledged commit: "THREAD N SEQUENCE"
//   catalog_writer hold DIRECTORY   opens the store, says "open", and keeps it until standard input ends
#include "catalog/catalog.hpp"

#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace fjord;
using namespace fjord::catalog;

constexpr int loaders = 4;

// Lines of at most PIPE_BUF bytes are written whole.
void say(std::string const& line) {
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(3);
}

// Each commit holds two items, a version and a replica, so that a torn commit would show.
void load(fjord::catalog::catalog& cat, int who) {
    for (int n = 0;; ++n) {
        auto name = std::to_string(who) + "-" + std::to_string(n);
        asset_ref a{collection_id("c"), item_id(name), asset_key("data")};
        asset_version v{.id = sha256_of(name), .size = name.size()};
        change_set c;
        c.put_item({.collection = a.collection, .id = a.item, .document = "first " + name}, if_absent{});
        c.put_item({.collection = a.collection, .id = item_id(name + "-twin"), .document = "second " + name}, if_absent{});
        c.register_version(a, v);
        c.put_replica({.asset = a, .version = v.id, .site = site_id("s"), .state = replica_state::available, .size = v.size});
        auto seq = cat.commit(std::move(c));
        if (!seq) ::_exit(2);
        say(std::to_string(who) + " " + std::to_string(n) + " " + std::to_string(*seq) + "\n");
    }
}

int run(std::string const& mode, std::string const& directory) {
    auto rows = open_rocksdb_store(directory, system_clock());
    if (!rows) {
        std::fprintf(stderr, "%s\n", rows.error().message().c_str());
        return 1;
    }
    if (mode == "hold") {
        say("open\n");
        char byte = 0;
        while (::read(STDIN_FILENO, &byte, 1) > 0) {}
        return 0;
    }
    fjord::catalog::catalog cat(**rows, system_clock());
    change_set c;
    c.put_collection({.id = collection_id("c"), .document = "{}"});
    if (!cat.commit(std::move(c))) return 2;
    std::vector<std::thread> threads;
    for (int n = 0; n < loaders; ++n) threads.emplace_back([&cat, n] { load(cat, n); });
    for (auto& t : threads) t.join();
    return 0;
}

}  // namespace

int main(int argc, char** argv) { return argc == 3 ? run(argv[1], argv[2]) : 64; }
