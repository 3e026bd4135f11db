#include "policies/policies.hpp"

#include <boost/json/array.hpp>

namespace fjord::policies {
namespace {

namespace json = boost::json;

json::object object_of(rule_verdict const& v) {
    json::object out{{"rule", v.rule}, {"verdict", v.verdict}};
    if (v.failed.empty()) return out;
    auto& failed = out["failed"].emplace_array();
    for (auto const& f : v.failed) failed.push_back(json::object{{"atom", f.atom}, {"got", f.got}});
    return out;
}

json::object object_of(std::vector<std::string> const* need, std::string const& how) {
    json::object out;
    if (need) {
        auto& list = out["need"].emplace_array();
        for (auto const& n : *need) list.emplace_back(n);
    }
    out["how"] = how;
    return out;
}

}  // namespace

json::object explain(decision const& d, action a, std::string_view resource_uri) {
    json::object out;
    out["decision"] = d.permitted ? "permit" : "deny";
    out["decision_id"] = d.decision_id;
    out["policy_epoch"] = d.epoch;
    out["action"] = name_of(a);
    out["resource"] = resource_uri;
    auto& determining = out["determining"].emplace_array();
    for (auto const& v : d.determining) determining.push_back(object_of(v));
    auto& nearest = out["nearest"].emplace_array();
    for (std::size_t i = 0; i < d.nearest.size(); ++i)
        nearest.push_back(object_of(i < d.nearest_needs.size() ? &d.nearest_needs[i] : nullptr, d.nearest[i]));
    if (d.valid_until) out["valid_until"] = format_rfc3339(*d.valid_until);
    out["for"] = "requester";
    return out;
}

}  // namespace fjord::policies
