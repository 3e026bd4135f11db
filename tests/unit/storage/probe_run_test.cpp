// The probe's requests on the wire, against a server that the test scripts. Real sites: tests/integration/probe_test.cpp.
#include "storage/probe/run.hpp"
#include "storage/webdav.hpp"

#include "fake_site.hpp"
#include "tests/support/matchers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace fjord::storage::probe {
namespace {

using fjord::test::HasErrc;
using fjord::test::IsOk;
using storage::test::fake_site;
using storage::test::seen_request;

constexpr char const* run_name = "01K8Q2ZV5T4N6XHGJ3W9YRCDEF";

// Keeps files; every token opens everything. What a test is about it overrides.
struct careless_server {
    std::map<std::string, std::string> files;
    std::function<std::optional<net::response>(seen_request const&)> instead;

    net::response operator()(seen_request const& rq) {
        if (instead)
            if (auto answer = instead(rq)) return std::move(*answer);
        if (rq.method == "PUT") return files[rq.path] = rq.body, net::empty_response(201);
        if (rq.method == "MKCOL") return net::empty_response(201);
        if (rq.method == "DELETE") return net::empty_response(files.erase(rq.path) ? 204 : 404);
        if (rq.method == "PROPFIND") return net::empty_response(404);
        if (!files.contains(rq.path)) return net::empty_response(rq.method == "COPY" ? 400 : 404);
        return net::text_response(200, rq.method == "HEAD" ? std::string() : files[rq.path]);
    }
};

class ProbeRun : public ::testing::Test {
protected:
    result<report> probe(bool files = true, bool cleartext = true) {
        auto driver = make_webdav_driver(site.url() + "/data", site.client());
        auto mint = [this](token_spec const& spec) -> result<secret> {
            minted.push_back(spec);
            return secret("token-" + std::to_string(minted.size()));
        };
        auto note = [this](progress const& p) { told.push_back(p); };
        auto work = run({.base_url = site.url() + "/data",
                         .run = run_name,
                         .client = site.client(),
                         .driver = *driver,
                         .time = system_clock(),
                         .mint = mint,
                         .folder_token = secret("folder-token"),
                         .open_server_files = files,
                         .send_cleartext = cleartext,
                         .patient = false,
                         .on_progress = note});
        return site.run(std::move(work));
    }
    std::shared_ptr<careless_server> server = std::make_shared<careless_server>();
    fake_site site{[s = server](seen_request const& rq) { return (*s)(rq); }};
    std::vector<token_spec> minted;
    std::vector<progress> told;
};

TEST_F(ProbeRun, EveryRequestStaysInTheRunsFolder) {
    ASSERT_THAT(probe(), IsOk());
    std::string const mine = std::string("/data/.fjord-probe/") + run_name;
    for (auto const& rq : site.seen()) {
        bool const folder_itself = rq.path == "/data/.fjord-probe" || rq.path == "/data/.fjord-probe/";
        EXPECT_TRUE(rq.path.starts_with(mine) || (folder_itself && rq.method == "PROPFIND")) << rq.method << " " << rq.path;
        for (auto const* field : {"Source", "Destination"})
            if (auto value = rq.headers.find(field)) { EXPECT_NE(value->find(mine), std::string_view::npos) << *value; }
    }
}

TEST_F(ProbeRun, ProgressCountsEveryStep) {
    auto done = probe();
    ASSERT_THAT(done, IsOk());
    ASSERT_EQ(told.size(), steps().size() + 1);
    EXPECT_EQ(told.back().done, steps().size());
    EXPECT_EQ(done->rows.size(), rows().size());
}

TEST_F(ProbeRun, TheSwitchesKeepRequestsUnsent) {
    auto done = probe(false, false);
    ASSERT_THAT(done, IsOk());
    EXPECT_EQ(done->requests, steps().size() - 2);
    for (auto const& rq : site.seen()) EXPECT_FALSE(rq.headers.get("Source").starts_with("file:"));
}

TEST_F(ProbeRun, TheTokenThatExpiresIsTheVerySameOne) {
    ASSERT_THAT(probe(), IsOk());
    std::vector<std::string> sent;
    for (auto const& rq : site.seen())
        if (rq.method == "GET") sent.emplace_back(rq.headers.get("Authorization"));
    ASSERT_GT(sent.size(), 3u);
    EXPECT_EQ(std::count(sent.begin(), sent.end(), sent.back()), 2) << "used once before its end and once after";
}

TEST_F(ProbeRun, ASiteThatTakesNoCanaryEndsTheProbe) {
    server->instead = [](seen_request const& rq) -> std::optional<net::response> {
        if (rq.method == "PUT") return net::problem(403, "no such scope");
        return std::nullopt;
    };
    EXPECT_THAT(probe(), HasErrc(errc::denied));
}

TEST_F(ProbeRun, ASiteWithoutAnswersIsUnavailable) {
    auto const nowhere = "https://127.0.0.1:1";
    auto driver = make_webdav_driver(nowhere, site.client());
    auto mint = [](token_spec const&) -> result<secret> { return secret("t"); };
    auto work = run({.base_url = nowhere,
                     .run = run_name,
                     .client = site.client(),
                     .driver = *driver,
                     .time = system_clock(),
                     .mint = mint,
                     .folder_token = secret("t")});
    EXPECT_THAT(site.run(std::move(work)), HasErrc(errc::unavailable));
}

TEST_F(ProbeRun, CanariesThatCannotBeRemovedAreReported) {
    server->instead = [](seen_request const& rq) -> std::optional<net::response> {
        if (rq.method == "PROPFIND" && rq.headers.get("Depth") == "1") return net::problem(403, "listing is denied");
        return std::nullopt;
    };
    auto done = probe();
    ASSERT_THAT(done, IsOk());
    EXPECT_FALSE(done->leftovers.empty());
}

}  // namespace
}  // namespace fjord::storage::probe
