// The golden requests of the STAC API reference (appendix A) and the faults of other servers (section 9), as one table: what is
// asked, what the answer's status is. Every refusal has a code and a description; no input makes a 5xx.
#include "tests/unit/stac/api_fixture.hpp"
#include "tests/unit/stac/validator_times.hpp"

#include <boost/json/serialize.hpp>

#include <gmock/gmock.h>

namespace fjord::stac::test {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

struct golden {
    char const* group;
    unsigned status;
    std::string get;        // the query of GET
    std::string post = {};  // the body of POST, when there is one
};

char const* const shapes[] = {
    R"({"type":"Point","coordinates":[10,50]})",
    R"({"type":"LineString","coordinates":[[9,49],[11,51]]})",
    R"({"type":"Polygon","coordinates":[[[9,49],[11,49],[11,51],[9,51],[9,49]]]})",
    R"({"type":"Polygon","coordinates":[[[0,40],[20,40],[20,60],[0,60],[0,40]],[[1,41],[2,41],[2,42],[1,42],[1,41]]]})",
    R"({"type":"MultiPoint","coordinates":[[10,50],[1,1]]})",
    R"({"type":"MultiLineString","coordinates":[[[9,49],[11,51]],[[0,0],[1,1]]]})",
    R"({"type":"MultiPolygon","coordinates":[[[[9,49],[11,49],[11,51],[9,51],[9,49]]]]})",
    R"({"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[10,50]},{"type":"Point","coordinates":[0,0]}]})"};

