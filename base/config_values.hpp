#pragma once
// One TOML value against its declaration. Reasons say what was expected; file, line and key are added by the reader.
#include "base/config_table.hpp"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace fjord {

// Checks the value and stores it at the option's target. Tables are not values: for them it does nothing.
result<void> assign_value(config_facts const& option, toml::node const& node);

// Also for the number of tables of an array; `shown` is how the reason spells the value.
result<void> check_config_bounds(config_facts const& option, std::int64_t value, std::string const& shown);

// The value of a free-form table's key as text; nullopt when it is of no simple type.
std::optional<std::string> config_plain_text(toml::node const& node);

error wrong_config_type(std::string_view expected, toml::node const& node);

}  // namespace fjord
