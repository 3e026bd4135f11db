#pragma once
// One condition and its three-valued truth against the facts of a question. Pure.
#include "policies/vocabulary.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fjord::policies {

enum class truth : std::uint8_t { no, unknown, yes };

// Everything an atom can look at. Empty optionals are unknown; unknown makes every atom about them unknown.
struct facts {
    std::optional<std::string> issuer, sub, org;
    std::optional<std::vector<std::string>> groups;
    principal_kind kind = principal_kind::anonymous;
    action what = action::read;
    std::optional<std::string> purpose;
    std::optional<bool> commercial;
    wall_time now{};
    resource const* on = nullptr;
};
// Groups are unknown for a principal that holds capabilities: its token's groups do not count (WLCG: capability beats group).
facts facts_of(question const& q);

struct atom {
    attribute about = attribute::collection;
    operation how = operation::in;
    std::vector<std::string> values;        // sorted, unique; the region or concept of isa; "true"/"false" of is_set
    std::optional<std::int64_t> low, high;  // of <, >=, between: low <= x < high; milliseconds for times
    friend bool operator==(atom const&, atom const&) = default;
};

truth evaluate(atom const& a, facts const& f);
// "request.purpose isa DUO:0000006". Persons in subject.sub are counted, not named: the text goes to requesters.
std::string text_of(atom const& a);
// What the facts say about the attribute: "DUO:0000042", "[/a, /b]", "unknown"; of now only that it was looked at.
std::string got(attribute a, facts const& f);

}  // namespace fjord::policies