std::vector<golden> make_table() {
    std::vector<golden> t;
    auto const both = [&t](char const* group, unsigned status, std::string const& get, std::string const& post) {
        t.push_back({group, status, get, post});
    };
    for (auto const* time : accepted_times) {
        both("A2", 200, "datetime=" + encode_query(time), "{\"datetime\":" + json_quote(time) + "}");
        both("A2", 200, std::string("datetime=") + time, "");  // a bare + arrives as a space
    }
    for (auto const* time : refused_times)
        both("A3", 400, "datetime=" + encode_query(time), "{\"datetime\":" + json_quote(time) + "}");

    for (auto const* box : {"170,-10,-170,10", "10,10,10,10", "-180,-90,180,90", "100,0,0,105,1,1"})
        both("A4", 200, std::string("bbox=") + box, std::string("{\"bbox\":[") + box + "]}");
    for (auto const* box :
         {"1", "1,2", "1,2,3", "1,2,3,4,5", "1,2,3,4,5,6,7", "0,10,5,5", "0,-91,5,5", "0,0,5,91", "0,0,1e999,1"})
        both("A4", 400, std::string("bbox=") + box, std::string("{\"bbox\":[") + box + "]}");
    for (auto const* box : {"[1,2,3,4]", "nan,0,1,1", "0,0,Infinity,1", "a,b,c,d"})
        both("A4", 400, std::string("bbox=") + box, "");
    for (auto const* body : {R"({"bbox":"1,2,3,4"})", R"({"bbox":["1","2","3","4"]})", R"({"bbox":{}})"})
        both("A4", 400, "", body);
    // Elevations, not longitudes, lie at 2 and 5 of a 3D box (stac-server's bounds check confuses them).
    both("A4", 200, "bbox=0,0,500,20,60,9000", R"({"bbox":[0,0,500,20,60,9000]})");

    for (auto const* shape : shapes)
        both("A5", 200, "intersects=" + encode_query(shape), std::string("{\"intersects\":") + shape + "}");
    for (auto const* shape :
         {R"({"type":"Polygon","coordinates":[]})", R"({"type":"Nothing"})", "[]", "5", R"x("POINT(1 2)")x",
          R"({"type":"Point","coordinates":["a","b"]})", R"({"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]})"})
        both("A5", 400, "intersects=" + encode_query(shape), std::string("{\"intersects\":") + shape + "}");
    both("A5", 400, "bbox=0,0,1,1&intersects=" + encode_query(shapes[0]),
         std::string("{\"bbox\":[0,0,1,1],\"intersects\":") + shapes[0] + "}");
    // A self-intersecting ring is made valid.
    both("A5", 200, "", R"({"intersects":{"type":"Polygon","coordinates":[[[9,49],[11,51],[11,49],[9,51],[9,49]]]}})");

    for (auto const* n : {"1", "2", "10", "1000", "10000", "100000", "1000000"})
        both("A6", 200, std::string("limit=") + n, std::string("{\"limit\":") + n + "}");
    for (auto const* n : {"0", "-1", "1.5", "99999999999999999999"})
        both("A6", 400, std::string("limit=") + n, std::string("{\"limit\":") + n + "}");
    both("A6", 400, "limit=x", R"({"limit":"10"})");

    for (auto const* ids : {"ids=a", "ids=a,b", "ids=", "ids=i1&collections=c&datetime=2020-06-01T00:00:00Z"})
        both("A7", 200, ids, "");
    both("A7", 200, "", R"({"ids":["a"]})");
    std::string ten_thousand;
    for (int i = 0; i < 10'000; ++i) ten_thousand += (i ? "," : "") + json_quote("id-" + std::to_string(i));
    both("A7", 200, "", "{\"ids\":[" + ten_thousand + "]}");
    both("A7", 400, "", "{\"ids\":[" + ten_thousand + ",\"one-more\"]}");
    both("A7", 400, "", R"({"ids":[1]})");

    for (auto const* f :
         {"fields=", "fields=-geometry", "fields=properties,-properties.datetime", "fields=id,properties.eo:cloud_cover",
          "fields=%2Bid,-id", "fields=+id,-id", "fields=assets.visual.href"})
        both("A10", 200, f, "");
    both("A10", 200, "", R"({"fields":{}})");
    both("A10", 200, "", R"({"fields":{"include":null,"exclude":null}})");
    both("A10", 400, "", R"({"fields":null})");
    both("A10", 400, "", R"({"fields":["id"]})");

    for (auto const* s :
         {"sortby=-properties.datetime,%2Bid", "sortby=properties.eo:cloud_cover", "sortby=datetime", "sortby=+id"})
        both("A11", 200, s, "");
    both("A11", 200, "", R"({"sortby":[{"field":"properties.datetime"}]})");
    both("A11", 400, "sortby=nope", R"({"sortby":[{"field":"nope"}]})");
    both("A11", 400, "sortby=geometry", R"({"sortby":[{"field":"id","direction":"sideways"}]})");
    both("A11", 400, "", R"({"sortby":"id"})");

    for (auto const* q : {R"({"eo:cloud_cover":{"eq":1}})", R"({"eo:cloud_cover":{"neq":1}})", R"({"eo:cloud_cover":{"lt":1}})",
                          R"({"eo:cloud_cover":{"lte":1}})", R"({"eo:cloud_cover":{"gt":1}})", R"({"eo:cloud_cover":{"gte":1}})",
                          R"({"platform":{"startsWith":"s"}})", R"({"platform":{"endsWith":"s"}})",
                          R"({"platform":{"contains":"s"}})", R"({"platform":{"in":["a","b"]}})"})
        both("A12", 200, "query=" + encode_query(q), std::string("{\"query\":") + q + "}");
    for (auto const* q : {R"({"platform":{"nearly":"s"}})", R"({"platform":"s"})", "[]", R"({"platform":{"in":"a"}})"})
        both("A12", 400, "query=" + encode_query(q), std::string("{\"query\":") + q + "}");
    both("A12", 400, "query=%7B", "");

    both("A13", 400, "filter-lang=foo&filter=a%3D1", R"({"filter-lang":"foo","filter":"a=1"})");
    both("A13", 400, "filter-crs=EPSG:3857&filter=a%3D1", R"({"filter-crs":"EPSG:3857"})");
    both("A13", 400, "filter=" + encode_query(std::string(3000, '(') + "a=1" + std::string(3000, ')')), "");
    std::string deep = R"({"op":"=","args":[{"property":"a"},1]})";
    for (int i = 0; i < 100; ++i) deep = R"({"op":"not","args":[)" + deep + "]}";
    both("A13", 400, "", "{\"filter\":" + deep + "}");
    both("A13", 400, "", "{\"filter-lang\":\"cql2-text\",\"filter\":\"a='" + std::string(1u << 20, 'x') + "'\"}");
    both("A13", 400, "", "{\"filter\":" + std::string(10'000, '[') + std::string(10'000, ']') + "}");
    for (auto const* f : {"collection='c'", "id='i1' AND eo:cloud_cover < 50", "eo:cloud_cover BETWEEN 0 AND 50",
                          "NOT (platform IN ('a','b'))", "CASEI(platform) = casei('S2A')", "ACCENTI(platform) LIKE accenti('s%')",
                          "S_INTERSECTS(geometry,BBOX(170,-10,-170,10))", "S_WITHIN(geometry,POLYGON((0 0,20 0,20 60,0 60,0 0)))",
                          "T_AFTER(datetime,TIMESTAMP('2019-01-01T00:00:00Z'))",
                          "T_INTERSECTS(INTERVAL(start_datetime,end_datetime),INTERVAL('2020-01-01T00:00:00Z','..'))",
                          "A_CONTAINEDBY(instruments,('red','nir'))", "eo:cloud_cover + 1 * 2 > gsd ^ 2", "gsd = eo:cloud_cover",
                          "platform IS NOT NULL", "datetime > DATE('2020-01-01')", "year(datetime) = 2020",
                          "has_phrase(platform,'s2a')", "length(platform) % 2 = 1"})
        both("A13", 200, "filter=" + encode_query(f),
             std::string(R"({"filter-lang":"cql2-text","filter":)") + json_quote(f) + "}");
    for (auto const* f : {"a =", "POINT(1 2)", "S_INTERSECTS(geometry,POINT(90 180))", "nofunction(a) = 1", "year(datetime)",
                          "abs('x') = 1", "abs(1,2) = 1", "a LIKE 5", "'a'", "a = 1 garbage"})
        both("A13", 400, "filter=" + encode_query(f),
             std::string(R"({"filter-lang":"cql2-text","filter":)") + json_quote(f) + "}");
    // The legacy form of BETWEEN that the validator sends.
    both("A13", 200, "", R"({"filter":{"op":"between","args":[{"property":"eo:cloud_cover"},[0,50]]}})");
    // What pgstac answers with a database error or a wrong set (section 9).
    for (
        auto const* f :
        {R"({"op":"t_overlaps","args":[{"property":"datetime"},{"interval":["2020-01-01","2020-12-31"]}]})",
         R"({"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[0,0,20,60]}]})",
         R"({"op":"s_intersects","args":[{"property":"geometry"},{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[10,50]}]}]})",
         R"({"op":"a_containedBy","args":[{"property":"instruments"},["a","b"]]})",
         R"({"op":"=","args":[{"op":"%","args":[{"property":"gsd"},2]},1]})",
         R"({"op":"=","args":[{"op":"div","args":[{"property":"gsd"},2]},1]})"})
        both("9", 200, "filter-lang=cql2-json&filter=" + encode_query(f), std::string("{\"filter\":") + f + "}");

    for (auto const* body : {"[]", "5", "{", R"({"nope":1})", R"({"collections":5})", R"({"datetime":5})", R"({"token":"x"})"})
        both("bodies", 400, "", body);
    both("bodies", 200, "", R"({"collections":"c"})");  // a bare string, as the validator sends it
    both("bodies", 200, "unknown=1", R"({"limit":null,"bbox":null})");
    both("tokens", 400, "token=x", "");
    return t;
}

