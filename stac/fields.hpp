#pragma once
// The fields extension on JSON text: members that stay keep their bytes. Rules (STAC API fields 1.0.0 as the validator reads it):
// nothing given: everything; an empty selection: the default set; includes only: exactly those; excludes only: everything but
// those; the longer path wins, and of two equal ones the include.
#include "base/json.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::stac {

struct field_selection {
    std::vector<std::string> include, exclude;  // dotted paths; empty include: everything

    // The `fields` of GET: "a,-b,+c"; a '+' may have become a space.
    static field_selection from_text(std::string_view text);
    // The `fields` of POST: {"include": [...], "exclude": [...]}. errc::invalid_argument.
    static result<field_selection> from_json(json::value const& value);

    std::string apply(std::string_view object) const;
    // True when anything at or below a top-level member can be in the answer.
    bool wants(std::string_view member) const;
};

}  // namespace fjord::stac
