#pragma once
// The functions that filters may call (OGC 21-065, conformance class "functions"), in one table: parsers check calls against
// it, the evaluator runs it, GET /functions lists it. All are pure; null or a value of another type in gives null out, except
// where the description says more.
#include "stac/cql2/evaluate.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace fjord::stac::cql2 {

struct function_info {
    enum class kind { number, text, boolean, time };
    struct argument {
        std::string_view title;
        kind type;
    };
    std::string_view name;
    std::string_view description;
    std::vector<argument> arguments;
    kind returns;
    value (*call)(std::span<value const> arguments);
};
std::string_view name_of(function_info::kind k) noexcept;  // "number", "string", "boolean", "datetime"

std::vector<function_info> const& functions();
function_info const* find_function(std::string_view name) noexcept;  // without regard to case; null: there is none

// True when `phrase` stands in `text` as whole words, in order; letters compare without case and accents.
bool has_phrase(std::string_view text, std::string_view phrase);

}  // namespace fjord::stac::cql2
