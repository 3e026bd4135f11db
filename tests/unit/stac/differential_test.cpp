// The index against an evaluator written only for this test (random_world.hpp): random items, random conditions, boxes, shapes,
// intervals, orders, pages and callers, on segments of every make. Testing one item against one query is a comparison; every
// test says how many it made, and the six makes of the first one alone are over a million.
#include "base/json.hpp"
#include "stac/index.hpp"
#include "tests/support/matchers.hpp"
#include "tests/unit/stac/random_world.hpp"
#include "tests/unit/stac/samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

namespace fjord::stac::test {
namespace {

// How the index holds the items.
struct make {
    char const* name;
    index_limits limits;
    bool changes = false;  // half of the items are put twice and some are removed again
};

index_limits limits_of(std::size_t tail, std::size_t merge, double bytes, std::size_t small, std::size_t ranges = 254) {
    index_limits l;
    l.tail_rows = tail;
    l.merge_segments = merge;
    l.segments.column_bytes = bytes;
    l.segments.small_rows = small;
    l.segments.ranges = ranges;
    return l;
}

make const makes[] = {
    {"Tail", limits_of(10'000, 8, 20, 16'384)},   {"ManySegments", limits_of(20, 1'000'000, 20, 16'384)},
    {"Merged", limits_of(7, 8, 20, 16'384)},      {"RoughColumns", limits_of(60, 8, 44, 0, 12)},
    {"HardlyAnyColumns", limits_of(60, 8, 2, 0)}, {"Changed", limits_of(30, 8, 20, 16'384), true},
};

class differential : public ::testing::TestWithParam<make> {
protected:
    static constexpr int item_count = 1000;

    void SetUp() override {
        index_ = std::make_unique<index>(index_options{.limits = GetParam().limits});
        for (auto const* c : {"a", "b"})
            ASSERT_TRUE(index_->put(catalog::collection_record{.id = collection_id(c), .document = sample_collection(c)}));
        random_world world(20260701);
        for (int i = 0; i < item_count; ++i) {
            auto const* c = i % 5 == 0 ? "b" : "a";
            auto p = world.item(c, "i" + std::to_string(i));
            if (GetParam().changes && i % 2 == 0) put(world.item(c, p.id));
            put(p);
            if (GetParam().changes && i % 7 == 0) {
                index_->remove(collection_id(c), item_id(p.id));
                continue;
            }
            items_.push_back(std::move(p));
        }
        ASSERT_EQ(index_->size(), items_.size());
    }
    void TearDown() override { std::printf("%zu comparisons\n", compared_); }
    void put(plain_item const& p) {
        auto const ok = index_->put(
            catalog::item_record{.collection = collection_id(p.collection), .id = item_id(p.id), .document = document_of(p)});
        ASSERT_TRUE(ok) << ok.error().detail << "\n" << document_of(p);
    }
    search_page search(search_query const& q) {
        visibility all([](policies::resource const&) { return true; });
        auto page = index_->search(q, all);
        EXPECT_TRUE(page);
        return std::move(*page);
    }
    static std::string key_of(plain_item const& p) { return p.collection + "/" + p.id; }
    static std::string key_of(indexed_item const& i) { return i.collection.str() + "/" + i.id.str(); }

    std::set<std::string> found(search_query q) {
        q.limit = 10'000;
        auto const page = search(q);
        std::set<std::string> out;
        for (auto const& i : page.items) out.insert(key_of(*i));
        EXPECT_EQ(page.matched, out.size());
        return out;
    }
    template <class Test>
    std::set<std::string> expected(Test test) {
        compared_ += items_.size();
        std::set<std::string> out;
        for (auto const& p : items_)
            if (test(p)) out.insert(key_of(p));
        return out;
    }
    static search_query with(std::string const& filter) {
        search_query q;
        q.filters.push_back(std::make_shared<cql2::node const>(cql2::parse_text(filter).value()));
        return q;
    }

    std::vector<plain_item> items_;
    std::size_t compared_ = 0;  // an item against a query
    std::unique_ptr<index> index_;
};

// What differs, for a readable failure.
std::string difference(std::set<std::string> const& got, std::set<std::string> const& wanted) {
    std::string out;
    for (auto const& g : got)
        if (!wanted.contains(g)) out += " +" + g;
    for (auto const& w : wanted)
        if (!got.contains(w)) out += " -" + w;
    return out;
}

TEST_P(differential, RandomConditionsSelectWhatTheTablesSay) {
    random_world world(1);
    for (int i = 0; i < 200; ++i) {
        auto const c = world.any(4);
        auto const parsed = cql2::parse_text(c.text);
        ASSERT_TRUE(parsed) << c.text << ": " << parsed.error().detail;
        auto const wanted = expected([&](plain_item const& p) { return c.holds(p) == true; });
        auto const got = found(with(c.text));
        ASSERT_EQ(got, wanted) << c.text << difference(got, wanted);
        if (i % 8 != 0) continue;
        auto const back = cql2::parse_json(cql2::to_json(*parsed));
        ASSERT_TRUE(back) << c.text;
        search_query q;
        q.filters.push_back(std::make_shared<cql2::node const>(*back));
        ASSERT_EQ(found(q), wanted) << "as JSON: " << c.text;
    }
    EXPECT_GE(compared_, 170'000u) << "six of these are a million";
}

TEST_P(differential, EveryKindOfConditionAloneSelectsWhatItSays) {
    random_world world(11);
    for (int i = 0; i < 180; ++i) {
        auto const c = world.any(0);
        auto const wanted = expected([&](plain_item const& p) { return c.holds(p) == true; });
        auto const got = found(with(c.text));
        ASSERT_EQ(got, wanted) << c.text << difference(got, wanted);
        auto const unwanted = expected([&](plain_item const& p) { return c.holds(p) == false; });
        ASSERT_EQ(found(with("NOT (" + c.text + ")")), unwanted) << "NOT " << c.text;
    }
}

TEST_P(differential, BoxesShapesAndIntervalsSelectAsGeosDoes) {
    random_world world(2);
    for (int i = 0; i < 150; ++i) {
        search_query q;
        std::function<bool(plain_item const&)> in_space = [](plain_item const&) { return true; };
        if (i % 3 != 2) {
            bool const crosses = world.one_in(4);
            double const size = world.upto(120) / 2.0;
            double const w = crosses ? 180 - size / 2 : world.degree(-180, 179 - size), s = world.degree(-90, 89 - size / 2);
            std::vector<double> numbers{w, s, crosses ? -180 + size / 2 : w + size, s + size / 2};
            bool const high = world.one_in(5);
            if (high) numbers = {numbers[0], numbers[1], 100, numbers[2], numbers[3], 300};
            q.bbox = make_bbox(numbers).value();
            q.shapeless_match = world.one_in(2);
            auto const shape = geometry::from_boxes(q.bbox->boxes);
            in_space = [shape, high, shapeless = q.shapeless_match](plain_item const& p) {
                if (!p.shape) return shapeless;
                return (!high || (p.z_low <= 300 && p.z_high >= 100)) && p.shape->intersects(shape) == true;
            };
        } else {
            auto const shape = geometry_of(world.query_geometry());
            q.intersects = shape;
            in_space = [shape](plain_item const& p) { return p.shape && p.shape->intersects(shape) == true; };
        }
        auto a = world.time(), b = world.time();
        if (a > b) std::swap(a, b);
        bool const timed = world.one_in(2);
        if (timed) q.datetime = time_interval{a, b};
        auto const wanted =
            expected([&](plain_item const& p) { return in_space(p) && (!timed || (p.start <= b && a <= p.end)); });
        auto const got = found(q);
        ASSERT_EQ(got, wanted) << "query " << i << difference(got, wanted);
    }
}

TEST_P(differential, IdsAndCollectionsNarrowEverythingElse) {
    random_world world(3);
    for (int i = 0; i < 40; ++i) {
        auto const c = world.any(2);
        auto q = with(c.text);
        std::set<std::string> ids;
        for (int n = world.upto(60); n >= 0; --n) ids.insert("i" + std::to_string(world.upto(item_count + 100)));
        for (auto const& id : ids) q.ids.emplace_back(id);
        bool const one = world.one_in(2);
        if (one) q.collections = {collection_id("a"), collection_id("absent")};
        auto const wanted = expected(
            [&](plain_item const& p) { return ids.contains(p.id) && (!one || p.collection == "a") && c.holds(p) == true; });
        ASSERT_EQ(found(q), wanted) << c.text;
    }
}

// Whole classes are hidden or shown, and single items by name against their class: in counts, pages, summaries and by id.
TEST_P(differential, WhatACallerMayNotSeeIsInNoAnswer) {
    random_world world(8);
    for (int i = 0; i < 60; ++i) {
        std::set<std::optional<int>> levels;  // shown
        for (std::optional<int> const level : {std::optional<int>(), {0}, {1}, {2}, {3}, {4}})
            if (!world.one_in(i % 5 == 0 ? 1 : 3)) levels.insert(level);
        bool const only_a = world.one_in(4);
        std::map<std::string, bool> named;
        for (int n = i % 3 == 0 ? world.upto(30) : 0; n > 0; --n)
            named["i" + std::to_string(world.upto(item_count + 50))] = world.one_in(2);
        auto names = std::make_shared<std::vector<std::string>>();
        for (auto const& [id, shown] : named) names->push_back(id);
        visibility eye(
            [&](policies::resource const& r) {
                auto const by_name = named.find(r.dataset);
                return by_name != named.end() ? by_name->second
                                              : levels.contains(r.sensitivity) && (!only_a || r.collection == "a");
            },
            names);
        auto const seen = [&](plain_item const& p) {
            auto const by_name = named.find(p.id);
            return by_name != named.end() ? by_name->second : levels.contains(p.sensitivity) && (!only_a || p.collection == "a");
        };
        auto const c = world.any(1);
        auto q = with(c.text);
        q.limit = 10'000;
        auto const wanted = expected([&](plain_item const& p) { return seen(p) && c.holds(p) == true; });
        auto const page = index_->search(q, eye).value();
        std::set<std::string> got, each;
        for (auto const& item : page.items) got.insert(key_of(*item));
        ASSERT_EQ(got, wanted) << c.text << difference(got, wanted);
        ASSERT_EQ(page.matched, wanted.size());
        auto const collect = [&](indexed_item const& item) { return each.insert(key_of(item)).second; };
        ASSERT_TRUE(index_->each(q, eye, collect));
        ASSERT_EQ(each, wanted);
        std::map<std::string, std::uint64_t> clouds;
        for (auto const& p : index_->properties({}, eye)) clouds[p.name] = p.numbers;
        auto const cloudy = expected([&](plain_item const& p) { return seen(p) && p.cloud; });
        ASSERT_EQ(clouds["eo:cloud_cover"], cloudy.size());
        for (int n = 0; n < 40; ++n) {
            auto const& p = items_[static_cast<std::size_t>(world.upto(static_cast<int>(items_.size())))];
            ASSERT_EQ(index_->find_item(collection_id(p.collection), item_id(p.id), eye) != nullptr, seen(p)) << p.id;
        }
    }
}

TEST_P(differential, PagesGiveTheNaiveOrderForwardsAndBackwards) {
    struct order_case {
        std::vector<sort_field> sort;
        std::function<int(plain_item const&, plain_item const&)> compare;  // without the tie-break
    };
    auto const by = [](auto get, bool down) {
        return [=](plain_item const& a, plain_item const& b) {
            auto const x = get(a), y = get(b);
            if (!x || !y) return !x && !y ? 0 : !x ? 1 : -1;
            int const o = *x < *y ? -1 : *y < *x ? 1 : 0;
            return down ? -o : o;
        };
    };
    auto const time = [](plain_item const& p) { return std::optional(p.sort_time()); };
    auto const cloud = [](plain_item const& p) { return p.cloud; };
    auto const word = [](plain_item const& p) { return p.word; };
    auto const name = [](plain_item const& p) { return p.name; };
    auto const wild = [](plain_item const& p) { return p.wild; };
    auto const created = [](plain_item const& p) { return p.created; };
    auto const seen = [](plain_item const& p) { return p.seen; };
    auto const id = [](plain_item const& p) { return std::optional(p.id); };
    auto const then = [](auto first, auto second) {
        return [=](plain_item const& a, plain_item const& b) {
            int const o = first(a, b);
            return o != 0 ? o : second(a, b);
        };
    };
    std::vector<order_case> const cases{
        {{}, by(time, true)},
        {{{"datetime", true}}, by(time, true)},
        {{{"datetime", false}}, by(time, false)},
        {{{"eo:cloud_cover", false}}, by(cloud, false)},
        {{{"eo:cloud_cover", true}, {"id", true}}, then(by(cloud, true), by(id, true))},
        {{{"word", true}, {"datetime", false}}, then(by(word, true), by(time, false))},
        {{{"name", false}}, by(name, false)},
        {{{"wild", true}}, by(wild, true)},
        {{{"created", false}}, by(created, false)},
        {{{"seen", true}, {"name", true}}, then(by(seen, true), by(name, true))},
        {{{"id", true}}, by(id, true)},
    };
    for (auto const& c : cases) {
        auto sorted = items_;
        std::sort(sorted.begin(), sorted.end(), [&](plain_item const& a, plain_item const& b) {
            int const o = c.compare(a, b);
            if (o != 0) return o < 0;
            return a.collection != b.collection ? a.collection < b.collection : a.id < b.id;
        });
        std::vector<std::string> wanted;
        for (auto const& p : sorted)
            if (p.half && *p.half > 1) wanted.push_back(key_of(p));
        auto const label = c.sort.empty() ? std::string("default") : (c.sort[0].descending ? "-" : "+") + c.sort[0].name;
        auto q = with("half > 1");
        q.sort = c.sort;
        for (std::size_t const limit : {1000u, 97u}) {
            q.limit = limit;
            q.from.reset();
            q.backwards = false;
            std::vector<std::string> walked;
            std::optional<sort_key> last;
            std::size_t pages = 0;
            while (true) {
                auto const page = search(q);
                ASSERT_EQ(page.matched, wanted.size()) << label;
                ASSERT_EQ(page.previous.has_value(), pages != 0) << label;
                for (auto const& i : page.items) walked.push_back(key_of(*i));
                ++pages;
                if (!page.next) break;
                ASSERT_EQ(page.items.size(), limit) << label;
                q.from = last = page.next;
            }
            ASSERT_EQ(walked, wanted) << label << " limit " << limit;
            if (!last) continue;
            // And back: the pages before the last one.
            auto const size = walked.size() - (pages - 1) * limit;
            q.backwards = true;
            auto const first_of_last = walked.size() - size;
            auto const& item =
                *std::find_if(sorted.begin(), sorted.end(), [&](auto const& p) { return key_of(p) == walked[first_of_last]; });
            visibility all([](policies::resource const&) { return true; });
            auto const described = index_->find_item(collection_id(item.collection), item_id(item.id), all);
            q.from = sort_key{sort_values(*described, q.sort), described->collection, described->id};
            std::vector<std::string> back;
            while (true) {
                auto const page = search(q);
                ASSERT_TRUE(page.next) << label;
                std::vector<std::string> here;
                for (auto const& i : page.items) here.push_back(key_of(*i));
                back.insert(back.begin(), here.begin(), here.end());
                if (!page.previous) break;
                q.from = page.previous;
            }
            ASSERT_EQ(back, std::vector<std::string>(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(first_of_last)))
                << label;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Makes, differential, ::testing::ValuesIn(makes),
                         [](auto const& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace fjord::stac::test