class golden_requests : public api_fixture {
protected:
    void SetUp() override {
        api_fixture::SetUp();
        add_collection("c");
        add_item("c",
                 sample_item("i1", {.properties = R"(,"eo:cloud_cover":10,"platform":"S2A","gsd":10,"instruments":["red"])"}));
        add_item("c", sample_item("i2", {.properties = R"(,"eo:cloud_cover":80,"platform":"s2b","gsd":20)"}));
        add_item("c", sample_item("nowhere", {.geometry = "null", .bbox = ""}));
    }
    void expect(golden const& g, reply const& r, std::string const& what) {
        EXPECT_EQ(r.status, g.status) << g.group << " " << what.substr(0, 300) << "\n" << r.text.substr(0, 300);
        if (r.status < 400) return;
        ASSERT_TRUE(r.body.is_object()) << what.substr(0, 300);
        auto const& o = r.body.as_object();
        EXPECT_TRUE(o.contains("code") && o.contains("description") && o.at("description").as_string().size() > 3) << r.text;
        EXPECT_EQ(r.headers.get("Access-Control-Allow-Origin"), "*");
    }
};

TEST_F(golden_requests, EveryRowAnswersAsTheTableSays) {
    auto const table = make_table();
    EXPECT_GT(table.size(), 200u);
    for (auto const& g : table) {
        if (!g.get.empty() || g.post.empty()) {
            expect(g, get("/search?" + g.get), "GET /search?" + g.get);
            expect(g, get("/collections/c/items?" + g.get), "GET items?" + g.get);
        }
        if (!g.post.empty()) expect(g, post("/search", g.post), "POST " + g.post);
    }
}

