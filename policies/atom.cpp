#include "policies/atom.hpp"

#include "policies/closure.hpp"

#include <algorithm>

namespace fjord::policies {
namespace {

truth truth_of(bool b) noexcept { return b ? truth::yes : truth::no; }

std::optional<std::string> unless_empty(std::string const& text) {
    if (text.empty()) return std::nullopt;
    return text;
}

// Values that are compared as text; booleans and levels by their one spelling.
std::optional<std::string> text_value(attribute a, facts const& f) {
    switch (a) {
        case attribute::issuer:
            return f.issuer;
        case attribute::sub:
            return f.sub;
        case attribute::org:
            return f.org;
        case attribute::kind:
            return std::string(kind_name(f.kind));
        case attribute::action_name:
            return std::string(name_of(f.what));
        case attribute::purpose:
            return f.purpose;
        case attribute::commercial:
            if (!f.commercial) return std::nullopt;
            return std::string(*f.commercial ? "true" : "false");
        case attribute::collection:
            return f.on->collection;
        case attribute::dataset:
            return f.on->dataset;  // empty is known: the collection itself
        case attribute::role:
            return unless_empty(f.on->role);
        case attribute::sensitivity:
            if (!f.on->sensitivity) return std::nullopt;
            return std::to_string(*f.on->sensitivity);
        case attribute::personal_data:
            return f.on->personal_data;
        case attribute::subjects_country:
            return f.on->subjects_country;
        case attribute::license:
            return f.on->license;
        case attribute::groups:
        case attribute::now:
        case attribute::embargo_until:
            break;
    }
    return std::nullopt;
}

std::optional<std::int64_t> number_value(attribute a, facts const& f) {
    if (a == attribute::now) return f.now.time_since_epoch().count();
    if (a == attribute::sensitivity && f.on->sensitivity) return *f.on->sensitivity;
    if (a == attribute::embargo_until && f.on->embargo_until) return f.on->embargo_until->time_since_epoch().count();
    return std::nullopt;
}

bool listed(std::vector<std::string> const& sorted, std::string const& value) {
    return std::binary_search(sorted.begin(), sorted.end(), value);
}

truth evaluate_set(atom const& a, std::vector<std::string> const& held) {
    auto wanted = [&](std::string const& value) { return listed(a.values, value); };
    auto is_held = [&](std::string const& value) { return std::find(held.begin(), held.end(), value) != held.end(); };
    switch (a.how) {
        case operation::contains_any:
            return truth_of(std::any_of(held.begin(), held.end(), wanted));
        case operation::not_contains_any:
            return truth_of(std::none_of(held.begin(), held.end(), wanted));
        case operation::contains_all:
            return truth_of(std::all_of(a.values.begin(), a.values.end(), is_held));
        case operation::subset_of:
            return truth_of(std::all_of(held.begin(), held.end(), wanted));
        default:
            return truth::unknown;
    }
}

truth evaluate_isa(atom const& a, std::string const& value) {
    if (info_of(a.about).type == value_type::country) return truth_of(country_isa(value, a.values.front()));
    auto known = purpose_isa(value, a.values.front());
    return known ? truth_of(*known) : truth::unknown;
}

truth evaluate_text(atom const& a, std::string const& value) {
    if (a.how == operation::isa) return evaluate_isa(a, value);
    return truth_of(listed(a.values, value) == (a.how == operation::in));
}

truth evaluate_number(atom const& a, std::int64_t x) { return truth_of((!a.low || x >= *a.low) && (!a.high || x < *a.high)); }

bool is_about_numbers(operation o) { return o == operation::less || o == operation::at_least || o == operation::between; }

bool is_known(attribute a, facts const& f) {
    if (a == attribute::groups) return f.groups.has_value();
    return text_value(a, f).has_value() || number_value(a, f).has_value();
}

std::string list_text(std::vector<std::string> const& values, std::size_t shown = 20) {
    std::string out = "[";
    for (std::size_t i = 0; i < std::min(values.size(), shown); ++i) out += (i ? ", " : "") + values[i];
    return out + (values.size() > shown ? ", ...]" : "]");
}

std::string bound_text(attribute a, std::int64_t bound) {
    if (info_of(a).type == value_type::time) return format_rfc3339(wall_time{milliseconds{bound}});
    return std::to_string(bound);
}

std::string operand_text(atom const& a) {
    switch (a.how) {
        case operation::less:
            return bound_text(a.about, *a.high);
        case operation::at_least:
            return bound_text(a.about, *a.low);
        case operation::between:
            return "[" + (a.low ? bound_text(a.about, *a.low) : "null") + ", " +
                   (a.high ? bound_text(a.about, *a.high) : "null") + "]";
        case operation::isa:
        case operation::is_set:
            return a.values.front();
        default:
            break;
    }
    if (a.about == attribute::sub) return "[" + std::to_string(a.values.size()) + " named]";
    return list_text(a.values);
}

}  // namespace

facts facts_of(question const& q) {
    facts f;
    auto const& who = *q.who;
    f.issuer = unless_empty(who.issuer);
    f.sub = unless_empty(who.subject);
    f.org = unless_empty(who.org);
    if (who.capabilities.empty()) f.groups = who.groups;
    f.kind = who.kind;
    f.what = q.what;
    f.purpose = q.purpose;
    f.commercial = q.commercial;
    f.now = q.now;
    f.on = q.on;
    return f;
}

truth evaluate(atom const& a, facts const& f) {
    if (!is_known(a.about, f)) return truth::unknown;
    if (a.how == operation::is_set) return truth_of(a.values.front() == "true");
    if (a.about == attribute::groups) return evaluate_set(a, *f.groups);
    if (is_about_numbers(a.how)) return evaluate_number(a, *number_value(a.about, f));
    return evaluate_text(a, *text_value(a.about, f));
}

std::string text_of(atom const& a) {
    return std::string(info_of(a.about).name) + " " + std::string(name_of(a.how)) + " " + operand_text(a);
}

std::string got(attribute a, facts const& f) {
    if (a == attribute::groups) return f.groups ? list_text(*f.groups) : "unknown";
    if (a == attribute::now) return "the time of the request";  // decisions are remembered for a stretch of time
    if (info_of(a).type == value_type::time) {
        auto number = number_value(a, f);
        return number ? bound_text(a, *number) : "unknown";
    }
    return text_value(a, f).value_or("unknown");
}

}  // namespace fjord::policies
