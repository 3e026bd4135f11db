#include "policies/rule.hpp"

#include "policies/closure.hpp"

#include <algorithm>

namespace fjord::policies {
namespace {

bool is_in_chain(action a) noexcept { return a <= action::read; }

std::string joined(std::vector<std::string> const& values) {
    std::string out;
    for (auto const& v : values) out += (out.empty() ? "" : ", ") + v;
    return out;
}

bool listed(std::vector<std::string> const& values, std::string const& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
}

std::optional<std::string> value_of(site_attribute a, place const& where) {
    auto unless_empty = [](std::string const& t) { return t.empty() ? std::nullopt : std::optional(t); };
    switch (a) {
        case site_attribute::jurisdiction:
            return unless_empty(where.jurisdiction);
        case site_attribute::operator_org:
            return unless_empty(where.operator_org);
        case site_attribute::storage_class:
            return unless_empty(where.storage_class);
        case site_attribute::encrypted_at_rest:
            if (!where.encrypted_at_rest) return std::nullopt;
            return std::string(*where.encrypted_at_rest ? "true" : "false");
        case site_attribute::certs:
            break;
    }
    return std::nullopt;
}

std::optional<std::string> misfit_of_certs(site_atom const& a, std::vector<std::string> const& held) {
    std::vector<std::string> lacking, shared;
    for (auto const& wanted : a.values) (listed(held, wanted) ? shared : lacking).push_back(wanted);
    if (a.how == operation::contains_all && !lacking.empty()) return "certs lack " + joined(lacking);
    if (a.how == operation::contains_any && shared.empty()) return "certs hold none of " + joined(a.values);
    if (a.how == operation::not_contains_any && !shared.empty()) return "certs hold " + joined(shared);
    return std::nullopt;
}

}  // namespace

action_mask permitted_by(action a) noexcept {
    if (!is_in_chain(a)) return mask_of(a);
    return static_cast<action_mask>((mask_of(a) << 1) - 1);
}

action_mask forbidden_by(action a) noexcept {
    if (!is_in_chain(a)) return mask_of(a);
    auto chain = static_cast<action_mask>((mask_of(action::read) << 1) - 1);
    return static_cast<action_mask>(chain & ~(mask_of(a) - 1));
}

std::string_view name_of(site_attribute a) noexcept {
    switch (a) {
        case site_attribute::jurisdiction:
            return "jurisdiction";
        case site_attribute::certs:
            return "certs";
        case site_attribute::operator_org:
            return "operator_org";
        case site_attribute::storage_class:
            return "storage_class";
        case site_attribute::encrypted_at_rest:
            return "encrypted_at_rest";
    }
    return "";
}

truth evaluate(std::vector<atom> const& conjunction, facts const& f) {
    auto out = truth::yes;
    for (auto const& a : conjunction) {
        out = std::min(out, evaluate(a, f));
        if (out == truth::no) break;
    }
    return out;
}

bool applies_as_permit(truth t) noexcept { return t == truth::yes; }
bool applies_as_restriction(truth t) noexcept { return t != truth::no; }

std::optional<std::string> misfit(site_atom const& a, place const& where) {
    if (a.about == site_attribute::certs) return misfit_of_certs(a, where.certs);
    auto value = value_of(a.about, where);
    std::string name(name_of(a.about));
    if (!value)
        return name + " is not known, and " + joined(a.values) + (a.how == operation::not_in ? " is excluded" : " is needed");
    bool fits = listed(a.values, *value);
    if (a.how == operation::isa) fits = country_isa(*value, a.values.front());
    if (a.how == operation::not_in) return fits ? std::optional(name + " " + *value + " is excluded") : std::nullopt;
    if (fits) return std::nullopt;
    return name + " " + *value + " is not in " + joined(a.values);
}

}  // namespace fjord::policies
