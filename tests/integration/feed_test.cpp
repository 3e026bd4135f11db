// The change feed for consumers that come back after a while, and trees of very many members, on a real broker.
#include "base/digest.hpp"
#include "base/json.hpp"
#include "tests/support/lone_broker.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstdlib>
#include <map>

namespace fjord::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string collection_document(std::string const& id, std::string const& extra = {}) {
    return R"({"type":"Collection","stac_version":"1.1.0","id":")" + id + R"(","description":"d","license":"other",)" + extra +
           R"("extent":{"spatial":{"bbox":[[-180,-90,180,90]]},"temporal":{"interval":[[null,null]]}},"links":[]})";
}
std::string item(std::string const& collection, std::string const& id, std::string const& extra = {}) {
    return R"({"type":"Feature","stac_version":"1.1.0","id":")" + id + R"(","collection":")" + collection +
           R"(","geometry":null,"properties":{"datetime":"2020-01-01T00:00:00Z")" + extra + R"(},"links":[],"assets":{}})";
}

class Feed : public ::testing::Test {
protected:
    void SetUp() override {
        broker_.start();
        expect(201, "POST", "/collections", collection_document("c", R"("fjord:sensitivity":0,)"));
    }
    json::value expect(unsigned status, std::string const& method, std::string const& target, std::string const& body = {},
                       std::string const& as = {}) {
        auto const a = broker_.ask(method, target, body, "application/json", as);
        EXPECT_EQ(a.status, status) << method << " " << target << ": " << a.body;
        auto value = parse_json(a.body, {.max_bytes = 64u << 20});
        return value ? *value : json::value(json::object{});
    }
    // Pages until there is no more; "TYPE SUBJECT" of each.
    std::vector<std::string> read(std::string& since, std::string const& parameters = {}, std::string const& as = {}) {
        std::vector<std::string> out;
        for (bool more = true; more;) {
            auto const page = expect(200, "GET", "/api/v1/events?since=" + since + parameters, {}, as);
            if (HasFailure()) break;
            for (auto const& e : page.at("events").as_array())
                out.push_back(std::string(e.at("type").as_string()).substr(10) + " " + std::string(e.at("subject").as_string()));
            since = json::serialize(page.at("next"));
            more = page.at("more").as_bool();
        }
        return out;
    }
    void add_items(std::string const& prefix, int count) {
        std::string lines;
        for (int i = 0; i < count; ++i) lines += item("c", prefix + std::to_string(i)) + "\n";
        ASSERT_EQ(broker_.ask("POST", "/collections/c/items", lines, "application/x-ndjson").status, 200u);
    }

    temp_dir dir_;
    lone_broker broker_{FJORD_PROGRAM, dir_.str()};
};

// Away for a week: what changed meanwhile comes in pages, with tombstones, and nothing else is read.
TEST_F(Feed, AConsumerCatchesUpWithoutReadingTheCatalogAgain) {
    add_items("i", 300);
    std::string at = json::serialize(expect(200, "GET", "/api/v1/events?since=now").at("next"));
    std::map<std::string, bool> mirror;
    for (int i = 0; i < 300; ++i) mirror["c/i" + std::to_string(i)] = true;

    broker_.kill();  // the position outlives the broker
    broker_.start();
    for (int i = 0; i < 300; i += 3) expect(204, "DELETE", "/collections/c/items/i" + std::to_string(i));
    expect(201, "POST", "/collections/c/items", item("c", "new"));
    expect(204, "PUT", "/collections/c/items/i1", item("c", "i1", R"(,"n":1)"));

    auto const news = read(at, "&types=item.*&limit=7");
    EXPECT_EQ(news.size(), 102u);
    for (auto const& n : news) {
        auto const subject = n.substr(n.find(' ') + 1);
        if (n.starts_with("item.deleted"))
            mirror.erase(subject);
        else
            mirror[subject] = true;
    }
    EXPECT_EQ(mirror.size(), 201u);
    EXPECT_EQ(expect(200, "GET", "/search?limit=1").at("numberMatched"), 201);
    EXPECT_TRUE(read(at).empty()) << "nothing comes twice";
}

