#include "base/config.hpp"

#include "tests/support/matchers.hpp"
#include "tests/support/temp_dir.hpp"

#include <string>

using namespace fjord;
using namespace fjord::test;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

namespace {

struct issuer_options {
    std::string url;
    std::vector<std::string> audience;
};

struct options {
    std::vector<std::string> listen{"https://127.0.0.1:0"};
    bool tokens_over_http = false;
    std::string data_dir;
    std::string log_level = "info";
    std::int64_t threads = 2;
    std::uint64_t disk_size = 1u << 20;
    seconds lifetime{3600};
    std::vector<issuer_options> issuers;
    std::vector<std::pair<std::string, std::string>> attributes;
};

result<void> must_be_https(std::string const& url) {
    if (url.starts_with("https://")) return {};
    return fail(errc::invalid_argument, "'" + url + "' must start with https://");
}

config_table table_of(options& o) {
    config_table t;
    t.section("disk", "The disk tier");
    t.text_list("listen", &o.listen).prose("Where to listen").check(must_be_https);
    t.boolean("tokens_over_http", &o.tokens_over_http).prose("Accept tokens on plain listeners");
    t.text("data_dir", &o.data_dir).required().prose("Folder of the state");
    t.text("log.level", &o.log_level).one_of({"debug", "info", "warn", "error"}).reloadable();
    t.integer("threads", &o.threads).between(1, 64);
    t.bytes("disk.size", &o.disk_size).between(4096, std::int64_t{1} << 50).prose("Bytes the tier may use");
    t.duration("disk.lifetime", &o.lifetime).between(60, 86400);
    auto const row = [](config_table& r, issuer_options& i) {
        r.text("url", &i.url).required().check(must_be_https).prose("Issuer");
        r.text_list("audience", &i.audience);
    };
    t.array<issuer_options>("issuer", &o.issuers, row).prose("Trusted token issuers");
    t.free_table("attributes", &o.attributes);
    return t;
}

result<void> parse(options& o, std::string_view toml) { return table_of(o).parse_text(toml, "broker.toml"); }

TEST(Config, ReadsEveryType) {
    options o;
    auto const ok = parse(o, R"(
listen = ["https://0.0.0.0:8443", "https://[::1]:1"]
tokens_over_http = true
data_dir = "/var/lib/x"
threads = 8
[log]
level = "debug"
[disk]
size = "64 MiB"
lifetime = "PT2H"
[[issuer]]
url = "https://one"
audience = ["a", "b"]
[[issuer]]
url = "https://two"
[attributes]
country = "DE"
tier = 1
fast = true
)");
    ASSERT_THAT(ok, IsOk());
    EXPECT_THAT(o.listen, ElementsAre("https://0.0.0.0:8443", "https://[::1]:1"));
    EXPECT_TRUE(o.tokens_over_http);
    EXPECT_EQ(o.data_dir, "/var/lib/x");
    EXPECT_EQ(o.threads, 8);
    EXPECT_EQ(o.log_level, "debug");
    EXPECT_EQ(o.disk_size, 64u << 20);
    EXPECT_EQ(o.lifetime, seconds{7200});
    ASSERT_EQ(o.issuers.size(), 2u);
    EXPECT_THAT(o.issuers[0].audience, ElementsAre("a", "b"));
    EXPECT_EQ(o.issuers[1].url, "https://two");
    EXPECT_THAT(o.attributes, ::testing::UnorderedElementsAre(Pair("country", "DE"), Pair("tier", "1"), Pair("fast", "true")));
}

TEST(Config, KeepsDefaultsForWhatIsNotSaid) {
    options o;
    ASSERT_THAT(parse(o, "data_dir = \"/d\""), IsOk());
    EXPECT_THAT(o.listen, ElementsAre("https://127.0.0.1:0"));
    EXPECT_EQ(o.threads, 2);
    EXPECT_EQ(o.log_level, "info");
    EXPECT_THAT(o.issuers, IsEmpty());
}

TEST(Config, ReadsSizesAndDurationsInTheirSpellings) {
    std::pair<char const*, std::uint64_t> const sizes[] = {
        {"4096", 4096},          {"\"4096\"", 4096},       {"\"8KiB\"", 8192},           {"\"1 GiB\"", 1u << 30},
        {"\"2 MB\"", 2'000'000}, {"\"1TiB\"", 1ull << 40}, {"\"10 GB\"", 10'000'000'000}};
    for (auto const& [text, size] : sizes) {
        options o;
        EXPECT_THAT(parse(o, std::string("data_dir=\"d\"\ndisk.size = ") + text), IsOk());
        EXPECT_EQ(o.disk_size, size) << text;
    }
    options o;
    EXPECT_THAT(parse(o, "data_dir=\"d\"\ndisk.lifetime = 90"), IsOk());
    EXPECT_EQ(o.lifetime, seconds{90});
}

struct wrong_case {
    char const* toml;
    char const* detail;
};

TEST(Config, NamesFileLineKeyAndWhatIsAllowed) {
    wrong_case const cases[] = {
        {"data_dir = 3", "broker.toml:1: data_dir: must be text in quotes, not an integer"},
        {"data_dir = \"d\"\ntokens_over_http = \"yes\"", "broker.toml:2: tokens_over_http: must be true or false, not text"},
        {"data_dir = \"d\"\nthreads = 2.0", "broker.toml:2: threads: must be an integer, not a decimal number"},
        {"data_dir = \"d\"\n\nthreads = 65", "broker.toml:3: threads: 65 is out of bounds: allowed is 1 to 64"},
        {"data_dir = \"d\"\nthreads = 0", "broker.toml:2: threads: 0 is out of bounds: allowed is 1 to 64"},
        {"data_dir = \"d\"\nthreads = [1]", "broker.toml:2: threads: must be an integer, not a list"},
        {"data_dir = \"d\"\nlisten = \"https://x\"", "broker.toml:2: listen: must be a list of texts, not text"},
        {"data_dir = \"d\"\nlisten = [1]", "broker.toml:2: listen: must be a list of texts; it holds an integer"},
        {"data_dir = \"d\"\nlisten = [\"http://x\"]", "broker.toml:2: listen: 'http://x' must start with https://"},
        {"data_dir = \"d\"\n[log]\nlevel = \"loud\"",
         "broker.toml:3: log.level: \"loud\" is not one of: debug, info, warn, error"},
        {"data_dir = \"d\"\n[disk]\nsize = \"64 MX\"", "broker.toml:3: disk.size: \"64 MX\" is not a size"},
        {"data_dir = \"d\"\n[disk]\nsize = -1", "broker.toml:3: disk.size: a size cannot be negative"},
        {"data_dir = \"d\"\n[disk]\nsize = \"1 KiB\"",
         "broker.toml:3: disk.size: \"1 KiB\" is out of bounds: allowed is 4096 to "},
        {"data_dir = \"d\"\n[disk]\nsize = \"99999999999 TiB\"", "broker.toml:3: disk.size: \"99999999999 TiB\" is not a size"},
        {"data_dir = \"d\"\n[disk]\nlifetime = \"P1Y\"", "broker.toml:3: disk.lifetime: 'P1Y' is not a duration"},
        {"data_dir = \"d\"\n[disk]\nlifetime = 1", "broker.toml:3: disk.lifetime: PT1S is out of bounds: allowed is PT1M to P1D"},
        {"data_dir = \"d\"\n[disk]\nlifetime = -1", "broker.toml:3: disk.lifetime: a duration cannot be negative"},
        {"data_dir = \"d\"\n[issuer]\nurl = \"https://x\"",
         "broker.toml:2: issuer: must be an array of tables, written [[issuer]]"},
        {"data_dir = \"d\"\nissuer = 1", "broker.toml:2: issuer: must be an array of tables, written [[issuer]]"},
        {"data_dir = \"d\"\n[attributes]\nx = 1.5",
         "broker.toml:3: attributes.x: must be text, true, false or an integer, not a decimal number"},
        {"data_dir = \"d\"\nattributes = 1", "broker.toml:2: attributes: must be a table, not an integer"},
        {"data_dir = \"d\"\ndisk = 1", "broker.toml:2: disk: unknown key"},
        {"data_dir = 1979-05-27", "broker.toml:1: data_dir: must be text in quotes, not a date or time"},
        {"data_dir = \"d", "broker.toml:1: syntax: "},
        {"data_dir = \"d\"\ndata_dir = \"e\"", "broker.toml:2: syntax: "},
        {"data_dir = \"\xff\"", "broker.toml:1: syntax: "},
    };
    for (auto const& c : cases) {
        options o;
        EXPECT_THAT(parse(o, c.toml), FailsWith(errc::invalid_argument, HasSubstr(c.detail))) << c.toml;
    }
}

TEST(Config, RefusesUnknownKeysAndSuggestsTheNearest) {
    wrong_case const cases[] = {
        {"data_dri = \"d\"", "broker.toml:1: data_dri: unknown key; did you mean 'data_dir'?"},
        {"data_dir = \"d\"\n[disk]\nsise = 1", "broker.toml:3: disk.sise: unknown key; did you mean 'disk.size'?"},
        {"data_dir = \"d\"\nsize = 1", "broker.toml:2: size: unknown key; did you mean 'disk.size'?"},
        {"data_dir = \"d\"\n[dsik]\nsize = 1", "broker.toml:2: dsik: unknown key; did you mean 'disk'?"},
        {"data_dir = \"d\"\n[[issuer]]\nurl = \"https://x\"\naudiences = []",
         "broker.toml:4: issuer[0].audiences: unknown key; did you mean 'audience'?"},
        {"data_dir = \"d\"\nbanana = 1", "broker.toml:2: banana: unknown key"},
    };
    for (auto const& c : cases) {
        options o;
        EXPECT_THAT(parse(o, c.toml), FailsWith(errc::invalid_argument, HasSubstr(c.detail))) << c.toml;
    }
    options o;
    EXPECT_THAT(parse(o, "data_dir = \"d\"\nbanana = 1"), FailsWith(errc::invalid_argument, Not(HasSubstr("did you mean"))));
}

TEST(Config, NamesWhereARequiredKeyIsMissing) {
    options o;
    EXPECT_THAT(parse(o, ""), FailsWith(errc::invalid_argument,
                                        "broker.toml:1: data_dir: required key is missing from the top level of the file"));
    EXPECT_THAT(parse(o, "data_dir = \"d\"\n[[issuer]]\naudience = []"),
                FailsWith(errc::invalid_argument, "broker.toml:2: issuer[0].url: required key is missing from this table"));
    std::string path;
    config_table t;
    t.section("disk", "The disk tier");
    t.text("disk.path", &path).required();
    std::int64_t n = 0;
    t.integer("disk.n", &n);
    EXPECT_THAT(
        t.parse_text("\n[disk]\nn = 1", "c.toml"),
        FailsWith(errc::invalid_argument, "c.toml:2: disk.path: required key is missing from section [disk] (The disk tier)"));
}

TEST(Config, ReportsAllFaultsOfAFileInTheOrderOfItsLines) {
    options o;
    auto const outcome = parse(o, "threads = 0\nbanana = 1\n[log]\nlevel = 7\n[[issuer]]\nurl = \"http://x\"");
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().detail,
              "broker.toml:1: threads: 0 is out of bounds: allowed is 1 to 64\n"
              "broker.toml:1: data_dir: required key is missing from the top level of the file\n"
              "broker.toml:2: banana: unknown key\n"
              "broker.toml:4: log.level: must be text in quotes, not an integer\n"
              "broker.toml:6: issuer[0].url: 'http://x' must start with https://");
}

TEST(Config, ReadsAFileAndNamesItWhenItIsNotThere) {
    temp_dir dir;
    options o;
    EXPECT_THAT(table_of(o).parse_file(dir.write("b.toml", "data_dir = \"d\"")), IsOk());
    EXPECT_THAT(table_of(o).parse_file(dir.path("none.toml")), FailsWith(errc::not_found, HasSubstr(dir.path("none.toml"))));
}

TEST(Config, ArraysStartAnewWhenAFileIsReadAgain) {
    options o;
    char const text[] = "data_dir = \"d\"\n[[issuer]]\nurl = \"https://x\"";
    ASSERT_THAT(parse(o, text), IsOk());
    ASSERT_THAT(parse(o, text), IsOk());
    EXPECT_EQ(o.issuers.size(), 1u);
}

TEST(Config, DocumentsWhatItReads) {
    options o;
    auto const text = table_of(o).markdown();
    EXPECT_THAT(text, HasSubstr("| Key | Type | Default | Meaning |"));
    EXPECT_THAT(text, HasSubstr("| `data_dir` | text | **required** | Folder of the state |"));
    EXPECT_THAT(text, HasSubstr("| `threads` | integer, 1 to 64 | `2` |"));
    EXPECT_THAT(text, HasSubstr("### `[disk]`\n\nThe disk tier.\n"));
    EXPECT_THAT(text, HasSubstr("| `level` | text: `debug`, `info`, `warn`, `error` | `\"info\"` |  Applied on reload. |"));
    EXPECT_THAT(text, HasSubstr("| `lifetime` | duration, PT1M to P1D | `\"PT1H\"` |"));
    EXPECT_THAT(text, HasSubstr("### `[[issuer]]`\n\nTrusted token issuers.\n"));
    EXPECT_THAT(text, HasSubstr("| `url` | text | **required** | Issuer |"));
}

}  // namespace
