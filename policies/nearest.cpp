#include "policies/nearest.hpp"

#include "policies/closure.hpp"
#include "policies/judge.hpp"

#include <algorithm>
#include <array>

namespace fjord::policies {
namespace {

constexpr std::array known_purposes{"DUO:0000042", "DUO:0000006", "DUO:0000007", "DUO:0000011", "DUO:0000004"};
constexpr std::array kinds{principal_kind::human, principal_kind::service, principal_kind::twin_run, principal_kind::anonymous};

// --- making an atom true ----------------------------------------------------------------------------------------------------

bool satisfy_groups(atom const& a, facts& f) {
    auto& held = f.groups ? *f.groups : f.groups.emplace();
    auto listed = [&](std::string const& g) { return std::binary_search(a.values.begin(), a.values.end(), g); };
    switch (a.how) {
        case operation::contains_any:
            held.push_back(a.values.front());
            break;
        case operation::contains_all:
            held.insert(held.end(), a.values.begin(), a.values.end());
            break;
        case operation::not_contains_any:
            std::erase_if(held, listed);
            break;
        case operation::subset_of:
            std::erase_if(held, [&](auto const& g) { return !listed(g); });
            break;
        default:
            return false;
    }
    return true;
}

// Time only goes forward.
void satisfy_now(atom const& a, facts& f) {
    if (a.low) f.now = std::max(f.now, wall_time{milliseconds{*a.low}});
}

// The first candidate value for which the atom holds.
template <class Candidates, class Assign>
void try_values(atom const& a, facts& f, Candidates const& candidates, Assign assign) {
    for (auto const& c : candidates) {
        assign(c);
        if (evaluate(a, f) == truth::yes) return;
    }
}

void satisfy_text(atom const& a, facts& f, std::optional<std::string>& slot) {
    std::vector<std::string> candidates = a.values;
    candidates.emplace_back("another");
    try_values(a, f, candidates, [&](std::string const& v) { slot = v; });
}

void satisfy_purpose(atom const& a, facts& f) {
    std::vector<std::string> candidates;
    if (a.how == operation::in || a.how == operation::isa) candidates = a.values;
    candidates.insert(candidates.end(), known_purposes.begin(), known_purposes.end());
    try_values(a, f, candidates, [&](std::string const& v) { f.purpose = v; });
}

// Changes the facts so that the atom holds; false when the requester cannot.
bool satisfy(atom const& a, facts& f) {
    switch (a.about) {
        case attribute::groups:
            satisfy_groups(a, f);
            break;
        case attribute::now:
            satisfy_now(a, f);
            break;
        case attribute::purpose:
            satisfy_purpose(a, f);
            break;
        case attribute::commercial:
            try_values(a, f, std::array{false, true}, [&](bool v) { f.commercial = v; });
            break;
        case attribute::kind:
            try_values(a, f, kinds, [&](principal_kind k) { f.kind = k; });
            break;
        case attribute::issuer:
            satisfy_text(a, f, f.issuer);
            break;
        case attribute::sub:
            satisfy_text(a, f, f.sub);
            break;
        case attribute::org:
            satisfy_text(a, f, f.org);
            break;
        default:
            break;  // the action and the resource are what was asked for
    }
    return evaluate(a, f) == truth::yes;
}

// An atom that holds only where `a` does not; nullopt where the vocabulary has no such atom.
std::optional<atom> opposite(atom const& a) {
    atom out = a;
    switch (a.how) {
        case operation::in:
            out.how = operation::not_in;
            break;
        case operation::not_in:
            out.how = operation::in;
            break;
        case operation::contains_any:
            out.how = operation::not_contains_any;
            break;
        case operation::not_contains_any:
            out.how = operation::contains_any;
            break;
        case operation::contains_all:
            out.how = operation::not_contains_any;
            out.values.resize(1);
            break;
        case operation::less:
        case operation::between:
            if (!a.high) return std::nullopt;
            out.how = operation::at_least;
            out.low = std::exchange(out.high, std::nullopt);
            break;
        case operation::isa:
            out.how = operation::not_in;
            for (std::string purpose : known_purposes)
                if (purpose_isa(purpose, a.values.front()).value_or(false)) out.values.push_back(purpose);
            std::sort(out.values.begin(), out.values.end());
            out.values.erase(std::unique(out.values.begin(), out.values.end()), out.values.end());
            break;
        case operation::is_set:
            out.values = {a.values.front() == "true" ? "false" : "true"};
            break;
        case operation::at_least:
        case operation::subset_of:
            return std::nullopt;
    }
    return out;
}

// --- words ------------------------------------------------------------------------------------------------------------------

std::string joined(std::vector<std::string> const& values, std::string_view between) {
    std::string out;
    for (auto const& v : values) out += (out.empty() ? "" : std::string(between)) + v;
    return out;
}

std::string phrase(atom const& a, facts const& then) {
    switch (a.about) {
        case attribute::purpose:
            return "declare purpose " + then.purpose.value_or("");
        case attribute::commercial:
            return std::string("declare commercial=") + (then.commercial.value_or(false) ? "true" : "false");
        case attribute::now:
            return "wait until " + format_rfc3339(then.now);
        case attribute::kind:
            return "ask as " + std::string(kind_name(then.kind));
        case attribute::groups:
            if (a.how == operation::contains_any) return "be a member of " + joined(a.values, " or ");
            if (a.how == operation::contains_all) return "be a member of " + joined(a.values, " and ");
            return "hold: " + text_of(a);
        default:
            return "hold: " + text_of(a);
    }
}

// --- the search -------------------------------------------------------------------------------------------------------------

struct attempt {
    facts then;
    std::vector<atom> needed;
};

class search {
public:
    search(compiled_rules const& rules, facts const& f) : rules_(rules), start_(f) {}

