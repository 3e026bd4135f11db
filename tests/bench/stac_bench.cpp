// The catalog behind HTTP beside pgstac's search() called inside PostgreSQL: the same items, the same search bodies, each server
// on the core next to ours. pgstac does not count matches here (its default); Fjord always does. Then a larger catalog by itself:
// latencies, throughput, and what a restart takes (`--only alone`).
#include "base/random.hpp"
#include "tests/bench/support/broker_peer.hpp"
#include "tests/bench/support/http_peer.hpp"
#include "tests/bench/support/pgstac_peer.hpp"
#include "tests/bench/support/stac_world.hpp"

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <thread>

namespace {

using namespace fjord;
namespace fs = std::filesystem;

constexpr std::uint64_t chunk = 10'000;  // items per file that pgstac loads

[[noreturn]] void give_up(std::string const& why) {
    std::fprintf(stderr, "bench_stac: %s\n", why.c_str());
    std::exit(1);
}

double pick(std::mt19937& r, double low, double high) { return low + (high - low) * (r() / 4294967296.0); }
std::string number(double v) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4f", v);
    return text;
}
std::string box(std::mt19937& r, double width, double height) {
    double const w = pick(r, -175, 175 - width), s = pick(r, -60, 70 - height);
    return number(w) + "," + number(s) + "," + number(w + width) + "," + number(s + height);
}
std::string month(std::mt19937& r) {
    char text[64];
    int const year = 2015 + static_cast<int>(r() % 9), m = 1 + static_cast<int>(r() % 11);
    std::snprintf(text, sizeof text, "%d-%02d-01T00:00:00Z/%d-%02d-01T00:00:00Z", year, m, year, m + 1);
    return text;
}

// A kind of search: what is asked, and how many different ones make a sample.
struct scenario {
    std::string name;
    std::size_t questions;
    std::string (*body)(std::mt19937&);
};
scenario const scenarios[] = {
    {"bbox_month_limit10", 20,
     [](std::mt19937& r) { return R"({"bbox":[)" + box(r, 60, 40) + R"(],"datetime":")" + month(r) + R"(","limit":10})"; }},
    {"cql2_sort_limit10", 20,
     [](std::mt19937& r) {
         return R"({"filter-lang":"cql2-json","filter":{"op":"and","args":[{"op":"<=","args":[{"property":"eo:cloud_cover"},)" +
                number(pick(r, 5, 50)) + R"(]},{"op":"=","args":[{"property":"platform"},"sentinel-2b"]}]},"datetime":")" +
                month(r) + R"(","sortby":[{"field":"eo:cloud_cover","direction":"asc"}],"limit":10})";
     }},
    {"bbox_limit100", 6, [](std::mt19937& r) { return R"({"bbox":[)" + box(r, 60, 40) + R"(],"limit":100})"; }},
    {"bbox_limit1000", 2, [](std::mt19937& r) { return R"({"bbox":[)" + box(r, 120, 90) + R"(],"limit":1000})"; }},
};
std::vector<std::string> bodies_of(scenario const& s) {
    std::mt19937 random(7);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < s.questions; ++i) out.push_back(s.body(random));
    return out;
}

