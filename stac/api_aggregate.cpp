// The aggregation extension over HTTP. Counts are taken from what the caller may see, like a search.
#include "stac/aggregation.hpp"
#include "stac/api_impl.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace fjord::stac {
namespace {

using type = aggregation_kind::type;

result<std::vector<aggregation_kind>> chosen(std::vector<std::string> const& names,
                                             std::vector<aggregation_kind> const& offered) {
    std::vector<aggregation_kind> out;
    for (auto const& name : names) {
        auto const found = std::find_if(offered.begin(), offered.end(), [&](auto const& k) { return k.name == name; });
        if (found == offered.end())
            return fail(errc::invalid_argument, "aggregations: there is no '" + name + "' here; GET /aggregations lists them");
        if (std::none_of(out.begin(), out.end(), [&](auto const& k) { return k.name == name; })) out.push_back(*found);
    }
    return out;
}

calendar_unit unit_named(std::string_view name) {
    for (auto const u :
         {calendar_unit::minute, calendar_unit::hour, calendar_unit::day, calendar_unit::week, calendar_unit::month})
        if (name_of(u) == name) return u;
    return calendar_unit::year;
}

}  // namespace

// Settings that depend on the data (the unit of time, ranges of numbers) need a look at its span first.
result<std::vector<std::unique_ptr<aggregation>>> api::impl::prepared(std::vector<aggregation_kind> const& kinds,
                                                                      aggregate_request const& request, visibility& eye) const {
    std::vector<std::unique_ptr<value_span>> spans(kinds.size());
    std::vector<tally*> first;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        if (kinds[i].what == type::times && request.interval.empty()) spans[i] = span_of_times();
        if (kinds[i].what == type::ranges) spans[i] = span_of_numbers(kinds[i].property);
        if (spans[i]) first.push_back(spans[i].get());
    }
    if (!first.empty())
        if (auto ok = index_.count(request.search.query, eye, first); !ok) return ok.error();
    std::vector<std::unique_ptr<aggregation>> out;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        aggregation_setting setting{.unit = unit_named(request.interval), .precision = request.precision, .limits = {}};
        if (spans[i] && spans[i]->low) {
            auto const low = *spans[i]->low, high = *spans[i]->high;
            if (kinds[i].what == type::times)
                setting.unit = unit_for(static_cast<instant>(low), static_cast<instant>(high));
            else
                setting.limits = limits_for(kinds[i].property, low, high);
        }
        out.push_back(make_aggregation(kinds[i], setting));
    }
    return out;
}

api::impl::answer api::impl::aggregate(net::request const& req, result<aggregate_request> request) {
    auto eye = eyes(req, policies::action::discover);
    auto const to = links(req);
    collection_ptr within;
    if (!req.params.empty()) {
        within = index_.find_collection(collection_id(req.params[0]), eye);
        if (!within) return not_found("there is no such collection");
    }
    if (!request) return bad_request(request.error());
    auto& q = request->search.query;
    if (within) q.collections = {within->id};
    auto const kinds = chosen(request->names, aggregations_for(index_.properties(q.collections, eye)));
    if (!kinds) return bad_request(kinds.error());
    auto const made = prepared(*kinds, *request, eye);
    if (!made) return made.error();
    std::vector<tally*> tallies;
    for (auto const& a : *made) tallies.push_back(a.get());
    if (auto ok = index_.count(q, eye, tallies); !ok) return ok.error();

    std::string results;
    for (auto const& a : *made) {
        if (!results.empty()) results += ',';
        results += json::serialize(a->result());
    }
    std::vector<std::string> list{link("self", self_of(req), media::json), link("root", to.root(), media::json)};
    if (within) list.push_back(link("collection", to.collection(within->id), media::json));
    auto text = "{\"type\":\"AggregationCollection\",\"aggregations\":[" + results + "],\"links\":[" + joined(list) + "]}";
    if (req.method == "POST") return net::text_response(200, std::move(text), media::json);
    return cacheable(req, std::move(text), media::json);
}

api::impl::answer api::impl::get_aggregate(net::request const& req, std::string const&) {
    return aggregate(req, read_aggregate_query(req.query, {.max_limit = options_.max_limit}));
}

api::impl::answer api::impl::post_aggregate(net::request const& req, std::string const& body) {
    return aggregate(req, read_aggregate_body(body, {.max_limit = options_.max_limit}));
}

api::impl::answer api::impl::aggregations(net::request const& req, std::string const&) {
    auto eye = eyes(req, policies::action::discover);
    auto const to = links(req);
    std::vector<collection_id> of;
    if (!req.params.empty()) {
        auto const c = index_.find_collection(collection_id(req.params[0]), eye);
        if (!c) return not_found("there is no such collection");
        of.push_back(c->id);
    }
    json::array offered;
    for (auto const& k : aggregations_for(index_.properties(of, eye))) offered.push_back(describe(k));
    std::vector<std::string> list{link("self", self_of(req), media::json), link("root", to.root(), media::json),
                                  link("aggregate", (of.empty() ? to.base : to.collection(of[0])) + "/aggregate", media::json)};
    return cacheable(
        req,
        "{\"type\":\"AggregationCollection\",\"aggregations\":" + json::serialize(offered) + ",\"links\":[" + joined(list) + "]}",
        media::json);
}

}  // namespace fjord::stac
