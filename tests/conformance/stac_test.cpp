// The STAC API as others judge it: stac-api-validator, pystac-client and plain requests (tests/peers/stac_api.py) against a real
// broker with real items. The clients come from deploy/fetch-peers; nothing leaves the machine.
#include "tests/integration/fixture.hpp"

#include "tests/unit/stac/shared_data.hpp"

#include <boost/json/serialize.hpp>

#include <cctype>
#include <iostream>
#include <sstream>

namespace fjord::test {
namespace {

constexpr char const* collection = "sentinel-s2-l2a-cogs";

class StacApi : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (!why_not().empty()) return;
        f = new federation_fixture();
        f->up();
        auto const policy = R"([{"id":"open","effect":"permit","actions":["read"],"select":{"collection":")" +
                            std::string(collection) + R"("}}])";
        f->must("admin", {"policy", "set", "open-data", f->write("open.json", policy)});
        load();
    }
    static void TearDownTestSuite() {
        delete f;
        f = nullptr;
    }
    void SetUp() override {
        if (auto const why = why_not(); !why.empty()) GTEST_SKIP() << why;
    }

    static std::string python() { return FJORD_PEERS "/stac/bin/python"; }
    static std::string why_not() {
        if (!fs::exists(FJORD_PEERS "/stac/prepared")) return "the STAC clients are not in build/peers (deploy/fetch-peers stac)";
        if (stac::test::shared_data("stac/earth-search").empty())
            return "the sample items are not on this machine (set FJORD_SHARED_DATA)";
        return {};
    }

    // 100 real scenes of Antarctica, on both sides of the antimeridian. What leads off the machine is turned around: assets lead
    // to the broker, other links and extensions (whose schemas are elsewhere) go, and with them the version that the bundled
    // schemas describe.
    static void load() {
        auto const folder = stac::test::shared_data("stac/earth-search");
        auto const text = read_file(folder + "/sentinel-s2-l2a-cogs.collection.json", 1u << 20);
        auto document = parse_json(text.value()).value().as_object();
        document["stac_version"] = "1.1.0";
        document["license"] = "other";  // "proprietary" is deprecated since 1.1
        document["id"] = collection;
        for (auto const* member : {"stac_extensions", "item_assets", "assets"}) document.erase(member);
        document["links"] = json::array();
        expect_created("/collections", document);
        json::array features;
        for (auto const& line : stac::test::lines_of(folder + "/sentinel-s2-l2a-cogs.items.ndjson")) {
            auto item = parse_json(line).value().as_object();
            item["stac_version"] = "1.1.0";
            item["stac_extensions"] = json::array();
            item["links"] = json::array();
            // Upper-case letters in ids are legal; the validator only recommends lower-case ones.
            for (auto& c : item["id"].as_string()) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            for (auto& [key, asset] : item["assets"].as_object())
                asset.as_object()["href"] = f->roles().broker_url() + "/conformance";
            features.push_back(std::move(item));
        }
        features.push_back(moved_to_where_the_validator_looks(features.front().as_object()));
        expect_created("/collections/" + std::string(collection) + "/items",
                       {{"type", "FeatureCollection"}, {"features", std::move(features)}});
    }
    // One of its tests needs an item in the box 20,20,21,21.
    static json::object moved_to_where_the_validator_looks(json::object item) {
        item["id"] = "moved";
        item["bbox"] = {20.2, 20.2, 20.8, 20.8};
        item["geometry"] =
            parse_json(R"({"type":"Polygon","coordinates":[[[20.2,20.2],[20.8,20.2],[20.8,20.8],[20.2,20.8],[20.2,20.2]]]})")
                .value();
        return item;
    }
    static void expect_created(std::string const& path, json::object const& body) {
        auto const answer = f->http("POST", path, f->token("admin"), json::serialize(body));
        if (answer.status != 201) f->give_up("POST " + path + ": " + answer.body.substr(0, 1000));
    }

    // Lines of the validator that warn. One always comes with item-search#fields: POST {"exclude": ["properties"], "include":
    // [one property]} must give five members at least and five at most, and is then said to give too many.
    static int warnings_in(std::string const& out) {
        int n = 0;
        bool within = false;
        std::istringstream lines(out);
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("Warnings:")) within = true;
            if (line.starts_with("Errors:")) within = false;
            if (!within || !line.starts_with("- ")) continue;
            ++n;
            EXPECT_TRUE(line.find("Fields Ext") != std::string::npos &&
                        line.find("response contained extra fields") != std::string::npos)
                << line;
        }
        return n;
    }

    // Runs one part of the script; its lines are shown when it fails, or with FJORD_SHOW=1.
    static void expect_passes(std::vector<std::string> args) {
        cli::command c;
        c.argv = {python(),  "-W", "ignore", FJORD_SOURCE_DIR "/tests/peers/stac_api.py", args[0], f->roles().broker_url() + "/",
                  collection};
        c.argv.insert(c.argv.end(), args.begin() + 1, args.end());
        c.env = {{"REQUESTS_CA_BUNDLE", f->roles().path("ca.pem")}, {"SSL_CERT_FILE", f->roles().path("ca.pem")}};
        auto const done = cli::run_command(c);
        ASSERT_TRUE(done) << done.error().message();
        EXPECT_EQ(done->exit_code, 0) << done->out << done->err;
        if (args[0] == "validator") {
            EXPECT_NE(done->out.find("Errors: none"), std::string::npos) << done->out;
            EXPECT_EQ(warnings_in(done->out), args.size() > 1 ? 0 : 1) << done->out;
        }
        if (std::getenv("FJORD_SHOW")) std::cout << done->out;
    }

    static inline federation_fixture* f = nullptr;
};

TEST_F(StacApi, TheValidatorFindsNoErrorAndWarnsOnlyOfItsOwnContradiction) { expect_passes({"validator"}); }

TEST_F(StacApi, TheValidatorFindsNoErrorAndNoWarningInTransactions) {
    auto const admin = f->token("admin");
    f->in_use(admin);
    expect_passes({"validator", admin.reveal()});
}

TEST_F(StacApi, PystacClientWalksSearchesPagesAndFilters) { expect_passes({"client", "101"}); }

TEST_F(StacApi, EdgesOfHttpAnswerAsClientsNeedThem) { expect_passes({"http"}); }

}  // namespace
}  // namespace fjord::test
