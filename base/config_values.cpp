#include "base/config_values.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <limits>

namespace fjord {

namespace {

std::string_view kind_of_node(toml::node const& node) {
    switch (node.type()) {
        case toml::node_type::string:
            return "text";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::floating_point:
            return "a decimal number";
        case toml::node_type::boolean:
            return "a boolean";
        case toml::node_type::array:
            return "a list";
        case toml::node_type::table:
            return "a table";
        default:
            return "a date or time";
    }
}

result<void> check_text(config_facts const& option, std::string const& value) {
    if (!option.choices.empty() && std::ranges::find(option.choices, value) == option.choices.end()) {
        std::string list;
        for (auto const& choice : option.choices) list += (list.empty() ? "" : ", ") + choice;
        return fail(errc::invalid_argument, json_quote(value) + " is not one of: " + list);
    }
    return option.check ? option.check(value) : result<void>{};
}

result<void> assign_text(config_facts const& option, std::string& to, toml::node const& node) {
    auto const value = node.value_exact<std::string>();
    if (!value) return wrong_config_type("text in quotes", node);
    if (auto fine = check_text(option, *value); !fine) return fine;
    to = *value;
    return {};
}

result<void> assign_boolean(bool& to, toml::node const& node) {
    auto const value = node.value_exact<bool>();
    if (!value) return wrong_config_type("true or false", node);
    to = *value;
    return {};
}

result<void> assign_integer(config_facts const& option, std::int64_t& to, toml::node const& node) {
    auto const value = node.value_exact<std::int64_t>();
    if (!value) return wrong_config_type("an integer", node);
    if (auto fine = check_config_bounds(option, *value, std::to_string(*value)); !fine) return fine;
    to = *value;
    return {};
}

// "64 MiB", "10 GB", "4096"; nullopt when malformed or beyond 63 bits.
std::optional<std::int64_t> parse_bytes(std::string_view text) {
    static constexpr std::pair<std::string_view, std::uint64_t> units[] = {
        {"", 1},
        {"B", 1},
        {"KiB", 1ull << 10},
        {"MiB", 1ull << 20},
        {"GiB", 1ull << 30},
        {"TiB", 1ull << 40},
        {"PiB", 1ull << 50},
        {"kB", 1'000},
        {"MB", 1'000'000},
        {"GB", 1'000'000'000},
        {"TB", 1'000'000'000'000},
    };
    text = trim(text);
    auto const digits = std::min(text.find_first_not_of("0123456789"), text.size());
    auto const number = parse_unsigned<std::uint64_t>(text.substr(0, digits));
    auto const suffix = trim(text.substr(digits));
    for (auto const& [name, factor] : units) {
        if (!iequals(name, suffix) || !number) continue;
        if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / factor) return std::nullopt;
        return static_cast<std::int64_t>(*number * factor);
    }
    return std::nullopt;
}

result<void> assign_bytes(config_facts const& option, std::uint64_t& to, toml::node const& node) {
    auto value = node.value_exact<std::int64_t>();
    auto const text = node.value_exact<std::string>();
    if (!value && !text) return wrong_config_type("a size such as 4096 or \"64 MiB\"", node);
    if (text) value = parse_bytes(*text);
    if (!value)
        return fail(errc::invalid_argument, json_quote(*text) + " is not a size such as \"64 MiB\" (B, KiB, MiB, GiB, TiB, PiB)");
    if (*value < 0) return fail(errc::invalid_argument, "a size cannot be negative");
    auto const shown = text ? json_quote(*text) : std::to_string(*value);
    if (auto fine = check_config_bounds(option, *value, shown); !fine) return fine;
    to = static_cast<std::uint64_t>(*value);
    return {};
}

result<void> assign_duration(config_facts const& option, seconds& to, toml::node const& node) {
    auto const number = node.value_exact<std::int64_t>();
    auto const text = node.value_exact<std::string>();
    if (!number && !text) return wrong_config_type("a duration such as \"PT6H\" or whole seconds", node);
    auto const value = text ? parse_duration(*text) : result<seconds>(seconds{*number});
    if (!value) return value.error();
    if (value->count() < 0) return fail(errc::invalid_argument, "a duration cannot be negative");
    if (auto fine = check_config_bounds(option, value->count(), format_duration(*value)); !fine) return fine;
    to = *value;
    return {};
}

result<void> assign_list(config_facts const& option, std::vector<std::string>& to, toml::node const& node) {
    auto const* list = node.as_array();
    if (!list) return wrong_config_type("a list of texts", node);
    std::vector<std::string> values;
    for (auto const& element : *list) {
        auto const value = element.value_exact<std::string>();
        if (!value)
            return fail(errc::invalid_argument, "must be a list of texts; it holds " + std::string(kind_of_node(element)));
        if (auto fine = check_text(option, *value); !fine) return fine;
        values.push_back(*value);
    }
    if (option.required && values.empty()) return fail(errc::invalid_argument, "at least one element is needed");
    to = std::move(values);
    return {};
}

struct assigner {
    config_facts const& option;
    toml::node const& node;

    result<void> operator()(std::string* to) const { return assign_text(option, *to, node); }
    result<void> operator()(bool* to) const { return assign_boolean(*to, node); }
    result<void> operator()(std::int64_t* to) const { return assign_integer(option, *to, node); }
    result<void> operator()(std::uint64_t* to) const { return assign_bytes(option, *to, node); }
    result<void> operator()(seconds* to) const { return assign_duration(option, *to, node); }
    result<void> operator()(std::vector<std::string>* to) const { return assign_list(option, *to, node); }
    // Tables are read entry by entry, by the reader below.
    result<void> operator()(config_pairs*) const { return {}; }
    result<void> operator()(std::monostate) const { return {}; }
};

}  // namespace

error wrong_config_type(std::string_view expected, toml::node const& node) {
    return fail(errc::invalid_argument, "must be " + std::string(expected) + ", not " + std::string(kind_of_node(node)));
}

result<void> check_config_bounds(config_facts const& option, std::int64_t value, std::string const& shown) {
    if (option.bounds && (value < option.bounds->first || value > option.bounds->second))
        return fail(errc::invalid_argument, shown + " is out of bounds: allowed is " + describe_bounds(option));
    return {};
}

std::optional<std::string> config_plain_text(toml::node const& node) {
    if (auto const s = node.value_exact<std::string>()) return *s;
    if (auto const b = node.value_exact<bool>()) return *b ? "true" : "false";
    if (auto const i = node.value_exact<std::int64_t>()) return std::to_string(*i);
    return std::nullopt;
}

result<void> assign_value(config_facts const& option, toml::node const& node) {
    return std::visit(assigner{option, node}, option.target);
}

}  // namespace fjord
