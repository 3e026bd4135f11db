#include "policies/judge.hpp"

namespace fjord::policies {
namespace {

// Narrows [since, until) to the stretch in which no condition on `now` changes its truth.
void narrow(judgement& j, rule const& r, wall_time now) {
    auto consider = [&](std::optional<std::int64_t> const& bound) {
        if (!bound) return;
        wall_time at{milliseconds{*bound}};
        if (at > now && (!j.until || at < *j.until)) j.until = at;
        if (at <= now && (!j.since || at > *j.since)) j.since = at;
    };
    for (auto const& a : r.when) {
        if (a.about != attribute::now) continue;
        consider(a.low);
        consider(a.high);
    }
}

template <class Wanted>
void add_failed(rule_verdict& out, std::vector<atom> const& atoms, facts const& f, Wanted wanted) {
    for (auto const& a : atoms)
        if (wanted(evaluate(a, f))) out.failed.push_back({text_of(a), got(a.about, f)});
}

}  // namespace

judgement judge(compiled_rules const& rules, facts const& f) {
    judgement out;
    for (auto const* r : rules.about(f.on->collection, f.what)) {
        auto selected = evaluate(r->select, f);
        if (selected == truth::no) continue;
        narrow(out, *r, f.now);
        auto holds = std::min(selected, evaluate(r->when, f));
        if (r->forbids) {
            if (applies_as_restriction(holds)) out.forbids.push_back(r);
        } else {
            (applies_as_permit(holds) ? out.permits : out.missed).push_back(r);
        }
    }
    out.permitted = out.forbids.empty() && !out.permits.empty();
    return out;
}

std::vector<rule_verdict> verdicts(judgement const& j, facts const& f) {
    std::vector<rule_verdict> out;
    // Of a forbid, what made it apply; of a permit, what kept it from applying.
    for (auto const* r : j.forbids) {
        auto& v = out.emplace_back(rule_verdict{r->name, "forbid", {}});
        add_failed(v, r->select, f, [](truth t) { return t == truth::unknown; });
        add_failed(v, r->when, f, [](truth t) { return t != truth::no; });
    }
    if (!j.forbids.empty()) return out;
    for (auto const* r : j.permits) out.push_back({r->name, "permit", {}});
    if (j.permitted) return out;
    for (auto const* r : j.missed) {
        auto& v = out.emplace_back(rule_verdict{r->name, "not_applicable", {}});
        for (auto const* part : {&r->select, &r->when}) add_failed(v, *part, f, [](truth t) { return t != truth::yes; });
    }
    return out;
}

}  // namespace fjord::policies
