#include "tests/unit/stac/api_fixture.hpp"

#include <gmock/gmock.h>

namespace fjord::stac::test {
namespace {

using ::testing::HasSubstr;

using api_write = api_fixture;

TEST_F(api_write, WhatIsPostedIsReadableInTheNextRequest) {
    add_collection("c");
    auto const r = post("/collections/c/items", sample_item("i"), admin());
    EXPECT_EQ(r.status, 201u);
    EXPECT_EQ(r.headers.get("Location"), "https://broker.test/collections/c/items/i");
    EXPECT_EQ(r.headers.get("Content-Type"), "application/geo+json");
    EXPECT_EQ(get("/collections/c/items/i").status, 200u);
}

TEST_F(api_write, PostRefusesWhatIsThereMismatchedOrMalformed) {
    add_collection("c");
    add_item("c", sample_item("i"));
    EXPECT_EQ(post("/collections/c/items", sample_item("i"), admin()).status, 409u);
    EXPECT_EQ(post("/collections/c/items", sample_item("j", {.collection = "other"}), admin()).status, 400u);
    EXPECT_EQ(post("/collections/c/items", "{", admin()).status, 400u);
    EXPECT_EQ(post("/collections/c/items", R"({"type":"Feature"})", admin()).status, 400u);
    EXPECT_EQ(post("/collections/absent/items", sample_item("j"), admin()).status, 404u);
}

TEST_F(api_write, AnItemCollectionIsStoredItemByItem) {
    add_collection("c");
    add_item("c", sample_item("there"));
    auto const body = R"({"type":"FeatureCollection","features":[)" + sample_item("new") + "," + sample_item("there") +
                      R"(,{"type":"Feature"}]})";
    auto const r = post("/collections/c/items", body, admin());
    EXPECT_EQ(r.status, 207u);
    ASSERT_EQ(r.at("items").as_array().size(), 3u);
    EXPECT_EQ(r.at("items").at(0).at("status"), 201);
    EXPECT_EQ(r.at("items").at(1).at("status"), 409);
    EXPECT_EQ(r.at("items").at(2).at("status"), 400);
    EXPECT_EQ(get("/search").at("numberMatched"), 2);
    auto const good =
        post("/collections/c/items", R"({"type":"FeatureCollection","features":[)" + sample_item("more") + "]}", admin());
    EXPECT_EQ(good.status, 201u);
    EXPECT_FALSE(good.headers.find("Location"));
}

TEST_F(api_write, PutReplacesWhatIsThere) {
    add_collection("c");
    add_item("c", sample_item("i"));
    auto const r = ask("PUT", "/collections/c/items/i", sample_item("i", {.properties = R"(,"gsd":3.50)"}), admin());
    EXPECT_EQ(r.status, 204u) << r.text;
    EXPECT_FALSE(r.headers.find("Content-Type"));
    EXPECT_THAT(get("/collections/c/items/i").text, HasSubstr("\"gsd\":3.50"));
    EXPECT_EQ(ask("PUT", "/collections/c/items/absent", sample_item("absent"), admin()).status, 404u);
    EXPECT_EQ(ask("PUT", "/collections/c/items/i", sample_item("j"), admin()).status, 400u);
}

TEST_F(api_write, PatchMergesAndNullDeletes) {
    add_collection("c");
    add_item("c", sample_item("i", {.properties = R"(,"a":1.0,"b":2)"}));
    EXPECT_EQ(ask("PATCH", "/collections/c/items/i", R"({"properties":{"b":null,"d":"x"}})", admin()).status, 204u);
    auto const text = get("/collections/c/items/i").text;
    EXPECT_THAT(text, HasSubstr("\"a\":1.0"));
    EXPECT_THAT(text, HasSubstr("\"d\":\"x\""));
    EXPECT_EQ(text.find("\"b\""), std::string::npos);
    EXPECT_EQ(ask("PATCH", "/collections/c/items/i", R"({"id":"other"})", admin()).status, 400u);
    EXPECT_EQ(ask("PATCH", "/collections/c/items/i", R"({"properties":null})", admin()).status, 400u);
    EXPECT_EQ(ask("PATCH", "/collections/c/items/i", "[]", admin()).status, 400u);
}

TEST_F(api_write, DeleteIsDoneOnceAndAgain) {
    add_collection("c");
    add_item("c", sample_item("i"));
    auto const r = ask("DELETE", "/collections/c/items/i", {}, admin());
    EXPECT_EQ(r.status, 204u);
    EXPECT_FALSE(r.headers.find("Content-Type"));
    EXPECT_EQ(get("/collections/c/items/i").status, 404u);
    EXPECT_EQ(ask("DELETE", "/collections/c/items/i", {}, admin()).status, 204u);
}

TEST_F(api_write, IfMatchGuardsEveryChange) {
    add_collection("c");
    add_item("c", sample_item("i"));
    auto const tag = std::string(get("/collections/c/items/i").headers.get("ETag"));
    EXPECT_EQ(ask("PUT", "/collections/c/items/i", sample_item("i"), admin(), {{"If-Match", "\"stale\""}}).status, 412u);
    EXPECT_EQ(ask("DELETE", "/collections/c/items/i", {}, admin(), {{"If-Match", "\"stale\""}}).status, 412u);
    auto const changed =
        ask("PUT", "/collections/c/items/i", sample_item("i", {.properties = R"(,"x":1)"}), admin(), {{"If-Match", tag}});
    EXPECT_EQ(changed.status, 204u);
    EXPECT_EQ(ask("PATCH", "/collections/c/items/i", R"({"properties":{"x":2}})", admin(), {{"If-Match", tag}}).status, 412u);
    EXPECT_EQ(
        ask("DELETE", "/collections/c/items/i", {}, admin(), {{"If-Match", std::string(changed.headers.get("ETag"))}}).status,
        204u);
}

TEST_F(api_write, CollectionsAreCreatedReplacedAndDeletedWhenEmpty) {
    EXPECT_EQ(post("/collections", sample_collection("c"), admin()).status, 201u);
    EXPECT_EQ(post("/collections", sample_collection("c"), admin()).status, 409u);
    EXPECT_EQ(post("/collections", R"({"type":"Collection"})", admin()).status, 400u);
    EXPECT_EQ(ask("PUT", "/collections/c", sample_collection("c", R"("title":"New")"), admin()).status, 204u);
    EXPECT_EQ(get("/collections/c").at("title").as_string(), "New");
    EXPECT_EQ(ask("PUT", "/collections/c", sample_collection("d"), admin()).status, 400u);
    EXPECT_EQ(ask("PUT", "/collections/absent", sample_collection("absent"), admin()).status, 404u);
    add_item("c", sample_item("i"));
    EXPECT_EQ(ask("DELETE", "/collections/c", {}, admin()).status, 409u);
    EXPECT_EQ(ask("DELETE", "/collections/c/items/i", {}, admin()).status, 204u);
    EXPECT_EQ(ask("DELETE", "/collections/c", {}, admin()).status, 204u);
    EXPECT_EQ(get("/collections/c").status, 404u);
}

TEST_F(api_write, ChangesNeedSomeoneWhoMay) {
    add_collection("c");
    add_item("c", sample_item("i"));
    struct row {
        char const *method, *target;
        std::string body;
    };
    row const rows[] = {
        {"POST", "/collections", sample_collection("d")},
        {"PUT", "/collections/c", sample_collection("c")},
        {"DELETE", "/collections/c", ""},
        {"POST", "/collections/c/items", sample_item("j")},
        {"PUT", "/collections/c/items/i", sample_item("i")},
        {"PATCH", "/collections/c/items/i", "{}"},
        {"DELETE", "/collections/c/items/i", ""},
        {"POST", "/collections/c/items", R"({"type":"FeatureCollection","features":[)" + sample_item("j") + "]}"}};
    for (auto const& r : rows) {
        auto const anonymous = ask(r.method, r.target, r.body);
        EXPECT_EQ(anonymous.status, 401u) << r.method << r.target;
        EXPECT_THAT(std::string(anonymous.headers.get("WWW-Authenticate")), HasSubstr("Bearer"));
        EXPECT_EQ(ask(r.method, r.target, r.body, member_of("/readers")).status, 403u) << r.method << r.target;
    }
    EXPECT_EQ(get("/search").at("numberMatched"), 1);
}

TEST_F(api_write, ABodyOverTheLimitIsRefused) {
    add_collection("c");
    EXPECT_EQ(post("/collections/c/items", std::string((16u << 20) + 1, ' '), admin()).status, 413u);
}

}  // namespace
}  // namespace fjord::stac::test
