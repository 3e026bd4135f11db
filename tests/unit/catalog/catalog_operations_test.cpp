#include "catalog_fixture.hpp"

namespace fjord::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CatalogOperations : public CatalogTest {
protected:
    void transfer(char const* id, transfer_state s, std::uint32_t attempt = 1) {
        must(commit([&](change_set& c) {
            c.put_transfer({.id = transfer_id(id),
                            .asset = ref("c", "i", "a"),
                            .version = version_of("1"),
                            .from = site_id("x"),
                            .to = site_id("y"),
                            .mode = "pull",
                            .state = s,
                            .attempt = attempt});
        }));
    }
    static std::vector<std::string> ids(std::vector<transfer_record> const& transfers) {
        std::vector<std::string> list;
        for (auto const& t : transfers) list.push_back(t.id.str());
        return list;
    }
};

TEST_P(CatalogOperations, SitesTellWhenTheyChangeAndOnlyThen) {
    site_record s{
        .id = site_id("site-a"), .kind = "door", .url = "https://h", .attributes = {{"tier", "1"}}, .jurisdiction = "DE"};
    auto put = [&] { must(commit([&](change_set& c) { c.put_site(s); })); };
    put();
    auto born = time().now();
    time().advance(seconds{1});
    put();
    s.enabled = false;
    put();
    auto found = must(cat().find_site(s.id));
    EXPECT_FALSE(found.enabled);
    EXPECT_EQ(found.created, born);
    EXPECT_EQ(found.updated, born + seconds{1});
    EXPECT_EQ(must(cat().list_sites()).size(), 1u);
    must(commit([&](change_set& c) { c.delete_site(s.id); }));
    must(commit([&](change_set& c) { c.delete_site(s.id); }));
    EXPECT_TRUE(failed_with(cat().find_site(s.id), errc::not_found));
    auto log = news();
    ASSERT_THAT(types_of(log), ElementsAre("site.changed", "site.changed", "site.changed"));
    EXPECT_EQ(data_of(log[1]).at("enabled"), false);
    EXPECT_EQ(data_of(log[2]), (boost::json::object{{"site", "site-a"}, {"deleted", true}}));
}

TEST_P(CatalogOperations, RulesAreCreatedUpdatedAndDeleted) {
    rule_record r{.id = rule_id("r"), .uri = "c/i", .sites = "country=DE", .copies = 2, .lifetime = seconds{60}};
    auto put = [&] { must(commit([&](change_set& c) { c.put_rule(r); })); };
    put();
    put();
    r.copies = 3;
    put();
    EXPECT_EQ(must(cat().find_rule(r.id)).copies, 3u);
    EXPECT_EQ(must(cat().list_rules()).size(), 1u);
    must(commit([&](change_set& c) { c.delete_rule(r.id); }));
    EXPECT_TRUE(failed_with(cat().find_rule(r.id), errc::not_found));
    auto log = news();
    EXPECT_THAT(types_of(log), ElementsAre("rule.created", "rule.updated", "rule.deleted"));
    EXPECT_EQ(text_of(log[2], "uri"), "c/i");
    EXPECT_EQ(log[0].subject, "r");
}

TEST_P(CatalogOperations, OpenTransfersAreThoseThatStillHaveWork) {
    transfer("t1", transfer_state::queued);
    transfer("t2", transfer_state::active);
    transfer("t3", transfer_state::verifying);
    transfer("t4", transfer_state::active);
    EXPECT_THAT(ids(must(cat().list_open_transfers())), ElementsAre("t1", "t2", "t3", "t4"));
    transfer("t1", transfer_state::cancelled);
    transfer("t2", transfer_state::failed);
    transfer("t3", transfer_state::done);
    EXPECT_THAT(ids(must(cat().list_open_transfers())), ElementsAre("t4"));
    transfer("t2", transfer_state::queued, 2);
    EXPECT_THAT(ids(must(cat().list_open_transfers())), ElementsAre("t2", "t4"));
    EXPECT_THAT(ids(must(cat().list_transfers("", 2))), ElementsAre("t1", "t2"));
    EXPECT_THAT(ids(must(cat().list_transfers("t2", 10))), ElementsAre("t3", "t4"));
    must(commit([](change_set& c) { c.delete_transfer(transfer_id("t4")); }));
    EXPECT_THAT(ids(must(cat().list_open_transfers())), ElementsAre("t2"));
    EXPECT_TRUE(failed_with(cat().find_transfer(transfer_id("t4")), errc::not_found));
}

