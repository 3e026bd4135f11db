#pragma once
// The closed vocabulary: every attribute and operator a rule may use, and nothing else. An attribute stands here only when this
// build really learns its value; the others of the model (assurance, visas, accepted terms, ...) are refused at import.
#include "policies/policies.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fjord::policies {

enum class attribute : std::uint8_t {
    issuer,
    sub,
    org,
    groups,
    kind,  // subject.*
    action_name,
    purpose,
    commercial,
    now,  // request.* and now
    collection,
    dataset,
    role,
    sensitivity,
    personal_data,
    subjects_country,
    embargo_until,
    license,  // resource.*
};
inline constexpr std::size_t attribute_count = 17;

enum class value_type : std::uint8_t {
    text,         // free text, compared byte for byte
    enumeration,  // one of a few words
    country,      // ISO 3166-1 alpha-2
    purpose,      // a concept, "DUO:0000042"
    boolean,
    level,     // integer 0..4
    time,      // RFC 3339 instant
    text_set,  // set of texts
};

enum class operation : std::uint8_t {
    in,
    not_in,
    isa,  // one value against a list; isa by closure table
    contains_any,
    contains_all,
    not_contains_any,
    subset_of,  // a set against a list
    less,
    at_least,
    between,  // "<", ">=", between [low, high): either end may be null
    is_set,
};

struct attribute_info {
    attribute id;
    std::string_view name;         // as written in `when`
    std::string_view select_name;  // as written in `select`; empty: not a resource attribute
    value_type type;
    bool always_known;                        // never unknown, so is_set would say nothing
    std::span<std::string_view const> words;  // of an enumeration
};

attribute_info const& info_of(attribute a) noexcept;
attribute_info const* attribute_named(std::string_view name) noexcept;        // in `when`
attribute_info const* attribute_selected_by(std::string_view name) noexcept;  // in `select`
// Of the model, but not learned by this build; for a better reason in the refusal.
bool is_modelled_only(std::string_view name) noexcept;

std::string_view name_of(operation o) noexcept;
std::optional<operation> operation_named(std::string_view name) noexcept;
bool takes(value_type t, operation o) noexcept;

std::string_view kind_name(principal_kind k) noexcept;

}  // namespace fjord::policies
