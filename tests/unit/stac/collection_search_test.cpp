// GET /collections as a search, and /children beside it.
#include "stac/parameters.hpp"
#include "tests/unit/stac/api_fixture.hpp"

#include <boost/json/serialize.hpp>

#include <gmock/gmock.h>

namespace fjord::stac::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class collection_search : public api_fixture {
protected:
    void SetUp() override {
        api_fixture::SetUp();
        add("a-wind", R"("title":"Wind atlas","keywords":["energy","Baltic"],"summaries":{"gsd":[10],"platform":["era5"]})",
            "[[10,50,20,60]]", R"([["2000-01-01T00:00:00Z","2010-01-01T00:00:00Z"]])");
        add("b-solar", R"("title":"Solar \"max\" atlas","keywords":["energy"],"summaries":{"gsd":[30]})",
            "[[-180,-90,180,90],[170,-10,-170,10],[0,0,1,1]]", R"([["2015-01-01T00:00:00Z",null]])");
        add("c-flood", R"("title":"Floods","license":"MIT")", "[[-80,30,-70,40]]", R"([[null,"2005-01-01T00:00:00Z"]])");
        add("d-plain", R"("sci:doi":"10.1/x")", "[[-80,30,-70,40]]", "[[null,null]]");
    }
    void add(std::string const& id, std::string const& more, std::string const& boxes, std::string const& times) {
        auto const document = R"({"type":"Collection","stac_version":"1.1.0","id":")" + id + R"(","description":"About )" + id +
                              R"(",)" + (more.find("license") == std::string::npos ? R"("license":"other",)" : "") + more +
                              R"(,"extent":{"spatial":{"bbox":)" + boxes + R"(},"temporal":{"interval":)" + times +
                              R"(}},"links":[]})";
        auto const r = post("/collections", document, admin());
        ASSERT_EQ(r.status, 201u) << r.text;
    }
    static std::vector<std::string> names_of(reply const& r, char const* member = "collections") {
        std::vector<std::string> out;
        for (auto const& c : r.at(member).as_array()) out.push_back(std::string(c.at("id").as_string()).substr(0, 1));
        return out;
    }
    std::vector<std::string> found(std::string const& query) {
        auto const r = get("/collections?" + query);
        EXPECT_EQ(r.status, 200u) << query << r.text;
        auto out = names_of(r);
        EXPECT_EQ(r.at("numberMatched").as_int64(), static_cast<std::int64_t>(out.size())) << query;
        return out;
    }
};

TEST_F(collection_search, BboxMatchesAnyExtentButTheOverallOne) {
    EXPECT_THAT(found("bbox=15,55,16,56"), ElementsAre("a"));
    EXPECT_THAT(found("bbox=175,-5,176,5"), ElementsAre("b"));
    EXPECT_THAT(found("bbox=-176,-5,-175,5"), ElementsAre("b"));
    EXPECT_THAT(found("bbox=-100,0,-99,1"), IsEmpty());
}

TEST_F(collection_search, DatetimeMeetsOpenIntervals) {
    EXPECT_THAT(found("datetime=2020-01-01T00:00:00Z"), ElementsAre("b", "d"));
    EXPECT_THAT(found("datetime=../1990-01-01T00:00:00Z"), ElementsAre("c", "d"));
    EXPECT_THAT(found("datetime=2004-01-01T00:00:00Z/2008-01-01T00:00:00Z"), ElementsAre("a", "c", "d"));
}

TEST_F(collection_search, FreeTextLooksIntoTitleDescriptionKeywordsAndId) {
    EXPECT_THAT(found("q=energy"), ElementsAre("a", "b"));
    EXPECT_THAT(found("q=baltic,floods"), ElementsAre("a", "c"));
    EXPECT_THAT(found("q=atlas%20AND%20NOT%20wind"), ElementsAre("b"));
    EXPECT_THAT(found("q=%22solar%20max%22"), ElementsAre("b"));
    EXPECT_THAT(found("q=d-plain"), ElementsAre("d"));
    EXPECT_EQ(get("/collections?q=%22").status, 400u);
}

TEST_F(collection_search, FiltersNameMembersSummariesTimeAndSpace) {
    EXPECT_THAT(found("filter=license%3D'MIT'"), ElementsAre("c"));
    EXPECT_THAT(found("filter=title%20LIKE%20'%25atlas'"), ElementsAre("a", "b"));
    EXPECT_THAT(found("filter=A_CONTAINS(platform,('era5'))"), ElementsAre("a"));
    EXPECT_THAT(found("filter=A_CONTAINS(summaries.gsd,(30))"), ElementsAre("b"));
    EXPECT_THAT(found("filter=S_INTERSECTS(geometry,POINT(15%2055))"), ElementsAre("a"));
    EXPECT_THAT(found("filter=T_INTERSECTS(datetime,TIMESTAMP('2020-06-01T00:00:00Z'))"), ElementsAre("b", "d"));
    EXPECT_THAT(found("filter-lang=cql2-json&filter=" + encode_query(R"({"op":"=","args":[{"property":"sci:doi"},"10.1/x"]})")),
                ElementsAre("d"));
    EXPECT_THAT(found("query=" + encode_query(R"({"title":{"startsWith":"Wind"}})")), ElementsAre("a"));
    EXPECT_THAT(found("ids=c-flood,a-wind"), ElementsAre("a", "c"));
    EXPECT_EQ(get("/collections?filter=title%3D").status, 400u);
}

