// Bulk ingest over HTTP into a real broker, durable: items per second from the first byte sent to the last result read, while
// results are read as they come. Two loaders with a connection each; the broker has both cores and the loaders share them.
//   deploy/bench ingest [--samples N] [--json FILE]
// FJORD_SHARED_DATA: the folder with stac/ (real items that ours are made from). FJORD_BENCH_ITEMS: per sample (100000).
// The store's folder is made in TMPDIR; its disk must sync.
#include "tests/bench/support/bench.hpp"
#include "tests/support/amplified_items.hpp"
#include "tests/support/lone_broker.hpp"
#include "tests/support/temp_dir.hpp"

#include <atomic>
#include <cstdlib>
#include <thread>

namespace {

using namespace fjord;

constexpr int loaders = 2;
constexpr std::size_t piece = 64u << 10;

[[noreturn]] void give_up(std::string const& why) {
    std::fprintf(stderr, "bench_ingest: %s\n", why.c_str());
    std::exit(1);
}

std::string number_in(std::string const& file, std::string const& key) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(key)) return line.substr(key.size() + 1);
    return {};
}

double processor_seconds(pid_t pid) {
    double sum = 0;
    for (auto const& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        std::ifstream in(task.path() / "schedstat");
        double nanoseconds = 0;
        in >> nanoseconds;
        sum += nanoseconds * 1e-9;
    }
    return sum;
}

class load {
public:
    explicit load(test::lone_broker& broker, std::string const& data, std::uint64_t items)
        : broker_(broker), made_(data + "/stac"), items_(items) {
        for (auto const& c : test::amplified_items::collections()) {
            auto const answer = broker.ask("POST", "/collections", test::amplified_items::collection_document(c));
            if (answer.status != 201) give_up("no collection: " + answer.body);
        }
    }

    // Ingests the next items, of one collection or of all, and gives their number per second.
    double operator()(std::string_view collection = {}) {
        std::string lines[loaders];
        for (auto& text : lines)
            for (std::uint64_t i = 0; i < items_ / loaders;) {
                auto const item = made_.make(next_++);
                if (!collection.empty() && item.collection != collection) continue;
                text += item.document + "\n";
                ++i;
            }
        std::atomic<std::uint64_t> acknowledged{0};
        auto const cpu = processor_seconds(broker_.pid());
        auto const begun = std::chrono::steady_clock::now();
        std::vector<std::thread> threads;
        for (auto const& text : lines) threads.emplace_back([&] { acknowledged += send(text); });
        for (auto& t : threads) t.join();
        auto const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        if (acknowledged != items_)
            give_up(std::to_string(acknowledged) + " of " + std::to_string(items_) + " items were stored");
        std::size_t bytes = 0;
        for (auto const& text : lines) bytes += text.size();
        auto const status = "/proc/" + std::to_string(broker_.pid()) + "/status";
        std::printf("  %llu items of %zu bytes, %.0f MB/s; %.1f us of the broker's processor time per item; broker at most%s\n",
                    static_cast<unsigned long long>(items_), bytes / items_, static_cast<double>(bytes) / took / 1e6,
                    (processor_seconds(broker_.pid()) - cpu) / static_cast<double>(items_) * 1e6,
                    number_in(status, "VmHWM:").c_str());
        return static_cast<double>(items_) / took;
    }

private:
    std::uint64_t send(std::string const& text) {
        test::raw_http http(broker_.port());
        http.send(broker_.request("POST", "/api/v1/ingest", "application/x-ndjson") + "Transfer-Encoding: chunked\r\n\r\n");
        std::thread sending([&] {
            for (std::size_t at = 0; at < text.size(); at += piece)
                if (!http.send_chunk(std::string_view(text).substr(at, piece))) give_up("the broker does not take the items");
            http.send_last_chunk();
        });
        std::uint64_t stored = 0;
        test::line_splitter count([&](std::string_view line) { stored += line.ends_with("\"status\":201}"); });
        auto const status = http.read_head();
        if (status != 200 || !http.read_body(std::ref(count))) give_up("the ingest ended with " + std::to_string(status));
        sending.join();
        return stored;
    }

    test::lone_broker& broker_;
    test::amplified_items made_;
    std::uint64_t items_, next_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    auto const* data = std::getenv("FJORD_SHARED_DATA");
    if (!data) give_up("FJORD_SHARED_DATA must name the folder with the real items (stac/)");
    auto const* count = std::getenv("FJORD_BENCH_ITEMS");
    test::temp_dir dir;
    test::lone_broker broker(FJORD_PROGRAM, dir.str());
    broker.start();  // before the session pins us to a core
    bench::session s("ingest", argc, argv);
    load items(broker, data, count ? std::strtoull(count, nullptr, 10) : 100'000);
    s.reach(
        "durable_items_small", "items/s", [&] { return items("naip"); }, 30'000);
    s.reach(
        "durable_items_mixed", "items/s", [&] { return items(); }, 30'000);
    return s.finish();
}
