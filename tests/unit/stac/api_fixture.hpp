#pragma once
// A whole STAC API over an in-memory catalog, asked without sockets: requests are built by hand and run through the router.
#include "base/json.hpp"
#include "catalog/catalog.hpp"
#include "catalog/store.hpp"
#include "net/router.hpp"
#include "net/runtime.hpp"
#include "policies/policies.hpp"
#include "stac/api.hpp"
#include "tests/unit/stac/samples.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

namespace fjord::stac::test {

class given_body final : public net::body_reader {
public:
    explicit given_body(std::string text) : text_(std::move(text)) {}
    asio::awaitable<result<std::size_t>> read_some(std::span<char> out) override {
        auto const n = text_.copy(out.data(), out.size(), at_);
        at_ += n;
        co_return n;
    }
    std::optional<std::uint64_t> content_length() const noexcept override { return text_.size(); }

private:
    std::string text_;
    std::size_t at_ = 0;
};

// Takes what an answer produces.
class collected_body final : public net::body_writer {
public:
    asio::awaitable<result<void>> write(std::string_view bytes) override {
        text += bytes;
        co_return result<void>{};
    }
    asio::awaitable<result<void>> write_file(int, std::uint64_t, std::uint64_t) override {
        co_return fail(errc::unsupported, "no files here");
    }
    std::string text;
};

struct reply {
    unsigned status = 0;
    net::header_list headers;
    std::string text;
    json::value body;  // null when the text is no JSON
    json::value const& at(std::string_view key) const { return body.at(key); }
};

// What a test may say about the caller.
inline principal admin() {
    principal p;
    p.kind = principal_kind::human;
    p.issuer = "https://issuer.test";
    p.subject = "admin";
    p.roles = {"admin"};
    return p;
}
inline principal member_of(std::string group, std::string subject = "someone") {
    principal p;
    p.kind = principal_kind::human;
    p.issuer = "https://issuer.test";
    p.subject = std::move(subject);
    p.groups = {std::move(group)};
    return p;
}

inline json::value rules_permitting_all_to_read() {
    return parse_json(R"({"rules":[{"id":"open","effect":"permit","actions":["read"]}]})").value();
}

class api_fixture : public ::testing::Test {
protected:
    api_fixture() : store_(catalog::make_memory_store(clock_)), catalog_(*store_, clock_), pool_(2, 1000) {}

    // Called by SetUp; a test of another policy overrides rules().
    void SetUp() override {
        install_rules();
        api_ = std::make_unique<api>(catalog_, engine_, pool_, clock_, options());
        ASSERT_TRUE(api_->start());
        api_->add_routes(routes_);
        runtime_.start();
    }
    void TearDown() override { runtime_.stop(); }

    virtual void install_rules();
    virtual api_options options() {
        api_options o;
        o.cursor_key = secret(std::string(32, 'k'));
        return o;
    }

    reply ask(std::string method, std::string target, std::string body = {}, principal const& who = {},
              std::map<std::string, std::string> const& headers = {});
    reply get(std::string target, principal const& who = {}, std::map<std::string, std::string> const& headers = {}) {
        return ask("GET", std::move(target), {}, who, headers);
    }
    reply post(std::string target, std::string body, principal const& who = {}) {
        return ask("POST", std::move(target), std::move(body), who);
    }

    void add_collection(std::string const& id, std::string const& extra = {}) {
        auto const r = post("/collections", sample_collection(id, extra), admin());
        ASSERT_EQ(r.status, 201u) << r.text;
    }
    void add_item(std::string const& collection, std::string const& document) {
        auto const r = post("/collections/" + collection + "/items", document, admin());
        ASSERT_EQ(r.status, 201u) << r.text;
    }

    manual_clock clock_;
    std::unique_ptr<catalog::store> store_;
    catalog::catalog catalog_;
    policies::engine engine_;
    blocking_pool pool_;
    std::unique_ptr<api> api_;
    net::router routes_;
    net::io_runtime runtime_{1};
};

inline void api_fixture::install_rules() {
    auto set = policies::rule_set::parse("test", rules_permitting_all_to_read(), 1);
    ASSERT_TRUE(set) << set.error().detail;
    engine_.replace(std::move(*set));
}

inline asio::awaitable<net::response> answer_of(net::router const& routes, net::request& req, net::router::match match) {
    co_return co_await routes.run(req, match);
}

inline reply api_fixture::ask(std::string method, std::string target, std::string body, principal const& who,
                              std::map<std::string, std::string> const& headers) {
    net::request req;
    req.method = std::move(method);
    req.target = target;
    req.raw_path = target.substr(0, target.find('?'));
    req.raw_query = target.find('?') == std::string::npos ? "" : target.substr(target.find('?') + 1);
    req.path = decode_path(req.raw_path).value();
    req.query = net::query_list::parse(req.raw_query).value();
    for (auto const& [name, value] : headers) req.headers.set(name, value);
    req.base_url = "https://broker.test";
    req.caller = std::make_shared<principal>(who);
    given_body reader(std::move(body));
    req.body = &reader;
    req.executor = runtime_.context(0).get_executor();
    req.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    auto const match = routes_.find(req);
    auto res = net::run_blocking(runtime_.context(0), answer_of(routes_, req, match));
    reply out;
    out.status = res.status;
    out.headers = std::move(res.headers);
    if (auto* text = std::get_if<std::string>(&res.body)) out.text = std::move(*text);
    if (auto* made = std::get_if<net::produced_body>(&res.body)) {
        collected_body writer;
        auto const done = net::run_blocking(runtime_.context(0), made->produce(writer));
        EXPECT_TRUE(done) << done.error().message();
        out.text = std::move(writer.text);
    }
    if (auto value = parse_json(out.text, {.max_bytes = 64u << 20})) out.body = std::move(*value);
    return out;
}

inline std::vector<std::string> ids_of(reply const& r) {
    std::vector<std::string> out;
    for (auto const& f : r.at("features").as_array()) out.emplace_back(f.at("id").as_string());
    return out;
}

inline std::string link_of(reply const& r, std::string_view rel) {
    for (auto const& l : r.at("links").as_array())
        if (l.at("rel").as_string() == rel) return std::string(l.at("href").as_string());
    return {};
}

// The target of an absolute link of this API.
inline std::string target_of(std::string const& href) { return href.substr(std::string("https://broker.test").size()); }

}  // namespace fjord::stac::test
