#include "stac/api_impl.hpp"

#include "base/json.hpp"

#include <boost/json/serialize.hpp>

namespace fjord::stac {
namespace {

json::array conforms_to() {
    json::array out;
    for (auto const& c : conformance_classes()) out.emplace_back(c);
    return out;
}

}  // namespace

api::impl::answer api::impl::landing(net::request const& req, std::string const&) {
    auto const to = links(req);
    std::vector<std::string> list{
        link("self", to.root(), media::json, "This catalog"), link("root", to.root(), media::json, options_.title),
        link("service-desc", to.base + "/api", media::openapi, "OpenAPI document"),
        link("service-doc", to.base + "/api.html", "text/html", "What can be asked"),
        link("conformance", to.base + "/conformance", media::json, "Conformance classes"),
        link("data", to.base + "/collections", media::json, "Collections"),
        link("children", to.base + "/children", media::json, "Collections, whole"),
        link("http://www.opengis.net/def/rel/ogc/1.0/queryables", to.base + "/queryables", media::schema, "Queryables"),
        link("http://www.opengis.net/def/rel/ogc/1.0/sortables", to.base + "/sortables", media::schema, "Sortables"),
        link("http://www.opengis.net/def/rel/ogc/1.0/functions", to.base + "/functions", media::json, "Functions of filters"),
        link("aggregate", to.base + "/aggregate", media::json, "Aggregate"),
        link("aggregations", to.base + "/aggregations", media::json, "What can be aggregated"),
        link("search", to.base + "/search", media::geojson, "Search", "POST"),
        // QGIS takes the last search link and can only GET.
        link("search", to.base + "/search", media::geojson, "Search", "GET")};
    auto eye = eyes(req, policies::action::discover);
    for (auto const& c : index_.collections(eye)) list.push_back(link("child", to.collection(c->id), media::json, c->id.str()));
    auto const text = "{\"type\":\"Catalog\",\"stac_version\":\"1.1.0\",\"id\":" + json_quote(options_.id) +
                      ",\"title\":" + json_quote(options_.title) + ",\"description\":" + json_quote(options_.description) +
                      ",\"conformsTo\":" + json::serialize(conforms_to()) + ",\"links\":[" + joined(list) + "]}";
    return cacheable(req, text, media::json);
}

api::impl::answer api::impl::conformance(net::request const& req, std::string const&) {
    return cacheable(req, json::serialize(json::object{{"conformsTo", conforms_to()}}), media::json);
}

}  // namespace fjord::stac
