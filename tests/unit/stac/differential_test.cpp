// The index against an evaluator written only for this test: random items, random boxes, intervals and CQL2 filters.
// The naive side works on the item's own values, never on the index's, and decides logic by three-valued tables.
#include "stac/index.hpp"
#include "tests/support/matchers.hpp"
#include "tests/unit/stac/samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <set>

namespace fjord::stac {
namespace {

// What the naive side knows of an item.
struct plain_item {
    std::string id;
    std::optional<double> number, other;
    std::optional<std::string> text;
    std::optional<bool> flag;
    int day = 1;                        // of June 2020
    double w = 0, s = 0, e = 0, n = 0;  // an axis-aligned rectangle
};

using three = std::optional<bool>;
three not3(three a) { return a ? three(!*a) : std::nullopt; }
three and3(three a, three b) {
    if ((a && !*a) || (b && !*b)) return false;
    return a && b ? three(true) : std::nullopt;
}
three or3(three a, three b) { return not3(and3(not3(a), not3(b))); }

// A filter as text together with its meaning.
struct condition {
    std::string text;
    std::function<three(plain_item const&)> holds;
};

class generator {
public:
    explicit generator(unsigned seed) : random_(seed) {}

    int upto(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

    plain_item item(int i) {
        plain_item p;
        p.id = "i" + std::to_string(i);
        if (upto(4)) p.number = upto(10);
        if (upto(4)) p.other = upto(10) / 2.0;
        if (upto(4)) p.text = word();
        if (upto(3)) p.flag = upto(2) == 1;
        p.day = 1 + upto(28);
        p.w = upto(34) * 10 - 170;
        p.s = upto(16) * 10 - 80;
        p.e = std::min(180.0, p.w + 1 + upto(20));
        p.n = std::min(90.0, p.s + 1 + upto(20));
        return p;
    }

    condition any(int depth) {
        if (depth > 0 && upto(3)) return combined(depth);
        switch (upto(8)) {
            case 0:
                return comparison("num", [](plain_item const& p) { return p.number; });
            case 1:
                return comparison("oth", [](plain_item const& p) { return p.other; });
            case 2:
                return between();
            case 3:
                return in_list();
            case 4:
                return text_match();
            case 5:
                return null_test();
            case 6:
                return flag_test();
            default:
                return property_property();
        }
    }

private:
    static constexpr char const* words[] = {"", "a", "ab", "abc", "ba", "B", "a%", "a_b"};
    std::string word() { return words[upto(8)]; }

    condition combined(int depth) {
        auto a = any(depth - 1);
        auto const kind = upto(3);
        if (kind == 0) return {"NOT (" + a.text + ")", [a](plain_item const& p) { return not3(a.holds(p)); }};
        auto b = any(depth - 1);
        if (kind == 1)
            return {"(" + a.text + ") AND (" + b.text + ")",
                    [a, b](plain_item const& p) { return and3(a.holds(p), b.holds(p)); }};
        return {"(" + a.text + ") OR (" + b.text + ")", [a, b](plain_item const& p) { return or3(a.holds(p), b.holds(p)); }};
    }

    template <class Get>
    condition comparison(std::string const& name, Get get) {
        static constexpr char const* symbols[] = {"=", "<>", "<", "<=", ">", ">="};
        int const o = upto(6), value = upto(10);
        bool const scaled = upto(2) == 1;
        auto const text = scaled ? name + " * 2 - 1 " + symbols[o] + " " + std::to_string(value)
                                 : name + " " + symbols[o] + " " + std::to_string(value);
        return {text, [=](plain_item const& p) -> three {
                    auto x = get(p);
                    if (!x) return std::nullopt;
                    double const v = scaled ? *x * 2 - 1 : *x;
                    bool const outcomes[] = {v == value, v != value, v<value, v <= value, v> value, v >= value};
                    return outcomes[o];
                }};
    }
    condition between() {
        int const low = upto(6), high = low + upto(5);
        bool const negated = upto(2) == 1;
        return {std::string("num ") + (negated ? "NOT " : "") + "BETWEEN " + std::to_string(low) + " AND " + std::to_string(high),
                [=](plain_item const& p) -> three {
                    if (!p.number) return std::nullopt;
                    return (*p.number >= low && *p.number <= high) != negated;
                }};
    }
    condition in_list() {
        std::set<std::string> list{word(), word()};
        std::string text = "txt IN (";
        for (auto const& w : list) text += (text.back() == '(' ? "'" : ", '") + w + "'";
        return {text + ")", [list](plain_item const& p) -> three {
                    if (!p.text) return std::nullopt;
                    return list.contains(*p.text);
                }};
    }
    // Patterns of a fixed shape, so that the naive side needs no pattern matcher.
    condition text_match() {
        auto const part = std::string(upto(2) ? "a" : "b");
        int const kind = upto(3);
        auto const pattern = kind == 0 ? part + "%" : kind == 1 ? "%" + part : "%" + part + "%";
        return {"txt LIKE '" + pattern + "'", [=](plain_item const& p) -> three {
                    if (!p.text) return std::nullopt;
                    if (kind == 0) return p.text->starts_with(part);
                    if (kind == 1) return p.text->ends_with(part);
                    return p.text->find(part) != std::string::npos;
                }};
    }
    condition null_test() {
        return upto(2) ? condition{"txt IS NULL", [](plain_item const& p) -> three { return !p.text; }}
                       : condition{"num IS NOT NULL", [](plain_item const& p) -> three { return p.number.has_value(); }};
    }
    condition flag_test() {
        bool const wanted = upto(2) == 1;
        return {std::string("flag = ") + (wanted ? "TRUE" : "false"),
                [=](plain_item const& p) -> three { return p.flag ? three(*p.flag == wanted) : std::nullopt; }};
    }
    condition property_property() {
        return {"num > oth",
                [](plain_item const& p) -> three { return p.number && p.other ? three(*p.number > *p.other) : std::nullopt; }};
    }

    std::mt19937 random_;
};

std::string document_of(plain_item const& p) {
    auto member = [](std::string const& name, std::string const& v) { return ",\"" + name + "\":" + v; };
    std::string properties;
    if (p.number) properties += member("num", std::to_string(*p.number));
    if (p.other) properties += member("oth", std::to_string(*p.other));
    if (p.text) properties += member("txt", "\"" + *p.text + "\"");
    if (p.flag) properties += member("flag", *p.flag ? "true" : "false");
    auto const day = std::string(p.day < 10 ? "0" : "") + std::to_string(p.day);
    return test::sample_item(p.id, {.datetime = "\"2020-06-" + day + "T12:00:00Z\"",
                                    .geometry = test::polygon(p.w, p.s, p.e, p.n),
                                    .bbox = test::bbox_text(p.w, p.s, p.e, p.n),
                                    .properties = properties});
}

class differential : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(index_.put(catalog::collection_record{.id = collection_id("c"), .document = test::sample_collection("c")}));
        generator g(20260701);
        for (int i = 0; i < 300; ++i) {
            items_.push_back(g.item(i));
            ASSERT_TRUE(index_.put(catalog::item_record{
                .collection = collection_id("c"), .id = item_id(items_.back().id), .document = document_of(items_.back())}));
        }
    }
    std::set<std::string> found(search_query q) {
        q.limit = 1000;
        visibility all([](policies::resource const&) { return true; });
        auto const page = index_.search(q, all).value();
        std::set<std::string> out;
        for (auto const& i : page.items) out.insert(i->id.str());
        EXPECT_EQ(page.matched, out.size());
        return out;
    }
    template <class Test>
    std::set<std::string> expected(Test test) const {
        std::set<std::string> out;
        for (auto const& p : items_)
            if (test(p)) out.insert(p.id);
        return out;
    }
    std::vector<plain_item> items_;
    index index_;
};

TEST_F(differential, RandomFiltersSelectWhatTheTablesSay) {
    generator g(1);
    for (int i = 0; i < 400; ++i) {
        auto const c = g.any(4);
        auto const parsed = cql2::parse_text(c.text);
        ASSERT_TRUE(parsed) << c.text << ": " << parsed.error().detail;
        auto const wanted = expected([&](plain_item const& p) { return c.holds(p) == true; });
        search_query q;
        q.filters.push_back(std::make_shared<cql2::node const>(*parsed));
        ASSERT_EQ(found(q), wanted) << c.text;
        auto const back = cql2::parse_json(cql2::to_json(*parsed));
        ASSERT_TRUE(back) << c.text;
        q.filters[0] = std::make_shared<cql2::node const>(*back);
        ASSERT_EQ(found(q), wanted) << "as JSON: " << c.text;
        auto const printed = cql2::parse_text(cql2::to_text(*parsed));
        ASSERT_TRUE(printed) << cql2::to_text(*parsed);
        ASSERT_EQ(cql2::to_text(*printed), cql2::to_text(*parsed));
    }
}

bool meets(plain_item const& p, double w, double s, double e, double n) { return p.w <= e && w <= p.e && p.s <= n && s <= p.n; }

TEST_F(differential, RandomBoxesAndIntervalsSelectByPlainComparison) {
    generator g(2);
    for (int i = 0; i < 1000; ++i) {
        double const w = g.upto(361) - 180, e = g.upto(361) - 180, s = g.upto(171) - 90, n = s + g.upto(static_cast<int>(91 - s));
        int const from = 1 + g.upto(28), to = from + g.upto(29 - from);
        search_query q;
        q.bbox = make_bbox(std::vector<double>{w, s, e, n}).value();
        auto const day = [](int d) { return std::string("2020-06-") + (d < 10 ? "0" : "") + std::to_string(d); };
        q.datetime = parse_datetime_parameter(day(from) + "T00:00:00Z/" + day(to) + "T23:59:59Z").value();
        auto const wanted = expected([&](plain_item const& p) {
            bool const space = w <= e ? meets(p, w, s, e, n) : meets(p, w, s, 180, n) || meets(p, -180, s, e, n);
            return space && p.day >= from && p.day <= to;
        });
        ASSERT_EQ(found(q), wanted) << w << "," << s << "," << e << "," << n;
        if (w > e) continue;
        // The same box as a geometry, through `intersects` and through CQL2.
        auto const text = "S_INTERSECTS(geometry,BBOX(" + std::to_string(w) + "," + std::to_string(s) + "," + std::to_string(e) +
                          "," + std::to_string(n) + "))";
        search_query shape;
        shape.datetime = q.datetime;
        shape.intersects = geometry::from_boxes(q.bbox->boxes);
        ASSERT_EQ(found(shape), wanted);
        shape.intersects.reset();
        shape.filters.push_back(std::make_shared<cql2::node const>(cql2::parse_text(text).value()));
        ASSERT_EQ(found(shape), wanted) << text;
    }
}

}  // namespace
}  // namespace fjord::stac
