#pragma once
// What a config_table keeps of its declarations; shared by the three config_*.cpp files and by nobody else.
#include "base/config.hpp"

#include <deque>
#include <optional>
#include <utility>
#include <variant>

namespace fjord {

using config_pairs = std::vector<std::pair<std::string, std::string>>;
using config_target = std::variant<std::monostate, std::string*, bool*, std::int64_t*, std::uint64_t*, seconds*,
                                   std::vector<std::string>*, config_pairs*>;

// One option as declared.
struct config_facts {
    std::string key;  // with its section: "disk.path"
    config_type type = config_type::text;
    config_target target;
    std::string default_text;  // as TOML would write it; empty when there is none
    std::string prose;
    bool required = false;
    bool reloadable = false;
    std::optional<std::pair<std::int64_t, std::int64_t>> bounds;
    std::vector<std::string> choices;
    std::function<result<void>(std::string const&)> check;
    // For array_of_tables: declares a fresh row bound to a new element, declares a row for documentation, drops all elements.
    std::function<void(config_table&)> add_row;
    std::function<void(config_table&)> sample;
    std::function<void()> clear;
};

struct config_option::impl : config_facts {};

struct config_table::impl {
    std::deque<config_option> options;  // a deque: declared options are referred to while more are added
    std::vector<config_facts*> facts;   // the same, in the order declared
    config_pairs sections;              // name and prose

    config_option& add(std::string key, config_type type, config_target target, std::string default_text);
};

// The part of a key before its last '.', and after it.
std::string_view section_of(std::string_view key) noexcept;
std::string_view leaf_of(std::string_view key) noexcept;
std::string_view prose_of(config_pairs const& sections, std::string_view name) noexcept;
std::string describe_bounds(config_facts const& option);  // "1 to 64"; "" when there are none

}  // namespace fjord
