// The reference of a role's options, from the same declarations that read its file.
#include "base/config.hpp"

#include "base/config_table.hpp"

#include <algorithm>

namespace fjord {

namespace {

std::string_view type_name(config_type type) {
    switch (type) {
        case config_type::text:
            return "text";
        case config_type::boolean:
            return "boolean";
        case config_type::integer:
            return "integer";
        case config_type::bytes:
            return "size";
        case config_type::duration:
            return "duration";
        case config_type::text_list:
            return "list of texts";
        case config_type::array_of_tables:
            return "array of tables";
        case config_type::free_table:
            return "table of your own keys";
    }
    return "";
}

// A '|' would end the cell.
std::string cell(std::string_view text) {
    std::string out;
    for (char c : text) out += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
    return out;
}

std::string type_cell(config_facts const& option) {
    std::string out(type_name(option.type));
    if (auto const bounds = describe_bounds(option); !bounds.empty()) out += ", " + bounds;
    std::string choices;
    for (auto const& choice : option.choices) choices += (choices.empty() ? ": " : ", ") + ("`" + choice + "`");
    return cell(out + choices);
}

std::string row_of(config_facts const& option) {
    bool const is_table = option.type == config_type::array_of_tables || option.type == config_type::free_table;
    auto value = option.required ? "**required**" : option.default_text.empty() ? "" : "`" + option.default_text + "`";
    auto prose = option.prose + (option.reloadable ? " Applied on reload." : "");
    auto name = is_table ? std::string(option.type == config_type::free_table ? "[" + option.key + "]" : "[[" + option.key + "]]")
                         : std::string(leaf_of(option.key));
    return "| `" + name + "` | " + type_cell(option) + " | " + cell(value) + " | " + cell(prose) + " |\n";
}

}  // namespace

std::string config_table::markdown() const {
    std::vector<std::string_view> sections{""};
    for (auto const* option : impl_->facts) {
        auto const name = section_of(option->key);
        if (std::ranges::find(sections, name) == sections.end()) sections.push_back(name);
    }
    std::string out;
    for (auto section : sections) {
        std::string rows;
        for (auto const* option : impl_->facts) {
            if (section_of(option->key) == section) rows += row_of(*option);
        }
        if (rows.empty()) continue;
        if (!section.empty()) out += "### `[" + std::string(section) + "]`\n\n";
        if (auto const prose = prose_of(impl_->sections, section); !prose.empty()) out += std::string(prose) + ".\n\n";
        out += "| Key | Type | Default | Meaning |\n|---|---|---|---|\n" + rows + "\n";
    }
    for (auto const* option : impl_->facts) {
        if (option->type != config_type::array_of_tables) continue;
        config_table row;
        option->sample(row);
        out += "### `[[" + option->key + "]]`\n\n" + (option->prose.empty() ? "" : option->prose + ".\n\n") + row.markdown();
    }
    return out;
}

}  // namespace fjord