TEST_F(golden_requests, IdsAreAndedWithTheOtherConditions) {
    EXPECT_THAT(ids_of(get("/search?ids=i1,i2&filter=gsd%3D20")), ElementsAre("i2"));
    EXPECT_EQ(get("/search?ids=i1&collections=other").at("numberMatched"), 0);
    EXPECT_EQ(get("/search?ids=i1&datetime=1999-01-01T00:00:00Z").at("numberMatched"), 0);
    EXPECT_EQ(get("/search?ids=%5B%22i1%22%5D").at("numberMatched"), 0) << "a JSON array in GET is a literal id";
}

TEST_F(golden_requests, TheQueryExtensionReadsQuotedNumbersAndElementsOfArrays) {
    auto const ids = [this](std::string const& q) { return ids_of(get("/search?sortby=id&query=" + encode_query(q))); };
    EXPECT_THAT(ids(R"({"eo:cloud_cover":{"lt":"50"}})"), ElementsAre("i1"));
    EXPECT_THAT(ids(R"({"eo:cloud_cover":{"neq":"10"}})"), ElementsAre("i2"));
    EXPECT_THAT(ids(R"({"platform":{"gt":"S2A"}})"), ElementsAre("i2"));
    EXPECT_THAT(ids(R"({"instruments":{"in":["red","nir"]}})"), ElementsAre("i1"));
    EXPECT_THAT(ids(R"({"gsd":{"in":[20,30]}})"), ElementsAre("i2"));
}

// pgstac#428: west > east is the box across the antimeridian, not its complement.
TEST_F(golden_requests, ABoxAcrossTheAntimeridianIsNotItsComplement) {
    add_item("c", sample_item("fiji", {.geometry = R"({"type":"Point","coordinates":[179,-17]})", .bbox = "[179,-17,179,-17]"}));
    EXPECT_THAT(ids_of(get("/search?bbox=170,-20,-170,-10")), ElementsAre("fiji"));
    EXPECT_THAT(ids_of(get("/search?filter=" + encode_query("S_INTERSECTS(geometry,BBOX(170,-20,-170,-10))"))),
                ElementsAre("fiji"));
}

// pgstac compares the item's own time or place whatever property the filter names.
TEST_F(golden_requests, TemporalAndSpatialOperatorsUseTheirOperands) {
    add_item("c", sample_item("late", {.properties = R"(,"created":"2024-01-01T00:00:00Z")"}));
    EXPECT_THAT(ids_of(get("/search?filter=" + encode_query("T_AFTER(created,TIMESTAMP('2023-01-01T00:00:00Z'))"))),
                ElementsAre("late"));
    EXPECT_EQ(get("/search?filter=" + encode_query("T_AFTER(datetime,TIMESTAMP('2023-01-01T00:00:00Z'))")).at("numberMatched"),
              0);
    EXPECT_EQ(get("/search?filter=" + encode_query("S_INTERSECTS(POINT(10 50),BBOX(0,40,20,60))")).at("numberMatched"), 4);
}

TEST_F(golden_requests, ArraysAreSetsAndNullGeometryIsStored) {
    add_item("c", sample_item("set", {.properties = R"(,"instruments":["b","a"])"}));
    EXPECT_THAT(ids_of(get("/search?filter=" + encode_query("A_EQUALS(instruments,('a','b'))"))), ElementsAre("set"));
    EXPECT_EQ(get("/collections/c/items/nowhere").status, 200u);
    EXPECT_EQ(get("/search?filter=" + encode_query("geometry IS NULL")).at("numberMatched"), 1);
}