double at_share(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

int returned(std::string const& answer) {
    auto const at = answer.rfind("\"numberReturned\":");
    return at == std::string::npos ? -1 : std::atoi(answer.c_str() + at + 17);
}

class world {
public:
    explicit world(bench::session& s)
        : session_(s),
          items_(s.option("--data") + "/stac"),
          core_((sched_getcpu() + 1) % static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))) {
        fs::create_directories(folder_);
        fs::permissions(folder_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
    }
    ~world() {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    void beside_pgstac();
    void alone();

private:
    std::uint64_t load(bench::pgstac_peer& rival);
    void compare(scenario const& c, bench::broker_peer& ours, bench::pgstac_peer& rival);
    void ingest(bench::broker_peer& ours, std::uint64_t from);
    void latency(bench::broker_peer& ours, char const* name, std::string (*target)(std::mt19937&), int times);

    bench::session& session_;
    test::amplified_items items_;
    int core_;
    std::string const folder_ = fs::temp_directory_path() / ("fb-" + random_hex(4));  // short: it holds unix sockets
    std::vector<double> rival_rates_;                                                 // items/s, by chunk
};

// Chunk by chunk until there are as many as wanted, or the time is up. How many there are.
std::uint64_t world::load(bench::pgstac_peer& rival) {
    auto const file = folder_ + "/load.ndjson";
    {
        std::ofstream out(file);
        for (auto const& c : test::amplified_items::collections()) out << test::amplified_items::collection_document(c) << "\n";
    }
    rival.load_collections(file);
    auto const wanted = static_cast<std::uint64_t>(session_.number("--rival-items"));
    auto const begin = bench::wall_seconds();
    std::uint64_t n = 0;
    double spent = 0;
    while (n < wanted) {
        auto const until = std::min(n + chunk, wanted);
        {
            std::ofstream out(file);
            for (auto i = n; i < until; ++i) out << items_.make(i).document << "\n";
        }
        auto const from = bench::wall_seconds();
        rival.load_items(file);
        auto const took = bench::wall_seconds() - from;
        rival_rates_.push_back(static_cast<double>(until - n) / took);
        spent += took;
        n = until;
        auto const so_far = bench::wall_seconds() - begin;
        if (n < wanted && so_far + took > session_.number("--rival-seconds")) {
            std::printf("pgstac: loading was ended after %.0f s with %llu of %llu items (--rival-seconds)\n", so_far,
                        static_cast<unsigned long long>(n), static_cast<unsigned long long>(wanted));
            break;
        }
    }
    rival.analyze();
    std::printf("pgstac %s: %llu items loaded by pypgstac (insert) at %.0f items/s\n", rival.version().c_str(),
                static_cast<unsigned long long>(n), static_cast<double>(n) / spent);
    return n;
}

void world::compare(scenario const& c, bench::broker_peer& ours, bench::pgstac_peer& rival) {
    if (!session_.wanted(c.name)) return;
    auto const bodies = bodies_of(c);
    // The same questions have the same number of answers.
    auto const theirs = rival.search(bodies);
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        auto const answer = ours.ask("POST", "/search", bodies[i]);
        if (returned(answer) != theirs[i].items)
            give_up(c.name + ": " + std::to_string(theirs[i].items) + " items by pgstac, but " + answer.substr(0, 400) +
                    "\nfor " + bodies[i]);
    }
    std::vector<double> our_times, rival_times;
    bench::http_peer peer(ours.port(), false);
    auto const our_sample = [&] {
        double sum = 0;
        int rounds = 0;
        for (; sum < 0.2 || rounds < 2; ++rounds) {
            for (auto const& body : bodies) {
                auto const request = bench::broker_peer::head("POST", "/search", body.size());
                auto const from = bench::wall_seconds();
                peer.ask(request, body);
                our_times.push_back(bench::wall_seconds() - from);
                sum += our_times.back();
            }
        }
        return static_cast<double>(bodies.size() * static_cast<std::size_t>(rounds)) / sum;
    };
    auto const rival_sample = [&] {
        double sum = 0;
        for (auto const& a : rival.search(bodies)) {
            rival_times.push_back(a.milliseconds / 1e3);
            sum += rival_times.back();
        }
        return static_cast<double>(bodies.size()) / sum;
    };
    session_.compare(c.name, "/s", our_sample, "pgstac search() in SQL", rival_sample);
    std::printf("  %s: ours over HTTP p50 %.3f ms p99 %.3f ms; pgstac p50 %.2f ms p99 %.2f ms\n", c.name.c_str(),
                at_share(our_times, 0.5) * 1e3, at_share(our_times, 0.99) * 1e3, at_share(rival_times, 0.5) * 1e3,
                at_share(rival_times, 0.99) * 1e3);
}

// New items by POST of ItemCollections, each durable when it is answered, beside the loader's rate of before.
void world::ingest(bench::broker_peer& ours, std::uint64_t from) {
    if (!session_.wanted("ingest")) return;
    bench::http_peer peer(ours.port(), false);
    constexpr std::size_t at_once = 500;
    auto const collection = test::amplified_items::collections()[0];
    auto const sample = [&] {
        double sum = 0;
        for (int i = 0; i < 4; ++i) {
            std::string body = R"({"type":"FeatureCollection","features":[)";
            for (std::size_t have = 0; have < at_once; ++from) {
                auto const item = items_.make(from);
                if (item.collection != collection) continue;
                (body += have++ ? "," : "") += item.document;
            }
            body += "]}";
            auto const request = bench::broker_peer::head("POST", "/collections/" + collection + "/items", body.size());
            auto const since = bench::wall_seconds();
            peer.ask(request, body);
            sum += bench::wall_seconds() - since;
        }
        return 4 * at_once / sum;
    };
    std::size_t at = 0;
    session_.compare("ingest", " items/s", sample, "pypgstac load", [&] { return rival_rates_[at++ % rival_rates_.size()]; });
}

