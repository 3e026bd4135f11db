// The OpenAPI document and what is served are the same: walked both ways.
#include "tests/unit/stac/api_fixture.hpp"

#include <gmock/gmock.h>

#include <regex>
#include <set>

namespace fjord::stac::test {
namespace {

class openapi : public api_fixture {};

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(c));
    return text;
}

TEST_F(openapi, EveryRouteIsDescribedAndEveryDescriptionIsServed) {
    auto const document = get("/api");
    EXPECT_EQ(document.headers.get("Content-Type"), "application/vnd.oai.openapi+json;version=3.0");
    EXPECT_EQ(document.at("openapi"), "3.0.3");
    std::set<std::string> served, described, names;
    for (auto const& route : routes_.routes()) served.insert(lower(route.method) + " " + route.pattern);
    for (auto const& [path, methods] : document.at("paths").as_object()) {
        for (auto const& [method, operation] : methods.as_object()) {
            described.insert(std::string(method) + " " + std::string(path));
            EXPECT_TRUE(names.insert(std::string(operation.at("operationId").as_string())).second) << path;
        }
    }
    EXPECT_EQ(served, described);
}

TEST_F(openapi, DescribedOperationsAnswerWithTheDescribedType) {
    add_collection("c");
    add_item("c", sample_item("i", {.properties = R"(,"platform":"x")"}));
    auto const document = get("/api");
    for (auto const& [path, methods] : document.at("paths").as_object()) {
        for (auto const& [method, operation] : methods.as_object()) {
            if (method != "get") continue;
            auto target = std::regex_replace(std::string(path), std::regex("\\{c\\}"), "c");
            target = std::regex_replace(target, std::regex("\\{i\\}"), "i");
            target = std::regex_replace(target, std::regex("\\{span\\}"), "2020");
            if (target.ends_with("aggregate")) target += "?aggregations=total_count";
            auto const r = get(target);
            ASSERT_EQ(r.status, 200u) << target << r.text;
            auto const& content = operation.at("responses").at("200").at("content").as_object();
            EXPECT_EQ(content.begin()->key(), r.headers.get("Content-Type")) << target;
        }
    }
}

TEST_F(openapi, ReferencesResolveAndPathParametersAreNamed) {
    auto const document = get("/api");
    auto const& parameters = document.at("components").at("parameters").as_object();
    std::set<std::string> used;
    for (auto const& [path, methods] : document.at("paths").as_object()) {
        auto const holes = std::count(path.begin(), path.end(), '{');
        for (auto const& [method, operation] : methods.as_object()) {
            std::ptrdiff_t in_path = 0;
            auto const* list = operation.as_object().if_contains("parameters");
            for (auto const& p : list ? list->as_array() : json::array()) {
                if (auto const* ref = p.as_object().if_contains("$ref")) {
                    auto const name = std::string(ref->as_string()).substr(std::string("#/components/parameters/").size());
                    EXPECT_TRUE(parameters.contains(name)) << name;
                    used.insert(name);
                } else {
                    ++in_path;
                }
            }
            EXPECT_EQ(in_path, holes) << path << method;
            EXPECT_TRUE(operation.at("responses").as_object().contains("default"));
        }
    }
    EXPECT_EQ(used.size(), parameters.size()) << "a parameter that no operation takes";
}

// Each parameter does something: a value that it refuses is a 400, which an ignored one would not be.
TEST_F(openapi, DescribedParametersAreRead) {
    add_collection("c");
    add_item("c", sample_item("i"));
    std::map<std::string, std::string> const wrong{{"limit", "0"},
                                                   {"token", "x"},
                                                   {"bbox", "1"},
                                                   {"datetime", "x"},
                                                   {"intersects", "x"},
                                                   {"q", "%22"},
                                                   {"filter", "a%3D"},
                                                   {"filter-lang", "x"},
                                                   {"filter-crs", "x"},
                                                   {"query", "x"},
                                                   {"sortby", "nope"},
                                                   {"aggregations", "x"},
                                                   {"datetime_frequency_interval", "x"},
                                                   {"grid_precision", "0"}};
    std::set<std::string> const no_wrong_value{"ids", "collections", "fields"};
    auto const document = get("/api");
    for (auto const& [path, methods] : document.at("paths").as_object()) {
        auto const* operation = methods.as_object().if_contains("get");
        auto const* list = operation ? operation->as_object().if_contains("parameters") : nullptr;
        if (!list) continue;
        auto target = std::regex_replace(std::string(path), std::regex("\\{c\\}"), "c");
        target = std::regex_replace(target, std::regex("\\{span\\}"), "2020-06-01");
        for (auto const& p : list->as_array()) {
            auto const* ref = p.as_object().if_contains("$ref");
            if (!ref) continue;
            auto const name = std::string(ref->as_string()).substr(std::string("#/components/parameters/").size());
            if (no_wrong_value.contains(name)) continue;
            ASSERT_TRUE(wrong.contains(name)) << name;
            auto const more = target.ends_with("aggregate") && name != "aggregations" ? "&aggregations=total_count" : "";
            EXPECT_EQ(get(target + "?" + name + "=" + wrong.at(name) + more).status, 400u) << target << " " << name;
        }
    }
}

TEST_F(openapi, ThePageForPeopleListsTheSameRoutes) {
    auto const page = get("/api.html");
    EXPECT_EQ(page.headers.get("Content-Type"), "text/html");
    for (auto const& route : routes_.routes())
        EXPECT_NE(page.text.find(route.method + " " + route.pattern), std::string::npos) << route.pattern;
}

}  // namespace
}  // namespace fjord::stac::test
