// Bulk ingest into a real broker: killed with SIGKILL at random moments, and used by several at once.
#include "base/json.hpp"
#include "tests/support/lone_broker.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <set>

namespace fjord::test {
namespace {

constexpr char const* lines = "application/x-ndjson";

std::string collection_document(std::string const& id) {
    return R"({"type":"Collection","stac_version":"1.1.0","id":")" + id +
           R"(","description":"d","license":"other","extent":{"spatial":{"bbox":[[-180,-90,180,90]]},"temporal":{"interval":[[null,null]]}},"links":[]})";
}

// Item n stands at a place and at a time of its own, so that each index can be asked for it.
struct scattered {
    int lon, lat, day;
    explicit scattered(std::uint64_t n)
        : lon(static_cast<int>(n * 7919 % 360) - 180),
          lat(static_cast<int>(n * 104729 % 180) - 90),
          day(1 + static_cast<int>(n * 31 % 28)) {}
};

std::string item(std::string const& collection, std::uint64_t n) {
    scattered const s(n);
    auto const at = std::to_string(s.lon) + "," + std::to_string(s.lat);
    auto const day = (s.day < 10 ? "0" : "") + std::to_string(s.day);
    return R"({"type":"Feature","stac_version":"1.1.0","id":"i)" + std::to_string(n) + R"(","collection":")" + collection +
           R"(","geometry":{"type":"Point","coordinates":[)" + at + R"(]},"bbox":[)" + at + "," + at +
           R"(],"properties":{"datetime":"2020-01-)" + day + R"(T00:00:00Z","n":)" + std::to_string(n) +
           R"(},"links":[],"assets":{}})" + "\n";
}

class Ingest : public ::testing::Test {
protected:
    void SetUp() override { broker_.start(); }

    void add_collection(std::string const& id) {
        auto const made = broker_.ask("POST", "/collections", collection_document(id));
        ASSERT_EQ(made.status, 201u) << made.body;
    }