    std::vector<way> run() {
        for (auto const* permit : rules_.about(start_.on->collection, start_.what)) {
            if (permit->forbids || evaluate(permit->select, start_) != truth::yes) continue;
            attempt a{start_, {}};
            if (add_all(a, permit->when)) pursue(*permit, std::move(a), 0);
        }
        return minimal();
    }

private:
    static constexpr int max_depth = 6;
    static constexpr int max_judgements = 512;

    static bool add(attempt& a, atom const& wanted) {
        if (evaluate(wanted, a.then) == truth::yes) return true;
        if (!satisfy(wanted, a.then)) return false;
        a.needed.push_back(wanted);
        return true;
    }
    static bool add_all(attempt& a, std::vector<atom> const& wanted) {
        return std::all_of(wanted.begin(), wanted.end(), [&](atom const& w) { return add(a, w); });
    }

    // Breaks one forbid after the other, each in every way there is.
    void pursue(rule const& permit, attempt a, int depth) {
        if (depth > max_depth || ++judgements_ > max_judgements) return;
        if (evaluate(permit.when, a.then) != truth::yes) return;  // a later change undid an earlier one
        auto j = judge(rules_, a.then);
        if (j.permitted) return keep(permit, a);
        if (j.forbids.empty()) return;
        for (auto const& reason : j.forbids.front()->when) {
            auto wanted = opposite(reason);
            auto next = a;
            if (wanted && add(next, *wanted)) pursue(permit, std::move(next), depth + 1);
        }
    }

    void keep(rule const& permit, attempt const& a) {
        way w;
        std::vector<std::string> phrases;
        for (auto const& n : a.needed) {
            if (evaluate(n, a.then) != truth::yes) return;
            w.need.push_back(text_of(n));
            phrases.push_back(phrase(n, a.then));
        }
        std::sort(w.need.begin(), w.need.end());
        w.need.erase(std::unique(w.need.begin(), w.need.end()), w.need.end());
        w.how = joined(phrases, " and ") + "; then rule " + permit.name + " permits";
        w.then = a.then;
        found_.push_back(std::move(w));
    }

    std::vector<way> minimal() {
        auto shorter = [](way const& a, way const& b) { return std::tie(a.need, a.how) < std::tie(b.need, b.how); };
        std::sort(found_.begin(), found_.end(), shorter);
        auto by_size = [](way const& a, way const& b) { return a.need.size() < b.need.size(); };
        std::stable_sort(found_.begin(), found_.end(), by_size);
        std::vector<way> out;
        for (auto& w : found_) {
            auto covers = [&](way const& o) { return std::includes(w.need.begin(), w.need.end(), o.need.begin(), o.need.end()); };
            if (out.size() < max_ways && std::none_of(out.begin(), out.end(), covers)) out.push_back(std::move(w));
        }
        return out;
    }

    compiled_rules const& rules_;
    facts const& start_;
    std::vector<way> found_;
    int judgements_ = 0;
};

}  // namespace

std::vector<way> nearest(compiled_rules const& rules, facts const& f) { return search(rules, f).run(); }

}  // namespace fjord::policies