TEST_F(golden_requests, FunctionsComputeWhatTheyPromise) {
    auto const ids = [this](std::string const& f) { return ids_of(get("/search?sortby=id&filter=" + encode_query(f))); };
    EXPECT_THAT(ids("year(datetime) = 2020 AND month(datetime) = 6 AND day(datetime) = 1 AND hour(datetime) = 0 AND gsd > 0"),
                ElementsAre("i1", "i2"));
    EXPECT_THAT(ids("lower(platform) = 's2a'"), ElementsAre("i1"));
    EXPECT_THAT(ids("concat(platform,'-x') = 's2b-x'"), ElementsAre("i2"));
    EXPECT_THAT(ids("length(platform) = 3"), ElementsAre("i1", "i2"));
    EXPECT_THAT(ids("abs(gsd - 25) = 5"), ElementsAre("i2"));
    EXPECT_THAT(ids("floor(eo:cloud_cover / 3) = 3 AND ceil(eo:cloud_cover / 3) = 4 AND round(eo:cloud_cover / 3) = 3"),
                ElementsAre("i1"));
    EXPECT_THAT(ids("sqrt(gsd * 5) = 10 OR pow(gsd, 2) = 100"), ElementsAre("i1", "i2"));
    EXPECT_THAT(ids("ln(gsd) < 2.5"), ElementsAre("i1"));
    EXPECT_THAT(ids("has_phrase(instruments,'RED')"), ElementsAre("i1"));
    auto const listed = get("/functions");
    ASSERT_EQ(listed.status, 200u);
    for (auto const& f : listed.at("functions").as_array()) {
        for (auto const* member : {"name", "description", "arguments", "returns"}) EXPECT_TRUE(f.as_object().contains(member));
    }
}

TEST_F(golden_requests, HeadAnswersAsGetWithoutABodyAndOptionsNamesTheMethods) {
    for (auto const* target : {"/", "/collections", "/collections/c", "/collections/c/items", "/collections/c/items/i1",
                               "/search", "/queryables", "/aggregate?aggregations=total_count", "/nowhere"}) {
        auto const a = get(target), b = ask("HEAD", target);
        EXPECT_EQ(a.status, b.status) << target;
        EXPECT_EQ(a.headers.get("ETag"), b.headers.get("ETag")) << target;
        EXPECT_EQ(a.headers.get("Content-Type"), b.headers.get("Content-Type")) << target;
    }
    for (auto const& route : routes_.routes()) {
        auto target = route.pattern;
        for (auto const* hole : {"{c}", "{i}", "{span}"})
            if (auto const at = target.find(hole); at != std::string::npos) target.replace(at, std::string(hole).size(), "x");
        auto const r = ask("OPTIONS", target);
        EXPECT_EQ(r.status, 204u) << target;
        EXPECT_NE(r.headers.get("Allow").find(route.method), std::string_view::npos) << target;
    }
    auto const r = ask("PUT", "/search", "{}");
    EXPECT_EQ(r.status, 405u);
    EXPECT_TRUE(r.body.as_object().contains("description"));
}

// Section 10: what clients need of every list and item (QGIS drops an item that lacks one of these).
TEST_F(golden_requests, ListsAndItemsHaveTheMembersThatClientsRead) {
    for (auto const* target : {"/search", "/collections", "/children", "/collections/c/items", "/aggregations"})
        EXPECT_TRUE(get(target).body.as_object().contains("links")) << target;
    auto const page = get("/search?ids=i1");
    auto const& item = page.at("features").at(0).as_object();
    for (auto const* member : {"stac_version", "id", "geometry", "bbox", "properties", "links", "assets", "collection"})
        EXPECT_TRUE(item.contains(member)) << member;
    EXPECT_EQ(page.at("type"), "FeatureCollection");
    // A collections link ends in "/collections"; pystac-client appends "/" + id to the items link.
    EXPECT_EQ(link_of(get("/"), "data"), "https://broker.test/collections");
    EXPECT_EQ(get(target_of(link_of(get("/collections/c"), "items")) + "/i1").status, 200u);
    // CollectionClient.get_items sends the collection again.
    EXPECT_EQ(get("/collections/c/items?collections=c&ids=i1").at("numberMatched"), 1);
    // QGIS names every collection there is.
    std::string all = "c";
    for (int i = 0; i < 3000; ++i) all += ",some-collection-" + std::to_string(i);
    EXPECT_EQ(get("/search?collections=" + all).at("numberMatched"), 3);
    // A trailing slash is the same resource, with its own self link.
    EXPECT_EQ(get("/collections/").status, 200u);
    EXPECT_EQ(get("/collections/c/queryables").at("$id"), "https://broker.test/collections/c/queryables");
}

