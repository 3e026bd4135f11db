#pragma once
// A whole federation of real processes for tests: free ports, a temporary folder, TLS. One per test suite, because starting it
// takes a second; tests use names of their own.
#include "base/digest.hpp"
#include "base/file.hpp"
#include "cli/client_context.hpp"
#include "cli/demo/federation.hpp"
#include "cli/demo/material.hpp"
#include "cli/output.hpp"
#include "tests/support/token_scan.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace fjord::test {

namespace fs = std::filesystem;
using cli::federation;
using cli::finished_command;

class federation_fixture {
public:
    explicit federation_fixture(bool xrootd = false) {
        std::string name = (fs::temp_directory_path() / "fjt-XXXXXX").string();
        dir_ = mkdtemp(name.data());
        fs::permissions(dir_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec | fs::perms::others_read);
        roles_ = std::make_unique<federation>(cli::federation_options{dir_, 0, xrootd, FJORD_PROGRAM});
        xrootd_ = xrootd;
    }
    ~federation_fixture() {
        if (client_) expect_no_tokens_in_metrics();
        roles_->stop_all();
        expect_no_tokens_in_logs();
        std::error_code ignored;
        fs::remove_all(dir_, ignored);
    }

    // Secrets never reach logs or metrics: every federation of every suite is searched when it ends, for whatever looks like a
    // token and for the ends of those that were in use.
    void expect_no_tokens_in_metrics() {
        std::vector<std::string> urls{roles_->broker_url(), roles_->cache_url(), roles_->issuer_url()};
        if (!xrootd_) urls.insert(urls.end(), {roles_->site_url("site-a"), roles_->site_url("site-b")});
        for (auto const& url : urls) {
            net::client_request r;
            r.url = url + "/metrics";
            auto const answer = client_->send(std::move(r));
            if (!answer) continue;  // a role that a test has ended; its log is searched
            EXPECT_EQ(answer->status, 200u) << url;
            EXPECT_NE(answer->body.find("fjord_"), std::string::npos) << "no metrics at " << url;
            expect_no_token(answer->body, url + "/metrics");
        }
    }
    void expect_no_tokens_in_logs() {
        int logs = 0;
        for (auto const& entry : fs::recursive_directory_iterator(dir_, fs::directory_options::skip_permission_denied)) {
            auto const name = entry.path().filename().string();
            if (name == "xrootd.log" || (!name.ends_with(".log") && !name.starts_with("LOG"))) continue;  // RocksDB's are LOG*
            auto text = read_file(entry.path().string(), 1u << 30);
            if (!text) continue;
            ++logs;
            expect_no_token(*text, entry.path().string());
        }
        if (client_) { EXPECT_GE(logs, 5) << "each role writes one"; }
    }
    void expect_no_token(std::string const& text, std::string const& where) {
        auto known = in_use_;
        for (std::string const persona : {"admin", "twin", "partner", "stranger", "cache"})
            if (auto token = read_file(roles_->path(persona + ".token")); token && token->size() > 1)
                known.push_back(tail_of_token(token->substr(0, token->size() - 1)));
        auto const found = find_token(text, known);
        EXPECT_FALSE(found) << "a token is in " << where << ": " << *found;
    }
    // A token of the test's own, to look for at the end.
    void in_use(secret const& token) { in_use_.push_back(tail_of_token(token.reveal())); }

    // Starts everything, registers both sites, the demo's collections and its policy.
    void up() {
        auto started = roles_->start();
        if (!started) give_up("the federation did not start: " + started.error().message());
        cli::global_options o;
        o.broker = roles_->broker_url();
        o.ca = roles_->path("ca.pem");
        client_ = std::make_unique<cli::client_context>(o, secret());
        for (std::string const site : {"site-a", "site-b"}) {
            auto const country = site == "site-a" ? "DE" : "IT";
            std::vector<std::string> add{
                "site", "add", site, "--kind", roles_->site_kind(), "--url", roles_->site_url(site) + (xrootd_ ? "/data" : "")};
            add.insert(add.end(),
                       {"--jurisdiction", country, "--attribute", std::string("country=") + country, "--attribute", "tier=1"});
            if (xrootd_) add.insert(add.end(), {"--attribute", "token_base=/data"});
            must("admin", add);
        }
        for (auto const& c : cli::demo_collections()) must("admin", {"collection", "add", write(c.id + ".json", c.document)});
        must("admin", {"policy", "set", "demo", write("policy.json", cli::demo_policy())});
    }

