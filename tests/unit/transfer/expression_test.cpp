#include "transfer/site_expression.hpp"

#include "tests/support/matchers.hpp"

#include <gtest/gtest.h>

namespace fjord::transfer {
namespace {

using testing::HasSubstr;

catalog::site_record site(std::string id, std::map<std::string, std::string> attributes, std::string kind = "door") {
    catalog::site_record out;
    out.id = site_id(std::move(id));
    out.kind = std::move(kind);
    out.attributes = std::move(attributes);
    return out;
}

bool matches(std::string_view expression, catalog::site_record const& s) {
    auto parsed = site_expression::parse(expression);
    EXPECT_THAT(parsed, test::IsOk()) << expression;
    return parsed && parsed->matches(s);
}

class accepted : public testing::TestWithParam<char const*> {};
TEST_P(accepted, IsTaken) { EXPECT_THAT(site_expression::parse(GetParam()), test::IsOk()); }

// Rucio's accept table, word for word.
INSTANTIATE_TEST_SUITE_P(rucio, accepted,
                         testing::Values("*", "MOCK", "site=CERN-PROD", "tier=1", "tier=1&country=DE\\fts=x", "(A|B)\\C", "((A))",
                                         "(A|(B&C))\\D", "*\\type=TAPE", "A|B|C", "a=b&c|d\\e", "freespace>3000", "x>-5", "-5>x",
                                         "my.attr=1", "de"));
// Refused by Rucio, taken here.
INSTANTIATE_TEST_SUITE_P(ours, accepted,
                         testing::Values("a =b", "a = b", "a!=b", "a<=1", "a>=1", "latitude<46.2", "site=CERN.CH",
                                         "fts=\"https://h:8446\"", "a='x y'", "a in (b, c, \"d e\")", "a not in (b)", "not A",
                                         "A and B or C", "A AND NOT B", " A | B ", "site.a", "\"a--b\"", "A|not B"));

class refused : public testing::TestWithParam<char const*> {};
TEST_P(refused, IsAnErrorWithAColumn) {
    EXPECT_THAT(site_expression::parse(GetParam()), test::FailsWith(errc::invalid_argument, HasSubstr("column")));
}

// Rucio's reject table without the rows that our superset takes.
INSTANTIATE_TEST_SUITE_P(rucio, refused,
                         testing::Values("", "A B", "!A", "fts=https://h:8446", "a=", "=b", "a=b=c", "a=*", "*=1", "A||B",
                                         "A|\\B", "|A", "A|", "()", "(A)(B)", "(A", "A)", "A&(B", "A--B", "_A", "A_",
                                         "\xc3\xa9"));
INSTANTIATE_TEST_SUITE_P(ours, refused,
                         testing::Values("A & B and C", "A or B | C", "a in b", "a in ()", "a in (b", "a in (b,)", "not", "A and",
                                         "a='x", "\"\"", "A not B", "and", "A\x01", "a!b", "a==b", "a=<b", "**", ".a",
                                         "a=\"x\ny\""));

TEST(site_expression_test, ErrorsPointAtTheColumn) {
    using test::FailsWith;
    EXPECT_THAT(site_expression::parse("A||B"), FailsWith(errc::invalid_argument, HasSubstr("column 3:")));
    EXPECT_THAT(site_expression::parse("tier=1&(A"),
                FailsWith(errc::invalid_argument, HasSubstr("column 8: this parenthesis is not closed")));
    EXPECT_THAT(site_expression::parse("A B"),
                FailsWith(errc::invalid_argument, HasSubstr("column 3: an operator is missing before 'B'")));
    EXPECT_THAT(site_expression::parse("fts=https://h"),
                FailsWith(errc::invalid_argument, HasSubstr("column 10: this character needs quotes")));
}

TEST(site_expression_test, SymbolsReadLeftToRightWithoutPrecedence) {
    // ((A\B)|C), not A\(B|C)
    EXPECT_TRUE(matches("A\\B|C", site("B", {{"A", "true"}, {"C", "true"}})));
    // ((((t1|t2)\t2)|t2)&t1), Rucio's example
    EXPECT_FALSE(matches("(t1|t2)\\t2|t2&t1", site("x", {{"t2", "true"}})));
    EXPECT_TRUE(matches("(t1|t2)\\t2|t2&t1", site("x", {{"t1", "true"}})));
    EXPECT_TRUE(matches("(t1|t2)\\t2|t2&t1", site("x", {{"t1", "true"}, {"t2", "true"}})));
    // (A|B)&C: with precedence A alone would do
    EXPECT_FALSE(matches("A|B&C", site("A", {})));
}

TEST(site_expression_test, WordsHavePrecedence) {
    EXPECT_TRUE(matches("A or B and C", site("A", {})));
    EXPECT_FALSE(matches("(A or B) and C", site("A", {})));
    EXPECT_TRUE(matches("A and B or C and D", site("D", {{"C", "true"}})));
    EXPECT_TRUE(matches("not A and B", site("B", {})));
    EXPECT_FALSE(matches("not A or not not A and B", site("A", {})));
}

TEST(site_expression_test, ATagIsTheSitesNameOrATrueAttribute) {
    EXPECT_TRUE(matches("site-a", site("site-a", {})));
    EXPECT_TRUE(matches("gpu", site("site-a", {{"gpu", "true"}})));
    EXPECT_FALSE(matches("gpu", site("site-a", {{"gpu", "no"}})));
    EXPECT_FALSE(matches("gpu", site("site-a", {})));
    EXPECT_TRUE(matches("\"a b\"", site("a b", {})));
}

TEST(site_expression_test, OrderingComparesNumbersAndSkipsOtherValues) {
    EXPECT_TRUE(matches("free>3000", site("s", {{"free", "3000.5"}})));
    EXPECT_FALSE(matches("free>3000", site("s", {{"free", "3000"}})));
    EXPECT_TRUE(matches("free>=3000", site("s", {{"free", "3000"}})));
    EXPECT_TRUE(matches("x>-5", site("s", {{"x", "-4"}})));
    EXPECT_TRUE(matches("latitude<46.2", site("s", {{"latitude", "46.1"}})));
    EXPECT_FALSE(matches("free>3000", site("s", {{"free", "much"}})));
    EXPECT_FALSE(matches("free<3000", site("s", {})));
    EXPECT_FALSE(matches("free<3000", site("s", {{"free", "nan"}})));
}

TEST(site_expression_test, AnAbsentAttributeMatchesNoComparison) {
    EXPECT_FALSE(matches("country=DE", site("s", {})));
    EXPECT_FALSE(matches("country!=DE", site("s", {})));
    EXPECT_FALSE(matches("country not in (DE)", site("s", {})));
    EXPECT_TRUE(matches("not country=DE", site("s", {})));
    EXPECT_TRUE(matches("*\\country=DE", site("s", {})));
    EXPECT_TRUE(matches("country!=DE", site("s", {{"country", "FR"}})));
}

TEST(site_expression_test, ListsQuotesAndBuiltInNames) {
    EXPECT_TRUE(matches("country in (DE, FR)", site("s", {{"country", "FR"}})));
    EXPECT_FALSE(matches("country in (DE, FR)", site("s", {{"country", "IT"}})));
    EXPECT_TRUE(matches("fts=\"https://h:8446\"", site("s", {{"fts", "https://h:8446"}})));
    EXPECT_TRUE(matches("kind=door and id=s and site=s", site("s", {})));
    auto german = site("s", {});
    german.jurisdiction = "DE";
    EXPECT_TRUE(matches("jurisdiction=DE", german));
    EXPECT_FALSE(matches("jurisdiction!=DE", site("s", {})));
    EXPECT_TRUE(matches("\"and\"=1", site("s", {{"and", "1"}})));
}

TEST(site_expression_test, LengthAndDepthAreLimited) {
    EXPECT_THAT(site_expression::parse(std::string(max_expression_bytes + 1, 'a')), test::HasErrc(errc::invalid_argument));
    EXPECT_THAT(site_expression::parse(std::string(63, '(') + "A" + std::string(63, ')')), test::IsOk());
    EXPECT_THAT(site_expression::parse(std::string(1000, '(') + "A" + std::string(1000, ')')),
                test::HasErrc(errc::invalid_argument));
    std::string nots;
    for (int i = 0; i < 500; ++i) nots += "not ";
    EXPECT_THAT(site_expression::parse(nots + "A"), test::HasErrc(errc::invalid_argument));
}

}  // namespace
}  // namespace fjord::transfer
