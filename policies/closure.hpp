#pragma once
// Fixed, versioned closure tables for `isa`: which country belongs to which region, which purpose is narrower than which.
// No remote ontology is ever asked. A change here is a change of every policy: raise the version and replace the engine's rules.
#include <optional>
#include <string_view>

namespace fjord::policies {

inline constexpr std::string_view closure_version = "2026-1";

// ISO 3166-1 alpha-2, officially assigned. "UK" and "EL" are not among them (GB, GR are).
bool is_country(std::string_view code) noexcept;
// EU, EEA, EU_EEA (their union), ADEQUACY (whole countries with an adequacy decision under GDPR article 45; partial ones such
// as Canada and the United States are left out), EU_EEA_ADEQUACY.
bool is_region(std::string_view name) noexcept;
// The country itself, or a region that holds it. `wider` is a country or region.
bool country_isa(std::string_view country, std::string_view wider) noexcept;

// Purposes of the Data Use Ontology: NRES > GRU > HMB > DS, and POA below NRES but apart from HMB.
bool is_known_purpose(std::string_view concept_id) noexcept;
// nullopt: the declared concept is not in the table, so nobody can tell.
std::optional<bool> purpose_isa(std::string_view declared, std::string_view wider) noexcept;

}  // namespace fjord::policies
