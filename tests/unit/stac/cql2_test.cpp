#include "base/json.hpp"
#include "stac/cql2/evaluate.hpp"
#include "stac/cql2/fold.hpp"
#include "tests/support/matchers.hpp"

#include <boost/json/serialize.hpp>

#include <gtest/gtest.h>

namespace fjord::stac::cql2 {
namespace {

using fjord::test::HasErrc;
using fjord::test::IsOk;

std::string as_json(std::string_view text) {
    auto const n = parse_text(text);
    return n ? json::serialize(to_json(*n)) : "refused: " + n.error().detail;
}

// stac.md, appendix B.
TEST(cql2_text, NormalFormsAreThoseOfTheStandard) {
    EXPECT_EQ(as_json("eo:cloud_cover BETWEEN 0 AND 10"), R"({"op":"between","args":[{"property":"eo:cloud_cover"},0,10]})");
    auto const not_in = R"({"op":"not","args":[{"op":"in","args":[{"property":"a"},[1,2]]}]})";
    EXPECT_EQ(as_json("NOT (a IN (1,2))"), not_in);
    EXPECT_EQ(as_json("a NOT IN (1,2)"), not_in);
    EXPECT_EQ(as_json("CASEI(p) LIKE casei('FOO%')"),
              R"({"op":"like","args":[{"op":"casei","args":[{"property":"p"}]},{"op":"casei","args":["FOO%"]}]})");
    EXPECT_EQ(as_json("A_CONTAINEDBY(bands,('red','nir'))"),
              R"({"op":"a_containedBy","args":[{"property":"bands"},["red","nir"]]})");
    EXPECT_EQ(
        as_json("a + b * 2 > c ^ 2"),
        R"({"op":">","args":[{"op":"+","args":[{"property":"a"},{"op":"*","args":[{"property":"b"},2]}]},{"op":"^","args":[{"property":"c"},2]}]})");
    EXPECT_EQ(as_json("p IS NOT NULL"), R"({"op":"not","args":[{"op":"isNull","args":[{"property":"p"}]}]})");
    EXPECT_EQ(
        as_json("T_INTERSECTS(INTERVAL(start_datetime,end_datetime),INTERVAL('2020-01-01T00:00:00Z','..'))"),
        R"({"op":"t_intersects","args":[{"interval":[{"property":"start_datetime"},{"property":"end_datetime"}]},{"interval":["2020-01-01T00:00:00Z",".."]}]})");
}

TEST(cql2_text, PrecedenceFollowsTheGrammar) {
    EXPECT_EQ(as_json("a=1 OR b=2 AND NOT c=3"), as_json("(a=1) OR ((b=2) AND (NOT (c=3)))"));
    EXPECT_EQ(as_json("a BETWEEN 1 AND 2 AND b=3"), as_json("(a BETWEEN 1 AND 2) AND (b=3)"));
    EXPECT_EQ(as_json("a - b - c = 0"), as_json("((a - b) - c) = 0"));
    EXPECT_EQ(as_json("-a ^ 2 = 1"), as_json("(-1 * a) ^ 2 = 1"));
    EXPECT_EQ(
        as_json("a=1 and b=2 and c=3"),
        R"({"op":"and","args":[{"op":"=","args":[{"property":"a"},1]},{"op":"=","args":[{"property":"b"},2]},{"op":"=","args":[{"property":"c"},3]}]})");
}

TEST(cql2_text, NumbersQuotesAndNamesOfTheGrammarAreRead) {
    for (auto const* text : {"a = .5", "a = 5.", "a = 1E+3", "a = 'it''s'", "a = 'it\\'s'", "\"date\" = DATE('2020-01-01')",
                             ":x = 1", "\u00fcber = 1", "a.b_c:d = 1", "TRUE", "start = 1", "date < DATE('2020-01-01')", "a<>b"})
        EXPECT_THAT(parse_text(text), IsOk()) << text;
}

TEST(cql2_text, RefusesWhatTheGrammarDoesNotHave) {
    for (auto const* text : {"",
                             "a",
                             "a =",
                             "= 1",
                             "a = 1 b",
                             "a = 1 AND",
                             "(a = 1",
                             "a = 'x",
                             "a == 1",
                             "a = b = c",
                             "a BETWEEN 1",
                             "a IN ()",
                             "a IN 1",
                             "a LIKE 5",
                             "NOT a",
                             "a AND b = 1",
                             "(a = 1) > 2",
                             "S_INTERSECTS(geometry)",
                             "S_INTERSECTS(geometry, 5)",
                             "T_AFTER(a, 'x')",
                             "a = NULL",
                             "a = DATE('2020-13-01')",
                             "a = TIMESTAMP('2020-01-01')",
                             "a = TIMESTAMP('2020-01-01T00:00:00+01:00')",
                             "T_AFTER(a, INTERVAL('2021-01-01','2020-01-01'))",
                             "a ^ 2 ^ 3 = 1",
                             "a = 1;",
                             "a = \"\"",
                             "a = 1e999",
                             "a = 1e",
                             "BBOX(1,2,3,4)",
                             "S_INTERSECTS(geometry, BBOX(1,2,3))",
                             "S_INTERSECTS(geometry, POINT(90 180))",
                             "S_INTERSECTS(geometry, MULTIPOINT(7.02 49.92, 90 180))",
                             "S_INTERSECTS(geometry, POINT(1))",
                             "S_INTERSECTS(geometry, POLYGON((0 0, 1 1, 2 2)))",
                             "S_INTERSECTS(geometry, POINT(181 0))"})
        EXPECT_FALSE(parse_text(text)) << text;
}

TEST(cql2_text, DepthSizeAndCountHaveLimits) {
    auto repeated = [](std::string const& part, int n) {
        std::string out;
        for (int i = 0; i < n; ++i) out += part;
        return out;
    };
    EXPECT_THAT(parse_text(repeated("(", 10'000) + "a=1" + repeated(")", 10'000)), HasErrc(errc::limit_exceeded));
    EXPECT_THAT(parse_text(repeated("NOT ", 10'000) + "a=1"), HasErrc(errc::limit_exceeded));
    EXPECT_THAT(parse_text("a=1" + repeated(" OR a=1", 20'000)), HasErrc(errc::limit_exceeded));
    EXPECT_THAT(parse_text("a=1" + repeated("+1", 5'000)), HasErrc(errc::limit_exceeded));
    EXPECT_THAT(parse_text("a='" + repeated("x", 1 << 20) + "'"), HasErrc(errc::limit_exceeded));
    EXPECT_THAT(parse_text("a=1" + repeated(" OR a=1", 1'000)), IsOk());
}

TEST(cql2_json, BetweenIsReadInBothForms) {
    auto const modern = parse_json(fjord::parse_json(R"({"op":"between","args":[{"property":"a"},1,2]})").value());
    auto const legacy = parse_json(fjord::parse_json(R"({"op":"between","args":[{"property":"a"},[1,2]]})").value());
    EXPECT_EQ(to_text(modern.value()), to_text(legacy.value()));
}

TEST(cql2_json, RefusesWhatIsNoFilter) {
    for (auto const* text :
         {"null", "5", "\"a\"", "[]", "{}", R"({"op":"="})", R"({"op":"=","args":[]})", R"({"op":"=","args":[{"property":"a"}]})",
          R"({"op":"=","args":[{"property":5},1]})", R"({"op":5,"args":[]})", R"({"op":"not","args":[{"property":"a"}]})",
          R"({"op":"and","args":[{"op":"=","args":[{"property":"a"},1]}]})", R"({"op":"=","args":[{"property":"a"},null]})",
          R"({"op":"in","args":[{"property":"a"},[]]})", R"({"op":"s_intersects","args":[{"property":"g"},{"bbox":[1,2]}]})",
          R"({"op":"s_intersects","args":[{"property":"g"},{"type":"Point","coordinates":[90,180]}]})",
          R"({"op":"t_after","args":[{"property":"t"},{"interval":["x",".."]}]})"})
        EXPECT_FALSE(parse_json(fjord::parse_json(text).value())) << text;
}

TEST(cql2, UnknownFunctionsAreRefusedByName) {
    auto const n = parse_text("avg(windSpeed) < 4").value();
    auto const ok = check_functions(n);
    ASSERT_THAT(ok, HasErrc(errc::invalid_argument));
    EXPECT_NE(ok.error().detail.find("avg"), std::string::npos);
}

// One record of JSON properties, plus a geometry.
class record final : public item_view {
public:
    explicit record(std::string properties, std::string shape = {}) : properties_(std::move(properties)) {
        if (!shape.empty()) shape_ = geometry::from_geojson(fjord::parse_json(shape).value()).value();
    }
    value property(std::string_view name) const override {
        if (name == "geometry") return shape_ ? value::of(&*shape_) : value{};
        auto const* v = document_.as_object().if_contains(name);
        return v ? value_of_json(json::serialize(*v)) : value{};
    }

private:
    std::string properties_;
    json::value document_ = fjord::parse_json(properties_).value();
    std::optional<geometry> shape_;
};

truth ask(std::string_view filter, record const& r) {
    auto const n = parse_text(filter);
    if (!n) {
        ADD_FAILURE() << filter << ": " << n.error().detail;
        return truth::unknown;
    }
    return evaluator(*n).test(r);
}

TEST(cql2_evaluation, NullIsUnknownAndStaysUnknown) {
    record const r(R"({"a":1,"n":null})");
    for (auto const* text : {"n = 1", "NOT (n = 1)", "missing = 1", "n <> 1", "n < 1 OR n >= 1", "n IN (1,2)", "n LIKE 'a'",
                             "n BETWEEN 0 AND 2", "a = 1 AND n = 1", "a = 2 OR n = 1", "a = n", "a + n = 1", "a IN (2, n)",
                             "A_EQUALS(n, (1,2))", "S_INTERSECTS(geometry, POINT(0 0))"})
        EXPECT_EQ(ask(text, r), truth::unknown) << text;
    EXPECT_EQ(ask("n IS NULL", r), truth::yes);
    EXPECT_EQ(ask("missing IS NULL AND a IS NOT NULL", r), truth::yes);
    EXPECT_EQ(ask("a = 2 AND n = 1", r), truth::no);
    EXPECT_EQ(ask("a = 1 OR n = 1", r), truth::yes);
    EXPECT_EQ(ask("a IN (1, n)", r), truth::yes);
    EXPECT_EQ(ask("a NOT IN (2, 3)", r), truth::yes);
}

TEST(cql2_evaluation, TypesThatDoNotMeetAreUnknown) {
    record const r(R"({"a":1,"s":"1","b":true,"l":[1],"o":{}})");
    for (auto const* text : {"a = '1'", "s = 1", "b = 1", "l = 1", "o = 1", "s + 1 = 2", "a LIKE '1'"})
        EXPECT_EQ(ask(text, r), truth::unknown) << text;
}

TEST(cql2_evaluation, LikeKnowsItsWildcardsAndEscapes) {
    struct row {
        char const *text, *pattern;
        bool matches;
    };
    constexpr row rows[] = {{"abc", "abc", true},       {"abc", "a%", true},      {"abc", "%c", true},
                            {"abc", "a_c", true},       {"abc", "a_", false},     {"", "%", true},
                            {"", "_", false},           {"a%c", "a\\%c", true},   {"abc", "a\\%c", false},
                            {"a_c", "a\\_c", true},     {"a\\c", "a\\\\c", true}, {"caf\u00e9", "caf_", true},
                            {"aaaaab", "%a%a%b", true}, {"ABC", "abc", false},    {"abc", "%%%", true},
                            {"abcabc", "%abc", true},   {"abc", "abcd", false},   {"x%", "x\\%", true}};
    for (auto const& r : rows) EXPECT_EQ(like(r.text, r.pattern), r.matches) << r.text << " LIKE " << r.pattern;
    std::string const hard(5000, 'a');
    EXPECT_FALSE(like(hard, "%a%a%a%a%a%a%a%a%a%a%b"));
}

TEST(cql2_evaluation, FoldingFollowsUnicode) {
    EXPECT_EQ(fold_case("Stra\u00dfe"), fold_case("STRASSE"));
    EXPECT_EQ(strip_accents("Chi\u0219in\u0103u"), "Chisinau");
    EXPECT_EQ(strip_accents("de\u0301ba\u0301rque\u0301r"), "debarquer");
    EXPECT_EQ(fold_case("\u039f\u03b4\u03bf\u03c2"), fold_case("\u039f\u0394\u039f\u03a3"));
}

TEST(cql2_evaluation, ArraysAreSets) {
    record const r(R"({"b":["red","nir","red"]})");
    EXPECT_EQ(ask("A_EQUALS(b, ('nir','red'))", r), truth::yes);
    EXPECT_EQ(ask("A_CONTAINS(b, ('nir'))", r), truth::yes);
    EXPECT_EQ(ask("A_CONTAINS(b, ('nir','blue'))", r), truth::no);
    EXPECT_EQ(ask("A_CONTAINEDBY(b, ('nir','blue','red'))", r), truth::yes);
    EXPECT_EQ(ask("A_OVERLAPS(b, ('blue','red'))", r), truth::yes);
    EXPECT_EQ(ask("A_OVERLAPS(b, ('blue'))", r), truth::no);
}

TEST(cql2_evaluation, ArithmeticHasNoAnswerWhereNumbersEnd) {
    record const r(R"({"z":0,"a":7})");
    EXPECT_EQ(ask("a / z = 1", r), truth::unknown);
    EXPECT_EQ(ask("a % z = 1", r), truth::unknown);
    EXPECT_EQ(ask("a div 2 = 3", r), truth::yes);
    EXPECT_EQ(ask("a % 4 = 3", r), truth::yes);
    EXPECT_EQ(ask("-a + 2 * 3 = -1", r), truth::yes);
    EXPECT_EQ(ask("10 ^ 400 > 1", r), truth::unknown);
}

TEST(cql2_evaluation, StringsBesideTimesAreReadAsTimes) {
    record const r(R"({"t":"2020-06-01T12:00:00.000Z","d":"2020-06-01","s":"soon"})");
    EXPECT_EQ(ask("t = TIMESTAMP('2020-06-01T12:00:00Z')", r), truth::yes);
    EXPECT_EQ(ask("t > DATE('2020-06-01')", r), truth::yes);
    EXPECT_EQ(ask("d = DATE('2020-06-01')", r), truth::yes);
    EXPECT_EQ(ask("s > DATE('2020-06-01')", r), truth::unknown);
    EXPECT_EQ(ask("T_DURING(t, INTERVAL('2020-01-01','2021-01-01'))", r), truth::yes);
    EXPECT_EQ(ask("T_AFTER(t, INTERVAL('..','2020-01-01'))", r), truth::yes);
}

TEST(cql2_evaluation, TheFifteenRelationsAnswerAsAllenDefines) {
    auto t = [](instant a, instant b) { return time_interval{a, b}; };
    struct row {
        op o;
        time_interval a, b;
    };
    row const rows[] = {
        {op::t_after, t(5, 6), t(1, 2)},       {op::t_before, t(1, 2), t(5, 6)},     {op::t_contains, t(1, 9), t(2, 3)},
        {op::t_disjoint, t(1, 2), t(3, 4)},    {op::t_during, t(2, 3), t(1, 9)},     {op::t_equals, t(1, 2), t(1, 2)},
        {op::t_finished_by, t(1, 9), t(5, 9)}, {op::t_finishes, t(5, 9), t(1, 9)},   {op::t_intersects, t(1, 5), t(5, 9)},
        {op::t_meets, t(1, 5), t(5, 9)},       {op::t_met_by, t(5, 9), t(1, 5)},     {op::t_overlapped_by, t(5, 9), t(1, 6)},
        {op::t_overlaps, t(1, 6), t(5, 9)},    {op::t_started_by, t(1, 9), t(1, 5)}, {op::t_starts, t(1, 5), t(1, 9)}};
    for (auto const& r : rows) EXPECT_EQ(temporal_relation(r.o, r.a, r.b), truth::yes) << name_of(r.o);
    // Of the thirteen of Allen, exactly one holds of two proper intervals.
    op const exclusive[] = {op::t_after,       op::t_before,     op::t_contains, op::t_during, op::t_equals,
                            op::t_finished_by, op::t_finishes,   op::t_meets,    op::t_met_by, op::t_overlapped_by,
                            op::t_overlaps,    op::t_started_by, op::t_starts};
    for (instant a = 0; a < 5; ++a)
        for (instant b = a + 1; b < 6; ++b)
            for (instant c = 0; c < 5; ++c)
                for (instant d = c + 1; d < 6; ++d) {
                    int holds = 0;
                    for (auto const o : exclusive) holds += temporal_relation(o, t(a, b), t(c, d)) == truth::yes;
                    EXPECT_EQ(holds, 1) << a << b << c << d;
                }
}

TEST(cql2_evaluation, BoxLiteralsCrossTheAntimeridian) {
    record const east(R"({})", R"({"type":"Point","coordinates":[175,0]})"),
        zero(R"({})", R"({"type":"Point","coordinates":[0,0]})");
    EXPECT_EQ(ask("S_INTERSECTS(geometry,BBOX(170,-10,-170,10))", east), truth::yes);
    EXPECT_EQ(ask("S_INTERSECTS(geometry,BBOX(170,-10,-170,10))", zero), truth::no);
    EXPECT_EQ(ask("S_INTERSECTS(geometry,GEOMETRYCOLLECTION(POINT(0 0),LINESTRING(10 10, 11 11)))", zero), truth::yes);
    EXPECT_EQ(ask("S_WITHIN(geometry,POLYGON Z ((-1 -1 0, 1 -1 0, 1 1 0, -1 1 0, -1 -1 0)))", zero), truth::yes);
}

}  // namespace
}  // namespace fjord::stac::cql2
