// Laws of the decision over many random rule sets and questions (fixed seeds).
#include "policies/judge.hpp"
#include "policies/nearest.hpp"
#include "policies/rule_parse.hpp"
#include "tests/unit/policies/support.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <random>

namespace fjord::policies::test {
namespace {

class world {
public:
    explicit world(unsigned seed) : random_(seed) {}

    json::array rules(int count) {
        json::array out;
        for (int i = 0; i < count; ++i) out.push_back(rule(i, coin() ? "permit" : "forbid"));
        return out;
    }
    json::object rule(int number, std::string_view effect) {
        json::object r{{"id", "r" + std::to_string(number)}, {"effect", effect}};
        r["actions"] =
            json::array{json::value(pick({"discover", "describe", "aggregate", "read.derived", "read", "share", "create"}))};
        json::object select;
        if (coin()) select["collection"] = pick({"c", "d"});
        if (one_in(4)) select["sensitivity"] = json::object{{">=", pick_number(4)}};
        if (one_in(4)) select["personal_data"] = pick({"none", "special"});
        r["select"] = select;
        json::array when;
        for (int i = pick_number(3); i > 0; --i) when.push_back(condition());
        r["when"] = when;
        return r;
    }
    principal who() {
        auto p = coin() ? member({}) : anonymous();
        for (auto g : {"/a", "/b", "/c"})
            if (coin()) p.groups.emplace_back(g);
        if (p.is_anonymous()) p.groups.clear();
        p.org = one_in(3) ? "" : pick({"o", "q"});
        return p;
    }
    resource on() {
        auto r = thing(pick({"c", "d", "e"}));
        r.sensitivity = pick_number(5);
        if (one_in(3)) r.sensitivity.reset();
        r.personal_data = pick({"none", "special"});
        return r;
    }
    asking ask() {
        asking a{who(), on(), static_cast<action>(pick_number(11))};
        if (coin()) a.purpose = pick({"DUO:0000042", "DUO:0000006", "DUO:0000007", "dpv:Other"});
        if (coin()) a.commercial = coin();
        a.now = pick({"2026-01-01T00:00:00Z", "2027-06-01T00:00:00Z", "2028-06-01T00:00:00Z"});
        return a;
    }
    bool coin() { return one_in(2); }
    bool one_in(int n) { return pick_number(n) == 0; }
    int pick_number(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
    std::string pick(std::vector<std::string> const& values) {
        return values[static_cast<std::size_t>(pick_number(static_cast<int>(values.size())))];
    }
    std::mt19937& engine() { return random_; }

private:
    json::value condition() {
        static constexpr std::string_view conditions[] = {
            R"({"subject.groups":{"contains_any":["/a","/b"]}})",
            R"({"subject.groups":{"contains_all":["/a","/c"]}})",
            R"({"subject.groups":{"not_contains_any":["/b"]}})",
            R"({"subject.org":{"in":["o"]}})",
            R"({"subject.org":{"not_in":["o"]}})",
            R"({"subject.kind":{"in":["human"]}})",
            R"({"request.commercial":{"in":[true]}})",
            R"({"request.commercial":{"in":[false]}})",
            R"({"request.purpose":{"isa":"DUO:0000006"}})",
            R"({"request.purpose":{"not_in":["DUO:0000007"]}})",
            R"({"now":{"<":"2027-01-01T00:00:00Z"}})",
            R"({"now":{">=":"2028-01-01T00:00:00Z"}})",
        };
        return parse_json(conditions[static_cast<std::size_t>(pick_number(12))]).value();
    }
    std::mt19937 random_;
};

rule_set parse_all(json::array const& list) { return rule_set::parse("random", list, 1).value(); }

constexpr int worlds = 40;
constexpr int questions = 40;

TEST(Property, OrderAndRepetitionOfRulesChangeNothing) {
    for (unsigned seed = 0; seed < worlds; ++seed) {
        world w(seed);
        auto list = w.rules(8);
        auto shuffled = list;
        shuffled.insert(shuffled.end(), list.begin(), list.end());
        for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[w.engine()() % i]);
        engine a, b;
        a.replace(parse_all(list));
        b.replace(parse_all(shuffled));
        for (int i = 0; i < questions; ++i) {
            auto q = w.ask();
            auto x = q.of(a), y = q.of(b);
            ASSERT_EQ(x.permitted, y.permitted) << "seed " << seed;
            ASSERT_EQ(x.nearest, y.nearest);
            ASSERT_EQ(x.valid_until, y.valid_until);
            ASSERT_EQ(x.determining.size(), y.determining.size());
        }
    }
}

TEST(Property, UnknownNeverTurnsADenialIntoAPermit) {
    for (unsigned seed = 100; seed < 100 + worlds; ++seed) {
        world w(seed);
        engine e;
        e.replace(parse_all(w.rules(8)));
        for (int i = 0; i < questions; ++i) {
            auto known = w.ask();
            if (permits(e, known)) continue;
            auto forget = [&](auto change) {
                auto less = known;
                change(less);
                ASSERT_FALSE(permits(e, less)) << "seed " << seed;
            };
            forget([](asking& a) { a.purpose.reset(); });
            forget([](asking& a) { a.commercial.reset(); });
            forget([](asking& a) { a.who.org.clear(); });
            forget([](asking& a) { a.who.issuer.clear(); });
            forget([](asking& a) { a.who.capabilities.push_back({"storage.read", {}, false}); });
            forget([](asking& a) { a.on.sensitivity.reset(); });
            forget([](asking& a) { a.on.personal_data.reset(); });
            forget([](asking& a) { a.on.license.reset(); });
        }
    }
}

TEST(Property, AddingAForbidNeverPermitsMore) {
    for (unsigned seed = 200; seed < 200 + worlds; ++seed) {
        world w(seed);
        auto list = w.rules(6);
        auto more = list;
        more.push_back(w.rule(99, "forbid"));
        engine a, b;
        a.replace(parse_all(list));
        b.replace(parse_all(more));
        for (int i = 0; i < questions; ++i) {
            auto q = w.ask();
            ASSERT_LE(permits(b, q), permits(a, q)) << "seed " << seed;
        }
    }
}

TEST(Property, PermitsFollowTheChainDownwards) {
    for (unsigned seed = 300; seed < 300 + worlds; ++seed) {
        world w(seed);
        engine e;
        e.replace(parse_all(w.rules(6)));
        for (int i = 0; i < questions; ++i) {
            auto q = w.ask();
            bool before = true;
            for (auto a : {action::discover, action::describe, action::aggregate, action::read_derived, action::read}) {
                q.what = a;
                bool now = permits(e, q);
                ASSERT_LE(now, before) << "seed " << seed << " " << name_of(a);
                before = now;
            }
        }
    }
}

TEST(Property, ARememberedDecisionEqualsAFreshOne) {
    for (unsigned seed = 400; seed < 400 + worlds; ++seed) {
        world w(seed);
        auto list = w.rules(8);
        engine warm;
        warm.replace(parse_all(list));
        for (int i = 0; i < questions; ++i) {
            auto q = w.ask();
            engine fresh;
            fresh.replace(parse_all(list));
            auto x = q.of(warm), y = q.of(fresh);
            ASSERT_EQ(x.permitted, y.permitted) << "seed " << seed;
            ASSERT_EQ(x.valid_until, y.valid_until);
        }
    }
}

TEST(Property, DoingWhatNearestSaysFlipsTheDecision) {
    int ways = 0;
    for (unsigned seed = 500; seed < 500 + worlds; ++seed) {
        world w(seed);
        auto list = w.rules(8);
        compiled_rules compiled;
        for (auto const& r : list) compiled.grants.push_back(std::get<rule>(parse_rule(r, {"random", "", ""}, 1).value()));
        compiled.finish();
        for (int i = 0; i < questions; ++i) {
            auto a = w.ask();
            question q{&a.who, a.what, &a.on, a.purpose, a.commercial, at(a.now)};
            auto f = facts_of(q);
            if (judge(compiled, f).permitted) continue;
            for (auto const& found : nearest(compiled, f)) {
                ++ways;
                ASSERT_FALSE(found.need.empty());
                ASSERT_TRUE(judge(compiled, found.then).permitted) << "seed " << seed << ": " << found.how;
            }
        }
    }
    EXPECT_GT(ways, 100);
}

}  // namespace
}  // namespace fjord::policies::test
