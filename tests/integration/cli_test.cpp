// The command line against a real federation: what people type, what they see, and the exit codes scripts rely on.
#include "tests/integration/fixture.hpp"

#include <fstream>

namespace fjord::test {
namespace {

class CommandLine : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        f = new federation_fixture();
        f->up();
        f->must("twin", {"put", f->write("grid.bin", federation_fixture::bytes(20u << 20, 5)), "elevation/cli/grid"});
    }
    static void TearDownTestSuite() {
        delete f;
        f = nullptr;
    }
    static inline federation_fixture* f = nullptr;
};

TEST_F(CommandLine, ListsBrowseDownToAssets) {
    EXPECT_NE(f->expect_ok("twin", {"ls"}).out.find("elevation"), std::string::npos);
    EXPECT_NE(f->expect_ok("twin", {"ls", "elevation"}).out.find("cli"), std::string::npos);
    auto const assets = f->expect_ok("twin", {"ls", "elevation/cli"});
    EXPECT_NE(assets.out.find("grid"), std::string::npos) << assets.out;
    EXPECT_NE(assets.out.find("20971520"), std::string::npos) << assets.out;
}

TEST_F(CommandLine, JsonListsAreOneObjectPerLine) {
    auto const out = f->expect_ok("twin", {"--json", "ls"}).out;
    std::size_t lines = 0, begin = 0;
    for (std::size_t end; (end = out.find('\n', begin)) != std::string::npos; begin = end + 1, ++lines)
        EXPECT_TRUE(parse_json(std::string_view(out).substr(begin, end - begin)));
    EXPECT_EQ(lines, 4u);
}

TEST_F(CommandLine, WhoamiNamesGroupsAndRoles) {
    auto const out = f->expect_ok("admin", {"whoami"}).out;
    EXPECT_NE(out.find("admin"), std::string::npos);
    EXPECT_NE(out.find("/twins/flood"), std::string::npos);
    EXPECT_NE(f->expect_ok("", {"whoami"}).out.find("anonymous"), std::string::npos);
}

TEST_F(CommandLine, AnInterruptedDownloadResumesAndIsVerified) {
    auto const target = f->dir() + "/resumed.bin";
    auto const content = federation_fixture::bytes(20u << 20, 5);
    // What an earlier run left: the first of three chunks, with the map that says so; and rubbish where nothing was fetched.
    f->write("resumed.bin.fjord-part", content.substr(0, 8u << 20) + std::string(12u << 20, 'x'));
    f->write("resumed.bin.fjord-part.map", sha256_of(content).hex() + "\n100\n");
    f->expect_ok("twin", {"get", "elevation/cli/grid", target});
    EXPECT_EQ(*read_file(target), content);
    EXPECT_FALSE(fs::exists(target + ".fjord-part"));
}

TEST_F(CommandLine, ALyingPartialFileIsFoundAndFetchedAgain) {
    auto const target = f->dir() + "/lying.bin";
    auto const content = federation_fixture::bytes(20u << 20, 5);
    f->write("lying.bin.fjord-part", std::string(20u << 20, 'x'));
    f->write("lying.bin.fjord-part.map", sha256_of(content).hex() + "\n111\n");
    f->expect_ok("twin", {"get", "elevation/cli/grid", target});
    EXPECT_EQ(*read_file(target), content);
}

TEST_F(CommandLine, AnItemBecomesAFolder) {
    auto const folder = f->dir() + "/item-folder";
    f->expect_ok("twin", {"get", "elevation/cli", folder});
    EXPECT_TRUE(fs::exists(folder + "/grid.bin"));
}

