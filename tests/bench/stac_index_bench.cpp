// How fast the search index is by itself, and how large: build, bytes per item, checkpoint, and latencies of typical searches, at
// growing sizes (`deploy/bench stac --only growth --sizes 10000,10000000`). Documents are made again when a page or an open row
// needs them, which takes about as long as reading them from RocksDB.
#include "stac/checkpoint.hpp"
#include "stac/index_search.hpp"
#include "stac/index_writer.hpp"
#include "stac/item_scan.hpp"
#include "tests/bench/support/stac_world.hpp"
#include "tests/support/temp_dir.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <sstream>

#include <time.h>

namespace fjord::stac {
namespace {

using clock = std::chrono::steady_clock;
double seconds_since(clock::time_point t) { return std::chrono::duration<double>(clock::now() - t).count(); }

// Time on a processor, which a busy machine does not change.
double cpu_seconds() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

class made_again final : public item_source {
public:
    explicit made_again(test::amplified_items const& items) : items_(items) {}
    result<std::vector<std::optional<catalog::item_record>>> read(collection_id const& c,
                                                                  std::span<std::string const> ids) const override {
        std::vector<std::optional<catalog::item_record>> out;
        for (auto const& id : ids) {
            auto made = items_.make(*test::amplified_items::number_of(c.str(), id));
            auto const etag = etag_of(made.id);
            out.emplace_back(catalog::item_record{
                .collection = c, .id = item_id(made.id), .document = std::move(made.document), .etag = etag});
        }
        return out;
    }
    static std::string etag_of(std::string const& id) { return "x" + id; }

private:
    test::amplified_items const& items_;
};

double resident_megabytes() {
    std::ifstream in("/proc/self/statm");
    std::size_t size = 0, resident = 0;
    in >> size >> resident;
    return static_cast<double>(resident) * 4096 / 1e6;
}

struct fixture {
    explicit fixture(test::amplified_items const& i)
        : items(i), source(i), reader(source, 64u << 20), writer(std::make_shared<index_writer>()) {}
    test::amplified_items const& items;
    made_again source;
    item_reader reader;
    std::shared_ptr<index_writer> writer;
};

void report_failure(index_change const&, error const& e) {
    std::fprintf(stderr, "not indexed: %s\n", e.message().c_str());
    std::exit(1);
}

void add_collections(fixture& f) {
    std::vector<index_change> changes;
    for (auto const& c : test::amplified_items::collections())
        changes.emplace_back(
            catalog::collection_record{.id = collection_id(c), .document = test::amplified_items::collection_document(c)});
    f.writer->apply(std::move(changes), 0, report_failure);
}

// As a start without a checkpoint does: whole segments.
void load(fixture& f, std::uint64_t count) {
    std::map<std::string, std::unique_ptr<segment_builder>> builders;
    std::uint64_t bytes = 0;
    double making = 0;
    double const begin = cpu_seconds();
    auto const seal = [&](std::string const& c, std::unique_ptr<segment_builder>& b) {
        if (!f.writer->add_segments(collection_id(c), {b->build()})) std::exit(1);
        b.reset();
    };
    for (std::uint64_t n = 0; n < count; ++n) {
        double const from = cpu_seconds();
        auto const item = f.items.make(n);
        making += cpu_seconds() - from;
        bytes += item.document.size();
        auto& b = builders[item.collection];
        if (!b) b = std::make_unique<segment_builder>();
        b->add(item.id, stamp_of(made_again::etag_of(item.id)), scan_item(item.document).value());
        if (b->rows() == segment::max_rows) seal(item.collection, b);
    }
    for (auto& [c, b] : builders)
        if (b && b->rows() != 0) seal(c, b);
    double const took = cpu_seconds() - begin - making;
    std::printf("  built           %10.0f items/s of one core (%.0f MB/s of documents), making the documents not counted\n",
                static_cast<double>(count) / took, static_cast<double>(bytes) / 1e6 / took);
}

void print_memory(fixture& f) {
    auto const state = f.writer->state();
    double all = 0, ids = 0, shapes = 0, columns = 0, segments = 0;
    for (auto const& c : state->collections) {
        double mine = 0, mine_columns = 0, mine_ids = 0;
        for (auto const& s : c->segments) {
            mine += static_cast<double>(s.data->bytes().size() + sizeof(segment));
            mine_ids += static_cast<double>(s.data->ids().bytes());
            shapes += static_cast<double>(s.data->bytes_of_shapes());
            mine_columns += static_cast<double>(s.data->bytes_of_columns());
            ++segments;
        }
        auto const n = static_cast<double>(c->items());
        std::printf("  %-15s %6.1f bytes/item (ids %.1f, columns %.1f)\n", c->collection->id.str().c_str(), mine / n,
                    mine_ids / n, mine_columns / n);
        all += mine, ids += mine_ids, columns += mine_columns;
    }
    auto const n = static_cast<double>(state->items());
    std::printf(
        "  memory          %6.1f bytes/item in %.0f segments: ids %.1f, shapes %.1f, columns %.1f, times and the rest %.1f; "
        "process %.0f MB\n",
        all / n, segments, ids / n, shapes / n, columns / n, (all - ids - shapes - columns) / n, resident_megabytes());
}

// To a folder and back, as a restart does; the files are in the page cache by then.
void measure_checkpoint(fixture& f) {
    test::temp_dir const folder;
    auto from = clock::now();
    if (!checkpoint_folder(folder.str()).save(*f.writer->state(), "")) std::exit(1);
    auto const saved = seconds_since(from);
    from = clock::now();
    auto const loaded = checkpoint_folder(folder.str()).load();
    if (!loaded) std::exit(1);
    std::printf("  checkpoint      written and synced in %.2f s, read and checked in %.2f s\n", saved, seconds_since(from));
}

// One kind of search, with values of its own each time.
struct scenario {
    char const* name;
    std::function<search_query(std::mt19937&)> make;
};

std::shared_ptr<cql2::node const> filter(std::string const& text) {
    return std::make_shared<cql2::node const>(cql2::parse_text(text).value());
}
double pick(std::mt19937& r, double low, double high) { return low + (high - low) * (r() / 4294967296.0); }
bbox_filter some_box(std::mt19937& r, double size) {
    double const w = pick(r, -175, 175 - size), s = pick(r, -60, 70 - size);
    return make_bbox(std::vector<double>{w, s, w + size, s + size}).value();
}
time_interval some_month(std::mt19937& r) {
    constexpr std::int64_t day = 86'400'000'000;
    auto const from = 1'420'070'400'000'000 + static_cast<std::int64_t>(r() % 3600) * day;
    return {from, from + 30 * day};
}
geometry some_polygon(std::mt19937& r, double size) {
    double const x = pick(r, -160, 160), y = pick(r, -50, 60);
    boost::json::array ring;
    for (int i = 0; i < 40; ++i) {
        double const a = 6.283185307 * i / 40, d = size * (0.6 + 0.4 * std::sin(5 * a));
        ring.push_back(boost::json::array{x + d * std::cos(a), y + d * std::sin(a) * 0.7});
    }
    ring.push_back(ring.front());
    return geometry::from_geojson(boost::json::object{{"type", "Polygon"}, {"coordinates", boost::json::array{ring}}}).value();
}

std::vector<scenario> scenarios() {
    return {
        {"newest 10", [](auto&) { return search_query{}; }},
        {"bbox 5° + month, limit 10", [](auto& r) { return search_query{.bbox = some_box(r, 5), .datetime = some_month(r)}; }},
        {"bbox 5°, limit 10", [](auto& r) { return search_query{.bbox = some_box(r, 5)}; }},
        {"bbox 20° + month, limit 100",
         [](auto& r) { return search_query{.bbox = some_box(r, 20), .datetime = some_month(r), .limit = 100}; }},
        {"month, limit 10", [](auto& r) { return search_query{.datetime = some_month(r)}; }},
        {"cloud < x, sort cloud, limit 10",
         [](auto& r) {
             search_query q;
             q.filters = {filter("eo:cloud_cover < " + std::to_string(pick(r, 5, 50)))};
             q.sort = {{"eo:cloud_cover", false}};
             return q;
         }},
        {"cloud + platform + month, sort cloud",
         [](auto& r) {
             search_query q;
             q.filters = {filter("eo:cloud_cover < " + std::to_string(pick(r, 5, 50)) + " AND platform = 'sentinel-2b'")};
             q.datetime = some_month(r);
             q.sort = {{"eo:cloud_cover", false}};
             return q;
         }},
        {"polygon 5° + CQL2, count",
         [](auto& r) {
             search_query q{.intersects = some_polygon(r, 5), .limit = 1};
             q.filters = {filter("eo:cloud_cover < 20 OR gsd < 5")};
             return q;
         }},
        {"polygon 20° + CQL2, count",
         [](auto& r) {
             search_query q{.intersects = some_polygon(r, 20), .limit = 1};
             q.filters = {filter("eo:cloud_cover < 20 AND gsd <= 30")};
             return q;
         }},
        {"CQL2 on text and time, limit 10",
         [](auto& r) {
             search_query q;
             q.filters = {filter(
                 "platform LIKE 'sentinel%' AND T_INTERSECTS(datetime,INTERVAL('2019-01-01T00:00:00Z','2019-03-01T00:00:00Z'))")};
             (void)r;
             return q;
         }},
        {"any page, default order",
         [](auto& r) {
             search_query q;
             q.from = sort_key{{some_month(r).start}, collection_id("naip"), item_id("x")};
             return q;
         }},
        {"bbox 10°, limit 1000", [](auto& r) { return search_query{.bbox = some_box(r, 10), .limit = 1000}; }},
    };
}

void measure(fixture& f, scenario const& s, double budget) {
    std::mt19937 random(7);
    std::vector<double> took, on_cpu;
    double matched = 0, documents = 0;
    auto const begin = clock::now();
    while (took.size() < 20 || (took.size() < 2000 && seconds_since(begin) < budget)) {
        auto const q = s.make(random);
        visibility all([](policies::resource const&) { return true; });
        auto const from = clock::now();
        double const cpu = cpu_seconds();
        index_search search(f.writer->state(), q, all, f.reader);
        auto const page = search.page();
        took.push_back(seconds_since(from) * 1e3);
        on_cpu.push_back((cpu_seconds() - cpu) * 1e3);
        if (!page) std::exit(1);
        matched += static_cast<double>(page->matched);
        documents += static_cast<double>(search.documents_read());
    }
    std::sort(took.begin(), took.end());
    std::sort(on_cpu.begin(), on_cpu.end());
    auto const n = static_cast<double>(took.size());
    auto const at = [](std::vector<double> const& v, double share) {
        return v[static_cast<std::size_t>(share * static_cast<double>(v.size()))];
    };
    std::printf("  %-38s p50 %8.3f ms  p99 %8.3f ms  (CPU %.3f, %.3f)  matched %10.0f, documents asked %8.1f  (%zu runs)\n",
                s.name, at(took, 0.5), at(took, 0.99), at(on_cpu, 0.5), at(on_cpu, 0.99), matched / n, documents / n,
                took.size());
}

// As commits do: batches of whole documents.
void measure_apply(test::amplified_items const& items, std::size_t batch) {
    fixture f(items);
    add_collections(f);
    double took = 0;
    std::uint64_t n = 0;
    while (n < 200'000 && took < 4) {
        std::vector<index_change> changes;
        for (std::size_t i = 0; i < batch; ++i, ++n) {
            auto item = items.make(n);
            auto const etag = made_again::etag_of(item.id);
            changes.emplace_back(catalog::item_record{.collection = collection_id(item.collection),
                                                      .id = item_id(item.id),
                                                      .document = std::move(item.document),
                                                      .etag = etag});
        }
        double const from = cpu_seconds();
        f.writer->apply(std::move(changes), n, report_failure);
        took += cpu_seconds() - from;
    }
    std::printf("apply, batches of %-6zu %10.0f items/s of one core, merges included\n", batch, static_cast<double>(n) / took);
}

}  // namespace
}  // namespace fjord::stac

int main(int argc, char** argv) {
    using namespace fjord;
    bench::session const s("stac", argc, argv, bench::stac_options(), 7);
    if (!s.wanted("growth")) return 0;  // bench_stac has the others
    test::amplified_items const items(s.option("--data") + "/stac");
    std::istringstream sizes(s.option("--sizes"));
    for (std::size_t const batch : {1u, 100u, 10'000u}) stac::measure_apply(items, batch);
    for (std::string text; std::getline(sizes, text, ',');) {
        auto const size = std::strtoull(text.c_str(), nullptr, 10);
        std::printf("%llu items\n", size);
        stac::fixture f(items);
        stac::add_collections(f);
        stac::load(f, size);
        stac::print_memory(f);
        stac::measure_checkpoint(f);
        for (auto const& c : stac::scenarios()) stac::measure(f, c, 1.0);
    }
}