void world::beside_pgstac() {
    auto const python = std::string(FJORD_SOURCE_DIR "/build/peers/pgstac");
    if (!fs::exists(python + "/bin/pypgstac")) {
        std::printf("pgstac is not here (deploy/fetch-peers pgstac); its cases are left out\n");
        return;
    }
    bench::pgstac_peer rival(python, folder_ + "/p", core_);
    auto const n = load(rival);
    bench::broker_peer ours(FJORD_PROGRAM, folder_ + "/small", core_);
    ours.fill(items_, n);
    ours.start();
    for (auto const& c : scenarios) compare(c, ours, rival);
    ingest(ours, n);
}

void world::latency(bench::broker_peer& ours, char const* name, std::string (*target)(std::mt19937&), int times) {
    std::mt19937 random(11);
    bench::http_peer peer(ours.port(), false);
    std::vector<double> took;
    double bytes = 0, sum = 0;
    auto const cpu = ours.cpu_seconds();
    for (int i = -times / 10; i < times; ++i) {
        auto const request = bench::broker_peer::head("GET", target(random));
        auto const from = bench::wall_seconds();
        auto const length = peer.get(request);
        if (i < 0) continue;
        took.push_back(bench::wall_seconds() - from);
        sum += took.back();
        bytes += static_cast<double>(length);
    }
    std::printf("  %-34s p50 %7.3f ms  p99 %7.3f ms  %6.0f MB/s  %7.0f bytes/answer  CPU %.3f ms\n", name,
                at_share(took, 0.5) * 1e3, at_share(took, 0.99) * 1e3, bytes / sum / 1e6, bytes / times,
                (ours.cpu_seconds() - cpu) * 1e3 / (times * 1.1));
}

void world::alone() {
    auto const count = static_cast<std::uint64_t>(session_.number("--items"));
    bench::broker_peer ours(FJORD_PROGRAM, folder_ + "/large", core_);
    auto const begin = bench::wall_seconds();
    auto const [n, bytes] = ours.fill(items_, count, session_.number("--fill-seconds"));
    std::printf("%llu items%s, %.2f kB each, written to the store at %.0f items/s\n", static_cast<unsigned long long>(n),
                n < count ? " (--fill-seconds were over)" : "", static_cast<double>(bytes) / static_cast<double>(n) / 1e3,
                static_cast<double>(n) / (bench::wall_seconds() - begin));
    std::printf("  start without a checkpoint, until /search answers: %.2f s\n", ours.start());
    ours.stop();
    std::printf("  start from a checkpoint: %.2f s\n", ours.start());
    ours.kill();
    std::printf("  start after kill -9: %.2f s\n", ours.start());
    std::printf("  %.0f MB resident then\n", ours.memory() / 1e6);
    latency(
        ours, "newest, limit 10", [](std::mt19937&) { return std::string("/search"); }, 2000);
    latency(
        ours, "bbox 5° + month, limit 10",
        [](std::mt19937& r) { return "/search?bbox=" + box(r, 5, 5) + "&datetime=" + month(r); }, 2000);
    latency(
        ours, "bbox 60x40° + month, limit 10",
        [](std::mt19937& r) { return "/search?bbox=" + box(r, 60, 40) + "&datetime=" + month(r); }, 2000);
    latency(
        ours, "cloud + platform, sort, limit 10",
        [](std::mt19937& r) {
            return "/search?sortby=eo:cloud_cover&filter=eo:cloud_cover%3C" + number(pick(r, 5, 50)) +
                   "%20AND%20platform='sentinel-2b'&datetime=" + month(r);
        },
        1000);
    latency(
        ours, "bbox 60x40°, limit 100", [](std::mt19937& r) { return "/search?limit=100&bbox=" + box(r, 60, 40); }, 500);
    latency(
        ours, "NAIP (2 kB), newest, limit 1000", [](std::mt19937&) { return std::string("/search?limit=1000&collections=naip"); },
        200);
    latency(
        ours, "NAIP, bbox 120x90°, limit 1000",
        [](std::mt19937& r) { return "/search?limit=1000&collections=naip&bbox=" + box(r, 120, 90); }, 100);
}

}  // namespace

int main(int argc, char** argv) {
    bench::session s("stac", argc, argv, bench::stac_options(), 7);
    bool const pairs = s.wanted("ingest") || std::any_of(std::begin(scenarios), std::end(scenarios),
                                                         [&](scenario const& c) { return s.wanted(c.name); });
    if (!pairs && !s.wanted("alone")) return 0;  // bench_stac_index has that case
    world w(s);
    if (pairs) w.beside_pgstac();
    if (s.wanted("alone")) w.alone();
}