    // For SetUpTestSuite, whose failures would read as skipped tests.
    void must(std::string const& persona, std::vector<std::string> args) {
        auto done = fjord(persona, args);
        if (done.exit_code != 0)
            give_up(args.front() + " failed with " + std::to_string(done.exit_code) + ": " + done.err + done.out);
    }

    // Ends the children itself: one that changed its user (XRootD) no longer dies with its parent.
    [[noreturn]] void give_up(std::string const& why) {
        std::fprintf(stderr, "%s\n", why.c_str());
        roles_->stop_all();
        std::_Exit(1);
    }

    federation& roles() { return *roles_; }
    std::string dir() const { return dir_; }
    std::string write(std::string const& name, std::string const& text) {
        auto const path = dir_ + "/" + name;
        EXPECT_TRUE(write_file_atomically(path, text));
        return path;
    }
    // Deterministic bytes that do not compress into a pattern of blocks.
    static std::string bytes(std::size_t size, unsigned seed = 1) {
        std::string out(size, '\0');
        std::uint64_t x = seed * 0x9E3779B97F4A7C15ull + 1;
        for (auto& ch : out) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            ch = static_cast<char>(x);
        }
        return out;
    }

    finished_command fjord(std::string const& persona, std::vector<std::string> args, cli::environment env = {}) {
        auto c = roles_->as(persona, std::move(args));
        c.env.insert(c.env.end(), env.begin(), env.end());
        auto done = cli::run_command(c);
        EXPECT_TRUE(done) << done.error().message();
        return done ? *done : finished_command{};
    }
    finished_command expect_ok(std::string const& persona, std::vector<std::string> args) {
        auto done = fjord(persona, args);
        EXPECT_EQ(done.exit_code, 0) << args.front() << ": " << done.err << done.out;
        return done;
    }

    secret token(std::string const& persona) {
        auto text = read_file(roles_->path(persona + ".token"));
        EXPECT_TRUE(text);
        while (!text->empty() && text->back() == '\n') text->pop_back();
        return secret(*text);
    }
    net::client_response http(net::client_request request) {
        auto answer = client_->send(std::move(request));
        EXPECT_TRUE(answer) << answer.error().message();
        return answer ? *answer : net::client_response{};
    }
    net::client_response http(std::string method, std::string url, secret bearer = {}, std::string body = {}) {
        net::client_request r;
        r.method = std::move(method);
        r.url = url.starts_with("https://") ? std::move(url) : roles_->broker_url() + url;
        r.bearer = std::move(bearer);
        r.body = std::move(body);
        if (!r.body.empty()) r.headers.set("Content-Type", "application/json");
        return http(std::move(r));
    }
    json::value call(std::string method, std::string path, std::string const& persona, std::string body = {}) {
        auto answer = http(std::move(method), std::move(path), persona.empty() ? secret() : token(persona), std::move(body));
        auto value = parse_json(answer.body);
        EXPECT_TRUE(value) << answer.status << " " << answer.body;
        return value ? *value : json::value();
    }

    // Until `holds` is true; false after `limit`. For things that converge in other processes.
    template <class F>
    static bool eventually(F holds, std::chrono::seconds limit = std::chrono::seconds(20)) {
        auto const until = std::chrono::steady_clock::now() + limit;
        while (!holds()) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return true;
    }
    std::string rule_state(std::string const& id) {
        auto rule = call("GET", "/api/v1/rules/" + id, "admin");
        auto const* status = rule.as_object().if_contains("status");
        return status ? cli::member_text(*status, "state") : std::string();
    }

private:
    std::string dir_;
    bool xrootd_ = false;
    std::vector<std::string> in_use_;
    std::unique_ptr<federation> roles_;
    std::unique_ptr<cli::client_context> client_;
};

}  // namespace fjord::test