TEST_F(Feed, APageHoldsAsManyAsAskedFor) {
    add_items("i", 20);
    auto const page = expect(200, "GET", "/api/v1/events?since=0&types=item.created&limit=6");
    EXPECT_EQ(page.at("events").as_array().size(), 6u);
    EXPECT_EQ(page.at("more"), true);
    expect(400, "GET", "/api/v1/events?since=0&limit=0");
    expect(400, "GET", "/api/v1/events?since=yesterday");
}

TEST_F(Feed, APositionThatTheLogDoesNotHaveIsGoneAndSaysHowToGoOn) {
    auto const problem = expect(410, "GET", "/api/v1/events?since=999999");
    ASSERT_TRUE(problem.as_object().contains("newest"));
    EXPECT_THAT(std::string(problem.at("restart").as_string()), HasSubstr("?since="));
    std::string at = json::serialize(problem.at("newest"));
    EXPECT_TRUE(read(at).empty());
}

// Who could not see a thing hears nothing of it, neither while it stands nor when it goes.
TEST_F(Feed, TombstonesTellThoseWhoCouldSeeWhatIsGone) {
    expect(200, "PUT", "/api/v1/policies/p", R"({"rules":[{"id":"open","effect":"permit","actions":["read"],
        "select":{"sensitivity":{"<":2}}}]})");
    auto const reader = broker_.token_of("reader", {"/readers"});
    expect(201, "POST", "/collections", collection_document("d", R"("fjord:sensitivity":0,)"));
    expect(201, "POST", "/collections/d/items", item("d", "open"));
    expect(201, "POST", "/collections/d/items", item("d", "hidden", R"(,"fjord:sensitivity":4)"));
    std::string at = "0";
    auto const before = read(at, {}, reader);
    EXPECT_THAT(before, Contains("item.created d/open"));
    EXPECT_THAT(before, Not(Contains("item.created d/hidden")));
    for (auto const* id : {"open", "hidden"}) expect(204, "DELETE", "/collections/d/items/" + std::string(id));
    expect(204, "DELETE", "/collections/d");
    EXPECT_THAT(read(at, {}, reader), ElementsAre("item.deleted d/open", "collection.deleted d"));
    std::string from_the_beginning = "0";
    for (auto const& e : read(from_the_beginning, {}, reader)) EXPECT_THAT(e, Not(HasSubstr("hidden")));
    auto const raw = broker_.ask("GET", "/api/v1/events?since=0&types=item.deleted").body;
    EXPECT_THAT(raw, HasSubstr("d/hidden"));
    EXPECT_THAT(raw, Not(HasSubstr("seen_as")));
}

// --- trees

struct tree {
    std::string manifest, version;
};

std::string member_name(std::uint64_t n) {
    char name[32];
    std::snprintf(name, sizeof name, "t/%07llu.0", static_cast<unsigned long long>(n));
    return name;
}

tree make_tree(std::uint64_t members) {
    tree t;
    digester sum{digest_algorithm::sha256};
    t.manifest.reserve(members * 130);
    for (std::uint64_t n = 0; n < members; ++n) {
        auto const path = member_name(n);
        auto const id = sha256_of(path);
        t.manifest += R"({"path":")" + path + R"(","size":)" + std::to_string(n) + R"(,"digest":")" + id.text() + "\"}\n";
        sum.update(id.hex() + " " + std::to_string(n) + " " + path + "\n");
    }
    t.version = sum.finish().sha256->text();
    return t;
}

std::uint64_t peak_memory_kb(pid_t pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("VmHWM:")) return std::strtoull(line.c_str() + 6, nullptr, 10);
    return 0;
}

