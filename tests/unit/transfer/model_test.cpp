// Random sequences of rule, data, site and policy changes with faults and kills in between. Whenever the engine has come to
// rest, what stands is compared with a naive reference: copies, placement, truth of the status, no loss, nothing left behind.
#include "tests/unit/transfer/world.hpp"

#include "base/json.hpp"
#include "transfer/site_expression.hpp"

#include <map>
#include <random>
#include <set>

namespace fjord::transfer::test {
namespace {

using catalog::replica_state;

class model {
public:
    explicit model(unsigned seed) : dice_(seed) {
        w_.engine->start();
        for (int i = 0; i < 3; ++i) add_site();
    }

    void step() {
        switch (pick(12)) {
            case 0:
                add_site();
                break;
            case 1:
                change_site();
                break;
            case 2:
            case 3:
            case 4:
                add_asset();
                break;
            case 5:
            case 6:
            case 7:
                add_rule();
                break;
            case 8:
                delete_rule();
                break;
            case 9:
                delete_item();
                break;
            case 10:
                change_policy();
                break;
            case 11:
                disturb();
                break;
        }
        if (pick(8) == 0) w_.kill_and_restart();
    }

    void check() {
        come_to_rest();
        EXPECT_EQ(w_.sites.staged(), 0u);
        for (auto const& name : assets_) check_no_loss(name);
        for (auto const& rule : *w_.catalog->list_rules()) check_rule_state(rule);
    }

    std::size_t transfers() { return w_.transfers().size(); }

private:
    std::size_t pick(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(dice_); }
    template <class Container>
    auto any_of(Container const& c) {
        auto it = c.begin();
        std::advance(it, pick(c.size()));
        return *it;
    }

    void come_to_rest() {
        w_.until([this] { return w_.catalog->list_open_transfers()->empty() && w_.sites.staged() == 0; });
        w_.settle();
        w_.until([this] { return w_.catalog->list_open_transfers()->empty() && w_.sites.staged() == 0; });
        w_.settle();
    }

    void add_site() {
        if (sites_ == 6) return;
        auto country = pick(3) == 0 ? "JP" : "DE";
        w_.add_site("s" + std::to_string(sites_++), {{"tier", std::to_string(1 + pick(2))}}, country);
    }
    void change_site() {
        auto site = any_of(*w_.catalog->list_sites());
        if (pick(2) == 0)
            site.enabled = !site.enabled;
        else
            site.attributes["tier"] = std::to_string(1 + pick(2));
        w_.put_site(site);
    }
    void add_asset() {
        auto name = "C" + std::to_string(pick(2)) + "/I" + std::to_string(pick(4)) + "/A";
        auto at = any_of(*w_.catalog->list_sites());
        w_.add_asset(name, "bytes " + std::to_string(pick(1000)), {at.id.str()});
        assets_.insert(name);
    }
    void add_rule() {
        if (assets_.empty()) return;
        auto name = any_of(assets_);
        std::string const scopes[] = {name, name.substr(0, 5), name.substr(0, 2)};
        std::string const expressions[] = {"*", "tier=1", "tier=2", "s0|s1", "*\\tier=1"};
        w_.try_rule(scopes[pick(3)], expressions[pick(5)], static_cast<std::uint32_t>(1 + pick(3)));
    }
    void delete_rule() {
        auto rules = *w_.catalog->list_rules();
        if (rules.empty()) return;
        EXPECT_THAT(w_.run(w_.engine->delete_rule(any_of(rules).id)), fjord::test::IsOk());
    }
    void delete_item() {
        if (assets_.empty()) return;
        auto name = any_of(assets_);
        auto ref = *catalog::parse_asset_ref(name);
        catalog::change_set c;
        c.delete_item(ref.collection, ref.item);
        EXPECT_THAT(w_.catalog->commit(std::move(c)), fjord::test::IsOk());
        assets_.erase(name);
    }
    void change_policy() {
        residency_ = !residency_;
        auto document = *parse_json(R"([{"id": "residency", "effect": "place", "select": {"collection": "C0"},
            "sites": {"jurisdiction": {"in": ["DE"]}}}])");
        w_.policies.replace(residency_ ? *policies::rule_set::parse("p", document, 1) : policies::rule_set());
        w_.engine->reevaluate();
    }
    void disturb() {
        auto& site = w_.sites.at("s" + std::to_string(pick(sites_)));
        (pick(2) ? site.refuse : pick(2) ? site.lie : site.spoil) += 1;
    }