// raster2stac writes an item per line and calls the file inline_items.csv; it goes in as it is.
TEST_F(CommandLine, ItemsThatAreWrittenAlreadyAreIngestedByLine) {
    auto line = [](std::string const& id, std::string const& more = {}) {
        return R"({"type": "Feature", "stac_version": "1.0.0", "id": ")" + id +
               R"(", "properties": {"proj:epsg": 4326, "datetime": "2023-06-02T00:00:00Z"}, "geometry": {"type": "Polygon", "coordinates": [[[10.0, 46.0], [11.0, 46.0], [11.0, 47.0], [10.0, 47.0], [10.0, 46.0]]]}, "links": [{"rel": "collection", "href": "https://stac.example/collections/climate"}], "assets": {"t2m": {"href": "https://s3.example/t2m.tif", "type": "image/tiff; application=geotiff; profile=cloud-optimized", "eo:bands": [{"name": "t2m"}], "raster:bands": [{"data_type": "float32", "scale": 1.0, "offset": 0.0}], "roles": ["data"]}}, "bbox": [10.0, 46.0, 11.0, 47.0], "stac_extensions": ["https://stac-extensions.github.io/projection/v1.1.0/schema.json"], "collection": "climate")" +
               more + "}\n";
    };
    fs::create_directories(f->dir() + "/r2s");
    auto const file = f->write("r2s/inline_items.csv", line("20230602000000") + line("20230603000000"));
    EXPECT_NE(f->expect_ok("twin", {"ingest", file}).out.find("2 created"), std::string::npos);
    EXPECT_NE(f->expect_ok("twin", {"ls", "climate"}).out.find("20230603000000"), std::string::npos);
    auto const again = f->fjord("twin", {"ingest", file, "--collection", "climate"});
    EXPECT_EQ(again.exit_code, 1);
    EXPECT_NE(again.err.find("inline_items.csv:1: 20230602000000: "), std::string::npos) << again.err;
    EXPECT_NE(f->expect_ok("twin", {"ingest", file, "--upsert"}).out.find("2 the same already"), std::string::npos);
    auto const mixed = f->write("mixed.ndjson", line("good") + "{\n\n" + line("20230602000000", R"(,"extra":1)"));
    auto const partly = f->fjord("twin", {"ingest", mixed, "--upsert"});
    EXPECT_EQ(partly.exit_code, 1);
    EXPECT_NE(partly.err.find("mixed.ndjson:2: "), std::string::npos) << partly.err;
    EXPECT_NE(partly.out.find("1 created, 1 replaced"), std::string::npos) << partly.out;
}

TEST_F(CommandLine, EventsGoOnWhereTheLastRunEnded) {
    auto const cursor = f->dir() + "/cursor";
    f->expect_ok("admin", {"events", "--cursor-file", cursor});
    EXPECT_EQ(f->expect_ok("admin", {"events", "--cursor-file", cursor, "--types", "item.*"}).out, "");
    f->expect_ok("twin", {"put", f->write("e.bin", "events"), "elevation/told/e"});
    auto const news = f->expect_ok("admin", {"events", "--cursor-file", cursor, "--types", "item.*"}).out;
    EXPECT_NE(news.find("org.fjord.item.created"), std::string::npos) << news;
    EXPECT_NE(news.find("elevation/told"), std::string::npos) << news;
}

TEST_F(CommandLine, ADirectoryIsRegisteredAsATree) {
    auto const tree = f->dir() + "/site-a/kept/rain.zarr";
    fs::create_directories(tree + "/rain");
    std::ofstream(tree + "/.zgroup") << "{}";
    std::ofstream(tree + "/rain/0.0") << "chunk";
    std::ofstream(tree + "/rain.txt") << "between . and /";
    f->must("twin", {"put", f->write("a.bin", "x"), "elevation/cube/other"});
    auto const put = f->fjord("admin", {"tree", "put", tree, "elevation/cube/store", "--type", "application/vnd+zarr; version=2",
                                        "--site", "site-a", "--path", "kept/rain.zarr"});
    ASSERT_EQ(put.exit_code, 0) << put.err;
    EXPECT_NE(put.out.find("3 members"), std::string::npos) << put.out;
    auto const list = f->expect_ok("twin", {"tree", "ls", "elevation/cube/store", "--prefix", "rain/"}).out;
    EXPECT_NE(list.find("rain/0.0"), std::string::npos) << list;
    EXPECT_EQ(list.find("rain.txt"), std::string::npos) << list;
    f->expect_ok("twin", {"get", "elevation/cube/store/rain/0.0", f->dir() + "/chunk"});
    EXPECT_EQ(*read_file(f->dir() + "/chunk"), "chunk");
    std::ofstream(tree + "/rain/0.0") << "other";  // same size
    auto const wrong =
        f->write("wrong.ndjson", "{\"path\":\"rain/0.0\",\"size\":5,\"digest\":\"" + sha256_of("chunk").text() + "\"}\n");
    auto const refused =
        f->fjord("admin", {"tree", "put", wrong, "elevation/cube/wrong", "--site", "site-a", "--path", "kept/rain.zarr"});
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_NE(refused.err.find("rain/0.0"), std::string::npos) << refused.err;
}

