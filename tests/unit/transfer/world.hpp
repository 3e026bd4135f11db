#pragma once
// A broker's lower half in one process: catalog in memory, policy engine, fake sites, and the engine, driven by the test's
// thread.
#include "catalog/catalog.hpp"
#include "policies/policies.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/run.hpp"
#include "tests/unit/transfer/fake_sites.hpp"
#include "transfer/engine.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>
#include <vector>

namespace fjord::transfer::test {

inline asio::awaitable<void> short_wait() {
    asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds(1));
    co_await timer.async_wait(asio::use_awaitable);
}

class world {
public:
    world() {
        options.retry.base = options.retry.slow_base = milliseconds(2);
        options.retry.cap = milliseconds(10);
        options.failed_hold = seconds(3600);
        boot();
    }
    ~world() { shut_down(); }

    // Ends like kill -9 and starts again on the same store.
    void kill_and_restart() {
        kill();
        boot();
        engine->start();
    }
    void kill() {
        engine.reset();
        pool->join();
        context.reset();
        pool.reset();
        catalog.reset();
    }
    void boot() {
        catalog = std::make_unique<catalog::catalog>(*store, system_clock());
        pool = std::make_unique<blocking_pool>(2, 4096);
        context = std::make_unique<asio::io_context>(1);
        engine_deps deps{context->get_executor(), *pool, *catalog, policies, sites, make_filter, on_progress, nullptr};
        engine = std::make_unique<transfer::engine>(std::move(deps), options);
    }
    void shut_down() {
        if (!engine) return;
        run(engine->stop());
        kill();
    }

    template <class T>
    T run(asio::awaitable<T> work) {
        return fjord::test::run(*context, std::move(work));
    }

    // Until nothing can be done now; copies in back-off may wait.
    void settle() { run(settled(*engine)); }
    // Until `done`, up to the limit of run().
    template <class Done>
    void until(Done done) {
        run(wait_for(std::function<bool()>(std::move(done))));
    }

    catalog::site_record add_site(std::string id, std::map<std::string, std::string> attributes = {}, std::string country = "DE",
                                  std::string kind = "door") {
        catalog::site_record s;
        s.id = site_id(id);
        s.kind = std::move(kind);
        s.url = "https://" + id + ".test";
        s.attributes = std::move(attributes);
        s.jurisdiction = std::move(country);
        put_site(s);
        sites.at(id);
        return s;
    }
    void put_site(catalog::site_record s) {
        catalog::change_set c;
        c.put_site(std::move(s));
        EXPECT_THAT(catalog->commit(std::move(c)), fjord::test::IsOk());
    }

    // As if the site probe had found these facts.
    void probed(std::string const& id, std::map<std::string, std::string> facts) {
        catalog::change_set c;
        c.put_probe({site_id(id), system_clock().now(), "{}"}, std::move(facts));
        EXPECT_THAT(catalog->commit(std::move(c)), fjord::test::IsOk());
    }

    // Registers "C/I/A" with these bytes, which lie at the sites given.
    catalog::asset_version add_asset(std::string const& name, std::string const& bytes, std::vector<std::string> const& at,
                                     std::string const& properties = "{}");
    std::string path_of(std::string const& site, std::string const& asset) {
        auto ref = *catalog::parse_asset_ref(asset);
        return replica_path_of(*catalog->find_site(site_id(site)), ref, catalog->find_asset(ref)->current);
    }
    // The bytes at a site, "" when there are none.
    std::string bytes_at(std::string const& site, std::string const& asset) {
        auto& files = sites.at(site).files;
        auto found = files.find(path_of(site, asset));
        return found == files.end() ? std::string() : found->second;
    }
    std::optional<catalog::replica_state> replica_at(std::string const& site, std::string const& asset) {
        auto ref = *catalog::parse_asset_ref(asset);
        auto found = catalog->find_replica(ref, catalog->find_asset(ref)->current.id, site_id(site));
        return found ? std::optional(found->state) : std::nullopt;
    }

    result<catalog::rule_record> try_rule(std::string uri, std::string expression, std::uint32_t copies = 1) {
        catalog::rule_record r;
        r.uri = std::move(uri);
        r.sites = std::move(expression);
        r.copies = copies;
        return run(engine->create_rule(std::move(r)));
    }
    rule_id add_rule(std::string uri, std::string expression, std::uint32_t copies = 1) {
        auto made = try_rule(std::move(uri), std::move(expression), copies);
        EXPECT_THAT(made, fjord::test::IsOk());
        return made ? made->id : rule_id();
    }
    rule_status status(rule_id const& id) {
        auto s = run(engine->status(id));
        EXPECT_THAT(s, fjord::test::IsOk());
        return s ? *s : rule_status{};
    }
    rule_state state(rule_id const& id) { return status(id).state; }
    void until_fulfilled(rule_id const& id) { run(wait_fulfilled(*engine, id)); }

    std::vector<catalog::transfer_record> transfers() { return *catalog->list_transfers({}, 10'000); }
    std::vector<std::string> events(std::string const& type) {
        std::vector<std::string> out;
        for (auto const& e : *catalog->read_log(0, 100'000))
            if (e.type == type) out.push_back(e.subject);
        return out;
    }

    std::unique_ptr<catalog::store> store = catalog::make_memory_store(system_clock());
    policies::engine policies;
    fake_sites sites;
    engine_options options;
    item_filter_maker make_filter;
    std::function<void(transfer_progress const&)> on_progress;
    std::unique_ptr<catalog::catalog> catalog;
    std::unique_ptr<blocking_pool> pool;
    std::unique_ptr<asio::io_context> context;
    std::unique_ptr<transfer::engine> engine;

private:
    static std::string replica_path_of(catalog::site_record const& s, catalog::asset_ref const& a,
                                       catalog::asset_version const& v);
    static asio::awaitable<void> settled(transfer::engine& e) {
        for (;;) {
            bool idle = co_await e.is_idle();
            if (idle) co_return;
            co_await short_wait();
        }
    }
    static asio::awaitable<void> wait_for(std::function<bool()> done) {
        while (!done()) co_await short_wait();
    }
    static asio::awaitable<void> wait_fulfilled(transfer::engine& e, rule_id id) {
        for (;;) {
            auto s = co_await e.status(id);
            if (s && s->state == rule_state::fulfilled) co_return;
            co_await short_wait();
        }
    }
};

}  // namespace fjord::transfer::test