TEST_F(collection_search, SortsAndPutsWhatHasNoValueLast) {
    EXPECT_THAT(found("sortby=-id"), ElementsAre("d", "c", "b", "a"));
    EXPECT_THAT(found("sortby=title"), ElementsAre("c", "b", "a", "d"));
    EXPECT_THAT(found("sortby=-title"), ElementsAre("a", "b", "c", "d"));
    EXPECT_THAT(found("sortby=sci:doi"), ElementsAre("d", "a", "b", "c"));
    EXPECT_EQ(get("/collections?sortby=nope").status, 400u);
}

TEST_F(collection_search, FieldsChooseWhatIsSent) {
    auto const r = get("/collections?fields=id,title&q=floods");
    EXPECT_EQ(json::serialize(r.at("collections")), R"([{"id":"c-flood","title":"Floods"}])");
    auto const some = get("/collections?fields=&q=floods").at("collections").at(0).as_object();
    for (auto const* name : {"id", "type", "stac_version", "title", "description", "license", "extent", "links"})
        EXPECT_TRUE(some.contains(name)) << name;
    EXPECT_FALSE(get("/collections?fields=-description&q=floods").at("collections").at(0).as_object().contains("description"));
}

TEST_F(collection_search, PagesLeadForthAndBackInAnyOrder) {
    for (std::string const sort : {"", "&sortby=-title", "&sortby=id"}) {
        auto const whole = names_of(get("/collections?limit=100" + sort));
        for (int const limit : {1, 2, 3, 4}) {
            std::vector<std::string> forth, back;
            auto page = get("/collections?limit=" + std::to_string(limit) + sort);
            std::string last;
            while (true) {
                ASSERT_EQ(page.status, 200u) << page.text;
                auto const names = names_of(page);
                EXPECT_FALSE(names.empty());
                forth.insert(forth.end(), names.begin(), names.end());
                auto const next = link_of(page, "next");
                if (next.empty()) break;
                page = get(target_of(next));
            }
            EXPECT_EQ(forth, whole) << sort << limit;
            while (true) {
                auto const names = names_of(page);
                back.insert(back.begin(), names.begin(), names.end());
                auto const previous = link_of(page, "prev");
                if (previous.empty()) break;
                page = get(target_of(previous));
            }
            EXPECT_EQ(back, whole) << sort << limit;
        }
    }
    auto const next = target_of(link_of(get("/collections?limit=1"), "next"));
    EXPECT_EQ(get(next + "&q=energy").status, 400u) << "a token serves its own search only";
    EXPECT_EQ(get("/children?limit=1&token=" + next.substr(next.find("token=") + 6)).status, 400u);
}

TEST_F(collection_search, ChildrenAreTheBodiesBehindTheLandingPagesChildLinks) {
    auto const children = get("/children");
    EXPECT_EQ(link_of(children, "self"), "https://broker.test/children");
    EXPECT_EQ(link_of(children, "root"), "https://broker.test/");
    json::array behind;
    auto const landing = get("/");
    for (auto const& l : landing.at("links").as_array())
        if (l.at("rel").as_string() == "child") behind.push_back(get(target_of(std::string(l.at("href").as_string()))).body);
    EXPECT_EQ(json::value(behind), children.at("children"));
}

TEST_F(collection_search, QueryablesAndSortablesOfCollectionsNameWhatTheyHave) {
    auto const q = get("/collections-queryables");
    EXPECT_EQ(q.headers.get("Content-Type"), "application/schema+json");
    EXPECT_EQ(q.at("$id").as_string(), "https://broker.test/collections-queryables");
    auto const& properties = q.at("properties").as_object();
    for (auto const* name : {"id", "title", "license", "keywords", "sci:doi", "platform", "gsd", "datetime", "geometry"})
        EXPECT_TRUE(properties.contains(name)) << name;
    auto const s = get("/collections-sortables").at("properties").as_object();
    EXPECT_TRUE(s.contains("title"));
    EXPECT_FALSE(s.contains("keywords"));
    EXPECT_EQ(link_of(get("/collections"), "http://www.opengis.net/def/rel/ogc/1.0/queryables"),
              "https://broker.test/collections-queryables");
}

TEST_F(collection_search, TenThousandCollectionsArePaged) {
    catalog::change_set many;
    for (int i = 0; i < 10'000; ++i) {
        auto const id = "z" + std::to_string(100'000 + i);
        many.put_collection({.id = collection_id(id), .document = sample_collection(id)});
    }
    ASSERT_TRUE(catalog_.commit(std::move(many)));
    std::size_t seen = 0;
    auto page = get("/collections?limit=1000");
    EXPECT_EQ(page.at("numberMatched"), 10'004);
    while (true) {
        ASSERT_EQ(page.status, 200u);
        seen += page.at("collections").as_array().size();
        auto const next = link_of(page, "next");
        if (next.empty()) break;
        page = get(target_of(next));
    }
    EXPECT_EQ(seen, 10'004u);
}

}  // namespace
}  // namespace fjord::stac::test
