// The smaller pure parts: paths, retry, source and mode choice, the queue, status.
#include "transfer/access.hpp"
#include "transfer/compiled_rule.hpp"
#include "transfer/layout.hpp"
#include "transfer/retry.hpp"
#include "transfer/source_choice.hpp"
#include "transfer/status.hpp"
#include "transfer/transfer_queue.hpp"

#include "tests/support/matchers.hpp"

#include <set>

namespace fjord::transfer {
namespace {

using fjord::test::HasErrc;
using testing::ElementsAre;
using testing::HasSubstr;

catalog::site_record site(std::string id, std::string kind = "door", std::map<std::string, std::string> attributes = {}) {
    catalog::site_record s;
    s.id = site_id(std::move(id));
    s.kind = std::move(kind);
    s.url = "https://host.example:1094/data";
    s.attributes = std::move(attributes);
    return s;
}

catalog::asset_ref ref(std::string c, std::string i, std::string a) {
    return {collection_id(std::move(c)), item_id(std::move(i)), asset_key(std::move(a))};
}
catalog::asset_version version(std::string const& bytes, std::string filename = "scene.tif") {
    return {sha256_of(bytes), {}, bytes.size(), {}, std::move(filename)};
}

TEST(layout_test, DoorsGetReadablePathsAndOthersHashedOnes) {
    auto v = version("x");
    auto hex = v.id.hex().substr(0, 16);
    EXPECT_EQ(replica_path(site("a"), ref("C", "I", "A"), v), "C/I/A/" + hex + "/scene.tif");
    auto hashed = replica_path(site("a", "xrootd"), ref("C", "I", "A"), v);
    auto name = sha256_of("C/I/A@" + v.id.text()).hex();
    EXPECT_EQ(hashed, "fed/" + name.substr(0, 2) + "/" + name.substr(2, 2) + "/" + name);
    EXPECT_EQ(replica_path(site("a", "webdav"), ref("C", "I", "A"), v), hashed);
    EXPECT_EQ(replica_path(site("a", "door", {{"layout", "hashed"}}), ref("C", "I", "A"), v), hashed);
    EXPECT_EQ(replica_path(site("a", "xrootd", {{"layout", "readable"}}), ref("C", "I", "A"), v), "C/I/A/" + hex + "/scene.tif");
}

TEST(layout_test, NamesAreEncodedAndUnusableFileNamesAreReplaced) {
    auto v = version("x", "a b%.tif");
    EXPECT_THAT(replica_path(site("a"), ref("C d", "I", "A"), v),
                testing::AllOf(HasSubstr("C%20d/I/A/"), testing::EndsWith("/a%20b%25.tif")));
    for (auto bad : {"", "..", "a/b"})
        EXPECT_THAT(replica_path(site("a"), ref("C", "I", "A"), version("x", bad)), testing::EndsWith("/A")) << bad;
}

TEST(layout_test, DataNeverMeetsAStagingFolder) {
    EXPECT_THAT(replica_path(site("a"), ref(".fjord-staging", "I", "A"), version("x")), testing::StartsWith("fed/"));
    EXPECT_EQ(staging_folder(site("a")), ".fjord-staging");
    EXPECT_EQ(staging_folder(site("a", "xrootd")), "fed/.in");
}

TEST(layout_test, StagingNamesHaveAFixedWidthAndTellTheirTransfer) {
    transfer_id id("01KC0000000000000000000000");
    auto first = staging_path(site("a"), id, 1), tenth = staging_path(site("a"), id, 10);
    EXPECT_EQ(first, ".fjord-staging/01KC0000000000000000000000-00001");
    EXPECT_FALSE(tenth.starts_with(first));
    EXPECT_EQ(staged_by(first.substr(first.rfind('/') + 1)), id);
    for (auto name : {"", "x", "01KC0000000000000000000000", "01KC0000000000000000000000-1", "01kc0000000000000000000000-00001",
                      "01KC0000000000000000000000-0000x"})
        EXPECT_EQ(staged_by(name), std::nullopt) << name;
}

TEST(access_test, ScopesAreBelowTheUrlsPathWithoutWhatTheSiteStrips) {
    std::vector<grant> grants{{"storage.read", "a/b"}, {"storage.modify", "c"}};
    EXPECT_EQ(token_scope(site("a"), grants), "storage.read:/data/a/b storage.modify:/data/c");
    EXPECT_EQ(token_scope(site("a", "xrootd", {{"token_base", "/data"}}), grants), "storage.read:/a/b storage.modify:/c");
    EXPECT_EQ(token_scope(site("a", "xrootd", {{"token_base", "/dat"}}), grants),
              "storage.read:/data/a/b storage.modify:/data/c");
    EXPECT_EQ(*token_audience(site("a")), "https://host.example:1094");
    EXPECT_EQ(url_of(site("a"), "x/y"), "https://host.example:1094/data/x/y");
}

TEST(retry_test, FailuresHaveClasses) {
    auto kind = [](errc e, stage at = stage::copying) { return classify(fail(e), at); };
    EXPECT_EQ(kind(errc::unavailable), failure_class::transient);
    EXPECT_EQ(kind(errc::timed_out), failure_class::transient);
    EXPECT_EQ(kind(errc::corrupt), failure_class::integrity);
    EXPECT_EQ(kind(errc::denied), failure_class::permission);
    EXPECT_EQ(kind(errc::no_space), failure_class::space);
    EXPECT_EQ(kind(errc::unsupported), failure_class::permanent);
    EXPECT_EQ(kind(errc::not_found), failure_class::source);
    EXPECT_EQ(kind(errc::not_found, stage::publishing), failure_class::transient);
    EXPECT_EQ(kind(errc::cancelled), failure_class::cancelled);
}

TEST(retry_test, DelaysGrowAreCappedAndJittered) {
    retry_options o;
    o.base = milliseconds(100);
    o.cap = milliseconds(1000);
    auto delay = [&](std::uint32_t attempt, double random) {
        return decide_retry(o, fail(errc::unavailable), stage::copying, attempt, random).delay;
    };
    EXPECT_EQ(delay(1, 0.5), milliseconds(100));
    EXPECT_EQ(delay(3, 0.5), milliseconds(400));
    EXPECT_EQ(delay(7, 0.5), milliseconds(1000));
    EXPECT_EQ(delay(1, 0.0), milliseconds(50));
    EXPECT_LT(delay(1, 0.999), milliseconds(151));
}

TEST(retry_test, TheLastAttemptAndHopelessFailuresAreNotRepeated) {
    retry_options o;
    EXPECT_TRUE(decide_retry(o, fail(errc::unavailable), stage::copying, o.max_attempts - 1, 0).again);
    EXPECT_FALSE(decide_retry(o, fail(errc::unavailable), stage::copying, o.max_attempts, 0).again);
    EXPECT_FALSE(decide_retry(o, fail(errc::unsupported), stage::copying, 1, 0).again);
    EXPECT_FALSE(decide_retry(o, fail(errc::cancelled), stage::copying, 1, 0).again);
    EXPECT_GE(decide_retry(o, fail(errc::denied), stage::copying, 1, 0.5).delay, o.slow_base);
}

TEST(source_choice_test, OnlyGoodCopiesAtEnabledSitesAreReadSuspectOnesLast) {
    using enum catalog::replica_state;
    std::vector<catalog::site_record> sites{site("a"), site("b"), site("c"), site("d")};
    sites[1].enabled = false;
    auto v = sha256_of("x");
    auto at = [&](std::string id, catalog::replica_state s) {
        return catalog::replica_record{ref("C", "I", "A"), v, site_id(std::move(id)), s};
    };
    std::vector<catalog::replica_record> replicas{at("a", suspect), at("b", available), at("c", available), at("d", available),
                                                  at("x", available)};
    auto usable = usable_sources(replicas, sites, site_id("d"));
    ASSERT_EQ(usable.size(), 1u);
    EXPECT_EQ(usable[0].site.id, site_id("c"));
    replicas[2].state = bad;
    usable = usable_sources(replicas, sites, site_id("d"));
    ASSERT_EQ(usable.size(), 1u);
    EXPECT_EQ(usable[0].site.id, site_id("a"));
}

TEST(source_choice_test, FailuresCountMoreThanPlanAndLoad) {
    std::vector<source_candidate> c{{site("a"), {}, 1, 0}, {site("b"), {}, 0, 9}, {site("c"), {}, 0, 3}};
    EXPECT_EQ(choose_source(c, site("t"), site_id("a")), 2u);
    EXPECT_EQ(choose_source(c, site("t"), site_id("b")), 1u);
    EXPECT_EQ(choose_source({}, site("t"), {}), std::nullopt);
}

TEST(source_choice_test, ModesFollowWhatTheSitesCan) {
    using storage::copy_mode;
    auto s = site("s"), t = site("t");
    EXPECT_EQ(*choose_mode(s, t, {}), copy_mode::pull);
    EXPECT_EQ(*choose_mode(s, t, copy_mode::pull), copy_mode::push);
    t.attributes["tpc"] = "push";
    EXPECT_EQ(*choose_mode(s, t, {}), copy_mode::push);
    s.attributes["tpc"] = "none";
    EXPECT_THAT(choose_mode(s, t, {}), fjord::test::FailsWith(errc::unsupported, HasSubstr("tpc")));
}

struct queue_test : testing::Test {
    void push(std::string id, std::string from, std::string to, std::uint32_t priority = 3,
              std::optional<wall_time> not_before = {}) {
        queue.push({transfer_id(std::move(id)), site_id(std::move(from)), site_id(std::move(to)), priority, not_before});
    }
    std::string pick() {
        auto p = queue.pick(now);
        return p ? p->id.str() : "";
    }
    transfer_queue queue{{4, 2, 2, {}, {}}};
    wall_time now{seconds{1000}};
};

TEST_F(queue_test, PriorityThenAge) {
    push("2", "a", "b");
    push("1", "a", "b");
    push("3", "c", "d", 5);
    EXPECT_EQ(pick(), "3");
    EXPECT_EQ(pick(), "1");
    EXPECT_EQ(pick(), "2");
    EXPECT_EQ(pick(), "");
}

TEST_F(queue_test, ABusySiteDoesNotHoldUpOthers) {
    push("1", "a", "b");
    push("2", "a", "b");
    push("3", "a", "c");
    push("4", "d", "b");
    push("5", "d", "c");
    EXPECT_EQ(pick(), "1");
    EXPECT_EQ(pick(), "2");
    EXPECT_EQ(pick(), "5") << "a reads twice, b writes twice";
    EXPECT_EQ(pick(), "");
    queue.finished(site_id("a"), site_id("b"));
    EXPECT_EQ(pick(), "3");
    EXPECT_EQ(pick(), "4");
    push("6", "e", "f");
    EXPECT_EQ(pick(), "") << "four in all";
}

TEST_F(queue_test, ASiteMayHaveItsOwnLimit) {
    queue.set_limits({4, 2, 2, {}, {{site_id("b"), 1}}});
    push("1", "a", "b");
    push("2", "c", "b");
    EXPECT_EQ(pick(), "1");
    EXPECT_EQ(pick(), "");
}

TEST_F(queue_test, BackOffIsWaitedFor) {
    push("1", "a", "b", 3, now + seconds(5));
    EXPECT_EQ(pick(), "");
    EXPECT_EQ(queue.next_due(), now + seconds(5));
    now += seconds(5);
    EXPECT_EQ(pick(), "1");
    EXPECT_EQ(queue.next_due(), std::nullopt);
}

TEST_F(queue_test, AnErasedCopyIsNotPickedAndAMovedSourceIsCounted) {
    push("1", "a", "b");
    push("2", "a", "b", 3, now + seconds(5));
    EXPECT_TRUE(queue.erase(transfer_id("1")));
    EXPECT_TRUE(queue.erase(transfer_id("2")));
    EXPECT_FALSE(queue.erase(transfer_id("2")));
    EXPECT_EQ(pick(), "");
    EXPECT_EQ(queue.waiting(), 0u);
    push("3", "a", "b");
    pick();
    queue.moved(site_id("a"), site_id("c"));
    EXPECT_EQ(queue.reading_from(site_id("a")), 0u);
    EXPECT_EQ(queue.reading_from(site_id("c")), 1u);
    queue.finished(site_id("c"), site_id("b"));
    EXPECT_EQ(queue.running(), 0u);
}

TEST(status_test, CountsCopiesAndBytes) {
    status_tally t(2);
    t.add(100, 1, 40);
    t.add(10, 2, 0);
    t.note("site-b: copying");
    auto s = t.finish(20);
    EXPECT_EQ(s.state, rule_state::converging);
    EXPECT_EQ(s.done, 3u);
    EXPECT_EQ(s.total, 4u);
    EXPECT_EQ(s.bytes_done, 160u);
    EXPECT_EQ(s.bytes_total, 220u);
    EXPECT_EQ(s.eta_s, 3.0);
    EXPECT_EQ(s.reason, "3 of 4 copies are available; site-b: copying");
    EXPECT_EQ(t.finish(0).eta_s, std::nullopt);
}

TEST(status_test, FulfilledNeedsEveryCopyAndImpossibleHasAWitness) {
    status_tally t(1);
    t.add(5, 1, 0);
    EXPECT_EQ(t.finish(0).state, rule_state::fulfilled);
    t.add_gap("only site-a allowed");
    t.add_gap("other");
    auto s = t.finish(0);
    EXPECT_EQ(s.state, rule_state::impossible);
    EXPECT_EQ(s.reason, "only site-a allowed (and 1 more)");
    EXPECT_EQ(status_tally(3).finish(0).state, rule_state::fulfilled) << "no data, nothing missing";
}

TEST(rule_test, SelectionsAreParsedAndBadRulesNamed) {
    auto compile = [](catalog::rule_record r) {
        r.sites = "*";
        return compile_rule(std::move(r), {});
    };
    catalog::rule_record r;
    r.uri = "C:I";
    EXPECT_EQ((*compile(r))->selection, (scope{collection_id("C"), item_id("I"), {}}));
    r.uri = "fjord://host:1/C/I/A";
    EXPECT_EQ((*compile(r))->selection, (scope{collection_id("C"), item_id("I"), asset_key("A")}));
    for (auto bad : {"", "C/I/A/member", "C/I/A?version=sha-256:00", "C/../A"}) {
        r.uri = bad;
        EXPECT_THAT(compile(r), HasErrc(errc::invalid_argument)) << bad;
    }
    r.uri = "C";
    r.copies = 0;
    EXPECT_THAT(compile(r), fjord::test::FailsWith(errc::invalid_argument, HasSubstr("copies")));
    r.copies = 1;
    r.priority = 6;
    EXPECT_THAT(compile(r), fjord::test::FailsWith(errc::invalid_argument, HasSubstr("priority")));
    r.priority = 3;
    r.lifetime = seconds(0);
    EXPECT_THAT(compile(r), HasErrc(errc::invalid_argument));
    r.lifetime.reset();
    r.collection = "C";
    EXPECT_THAT(compile(r), HasErrc(errc::invalid_argument)) << "uri and collection";
    r.uri.clear();
    r.filter = "true";
    EXPECT_THAT(compile(r), HasErrc(errc::unsupported)) << "no filter language given";
}

TEST(rule_test, ScopesKnowWhatTheyCover) {
    auto s = [](char const* text) { return *parse_scope(text); };
    EXPECT_TRUE(s("C").covers(ref("C", "I", "A")));
    EXPECT_TRUE(s("C/I").covers(ref("C", "I", "A")));
    EXPECT_FALSE(s("C/J").covers(ref("C", "I", "A")));
    EXPECT_TRUE(s("C/I").overlaps(s("C")));
    EXPECT_TRUE(s("C").overlaps(s("C/I/A")));
    EXPECT_FALSE(s("C/I/A").overlaps(s("C/I/B")));
    EXPECT_EQ(s("C%20d/I").collection, collection_id("C d"));
    for (auto bad : {"", "/", "C//A", "C/I/A/M", "C/"}) EXPECT_THAT(parse_scope(bad), HasErrc(errc::invalid_argument)) << bad;
    std::set<scope> sorted{s("C/I/A"), s("C"), s("B/I"), s("C/I")};
    EXPECT_THAT(sorted, ElementsAre(s("B/I"), s("C"), s("C/I"), s("C/I/A")));
}

}  // namespace
}  // namespace fjord::transfer