    // Sends items begin, begin + step, ... as fast as they are taken, until `end` or the connection breaks.
    // Gives what was acknowledged as created; other results in `refused`.
    std::set<std::uint64_t> load(std::string const& collection, std::uint64_t begin, std::uint64_t end, std::uint64_t step,
                                 std::atomic<std::uint64_t>& acknowledged, std::atomic<std::uint64_t>* refused = nullptr) {
        std::set<std::uint64_t> stored;
        raw_http http(broker_.port());
        http.send(broker_.request("POST", "/collections/" + collection + "/items", lines) + "Transfer-Encoding: chunked\r\n\r\n");
        auto sending = std::async(std::launch::async, [&] {
            bool alive = true;
            for (auto n = begin; alive && n < end;) {
                std::string text;
                for (; n < end && text.size() < 16'000; n += step) text += item(collection, n);
                alive = http.send_chunk(text);
            }
            if (alive) http.send_last_chunk();
        });
        line_splitter split([&](std::string_view line) {
            auto const result = parse_json(line);
            ASSERT_TRUE(result) << line;
            if (!result->as_object().contains("line")) return;
            if (result->at("status") == 201) {
                stored.insert(std::stoull(std::string(result->at("id").as_string()).substr(1)));
                ++acknowledged;
            } else if (refused) {
                ++*refused;
            }
        });
        if (http.read_head() == 200) http.read_body(std::ref(split));
        sending.get();
        return stored;
    }

    std::uint64_t matched(std::string const& query) {
        auto const a = broker_.ask("GET", "/search?limit=1" + query);
        EXPECT_EQ(a.status, 200u) << a.body;
        auto const body = parse_json(a.body);
        return body ? body->at("numberMatched").to_number<std::uint64_t>() : 0;
    }

    // Every item of a collection as pages show it; each once.
    std::set<std::uint64_t> listed(std::string const& collection, int limit = 1000) {
        std::set<std::uint64_t> out;
        std::string target = "/search?collections=" + collection + "&fields=id&limit=" + std::to_string(limit);
        while (!target.empty()) {
            auto const a = broker_.ask("GET", target);
            EXPECT_EQ(a.status, 200u) << a.body;
            auto const page = parse_json(a.body, {.max_bytes = 64u << 20});
            if (!page) break;
            for (auto const& f : page->at("features").as_array()) {
                auto const n = std::stoull(std::string(f.at("id").as_string()).substr(1));
                EXPECT_TRUE(out.insert(n).second) << "item " << n << " came twice";
            }
            target.clear();
            for (auto const& l : page->at("links").as_array())
                if (l.at("rel") == "next") {
                    auto const href = std::string(l.at("href").as_string());
                    target = href.substr(href.find('/', 9));
                }
        }
        return out;
    }

    // What is there is in all indexes: counts by collection, place and time say the same as the list.
    void expect_indexes_agree(std::string const& collection, std::set<std::uint64_t> const& there) {
        std::uint64_t west = 0, north = 0;
        std::map<int, std::uint64_t> by_day;
        for (auto const n : there) {
            scattered const s(n);
            west += s.lon < 0;
            north += s.lat > 0;
            ++by_day[s.day];
        }
        auto const in = "&collections=" + collection;
        EXPECT_EQ(matched(in), there.size());
        EXPECT_EQ(matched(in + "&bbox=-180,-90,-0.5,90"), west);
        EXPECT_EQ(matched(in + "&bbox=-180,0.5,180,90"), north);
        for (int day : {1, 15, 28}) {
            auto const text = (day < 10 ? "0" : "") + std::to_string(day);
            EXPECT_EQ(matched(in + "&datetime=2020-01-" + text + "T00:00:00Z"), by_day[day]);
        }
        for (std::uint64_t const n : {there.empty() ? 0 : *there.begin(), there.empty() ? 0 : *there.rbegin()}) {
            if (there.empty()) break;
            EXPECT_EQ(matched(in + "&ids=i" + std::to_string(n)), 1u);
            EXPECT_EQ(matched(in + "&filter=n=" + std::to_string(n)), 1u);
            EXPECT_EQ(broker_.ask("GET", "/collections/" + collection + "/items/i" + std::to_string(n)).status, 200u);
        }
    }

    temp_dir dir_;
    lone_broker broker_{FJORD_PROGRAM, dir_.str()};
};

// FJORD_KILL_ROUNDS: how often (50).
TEST_F(Ingest, KilledAtAnyMomentKeepsWhatItAcknowledgedInAllIndexes) {
    auto const* said = std::getenv("FJORD_KILL_ROUNDS");
    int const rounds = said ? std::atoi(said) : 50;
    std::mt19937 random(20261121);
    std::uint64_t total_acknowledged = 0, total_there = 0, more_than_acknowledged = 0;
    for (int round = 0; round < rounds; ++round) {
        auto const collection = "round-" + std::to_string(round);
        add_collection(collection);
        std::atomic<std::uint64_t> acknowledged{0};
        auto one = std::async(std::launch::async, [&] { return load(collection, 0, 800, 2, acknowledged); });
        auto two = std::async(std::launch::async, [&] { return load(collection, 1, 800, 2, acknowledged); });
        // The moment is a number of acknowledged items and a little more, not a time that a slow machine would spend starting.
        auto const enough = random() % 700;
        for (int i = 0; acknowledged < enough && i < 20'000; ++i) std::this_thread::sleep_for(std::chrono::microseconds(500));
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
        broker_.kill();
        auto promised = one.get();
        promised.merge(two.get());
        broker_.start();
        auto const there = listed(collection);
        for (auto const n : promised) ASSERT_TRUE(there.contains(n)) << "round " << round << " lost the acknowledged item " << n;
        expect_indexes_agree(collection, there);
        ASSERT_FALSE(HasFailure()) << "in round " << round;
        total_acknowledged += promised.size();
        total_there += there.size();
        more_than_acknowledged += there.size() > promised.size();
    }
    EXPECT_EQ(matched(""), total_there);
    EXPECT_GT(total_acknowledged, 0u);
    std::printf("%d kills: %llu items acknowledged, %llu there, in %llu rounds a write was under way\n", rounds,
                static_cast<unsigned long long>(total_acknowledged), static_cast<unsigned long long>(total_there),
                static_cast<unsigned long long>(more_than_acknowledged));
}

// pgstac#285: two loaders, 40 items sent, 30 stored, no exception. With a reader that pages all the while.
TEST_F(Ingest, TwoLoadersAndAReaderLoseAndDoubleNothing) {
    constexpr std::uint64_t items = 6000;
    add_collection("c");
    std::atomic<std::uint64_t> created{0}, refused{0};
    // Both send all items, one of them in the other order of evenness, so that they meet again and again.
    auto loader = [&](std::uint64_t first) {
        auto stored = load("c", first, items, 2, created, &refused);
        stored.merge(load("c", 1 - first, items, 2, created, &refused));
        return stored;
    };
    auto one = std::async(std::launch::async, loader, 0);
    auto two = std::async(std::launch::async, loader, 1);
    std::set<std::uint64_t> before;
    int reads = 0;
    do {
        auto const now = listed("c", 500);
        for (auto const n : before) ASSERT_TRUE(now.contains(n)) << "item " << n << " was there and is gone";
        before = now;
        ++reads;
    } while (created + refused < 2 * items && !HasFailure());
    auto a = one.get(), b = two.get();
    EXPECT_EQ(created, items);
    EXPECT_EQ(refused, items) << "each item was refused to the one who came second";
    EXPECT_EQ(a.size() + b.size(), items);
    a.merge(b);
    EXPECT_EQ(a.size(), items);
    EXPECT_EQ(listed("c"), a);
    expect_indexes_agree("c", a);
    std::printf("%d readings of the whole collection meanwhile\n", reads);
}

// Results that nobody reads stop their own stream only, and what it holds in memory is bounded.
TEST_F(Ingest, AReaderThatDoesNotReadStallsNobodyElse) {
    add_collection("slow");
    add_collection("c");
    raw_http lazy(broker_.port());
    lazy.send(broker_.request("POST", "/collections/slow/items", lines) + "Transfer-Encoding: chunked\r\n\r\n");
    std::atomic<bool> stuck{false};
    auto sending = std::async(std::launch::async, [&] {
        std::string text;
        for (std::uint64_t n = 0; n < 2000; ++n)
            text += R"({"bad":1})"
                    "\n";
        // Far more results than sockets hold.
        for (int i = 0; i < 4000 && lazy.send_chunk(text); ++i) {}
        stuck = true;
    });
    std::atomic<std::uint64_t> acknowledged{0};
    EXPECT_EQ(load("c", 0, 3000, 1, acknowledged).size(), 3000u);
    EXPECT_FALSE(stuck) << "the lazy one was still being waited for";
    lazy.hang_up();
    sending.get();
    EXPECT_EQ(matched("&collections=c"), 3000u);
}

}  // namespace
}  // namespace fjord::test