    bool allowed(catalog::site_record const& site, catalog::asset_ref const& asset) const {
        return !(residency_ && asset.collection.str() == "C0" && site.jurisdiction != "DE");
    }
    bool is_good(std::string const& name, catalog::replica_record const& r) {
        return r.state == replica_state::available && sha256_of(w_.sites.at(r.site.str()).files[r.path]) == r.version &&
               !name.empty();
    }

    void check_no_loss(std::string const& name) {
        auto ref = *catalog::parse_asset_ref(name);
        auto version = w_.catalog->find_asset(ref)->current.id;
        bool good = false;
        for (auto const& r : *w_.catalog->list_replicas(ref, version)) {
            good = good || is_good(name, r);
            bool honest = r.state != replica_state::available || is_good(name, r);
            EXPECT_TRUE(honest) << name << " at " << r.site << " is not what it is said to be";
        }
        EXPECT_TRUE(good) << name << " was lost";
    }

    void check_rule_state(catalog::rule_record const& rule) {
        auto expression = *site_expression::parse(rule.sites);
        auto sites = *w_.catalog->list_sites();
        auto status = w_.status(rule.id);
        bool possible = true, all_there = true;
        std::size_t selected = 0;
        for (auto const& name : assets_) {
            if (!(name == rule.uri || name.starts_with(rule.uri + "/"))) continue;
            ++selected;
            auto ref = *catalog::parse_asset_ref(name);
            auto version = w_.catalog->find_asset(ref)->current.id;
            std::set<site_id> eligible;
            bool readable = false;
            for (auto const& s : sites) {
                if (s.enabled && expression.matches(s) && allowed(s, ref)) eligible.insert(s.id);
                auto r = w_.catalog->find_replica(ref, version, s.id);
                readable = readable || (s.enabled && r && r->state == replica_state::available);
            }
            std::size_t mine = 0, there = 0;
            for (auto const& lock : *w_.catalog->list_locks(ref)) {
                if (lock.rule != rule.id) continue;
                ++mine;
                EXPECT_TRUE(eligible.contains(lock.site)) << name << " is locked at " << lock.site << " against rule or policy";
                EXPECT_EQ(lock.version, version) << name;
                auto r = w_.catalog->find_replica(ref, version, lock.site);
                there += r && r->state == replica_state::available;
            }
            auto wanted = std::min<std::size_t>(rule.copies, eligible.size());
            EXPECT_EQ(mine, wanted) << name << " under " << rule.sites;
            EXPECT_TRUE(!readable || there == wanted) << name << " under " << rule.sites << ": " << there << " of " << wanted;
            possible = possible && eligible.size() >= rule.copies && (readable || there == wanted);
            all_there = all_there && there == rule.copies;
        }
        if (selected == 0) return;  // the data was deleted, or none came yet
        EXPECT_EQ(status.state == rule_state::fulfilled, all_there) << status.reason;
        EXPECT_EQ(status.state == rule_state::impossible, !possible) << status.reason;
    }

    world w_;
    std::mt19937 dice_;
    std::size_t sites_ = 0;
    std::set<std::string> assets_;
    bool residency_ = false;
};

class model_test : public testing::TestWithParam<unsigned> {};

TEST_P(model_test, WhatStandsIsWhatTheRulesWant) {
    model m(GetParam());
    for (int round = 0; round < 15 && !testing::Test::HasFailure(); ++round) {
        for (int i = 0; i < 3; ++i) m.step();
        SCOPED_TRACE("round " + std::to_string(round));
        m.check();
    }
    EXPECT_GT(m.transfers(), 0u) << "the sequence did nothing";
}

INSTANTIATE_TEST_SUITE_P(seeds, model_test, testing::Range(1u, 31u));

}  // namespace
}  // namespace fjord::transfer::test
