#include "policies/vocabulary.hpp"

#include <algorithm>
#include <array>

namespace fjord::policies {
namespace {

constexpr std::array<std::string_view, 11> action_names{"discover", "describe",  "aggregate", "read.derived", "read",  "process",
                                                        "cache",    "replicate", "share",     "create",       "modify"};
constexpr std::array<std::string_view, 4> kinds{"anonymous", "human", "service", "twin-run"};
constexpr std::array<std::string_view, 3> personal_data_words{"none", "pseudonymised", "special"};

// In the order of the enumeration.
constexpr std::array<attribute_info, attribute_count> attributes{{
    {attribute::issuer, "subject.issuer", "", value_type::text, false, {}},
    {attribute::sub, "subject.sub", "", value_type::text, false, {}},
    {attribute::org, "subject.org", "", value_type::text, false, {}},
    {attribute::groups, "subject.groups", "", value_type::text_set, true, {}},
    {attribute::kind, "subject.kind", "", value_type::enumeration, true, kinds},
    {attribute::action_name, "request.action", "", value_type::enumeration, true, action_names},
    {attribute::purpose, "request.purpose", "", value_type::purpose, false, {}},
    {attribute::commercial, "request.commercial", "", value_type::boolean, false, {}},
    {attribute::now, "now", "", value_type::time, true, {}},
    {attribute::collection, "resource.collection", "collection", value_type::text, true, {}},
    {attribute::dataset, "resource.dataset", "dataset", value_type::text, true, {}},
    {attribute::role, "resource.role", "role", value_type::text, false, {}},
    {attribute::sensitivity, "resource.sensitivity", "sensitivity", value_type::level, false, {}},
    {attribute::personal_data, "resource.personal_data", "personal_data", value_type::enumeration, false, personal_data_words},
    {attribute::subjects_country, "resource.subjects_country", "subjects_country", value_type::country, false, {}},
    {attribute::embargo_until, "resource.embargo_until", "embargo_until", value_type::time, false, {}},
    {attribute::license, "resource.license", "license", value_type::text, false, {}},
}};

constexpr std::array<std::string_view, 10> modelled_only{
    "subject.org.country",   "subject.assurance",    "subject.acr",       "subject.visas",       "subject.accepted_terms",
    "request.token_binding", "request.network_zone", "request.agreement", "request.aggregate.k", "request.aggregate.epsilon"};

constexpr std::array<std::string_view, 11> operation_names{
    "in", "not_in", "isa", "contains_any", "contains_all", "not_contains_any", "subset_of", "<", ">=", "between", "is_set"};

}  // namespace

std::string_view name_of(action a) noexcept { return action_names[static_cast<std::size_t>(a)]; }

std::optional<action> action_named(std::string_view name) noexcept {
    auto at = std::find(action_names.begin(), action_names.end(), name);
    if (at == action_names.end()) return std::nullopt;
    return static_cast<action>(at - action_names.begin());
}

attribute_info const& info_of(attribute a) noexcept { return attributes[static_cast<std::size_t>(a)]; }

attribute_info const* attribute_named(std::string_view name) noexcept {
    auto at = std::find_if(attributes.begin(), attributes.end(), [&](auto const& i) { return i.name == name; });
    return at == attributes.end() ? nullptr : &*at;
}

attribute_info const* attribute_selected_by(std::string_view name) noexcept {
    if (name.empty()) return nullptr;
    auto at = std::find_if(attributes.begin(), attributes.end(), [&](auto const& i) { return i.select_name == name; });
    return at == attributes.end() ? nullptr : &*at;
}

bool is_modelled_only(std::string_view name) noexcept {
    return std::find(modelled_only.begin(), modelled_only.end(), name) != modelled_only.end();
}

std::string_view name_of(operation o) noexcept { return operation_names[static_cast<std::size_t>(o)]; }

std::optional<operation> operation_named(std::string_view name) noexcept {
    auto at = std::find(operation_names.begin(), operation_names.end(), name);
    if (at == operation_names.end()) return std::nullopt;
    return static_cast<operation>(at - operation_names.begin());
}

bool takes(value_type t, operation o) noexcept {
    switch (o) {
        case operation::in:
        case operation::not_in:
            return t != value_type::text_set && t != value_type::time;
        case operation::isa:
            return t == value_type::country || t == value_type::purpose;
        case operation::contains_any:
        case operation::contains_all:
        case operation::not_contains_any:
        case operation::subset_of:
            return t == value_type::text_set;
        case operation::less:
        case operation::at_least:
        case operation::between:
            return t == value_type::time || t == value_type::level;
        case operation::is_set:
            return true;
    }
    return false;
}

std::string_view kind_name(principal_kind k) noexcept { return kinds[static_cast<std::size_t>(k)]; }

}  // namespace fjord::policies