TEST_F(CommandLine, RulesPlanExplainAndDelete) {
    auto const plan = f->expect_ok("twin", {"--json", "rule", "plan", "elevation/cli", "--sites", "country=IT", "--copies", "1"});
    EXPECT_NE(plan.out.find("\"copies_to_make\":1"), std::string::npos) << plan.out;
    auto const bad = f->fjord("twin", {"rule", "add", "elevation/cli", "--sites", "tier=1&&country=DE"});
    EXPECT_EQ(bad.exit_code, 2);
    EXPECT_NE(bad.err.find("column"), std::string::npos) << bad.err;
    auto const added =
        parse_json(f->expect_ok("twin", {"--json", "rule", "add", "elevation/cli", "--sites", "country=IT", "--wait"}).out);
    ASSERT_TRUE(added);
    auto const id = cli::member_text(*added, "id");
    EXPECT_NE(f->expect_ok("twin", {"rule", "explain", id}).out.find("site-b"), std::string::npos);
    f->expect_ok("twin", {"rule", "delete", id});
    EXPECT_EQ(f->fjord("twin", {"rule", "show", id}).exit_code, 3);
}

TEST_F(CommandLine, FilterRulesCoverMatchingItemsOnly) {
    for (std::string const id : {"clear", "cloudy"}) {
        auto const cover = id == "clear" ? "3" : "80";
        auto const item =
            R"({"type":"Feature","stac_version":"1.1.0","id":")" + id +
            R"(","collection":"landsat-7","geometry":null,"properties":{"datetime":"2020-01-01T00:00:00Z","eo:cloud_cover":)" +
            cover + R"(},"links":[],"assets":{}})";
        EXPECT_EQ(f->http("POST", "/collections/landsat-7/items", f->token("twin"), item).status, 201u);
        f->expect_ok("twin", {"put", f->write(id + ".bin", federation_fixture::bytes(1000, id == "clear" ? 1 : 2)),
                              "landsat-7/" + id + "/band", "--at", "site-a"});
    }
    f->expect_ok("twin", {"rule", "add", "--collection", "landsat-7", "--filter", "eo:cloud_cover < 10", "--sites", "tier=1",
                          "--copies", "2", "--wait"});
    auto copies = [](std::string const& id) {
        return f->call("GET", "/api/v1/replicas?uri=landsat-7/" + id + "/band", "twin").at("replicas").as_array().size();
    };
    EXPECT_EQ(copies("clear"), 2u);
    EXPECT_EQ(copies("cloudy"), 1u);
}

TEST_F(CommandLine, APolicyChangeHoldsFromTheNextRequestOn) {
    EXPECT_EQ(f->http("GET", "/data/elevation/cli/grid").status, 307u);
    auto const closed =
        R"([{"id":"shut","effect":"forbid","actions":["read"],"select":{"collection":"elevation"},"when":[{"subject.groups":{"not_contains_any":["/twins/flood"]}}]}])";
    f->expect_ok("admin", {"policy", "set", "extra", f->write("extra.json", closed)});
    EXPECT_EQ(f->http("GET", "/data/elevation/cli/grid").status, 401u);
    f->expect_ok("admin", {"policy", "delete", "extra"});
    EXPECT_EQ(f->http("GET", "/data/elevation/cli/grid").status, 307u);
}

TEST_F(CommandLine, AnUnenforceablePolicyIsRefusedWithItsReason) {
    auto const file =
        f->write("bad-policy.json", R"([{"id":"x","effect":"permit","actions":["read"],"select":{"colour":"red"},"when":[]}])");
    auto const offline = f->fjord("", {"policy", "check", file});
    EXPECT_NE(offline.exit_code, 0);
    EXPECT_NE(offline.err.find("colour"), std::string::npos) << offline.err;
    EXPECT_NE(f->fjord("admin", {"policy", "set", "bad", file}).exit_code, 0);
}

}  // namespace
}  // namespace fjord::test
