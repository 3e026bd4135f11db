// The abstract test suite and the example filters of OGC 21-065 (shared/data/cql2).
#include "base/json.hpp"
#include "stac/cql2/evaluate.hpp"
#include "tests/unit/stac/shared_data.hpp"

#include <boost/json/serialize.hpp>

#include <gtest/gtest.h>

#include <map>

namespace fjord::stac {
namespace {

using cql2::node;

struct feature {
    json::object properties;
    std::optional<geometry> shape;
};

// A layer's features as a filter sees them; the geometry queryable is called geom.
class feature_view final : public cql2::item_view {
public:
    explicit feature_view(feature const& f) : feature_(f) {}
    cql2::value property(std::string_view name) const override {
        if (name == "geom") return feature_.shape ? cql2::value::of(&*feature_.shape) : cql2::value{};
        auto const* v = feature_.properties.if_contains(name);
        return v ? cql2::value_of_json(json::serialize(*v)) : cql2::value{};
    }

private:
    feature const& feature_;
};

std::vector<feature> load_layer(std::string const& file) {
    std::vector<feature> out;
    std::ifstream in(file);
    std::string const text((std::istreambuf_iterator<char>(in)), {});
    auto const document = parse_json(text, {.max_bytes = 64u << 20}).value();
    for (auto const& f : document.at("features").as_array()) {
        out.push_back({f.at("properties").as_object(), geometry::from_geojson(f.at("geometry")).value()});
    }
    return out;
}

std::size_t count(node const& filter, std::vector<feature> const& features) {
    cql2::evaluator e(filter);
    std::size_t n = 0;
    for (auto const& f : features) n += e.matches(feature_view(f));
    return n;
}

struct row {
    std::string filter, layer;
    std::size_t expected;
};

class cql2_suite : public ::testing::Test {
protected:
    void SetUp() override {
        auto const file = test::shared_data("cql2/ats.tsv");
        if (file.empty()) GTEST_SKIP() << "the CQL2 test suite is not on this machine (set FJORD_SHARED_DATA)";
        auto const lines = test::lines_of(file);
        for (std::size_t i = 1; i < lines.size(); ++i) {
            auto const columns = test::split(lines[i], '\t');
            ASSERT_EQ(columns.size(), 7u) << lines[i];
            rows_.push_back({columns[4], columns[3], std::stoul(columns[6])});
            if (!layers_.contains(columns[3]))
                layers_[columns[3]] = load_layer(test::shared_data("cql2/" + columns[3] + ".geojson"));
        }
    }
    std::vector<row> rows_;
    std::map<std::string, std::vector<feature>> layers_;
};

TEST_F(cql2_suite, NoRowIsLeftOut) { EXPECT_EQ(rows_.size(), 234u); }

TEST_F(cql2_suite, EveryRowSelectsTheCountOfTheStandardInText) {
    for (auto const& r : rows_) {
        auto const filter = cql2::parse_text(r.filter);
        ASSERT_TRUE(filter) << r.filter << ": " << filter.error().detail;
        EXPECT_EQ(count(*filter, layers_.at(r.layer)), r.expected) << r.filter;
    }
}

TEST_F(cql2_suite, EveryRowSelectsTheSameCountInJson) {
    for (auto const& r : rows_) {
        auto const text = json::serialize(cql2::to_json(cql2::parse_text(r.filter).value()));
        auto const filter = cql2::parse_json(parse_json(text).value());
        ASSERT_TRUE(filter) << text << ": " << filter.error().detail;
        EXPECT_EQ(count(*filter, layers_.at(r.layer)), r.expected) << text;
    }
}

// Numbers by value; the rest by type and content.
bool same(json::value const& a, json::value const& b) {
    if (a.is_number() && b.is_number()) return a.to_number<double>() == b.to_number<double>();
    if (a.is_array() && b.is_array()) {
        return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(), b.get_array().end(), same);
    }
    if (a.is_object() && b.is_object()) {
        if (a.get_object().size() != b.get_object().size()) return false;
        for (auto const& [key, v] : a.get_object()) {
            auto const* other = b.get_object().if_contains(key);
            if (!other || !same(v, *other)) return false;
        }
        return true;
    }
    if (a.is_string() && b.is_string() && a != b) {
        // Example 54, 55 and 82 spell the same instants with and without a fraction.
        auto const x = parse_instant(std::string_view(a.get_string())), y = parse_instant(std::string_view(b.get_string()));
        return x && y && *x == *y;
    }
    return a == b;
}

TEST(cql2_examples, EveryExampleOfTheStandardSurvivesBothEncodings) {
    auto const file = test::shared_data("cql2/examples.ndjson");
    if (file.empty()) GTEST_SKIP() << "the example filters are not on this machine (set FJORD_SHARED_DATA)";
    std::size_t seen = 0, with_json = 0;
    for (auto const& line : test::lines_of(file)) {
        auto const example = parse_json(line).value();
        std::string const text(example.at("text").as_string());
        bool const scalar = example.at("name").as_string() == "clause6_01";
        auto const parsed = cql2::parse_text(text, scalar);
        ASSERT_TRUE(parsed) << text << ": " << parsed.error().detail;
        auto const as_json = cql2::to_json(*parsed);
        if (!example.at("json").is_null()) {
            ++with_json;
            EXPECT_TRUE(same(as_json, example.at("json"))) << text << "\n" << as_json << "\n" << example.at("json");
            auto const from_json = cql2::parse_json(example.at("json"), scalar);
            ASSERT_TRUE(from_json) << line << ": " << from_json.error().detail;
            EXPECT_TRUE(same(cql2::to_json(*from_json), example.at("json"))) << line;
        }
        auto const printed = cql2::to_text(*parsed);
        auto const again = cql2::parse_text(printed, scalar);
        ASSERT_TRUE(again) << printed << ": " << again.error().detail;
        EXPECT_TRUE(same(cql2::to_json(*again), as_json)) << printed;
        EXPECT_EQ(cql2::to_text(*again), printed);
        ++seen;
    }
    EXPECT_EQ(seen, 120u);
    EXPECT_EQ(with_json, 109u);
}

}  // namespace
}  // namespace fjord::stac
