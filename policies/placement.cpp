#include "policies/placement.hpp"

#include "policies/closure.hpp"

#include <algorithm>

namespace fjord::policies {
namespace {

std::vector<place_rule const*> applying(compiled_rules const& rules, resource const& on) {
    facts f;
    f.on = &on;
    std::vector<place_rule const*> out;
    for (auto const& r : rules.places)
        if (applies_as_restriction(std::min(evaluate(r.select, f), evaluate(r.when, f)))) out.push_back(&r);
    return out;
}

}  // namespace

placement_verdict judge_place(compiled_rules const& rules, resource const& on, place const& where) {
    placement_verdict out;
    for (auto const* r : applying(rules, on)) {
        for (auto const& a : r->sites)
            if (auto reason = misfit(a, where)) out.reasons.push_back(r->name + ": " + *reason);
        if (r->cache_ttl) out.cache_ttl = out.cache_ttl ? std::min(*out.cache_ttl, *r->cache_ttl) : *r->cache_ttl;
    }
    out.allowed = out.reasons.empty();
    return out;
}

placement_verdict judge_transit(compiled_rules const& rules, resource const& on, std::string_view jurisdiction) {
    placement_verdict out;
    std::string country(jurisdiction.empty() ? "an unknown jurisdiction" : jurisdiction);
    for (auto const* r : applying(rules, on)) {
        auto fits = [&](std::string const& wider) { return !jurisdiction.empty() && country_isa(jurisdiction, wider); };
        if (r->transit.empty() || std::any_of(r->transit.begin(), r->transit.end(), fits)) continue;
        std::string allowed;
        for (auto const& t : r->transit) allowed += (allowed.empty() ? "" : ", ") + t;
        out.reasons.push_back(r->name + ": transit through " + country + " is not in " + allowed);
    }
    out.allowed = out.reasons.empty();
    return out;
}

}  // namespace fjord::policies