// A16: each kind of write against each state of what it is aimed at.
TEST_F(golden_requests, TransactionsAnswerByTheStateOfTheItem) {
    struct row {
        char const* method;
        char const* target;
        std::string body;
        std::map<std::string, std::string> headers;
        unsigned status;
    };
    auto const item = [](char const* id, char const* collection = "c") { return sample_item(id, {.collection = collection}); };
    auto const with = [](std::string name, std::string value) {
        return std::map<std::string, std::string>{{std::move(name), std::move(value)}};
    };
    add_collection("other");
    row const rows[] = {
        {"POST", "/collections/c/items", item("n1"), {}, 201},
        {"POST", "/collections/c/items", item("n1"), {}, 409},
        {"POST", "/collections/c/items", item("n2", "other"), {}, 400},
        {"POST", "/collections/absent/items", item("n2", "absent"), {}, 404},
        {"POST", "/collections/c/items", R"({"type":"Feature","stac_version":"1.0.0","id":"n2"})", {}, 400},
        {"POST",
         "/collections/c/items",
         R"({"type":"FeatureCollection","features":[)" + item("n3") + "," + item("n1") + "]}",
         {},
         207},
        {"PUT", "/collections/c/items/n1", item("n1"), {}, 204},
        {"PUT", "/collections/c/items/absent", item("absent"), {}, 404},
        {"PUT", "/collections/c/items/n1", item("n2"), {}, 400},
        {"PUT", "/collections/c/items/n1", item("n1", "other"), {}, 400},
        {"PUT", "/collections/c/items/n1", "{}", {}, 400},
        {"PUT", "/collections/c/items/n1", item("n1"), with("If-Match", "\"stale\""), 412},
        {"PUT", "/collections/c/items/n1", item("n1"), with("If-Match", "*"), 204},
        {"PUT", "/collections/c/items/n1", item("n1"), with("If-None-Match", "*"), 412},
        {"PATCH", "/collections/c/items/n1", R"({"properties":{"eo:cloud_cover":"12.4"}})", {}, 204},
        {"PATCH", "/collections/c/items/n1", R"({"collection":"other"})", {}, 400},
        {"PATCH", "/collections/c/items/absent", "{}", {}, 404},
        {"PATCH", "/collections/c/items/n1", "{}", with("If-Match", "\"stale\""), 412},
        {"DELETE", "/collections/c/items/n1", "", with("If-Match", "\"stale\""), 412},
        {"DELETE", "/collections/c/items/n1", "", {}, 204},
        {"DELETE", "/collections/c/items/n1", "", {}, 204},
        {"DELETE", "/collections/absent/items/n1", "", {}, 404},
        {"POST", "/collections", sample_collection("k"), {}, 201},
        {"POST", "/collections", sample_collection("k"), {}, 409},
        {"PUT", "/collections/k", sample_collection("k", R"("title":"T","keywords":["x"])"), {}, 204},
        {"PUT", "/collections/k", sample_collection("k"), with("If-Match", "\"stale\""), 412},
        {"PATCH", "/collections/k", R"({"title":null,"description":"Better"})", {}, 204},
        {"PATCH", "/collections/k", R"({"id":"j"})", {}, 400},
        {"PATCH", "/collections/k", R"({"extent":null})", {}, 400},
        {"PATCH", "/collections/k", "[]", {}, 400},
        {"PATCH", "/collections/k", "{}", with("If-Match", "\"stale\""), 412},
        {"PATCH", "/collections/absent", "{}", {}, 404},
        {"DELETE", "/collections/c", "", {}, 409},
        {"DELETE", "/collections/k", "", with("If-Match", "\"stale\""), 412},
    };
    for (auto const& r : rows) {
        auto const answer = ask(r.method, r.target, r.body, admin(), r.headers);
        EXPECT_EQ(answer.status, r.status) << r.method << " " << r.target << " " << r.body.substr(0, 100) << answer.text;
        if (answer.status >= 400) { EXPECT_TRUE(answer.body.as_object().contains("description")) << answer.text; }
        if (answer.status == 204) { EXPECT_FALSE(answer.headers.find("Content-Type")) << r.method << r.target; }
    }
    auto const k = get("/collections/k");
    EXPECT_FALSE(k.body.as_object().contains("title"));
    EXPECT_EQ(k.at("description"), "Better");
    EXPECT_EQ(k.at("keywords").at(0), "x");
    auto const tag = std::string(k.headers.get("ETag"));
    auto const patched = ask("PATCH", "/collections/k", R"({"title":"Again"})", admin(), {{"If-Match", tag}});
    EXPECT_EQ(patched.status, 204u);
    EXPECT_EQ(ask("DELETE", "/collections/k", {}, admin(), {{"If-Match", tag}}).status, 412u);
    EXPECT_EQ(ask("DELETE", "/collections/k", {}, admin(), {{"If-Match", std::string(patched.headers.get("ETag"))}}).status,
              204u);
}

}  // namespace
}  // namespace fjord::stac::test
