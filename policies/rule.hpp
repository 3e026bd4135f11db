#pragma once
// Rules after import: everything in them is enforceable here.
#include "policies/atom.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fjord::policies {

using action_mask = std::uint16_t;
constexpr action_mask mask_of(action a) noexcept { return static_cast<action_mask>(1u << static_cast<unsigned>(a)); }
// The chain discover < describe < aggregate < read.derived < read: a permit reaches down, a forbid reaches up.
action_mask permitted_by(action a) noexcept;
action_mask forbidden_by(action a) noexcept;

struct rule {
    std::string name;  // id@version
    bool forbids = false;
    action_mask actions = 0;   // closed over the chain
    std::vector<atom> select;  // over the resource
    std::vector<atom> when;
    friend bool operator==(rule const&, rule const&) = default;
};

enum class site_attribute : std::uint8_t { jurisdiction, certs, operator_org, storage_class, encrypted_at_rest };
std::string_view name_of(site_attribute a) noexcept;

struct site_atom {
    site_attribute about = site_attribute::jurisdiction;
    operation how = operation::in;
    std::vector<std::string> values;  // sorted, unique
    friend bool operator==(site_atom const&, site_atom const&) = default;
};

struct place_rule {
    std::string name;
    std::vector<atom> select, when;    // over the resource only
    std::vector<site_atom> sites;      // all must hold
    std::vector<std::string> transit;  // countries and regions that bytes may cross; empty: any
    std::optional<seconds> cache_ttl;  // how long a cache may keep bytes
    friend bool operator==(place_rule const&, place_rule const&) = default;
};

// Permits need every atom true; everything else applies unless some atom is false.
truth evaluate(std::vector<atom> const& conjunction, facts const& f);
bool applies_as_permit(truth t) noexcept;
bool applies_as_restriction(truth t) noexcept;

// Why the place does not fit; nullopt: it fits. Unknown does not fit.
std::optional<std::string> misfit(site_atom const& a, place const& where);

}  // namespace fjord::policies
