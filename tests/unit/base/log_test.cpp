#include "base/log.hpp"

#include "base/json.hpp"
#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"

#include <concepts>
#include <fmt/format.h>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using namespace fjord;
using namespace fjord::test;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

constexpr char token[] = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJlLWJ5dGVz";

template <class T>
concept streamable = requires(std::ostream& os, T const& v) {
    os << v;
};

static_assert(streamable<std::string>);
static_assert(!streamable<secret>);
static_assert(!fmt::is_formattable<secret>::value);
static_assert(!std::convertible_to<secret, std::string>);
static_assert(!std::convertible_to<secret, std::string_view>);
static_assert(!std::constructible_from<log_field, std::string_view, secret>);
static_assert(!std::constructible_from<log_field, std::string_view, secret const&>);

// Sends the log to a file for one test and puts it back.
class captured_log {
public:
    captured_log() {
        set_log_output(dir_.path("log"));
        set_log_level(log_level::debug);
    }
    ~captured_log() {
        set_log_output("");
        set_log_level(log_level::info);
    }
    std::string text() const { return dir_.read("log"); }
    std::vector<json::value> lines() const {
        std::vector<json::value> out;
        std::istringstream in(text());
        for (std::string line; std::getline(in, line);) out.push_back(parse_json(line).value());
        return out;
    }

private:
    temp_dir dir_;
};

logger const test_log("test");

TEST(Log, WritesOneJsonObjectPerLineWithTypedFields) {
    captured_log capture;
    test_log.info(
        "transfer \"x\" done\n",
        {{"id", "t1"}, {"bytes", std::uint64_t{1} << 63}, {"delta", -5}, {"ratio", 0.5}, {"ok", true}, {"bad", "\xff"}});
    auto const lines = capture.lines();
    ASSERT_EQ(lines.size(), 1u);
    auto const& line = lines[0].as_object();
    EXPECT_EQ(line.at("level").as_string(), "info");
    EXPECT_EQ(line.at("module").as_string(), "test");
    EXPECT_EQ(line.at("msg").as_string(), "transfer \"x\" done\n");
    EXPECT_EQ(line.at("id").as_string(), "t1");
    EXPECT_EQ(line.at("bytes").as_uint64(), 1ull << 63);
    EXPECT_EQ(line.at("delta").as_int64(), -5);
    EXPECT_EQ(line.at("ratio").as_double(), 0.5);
    EXPECT_EQ(line.at("ok").as_bool(), true);
    EXPECT_TRUE(line.contains("t"));
}

TEST(Log, WritesNothingBelowItsLevel) {
    captured_log capture;
    set_log_level(log_level::warn);
    test_log.info("quiet");
    test_log.warn("loud");
    EXPECT_THAT(capture.text(), Not(HasSubstr("quiet")));
    EXPECT_THAT(capture.text(), HasSubstr("loud"));
    EXPECT_FALSE(test_log.enabled(log_level::debug));
    set_log_level(log_level::off);
    test_log.error("silent");
    EXPECT_THAT(capture.text(), Not(HasSubstr("silent")));
}

TEST(Log, CannotPrintATokenThatCameWithForeignText) {
    captured_log capture;
    test_log.error(std::string("peer said: Bearer ") + token, {{"url", std::string("https://h/x?authz=") + token}});
    EXPECT_THAT(capture.text(), Not(HasSubstr("eyJ")));
    EXPECT_THAT(capture.text(), HasSubstr("https://h/x?authz=[removed]"));
}

TEST(Log, CutsTextsWithoutEnd) {
    captured_log capture;
    test_log.info("big", {{"body", std::string(1'000'000, 'x')}});
    EXPECT_LT(capture.text().size(), 8192u);
    EXPECT_EQ(capture.lines().size(), 1u);
}

TEST(Log, LinesOfManyThreadsStayWhole) {
    captured_log capture;
    auto const write_many = [] {
        for (int i = 0; i < 200; ++i) test_log.info("line", {{"filler", std::string(3000, 'y')}});
    };
    std::thread first(write_many);
    std::thread second(write_many);
    first.join();
    second.join();
    EXPECT_EQ(capture.lines().size(), 400u);
}

TEST(Log, SaysWhenTheFileCannotBeOpened) { EXPECT_FALSE(set_log_output("/nonexistent/folder/log")); }

TEST(LogLevel, ReadsItsNamesOnly) {
    log_level level = log_level::info;
    EXPECT_TRUE(parse_log_level("WARN", level));
    EXPECT_EQ(level, log_level::warn);
    EXPECT_FALSE(parse_log_level("verbose", level));
    EXPECT_EQ(level, log_level::warn);
}

TEST(Scrub, RemovesWhatLooksLikeACredential) {
    std::string const t = token;
    std::pair<std::string, std::string> const cases[] = {
        {"authz=abc", "authz=[removed]"},
        {"https://h/p?authz=Bearer%20" + t + "&x=1", "https://h/p?authz=[removed]&x=1"},
        {"?a=1&AUTHZ=Bearer " + t + " end", "?a=1&AUTHZ=[removed] end"},
        {"ticket=q9, next", "ticket=[removed], next"},
        {"{\"url\":\"x?access_token=s3cr3t\"}", "{\"url\":\"x?access_token=[removed]\"}"},
        {"Authorization: Bearer xxx", "Authorization: Bearer [removed]"},
        {"authorization: bearer abc.def-ghi_~+/==, more", "authorization: bearer [removed], more"},
        {"TransferHeaderAuthorization: Bearer " + t + "\r\nX: y", "TransferHeaderAuthorization: Bearer [removed]\r\nX: y"},
        {"token was " + t + ".", "token was [removed]"},
        {"(" + t + ")", "([removed])"},
        {"Authorization: Basic dXNlcjpwdw==", "Authorization: Basic [removed]"},
        {"https://user:pw@host/p", "https://[removed]@host/p"},
        {"X-Amz-Signature=0011&x", "X-Amz-Signature=[removed]&x"},
        {"authz=a authz=b", "authz=[removed] authz=[removed]"},
        {"refresh_token=r&client_secret=c", "refresh_token=[removed]&client_secret=[removed]"},
    };
    for (auto const& [text, clean] : cases) EXPECT_EQ(scrub(text), clean) << text;
}

TEST(Scrub, LeavesOrdinaryTextAlone) {
    for (auto const* text :
         {"", "nothing to see", "a Bearer token is needed", "Bearer realm=\"x\", error=\"invalid_token\"", "basic attributes",
          "https://host:8443/collections/a@b", "fjord://host/c/i", "eye", "key=value", "sha-256=abc", "the bearer"}) {
        EXPECT_EQ(scrub(text), text);
    }
}

}  // namespace
