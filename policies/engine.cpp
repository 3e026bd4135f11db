#include "base/random.hpp"
#include "policies/judge.hpp"
#include "policies/memo.hpp"
#include "policies/nearest.hpp"
#include "policies/placement.hpp"
#include "policies/rule_set_impl.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

namespace fjord::policies {
namespace {

// All of one epoch. Replaced as a whole, so that no remembered decision outlives its rules.
struct generation {
    std::uint64_t epoch = 0;
    rule_set keep;  // owns what `rules` points to
    compiled_rules const* rules = nullptr;
    mutable memo remembered;
};

void append(std::string& out, std::optional<std::string> const& text) {
    out += text ? std::to_string(text->size()) + ':' + *text : "-";
}

// What the rules look at, and nothing else: members of the same groups then share their decisions.
std::string memo_key(compiled_rules const& rules, facts const& f) {
    std::string out = f.on->key();
    out += static_cast<char>('a' + static_cast<int>(f.what));
    out += static_cast<char>('a' + static_cast<int>(f.kind));
    if (rules.looks_at(attribute::dataset)) append(out, f.on->dataset);
    if (rules.looks_at(attribute::issuer)) append(out, f.issuer);
    if (rules.looks_at(attribute::sub)) append(out, f.sub);
    if (rules.looks_at(attribute::org)) append(out, f.org);
    if (rules.looks_at(attribute::purpose)) append(out, f.purpose);
    if (rules.looks_at(attribute::commercial)) out += !f.commercial ? '-' : *f.commercial ? 't' : 'f';
    if (!rules.looks_at(attribute::groups)) return out;
    if (!f.groups) return out + '-';
    auto groups = *f.groups;
    std::sort(groups.begin(), groups.end());
    for (auto const& g : groups) append(out, g);
    return out;
}

decision make_decision(generation const& g, facts const& f, judgement const& j) {
    decision out;
    out.permitted = j.permitted;
    out.epoch = g.epoch;
    out.determining = verdicts(j, f);
    out.valid_until = j.until;
    if (out.permitted) return out;
    for (auto& w : nearest(*g.rules, f)) {
        out.nearest.push_back(std::move(w.how));
        out.nearest_needs.push_back(std::move(w.need));
    }
    return out;
}

std::shared_ptr<decision const> find_or_make(generation const& g, facts const& f) {
    auto key = memo_key(*g.rules, f);
    if (auto known = g.remembered.find(key, f.now)) return known;
    auto j = judge(*g.rules, f);
    auto made = std::make_shared<decision const>(make_decision(g, f, j));
    g.remembered.put(key, {made, j.since, j.until});
    return made;
}

}  // namespace

struct engine::impl {
    std::atomic<std::shared_ptr<generation const>> current;
    std::mutex replacing;  // orders replace() calls
};

engine::engine() : impl_(std::make_unique<impl>()) {
    auto none = std::make_shared<generation>();
    none->rules = none->keep.impl_.get();
    impl_->current.store(std::move(none));
}

engine::~engine() = default;

std::uint64_t engine::replace(rule_set rules) {
    std::lock_guard lock(impl_->replacing);
    auto next = std::make_shared<generation>();
    next->epoch = impl_->current.load()->epoch + 1;
    next->keep = std::move(rules);
    next->rules = next->keep.impl_.get();
    auto epoch = next->epoch;
    impl_->current.store(std::move(next));
    return epoch;
}

std::uint64_t engine::epoch() const noexcept { return impl_->current.load()->epoch; }

decision engine::decide(question const& q) const {
    auto g = impl_->current.load();
    decision out;
    out.epoch = g->epoch;
    if (q.who && q.on) {
        out = *find_or_make(*g, facts_of(q));
        auto const& expires = q.who->expires;
        if (expires && (!out.valid_until || *expires < *out.valid_until)) out.valid_until = expires;
    }
    out.decision_id = new_ulid();
    return out;
}

bool engine::permits(question const& q) const {
    return q.who && q.on && find_or_make(*impl_->current.load(), facts_of(q))->permitted;
}

std::shared_ptr<std::vector<std::string> const> engine::named_datasets() const {
    auto const g = impl_->current.load();
    return {g, &g->rules->named_datasets()};
}

placement_verdict engine::may_place(resource const& on, place const& where) const {
    return judge_place(*impl_->current.load()->rules, on, where);
}

placement_verdict engine::may_transit(resource const& on, std::string_view jurisdiction) const {
    return judge_transit(*impl_->current.load()->rules, on, jurisdiction);
}

}  // namespace fjord::policies
