// What the probe's answers mean, as tables: XRootD 5.5.3 as observed, an honest site, and answers that say nothing.
#include "storage/probe/rows.hpp"
#include "storage/probe/steps.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace fjord::storage::probe {
namespace {

using ::testing::HasSubstr;

struct said {
    std::string step;
    unsigned status;
    copy_verdict copy = copy_verdict::undecided;
};

digest_set canary() {
    digester d;
    d.update(canary_bytes("run", "canary/in"));
    return d.finish();
}

// Digests as the headers of the answers to "want ..." carried them.
void tell_digests(answers& a, std::vector<digest_algorithm> const& known, bool repr) {
    for (auto const& [algorithm, step] :
         {std::pair{digest_algorithm::adler32, "want adler32"}, std::pair{digest_algorithm::crc32c, "want crc32c"},
          std::pair{digest_algorithm::md5, "want md5"}, std::pair{digest_algorithm::sha256, "want sha-256"}}) {
        answer reply{.status = 200, .asked = true};
        bool const is_known = std::find(known.begin(), known.end(), algorithm) != known.end();
        // XRootD answers what it does not know with adler32.
        reply.digests.set(*a.canary.get(is_known ? algorithm : digest_algorithm::adler32));
        a.set(step, reply);
    }
    answer reply{.status = 200, .asked = true};
    if (repr) reply.digests.set(*a.canary.sha256);
    a.set("want repr", reply);
}

answers of(std::vector<said> const& list) {
    answers a;
    a.canary = canary();
    for (auto const& s : list) {
        answer reply{.status = s.status, .asked = true};
        if (s.copy != copy_verdict::undecided) reply.copy = s.copy;
        a.set(s.step, reply);
    }
    return a;
}

constexpr auto success = copy_verdict::success, failure = copy_verdict::failure;

// The column † of the reference table.
answers xrootd_5_5_3() {
    auto a = of({{"control", 200},
                 {"anonymous", 403},
                 {"used before exp", 200},
                 {"sibling", 200},
                 {"sibling slash", 200},
                 {"pathless", 200},
                 {"dotdot", 200},
                 {"expired", 403},
                 {"used after exp", 200},
                 {"long lived", 200},
                 {"wrong audience", 403},
                 {"no audience", 403},
                 {"minor version", 403},
                 {"stage", 403},
                 {"create head", 403},
                 {"create propfind", 403},
                 {"modify delete", 403},
                 {"authz in url", 200},
                 {"access_token in url", 403},
                 {"cleartext", 200},
                 {"create over", 403},
                 {"copy", 201, success},
                 {"copy from file", 201, failure},
                 {"copy from http", 201, success},
                 {"copy both ways", 201, success},
                 {"copy oidc", 400},
                 {"copy missing", 201, failure},
                 {"head failed", 200},
                 {"copy deep", 400},
                 {"copy over", 412},
                 {"move over", 201},
                 {"move deep", 201}});
    tell_digests(a, {digest_algorithm::adler32, digest_algorithm::crc32c, digest_algorithm::md5}, false);
    return a;
}

answers honest_site() {
    auto a = of({{"control", 200},
                 {"anonymous", 401},
                 {"used before exp", 200},
                 {"sibling", 403},
                 {"sibling slash", 403},
                 {"pathless", 401},
                 {"dotdot", 401},
                 {"expired", 401},
                 {"used after exp", 401},
                 {"long lived", 401},
                 {"wrong audience", 401},
                 {"no audience", 401},
                 {"minor version", 200},
                 {"stage", 403},
                 {"create head", 200},
                 {"create propfind", 207},
                 {"modify delete", 204},
                 {"authz in url", 400},
                 {"access_token in url", 400},
                 {"create over", 403},
                 {"copy", 202, success},
                 {"copy from file", 400},
                 {"copy from http", 400},
                 {"copy both ways", 400},
                 {"copy oidc", 400},
                 {"copy missing", 202, failure},
                 {"head failed", 404},
                 {"copy deep", 202, success},
                 {"copy over", 412},
                 {"move over", 412},
                 {"move deep", 409}});
    a.set("cleartext", {.failure = "connection reset", .asked = true});
    a.set("anonymous", {.status = 401, .asked = true, .challenged = true});
    tell_digests(a, {digest_algorithm::adler32, digest_algorithm::crc32c, digest_algorithm::md5, digest_algorithm::sha256}, true);
    return a;
}

std::map<std::string, std::string> facts(answers const& a) { return merge({}, judge(a)); }

judged one(answers const& a, std::string_view attribute) {
    for (auto const& j : judge(a))
        if (j.about->attribute == attribute) return j;
    ADD_FAILURE() << "no row " << attribute;
    return {};
}

TEST(ProbeRows, XRootD553IsFoundAsItWasObserved) {
    std::map<std::string, std::string> const expected{{"path_boundary", "false"},
                                                      {"requires_path", "false"},
                                                      {"rejects_dotdot", "false"},
                                                      {"expiry_strict", "false"},
                                                      {"lifetime_cap", "false"},
                                                      {"checks_audience", "true"},
                                                      {"wlcg_minor", "false"},
                                                      {"stage_reads", "false"},
                                                      {"create_stat", "false"},
                                                      {"modify_delete", "false"},
                                                      {"create_is_not_overwrite", "true"},
                                                      {"url_token", "true"},
                                                      {"cleartext_token", "true"},
                                                      {"challenge", "false"},
                                                      {"digests", "adler32,crc32c,md5"},
                                                      {"tpc_status", "201"},
                                                      {"tpc_scheme_filter", "false"},
                                                      {"tpc_strict", "false"},
                                                      {"tpc_leaves_zero_byte", "true"},
                                                      {"tpc_mkpath", "false"},
                                                      {"overwrite_copy", "true"},
                                                      {"overwrite_move", "false"},
                                                      {"move_mkpath", "true"}};
    EXPECT_EQ(facts(xrootd_5_5_3()), expected);
}

TEST(ProbeRows, AnHonestSiteIsHonestInEveryRow) {
    for (auto const& j : judge(honest_site())) {
        bool const judged_at_all = !j.about->honest.empty();
        EXPECT_EQ(j.is, judged_at_all ? verdict::honest : verdict::noted) << j.about->attribute << ": " << j.what.found;
    }
    EXPECT_EQ(facts(honest_site()).at("digests"), "adler32,crc32c,md5,sha-256");
    EXPECT_EQ(facts(honest_site()).at("move_mkpath"), "false");
}

TEST(ProbeRows, WithoutAnswersNothingIsClaimed) {
    for (auto const& j : judge(answers{})) EXPECT_EQ(j.is, verdict::unknown) << j.about->attribute;
    EXPECT_TRUE(facts(answers{}).empty());
}

TEST(ProbeRows, OneBadAnswerOfSeveralDecides) {
    struct {
        char const *step, *attribute;
        unsigned status;
        char const* value;
    } const table[] = {
        {"sibling slash", "path_boundary", 200, "false"},      {"expired", "expiry_strict", 200, "false"},
        {"no audience", "checks_audience", 200, "false"},      {"access_token in url", "url_token", 200, "true"},
        {"create propfind", "create_stat", 403, "false"},      {"create head", "create_stat", 403, "false"},
        {"copy from http", "tpc_scheme_filter", 202, "false"},
    };
    for (auto const& t : table) {
        auto a = honest_site();
        a.set(t.step, {.status = t.status, .asked = true});
        auto const j = one(a, t.attribute);
        EXPECT_EQ(j.what.value, t.value) << t.attribute;
        EXPECT_EQ(j.is, verdict::dishonest) << t.attribute;
    }
}

TEST(ProbeRows, AnswersThatSayNothingLeaveTheRowOpen) {
    struct {
        char const *step, *attribute;
        unsigned status;
    } const table[] = {
        {"sibling", "path_boundary", 500},
        {"sibling", "path_boundary", 307},
        {"pathless", "requires_path", 429},
        {"create head", "create_stat", 503},
        {"modify delete", "modify_delete", 0},
        {"create over", "create_is_not_overwrite", 500},
        {"copy over", "overwrite_copy", 403},
        {"move over", "overwrite_move", 403},
        {"head failed", "tpc_leaves_zero_byte", 403},
        {"used before exp", "expiry_strict", 401},
        {"copy from file", "tpc_scheme_filter", 0},
    };
    for (auto const& t : table) {
        auto a = honest_site();
        a.set(t.step, {.status = t.status, .asked = true});
        EXPECT_EQ(one(a, t.attribute).is, verdict::unknown) << t.attribute << " after " << t.step << " " << t.status;
    }
}

TEST(ProbeRows, ReadingProvesNothingWhereGoodTokensFailOrNoneIsNeeded) {
    for (auto const* broken : {"control", "anonymous"}) {
        auto a = xrootd_5_5_3();
        a.set(broken, {.status = std::string(broken) == "control" ? 403u : 200u, .asked = true});
        for (auto const* attribute : {"path_boundary", "requires_path", "rejects_dotdot", "expiry_strict", "lifetime_cap",
                                      "checks_audience", "wlcg_minor", "stage_reads", "url_token", "cleartext_token"})
            EXPECT_EQ(one(a, attribute).is, verdict::unknown) << attribute << " with a broken " << broken;
    }
}

TEST(ProbeRows, CopiesAreNotJudgedWhereTheSiteCannotCopyFromItself) {
    auto a = honest_site();
    a.set("copy", {.status = 403, .asked = true, .text = "loopback is not a public address"});
    for (auto const& j : judge(a)) {
        bool const copies = j.about->attribute.starts_with("tpc_") || j.about->attribute == "overwrite_copy";
        if (!copies) continue;
        EXPECT_EQ(j.is, verdict::unknown) << j.about->attribute;
        EXPECT_THAT(j.what.found, HasSubstr("loopback is not a public address"));
    }
}

TEST(ProbeRows, ASuccessForAnAbsentSourceIsNoHonesty) {
    auto a = honest_site();
    a.set("copy missing", {.status = 202, .asked = true, .copy = copy_verdict::success});
    EXPECT_EQ(one(a, "tpc_leaves_zero_byte").is, verdict::unknown);
    EXPECT_THAT(one(a, "tpc_leaves_zero_byte").what.found, HasSubstr("absent"));
}

TEST(ProbeRows, AWrongDigestIsNotListed) {
    auto a = honest_site();
    answer lie{.status = 200, .asked = true};
    lie.digests.set(digest::from_hex(digest_algorithm::md5, std::string(32, '0')).value());
    a.set("want md5", lie);
    EXPECT_EQ(one(a, "digests").what.value, "adler32,crc32c,sha-256");
    EXPECT_THAT(one(a, "digests").what.found, HasSubstr("WRONG: md5"));
}

TEST(ProbeRows, TheSwitchedOffAreUnknown) {
    auto a = honest_site();
    a.set("cleartext", {.failure = "not asked: switched off"});
    EXPECT_EQ(one(a, "cleartext_token").is, verdict::unknown);
}

TEST(ProbeRows, WhatIsUnknownNowStaysBadAndDoesNotStayGood) {
    std::map<std::string, std::string> const before{
        {"path_boundary", "false"}, {"checks_audience", "true"}, {"url_token", "true"}, {"digests", "md5"}, {"gone_row", "x"}};
    auto const after = merge(before, judge(answers{}));
    EXPECT_EQ(after, (std::map<std::string, std::string>{{"path_boundary", "false"}, {"url_token", "true"}, {"digests", "md5"}}));
    auto const fresh = merge(before, judge(honest_site()));
    EXPECT_EQ(fresh.at("path_boundary"), "true") << "a site that was repaired is believed";
    EXPECT_FALSE(fresh.contains("gone_row"));
}

TEST(ProbeRows, EveryStepARowAsksForExists) {
    // Each row must change with some step: a misspelt step name would leave it unknown for ever.
    std::set<std::string> const names = [] {
        std::set<std::string> out;
        for (auto const& s : steps()) EXPECT_TRUE(out.insert(std::string(s.name)).second) << s.name << " is there twice";
        return out;
    }();
    answers a;
    a.canary = canary();
    for (auto const& name : names) {
        answer reply{.status = 200, .asked = true, .copy = copy_verdict::success, .text = {}};
        reply.digests = a.canary;
        if (name == "anonymous") reply.status = 401;
        if (name == "copy missing") reply.copy = copy_verdict::failure;
        a.set(name, reply);
    }
    for (auto const& j : judge(a)) EXPECT_NE(j.is, verdict::unknown) << j.about->attribute;
    EXPECT_EQ(judge(a).size(), rows().size());
}

TEST(ProbeSteps, TokensStayInTheRunsFolderAndLiveShortly) {
    for (auto const& s : steps()) {
        for (auto const& t : {s.token, s.remote_token}) {
            EXPECT_LE(t.lifetime, seconds{60}) << s.name;
            for (auto const& g : t.grants) EXPECT_FALSE(g.path.starts_with('/')) << s.name;
            if (t.pathless) { EXPECT_LE(t.lifetime, seconds{30}) << s.name; }
        }
        EXPECT_FALSE(s.object.empty() || s.object.starts_with('/') || s.object.find("..") != std::string_view::npos) << s.name;
    }
}

TEST(ProbeSteps, OnlyOneStepNamesAFileOfTheServer) {
    std::size_t files = 0;
    for (auto const& s : steps()) {
        bool names_file = false;
        for (auto const& [field, value] : s.headers) names_file = names_file || value.find("{file}") != std::string_view::npos;
        EXPECT_EQ(names_file, s.opens_server_files) << s.name;
        files += names_file;
    }
    EXPECT_EQ(files, 1u);
}

}  // namespace
}  // namespace fjord::storage::probe
