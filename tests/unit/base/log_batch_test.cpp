#include "base/log_batch.hpp"

#include "base/json.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"

#include <sstream>
#include <vector>

using namespace fjord;
using namespace fjord::test;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

struct LogBatch : ::testing::Test {
    LogBatch() { set_log_output(dir.path("log")); }
    ~LogBatch() override { set_log_output(""); }

    std::vector<json::value> written() const {
        std::vector<json::value> out;
        std::istringstream in(dir.read("log"));
        for (std::string line; std::getline(in, line);) out.push_back(parse_json(line).value());
        return out;
    }

    temp_dir dir;
    log_batch lines{"access"};
};

TEST_F(LogBatch, WritesLinesOfTheSameFormAsTheLogger) {
    lines.begin(log_level::info, "request");
    lines.field("path", "/a");
    lines.field("bytes", std::uint64_t{7});
    lines.milliseconds_field("ms", std::chrono::nanoseconds{12'034'567});
    lines.end();
    lines.flush();
    logger("access").info("request", {{"path", "/a"}, {"bytes", 7u}, {"ms", 12.034}});
    auto const both = written();
    ASSERT_EQ(both.size(), 2u);
    auto ours = both[0].as_object(), theirs = both[1].as_object();
    EXPECT_TRUE(parse_rfc3339(ours["t"].as_string()));
    ours.erase("t");
    theirs.erase("t");
    EXPECT_EQ(ours, theirs);
}

TEST_F(LogBatch, ScrubsQuotesAndCutsEveryField) {
    lines.begin(log_level::warn, "request");
    lines.field("a", "/x?authz=hush");
    lines.field("b", "say \"hi\"\n\x01\xFF");
    lines.field("c", std::string(5000, 'x'));
    lines.end();
    lines.flush();
    auto const line = written().at(0).as_object();
    EXPECT_EQ(line.at("level").as_string(), "warn");
    EXPECT_THAT(std::string(line.at("a").as_string()), Not(HasSubstr("hush")));
    EXPECT_THAT(std::string(line.at("b").as_string()), HasSubstr("say \"hi\"\n"));
    EXPECT_THAT(std::string(line.at("c").as_string()), HasSubstr("(cut)"));
}

TEST_F(LogBatch, KeepsLinesUntilThereAreManyOrItIsTold) {
    auto const one = [&] {
        lines.begin(log_level::info, "request");
        lines.field("text", std::string(1000, 'x'));
        lines.end();
    };
    one();
    EXPECT_EQ(dir.read("log"), "");
    for (int i = 0; i < 40; ++i) one();
    EXPECT_GT(written().size(), 20u);
    lines.flush();
    EXPECT_EQ(written().size(), 41u);
}

TEST_F(LogBatch, LosesNothingWhenItEnds) {
    {
        log_batch other("other");
        other.begin(log_level::info, "last words");
        other.end();
    }
    EXPECT_EQ(written().size(), 1u);
}

TEST(NeedsScrubbing, IsTrueForWhateverScrubChanges) {
    for (std::string_view text : {"authz=x", "?ticket=abc", "Bearer abc.def", "Bearer%20abc",
                                  "Basic dXNlcjpwdw==", "https://u:p@h/", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"}) {
        EXPECT_TRUE(needs_scrubbing(text)) << text;
        EXPECT_NE(scrub(text), text);
    }
    for (std::string_view text : {"", "/data/a.nc", "127.0.0.1", "GET", "//host/path"})
        EXPECT_FALSE(needs_scrubbing(text)) << text;
}

}  // namespace
