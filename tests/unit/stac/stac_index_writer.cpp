// The other process of checkpoint_test.cpp: commits items and saves checkpoints until it is killed. One line on standard output
// per acknowledged item.
//   stac_index_writer DIRECTORY ROUND
#include "catalog/catalog.hpp"
#include "stac/index.hpp"
#include "tests/unit/stac/random_world.hpp"
#include "tests/unit/stac/samples.hpp"

#include <unistd.h>

#include <atomic>
#include <thread>

int main(int argc, char** argv) {
    using namespace fjord;
    using namespace fjord::stac;
    if (argc != 3) return 2;
    std::string const root = argv[1];
    auto store = catalog::open_rocksdb_store(root + "/store", system_clock());
    if (!store) return 3;
    catalog::catalog cat(**store, system_clock());
    index_options o;
    o.directory = root + "/index";
    o.limits.tail_rows = 5;
    o.limits.merge_segments = 3;
    stac::index items(o);
    if (!items.follow(cat)) return 4;
    catalog::change_set collection;
    collection.put_collection({.id = collection_id("a"), .document = test::sample_collection("a")});
    if (!cat.commit(std::move(collection))) return 5;
    std::thread saver([&items] {
        while (items.checkpoint()) {}
        ::_exit(6);
    });
    test::random_world world(static_cast<unsigned>(std::atoi(argv[2])));
    for (int n = 0;; ++n) {
        auto const id = std::string(argv[2]) + "-" + std::to_string(n);
        auto const p = world.item("a", id);
        catalog::change_set c;
        c.put_item({.collection = collection_id("a"), .id = item_id(id), .document = test::document_of(p)});
        if (!cat.commit(std::move(c))) ::_exit(7);
        auto const line = id + "\n";
        if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(8);
    }
}
