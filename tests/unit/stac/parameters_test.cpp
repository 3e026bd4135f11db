#include "stac/parameters.hpp"
#include "tests/support/matchers.hpp"

#include <gtest/gtest.h>

namespace fjord::stac {
namespace {

using fjord::test::HasErrc;
using fjord::test::IsOk;

result<search_request> get(std::string_view query) { return read_search_query(net::query_list::parse(query).value()); }

TEST(search_parameters, GoodQueriesAreAccepted) {
    for (auto const* q :
         {"",
          "limit=1",
          "limit=10000",
          "limit=1000000",
          "bbox=170,-10,-170,10",
          "bbox=10,10,10,10",
          "bbox=-180,-90,180,90",
          "bbox=100,0,0,105,1,1",
          "datetime=2020-01-01T00:00:00Z",
          "datetime=1985-04-12T23:20:50.52+01:00",
          "datetime=../2020-01-01T00:00:00%2B01:00",
          "ids=",
          "ids=a,b",
          "collections=a",
          "intersects=%7B%22type%22%3A%22Point%22%2C%22coordinates%22%3A%5B1%2C2%5D%7D",
          "filter=a%3D1",
          "filter=a%3D1&filter-lang=cql2-text",
          "filter=%7B%22op%22%3A%22%3D%22%2C%22args%22%3A%5B%7B%22property%22%3A%22a%22%7D%2C1%5D%7D&filter-lang=cql2-json",
          "sortby=-properties.datetime,+id",
          "sortby=datetime",
          "fields=",
          "fields=id,-links",
          "unknown=1",
          "filter-crs=http://www.opengis.net/def/crs/OGC/1.3/CRS84",
          "query=%7B%22a%22%3A%7B%22eq%22%3A1%7D%7D"})
        EXPECT_THAT(get(q), IsOk()) << q;
}

TEST(search_parameters, BadQueriesAreTheCallersFault) {
    for (auto const* q : {"limit=0",
                          "limit=-1",
                          "limit=x",
                          "limit=1.5",
                          "limit=99999999999999999999",
                          "limit=",
                          "bbox=[1,2,3,4]",
                          "bbox=1",
                          "bbox=1,2",
                          "bbox=1,2,3",
                          "bbox=1,2,3,4,5",
                          "bbox=1,2,3,4,5,6,7",
                          "bbox=0,10,5,5",
                          "bbox=0,-91,5,5",
                          "bbox=a,b,c,d",
                          "bbox=nan,0,1,1",
                          "bbox=0,0,inf,1",
                          "bbox=0,0,1e999,1",
                          "bbox=0,0,1,",
                          "datetime=1985-04-12",
                          "datetime=../..",
                          "intersects=%7B%7D",
                          "intersects=x",
                          "bbox=1,2,3,4&intersects=%7B%22type%22%3A%22Point%22%2C%22coordinates%22%3A%5B1%2C2%5D%7D",
                          "filter=a%3D",
                          "filter=f(x)%3D1",
                          "filter=a%3D1&filter-lang=foo",
                          "filter-crs=EPSG:3857",
                          "sortby=geometry",
                          "query=5",
                          "query=%7B%22a%22%3A%7B%22like%22%3A1%7D%7D",
                          "query=%7B%22a%22%3A%7B%22in%22%3A5%7D%7D"})
        EXPECT_THAT(get(q), HasErrc(errc::invalid_argument)) << q;
    EXPECT_THAT(get("filter=" + std::string(1 << 20, '(')), HasErrc(errc::invalid_argument));
}

TEST(search_parameters, LargeLimitsAreClamped) { EXPECT_EQ(get("limit=1000000").value().query.limit, 10'000u); }

TEST(search_body, GoodBodiesAreAccepted) {
    for (auto const* b :
         {"", "{}", R"({"limit":5,"bbox":[1,2,3,4],"datetime":"2020-01-01T00:00:00Z/..","ids":["a"],"collections":["c"]})",
          R"({"collections":"c"})", R"({"intersects":{"type":"Point","coordinates":[1,2]}})",
          R"({"filter":{"op":"=","args":[{"property":"a"},1]}})",
          R"({"filter":{"op":"=","args":[{"property":"a"},1]},"filter-lang":"cql2-json"})",
          R"({"filter":"a=1","filter-lang":"cql2-text"})", R"({"sortby":[{"field":"id"}]})",
          R"({"sortby":[{"field":"id","direction":"desc"}]})", R"({"fields":{"include":["id"]}})",
          R"({"query":{"eo:cloud_cover":{"lt":10,"gte":0},"platform":{"startsWith":"sent"}}})",
          R"({"datetime":null,"bbox":null})"})
        EXPECT_THAT(read_search_body(b), IsOk()) << b;
}

TEST(search_body, BadBodiesAreTheCallersFault) {
    for (auto const* b : {"[]",
                          "x",
                          R"({"limit":"5"})",
                          R"({"limit":-1})",
                          R"({"limit":1.5})",
                          R"({"bbox":"1,2,3,4"})",
                          R"({"bbox":[1,2,3]})",
                          R"({"bbox":[0,10,5,5]})",
                          R"({"intersects":"x"})",
                          R"({"intersects":{"type":"Polygon","coordinates":[]}})",
                          R"({"ids":5})",
                          R"({"collections":[5]})",
                          R"({"filter":"a=1"})",
                          R"({"filter":{"op":"=","args":[1]}})",
                          R"({"filter":{"op":"=","args":[{"property":"a"},1]},"filter-lang":"sql"})",
                          R"({"filter-crs":"EPSG:3857"})",
                          R"({"sortby":"id"})",
                          R"({"sortby":[{"field":"id","direction":"up"}]})",
                          R"({"fields":null})",
                          R"({"nonsense":1})",
                          R"({"datetime":5})",
                          R"({"limit":1,"limit":2})",
                          R"({"query":[]})",
                          R"({"query":{"a":{"nope":1}}})"})
        EXPECT_THAT(read_search_body(b), HasErrc(errc::invalid_argument)) << b;
}

TEST(search_body, UnknownMembersAreNamed) {
    auto const r = read_search_body(R"({"nonsense":1})");
    ASSERT_FALSE(r);
    EXPECT_NE(r.error().detail.find("nonsense"), std::string::npos);
}

TEST(search_identity, IsThatOfTheSearchNotOfThePage) {
    EXPECT_EQ(get("bbox=1,2,3,4&limit=5&fields=id").value().identity, get("bbox=1,2,3,4&limit=50").value().identity);
    EXPECT_EQ(get("ids=a,b").value().identity, get("ids=b,a").value().identity);
    EXPECT_NE(get("ids=a").value().identity, get("collections=a").value().identity);
    EXPECT_NE(get("filter=a%3D1").value().identity, get("filter=a%3D2").value().identity);
    EXPECT_NE(get("sortby=id").value().identity, get("sortby=-id").value().identity);
}

}  // namespace
}  // namespace fjord::stac
