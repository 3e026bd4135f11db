// Every item is reached from the landing page by child and item links alone (browseable extension).
#include "tests/unit/stac/api_fixture.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <set>

namespace fjord::stac::test {
namespace {

class browse : public api_fixture {
protected:
    std::multiset<std::string> crawl() {
        std::multiset<std::string> items;
        catalogs_ = 0;
        std::function<void(std::string const&)> const visit = [&](std::string const& target) {
            auto const r = get(target);
            ASSERT_EQ(r.status, 200u) << target << r.text;
            EXPECT_EQ(link_of(r, "self"), "https://broker.test" + target);
            ++catalogs_;
            std::size_t here = 0;
            for (auto const& l : r.at("links").as_array()) {
                std::string const href(l.at("href").as_string());
                if (l.at("rel").as_string() == "item") items.insert(target_of(href)), ++here;
                if (l.at("rel").as_string() == "child") visit(target_of(href)), ++here;
            }
            EXPECT_LE(here, 501u) << target;
        };
        visit("/");
        return items;
    }
    std::size_t catalogs_ = 0;
};

TEST_F(browse, AFewItemsLieDirectlyBelowTheirCollection) {
    add_collection("c");
    add_collection("empty");
    add_item("c", sample_item("a b"));
    add_item("c",
             sample_item("range",
                         {.datetime = R"(null,"start_datetime":"2019-01-01T00:00:00Z","end_datetime":"2021-01-01T00:00:00Z")"}));
    EXPECT_THAT(crawl(), testing::UnorderedElementsAre("/collections/c/items/a%20b", "/collections/c/items/range"));
    EXPECT_EQ(get("/collections/c/browse").at("type"), "Catalog");
    EXPECT_EQ(get("/collections/c/browse/2019").status, 200u);
    for (auto const* absent : {"/collections/c/browse/1999", "/collections/c/browse/20", "/collections/c/browse/2020-13",
                               "/collections/c/browse/2020-06-99", "/collections/absent/browse"})
        EXPECT_EQ(get(absent).status, 404u) << absent;
    EXPECT_EQ(get("/collections/c/browse?token=x").status, 400u);
}

TEST_F(browse, ManyItemsAreFoundOnceEachThroughYearsMonthsAndDays) {
    add_collection("c");
    std::set<std::string> all;
    std::string features;
    for (int i = 0; i < 2600; ++i) {
        auto const id = "i" + std::to_string(i);
        // Most of them on one day, some at the very edges of it.
        std::string const time = i < 1500   ? "2020-06-15T12:00:00Z"
                                 : i < 1502 ? "2020-06-15T00:00:00Z"
                                 : i < 1504 ? "2020-06-15T23:59:59.999999Z"
                                 : i < 1506 ? "2020-06-16T00:00:00Z"
                                 : i < 2100 ? "2020-07-" + std::to_string(10 + i % 20) + "T00:00:00Z"
                                            : std::to_string(1990 + i % 30) + "-01-01T00:00:00Z";
        features += (features.empty() ? "" : ",") + sample_item(id, {.datetime = "\"" + time + "\""});
        all.insert("/collections/c/items/" + id);
    }
    ASSERT_EQ(post("/collections/c/items", R"({"type":"FeatureCollection","features":[)" + features + "]}", admin()).status,
              201u);
    auto const found = crawl();
    EXPECT_EQ(found.size(), 2600u);
    EXPECT_EQ(std::set<std::string>(found.begin(), found.end()), all);
    EXPECT_GT(catalogs_, 30u);
}

}  // namespace
}  // namespace fjord::stac::test