TEST_P(CatalogOperations, ATransferSpeaksWhenItStartsAndEnds) {
    transfer("t", transfer_state::queued);
    transfer("t", transfer_state::active);
    transfer("t", transfer_state::active);
    transfer("t", transfer_state::verifying);
    transfer("t", transfer_state::failed);
    transfer("t", transfer_state::queued, 2);
    transfer("t", transfer_state::active, 2);
    transfer("t", transfer_state::done, 2);
    auto log = news();
    EXPECT_THAT(types_of(log), ElementsAre("transfer.started", "transfer.failed", "transfer.started", "transfer.done"));
    EXPECT_EQ(log[0].subject, "t");
    EXPECT_EQ(text_of(log[3], "to"), "y");
    EXPECT_EQ(data_of(log[3]).at("attempt"), 2);
}

TEST_P(CatalogOperations, APolicyGetsANewVersionWithEachNewText) {
    auto put = [&](std::string document) {
        must(commit([&](change_set& c) { c.put_policy({.id = "p", .document = std::move(document)}); }));
        return must(cat().find_policy("p")).version;
    };
    EXPECT_EQ(put("{ }"), 1u);
    EXPECT_EQ(put("{ }"), 1u);
    EXPECT_EQ(put("{}"), 2u);
    EXPECT_EQ(must(cat().find_policy("p")).document, "{}");
    EXPECT_EQ(must(cat().list_policies()).size(), 1u);
    must(commit([](change_set& c) { c.delete_policy("p"); }));
    EXPECT_TRUE(failed_with(cat().find_policy("p"), errc::not_found));
    EXPECT_THAT(types_of(news()), ElementsAre("policy.changed", "policy.changed", "policy.changed"));
}

TEST_P(CatalogOperations, ARevocationIsKeptUntilItIsTakenBackAndNeverMovesBack) {
    auto at = [](std::int64_t ms) { return wall_time{milliseconds{ms}}; };
    auto put = [&](revocation_record r) { must(commit([&](change_set& c) { c.put_revocation(std::move(r)); })); };
    put({.id = "t", .issuer = "https://i", .made_by = "root", .reason = "lost laptop", .expires = at(9)});
    put({.id = "t", .issuer = "https://i", .reason = "again"});
    auto const token = must(cat().find_revocation("t"));
    EXPECT_EQ(token.reason, "lost laptop");
    EXPECT_EQ(token.created, time().now());
    EXPECT_EQ(token.expires, at(9));
    put({.id = "i", .issuer = "https://i", .whole_issuer = true, .issued_before = at(5000)});
    put({.id = "i", .issuer = "https://i", .whole_issuer = true, .issued_before = at(4000)});
    EXPECT_EQ(must(cat().find_revocation("i")).issued_before, at(5000));
    put({.id = "i", .issuer = "https://i", .whole_issuer = true, .issued_before = at(6000)});
    EXPECT_EQ(must(cat().find_revocation("i")).issued_before, at(6000));
    EXPECT_EQ(must(cat().list_revocations()).size(), 2u);
    must(commit([](change_set& c) {
        c.delete_revocation("t");
        c.forget_revocation("i");
        c.delete_revocation("absent");
    }));
    EXPECT_TRUE(must(cat().list_revocations()).empty());
    auto const log = news();
    EXPECT_THAT(types_of(log), ElementsAre("token.revoked", "token.revoked", "token.revoked", "token.restored"));
    EXPECT_EQ(text_of(log[2], "issued_before"), "1970-01-01T00:00:06Z");
    EXPECT_EQ(log[3].subject, "t");
}