// FJORD_TREE_MEMBERS: how many (100000).
TEST_F(Feed, ATreeOfVeryManyMembersIsRegisteredListedAndResolved) {
    auto const* said = std::getenv("FJORD_TREE_MEMBERS");
    std::uint64_t const members = said ? std::strtoull(said, nullptr, 10) : 100'000;
    expect(201, "POST", "/collections/c/items", item("c", "cube"));
    auto const t = make_tree(members);
    auto const memory_before = peak_memory_kb(broker_.pid());
    auto const begun = std::chrono::steady_clock::now();
    auto const put = broker_.ask("PUT", "/api/v1/trees/c/cube/store?version=" + t.version, t.manifest, "application/x-ndjson");
    auto const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    ASSERT_EQ(put.status, 201u) << put.body;
    auto const told = parse_json(put.body).value();
    EXPECT_EQ(told.at("members").to_number<std::uint64_t>(), members);
    EXPECT_EQ(told.at("size").to_number<std::uint64_t>(), members * (members - 1) / 2);
    auto const grown = peak_memory_kb(broker_.pid()) - memory_before;
    EXPECT_LT(grown, 400'000u) << "kB more at the peak";
    std::printf("%llu members in %.2f s, %.0f/s, broker's peak grew by %llu kB\n", static_cast<unsigned long long>(members), took,
                static_cast<double>(members) / took, static_cast<unsigned long long>(grown));

    std::uint64_t seen = 0;
    std::string cursor;
    do {
        auto const page = expect(200, "GET", "/api/v1/trees/c/cube/store?limit=10000&cursor=" + cursor);
        for (auto const& m : page.at("members").as_array()) ASSERT_EQ(m.at("path").as_string(), member_name(seen++));
        auto const* next = page.as_object().if_contains("next");
        cursor = next ? "t%2F" + std::string(next->as_string()).substr(2) : "";
    } while (!cursor.empty() && !HasFailure());
    EXPECT_EQ(seen, members);
    auto const some = expect(200, "GET", "/api/v1/trees/c/cube/store?prefix=t/00000");
    EXPECT_EQ(some.at("members").as_array().size(), 100u);

    // Never in the STAC document; and a member has a place of its own in the URI, which no site serves yet.
    auto const document = broker_.ask("GET", "/collections/c/items/cube").body;
    EXPECT_THAT(document, Not(HasSubstr("0000001.0")));
    EXPECT_EQ(broker_.ask("GET", "/data/c/cube/store/t/0000001.0").status, 503u);
    EXPECT_EQ(broker_.ask("GET", "/data/c/cube/store/t/absent").status, 404u);
    EXPECT_EQ(broker_.ask("PUT", "/api/v1/trees/c/cube/store?version=" + t.version, t.manifest, "application/x-ndjson").status,
              200u)
        << "the same again";
}

TEST_F(Feed, AManifestThatIsNotWhatItSaysLeavesNothing) {
    expect(201, "POST", "/collections/c/items", item("c", "cube"));
    auto const t = make_tree(3), other = make_tree(4);
    auto put = [&](std::string const& manifest, std::string const& version, std::string const& of = "cube") {
        return broker_.ask("PUT", "/api/v1/trees/c/" + of + "/store?version=" + version, manifest, "application/x-ndjson");
    };
    EXPECT_EQ(put(t.manifest, other.version).status, 409u) << "another digest";
    auto const line_end = t.manifest.find('\n') + 1;
    auto const swapped = put(t.manifest.substr(line_end) + t.manifest.substr(0, line_end), t.version);
    EXPECT_EQ(swapped.status, 400u);
    EXPECT_THAT(swapped.body, HasSubstr("line 3"));
    EXPECT_EQ(put(t.manifest + t.manifest.substr(0, line_end), t.version).status, 400u);
    EXPECT_EQ(put("{\"path\":\"../x\",\"size\":1,\"digest\":\"" + sha256_of("x").text() + "\"}\n", t.version).status, 400u);
    EXPECT_EQ(put("not json\n", t.version).status, 400u);
    EXPECT_EQ(put("\n", t.version).status, 400u);
    EXPECT_EQ(broker_.ask("GET", "/api/v1/trees/c/cube/store").status, 404u);
    EXPECT_EQ(put(other.manifest, other.version).status, 201u);
    EXPECT_EQ(put(t.manifest, t.version).status, 201u);
    EXPECT_EQ(expect(200, "GET", "/api/v1/trees/c/cube/store").at("members").as_array().size(), 3u);
    EXPECT_EQ(put(t.manifest, t.version, "absent").status, 404u);
}

}  // namespace
}  // namespace fjord::test
