#pragma once
// Conditions from JSON. Every refusal names source, rule, JSON pointer and reason; nothing is ever skipped. Pure.
#include "policies/rule.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fjord::policies {

inline constexpr std::size_t max_atoms = 64;     // of one conjunction
inline constexpr std::size_t max_values = 1000;  // of one list
inline constexpr std::size_t max_value_bytes = 1024;

// Where the reader is in the document.
struct position {
    std::string source;   // the document's id
    std::string rule;     // id of the rule, or its number
    std::string pointer;  // RFC 6901

    position at(std::string_view member) const;
    position at(std::size_t index) const;
    error refuse(std::string_view reason) const;  // errc::invalid_argument
};

// What the atoms stand in; decides which of them can ever apply.
struct atom_context {
    bool permits = false;        // else a restriction
    bool resource_only = false;  // placement knows no subject, request or time
};

// `select`: members of the resource, {"collection": "x", "sensitivity": {">=": 2}}; a bare value means in [value].
result<std::vector<atom>> parse_select(boost::json::value const& value, position const& at, atom_context context);
// `when`: a list of {"attribute": {"op": value}}.
result<std::vector<atom>> parse_when(boost::json::value const& value, position const& at, atom_context context);
// `sites` of a place rule.
result<std::vector<site_atom>> parse_sites(boost::json::value const& value, position const& at);
// A region name or a list of countries and regions.
result<std::vector<std::string>> parse_countries(boost::json::value const& value, position const& at);

}  // namespace fjord::policies