TEST_P(CatalogOperations, WhatAProbeFoundIsNewsOnlyWhenItDiffers) {
    site_record s{.id = site_id("s"), .kind = "xrootd", .url = "https://h"};
    must(commit([&](change_set& c) { c.put_site(s); }));
    auto put = [&](std::string report, std::map<std::string, std::string> facts) {
        must(commit([&](change_set& c) { c.put_probe({site_id("s"), time().now(), std::move(report)}, std::move(facts)); }));
    };
    put("{\"n\": 1}", {{"path_boundary", "false"}});
    put("{\"n\": 2}", {{"path_boundary", "false"}});
    EXPECT_EQ(must(cat().find_probe(site_id("s"))).document, "{\"n\": 2}");
    EXPECT_EQ(must(cat().find_site(site_id("s"))).honours.at("path_boundary"), "false");
    auto log = news();
    EXPECT_THAT(types_of(log), ElementsAre("site.changed", "site.changed"));
    EXPECT_EQ(data_of(log[1]).at("honours").at("path_boundary"), "false");
}

TEST_P(CatalogOperations, AnOperatorsChangeLeavesWhatWasProbed) {
    site_record s{.id = site_id("s"), .kind = "xrootd", .url = "https://h", .honours = {{"claimed", "true"}}};
    must(commit([&](change_set& c) { c.put_site(s); }));
    EXPECT_THAT(must(cat().find_site(site_id("s"))).honours, IsEmpty()) << "facts come from probes alone";
    must(commit([&](change_set& c) { c.put_probe({site_id("s"), time().now(), "{}"}, {{"stage_reads", "false"}}); }));
    s.attributes = {{"tier", "1"}};
    s.honours = {{"stage_reads", "true"}};
    must(commit([&](change_set& c) { c.put_site(s); }));
    auto now = must(cat().find_site(site_id("s")));
    EXPECT_EQ(now.attributes.at("tier"), "1");
    EXPECT_EQ(now.honours.at("stage_reads"), "false");
    must(commit([&](change_set& c) { c.delete_site(site_id("s")); }));
    EXPECT_TRUE(failed_with(cat().find_probe(site_id("s")), errc::not_found));
    change_set late;
    late.put_probe({site_id("s"), time().now(), "{}"}, {});
    EXPECT_TRUE(failed_with(cat().commit(std::move(late)), errc::not_found)) << "a probe may end after its site is gone";
}

TEST_P(CatalogOperations, UploadsAreReservedQuietly) {
    upload_record u{.id = "u1",
                    .asset = ref("c", "i", "a"),
                    .site = site_id("s"),
                    .path = "p",
                    .owner = "me",
                    .size = 5,
                    .expires = time().now() + seconds{60}};
    must(commit([&](change_set& c) { c.put_upload(u); }));
    auto found = must(cat().find_upload("u1"));
    EXPECT_EQ(found.asset, u.asset);
    EXPECT_EQ(found.size, 5u);
    EXPECT_EQ(must(cat().list_uploads()).size(), 1u);
    must(commit([](change_set& c) { c.delete_upload("u1"); }));
    EXPECT_THAT(must(cat().list_uploads()), IsEmpty());
    EXPECT_THAT(news(), IsEmpty());
}

TEST_P(CatalogOperations, CallersAppendEventsOfTheirOwn) {
    must(commit([](change_set& c) { c.append_event("rule.fulfilled", "r", {{"rule", "r"}}); }));
    auto log = news();
    ASSERT_THAT(types_of(log), ElementsAre("rule.fulfilled"));
    EXPECT_EQ(log[0].data, R"({"rule":"r"})");
    EXPECT_EQ(log[0].time, time().now());
    EXPECT_TRUE(failed_with(commit([](change_set& c) { c.append_event("", "r", {}); }), errc::invalid_argument));
}

TEST_P(CatalogOperations, NothingIsLostByARestart) {
    if (!bench_.survives_restart()) return;
    transfer("t1", transfer_state::active);
    must(commit([](change_set& c) {
        c.put_collection(collection("c"));
        c.put_item(item("c", "i", "doc"));
        c.put_site({.id = site_id("s")});
    }));
    auto last = cat().last_sequence();
    reopen();
    EXPECT_EQ(cat().last_sequence(), last);
    EXPECT_EQ(must(cat().find_item(collection_id("c"), item_id("i"))).document, "doc");
    EXPECT_EQ(must(cat().list_open_transfers()).size(), 1u);
    must(cat().find_site(site_id("s")));
}

INSTANTIATE_TEST_SUITE_P(Engines, CatalogOperations, engines(), engine_name);

}  // namespace
}  // namespace fjord::catalog
