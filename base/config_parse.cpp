// Reads a TOML file by the declared table. Every fault of the file is collected, with its line, before anything is refused.
#include "base/config.hpp"

#include "base/config_table.hpp"
#include "base/config_values.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <numeric>

namespace fjord {

namespace {

constexpr std::uint64_t max_file = 4u << 20;

struct fault {
    std::int64_t line;
    std::string key;
    std::string reason;
};

std::int64_t line_of(toml::source_region const& region) { return std::max<std::int64_t>(region.begin.line, 1); }

// Levenshtein distance, for the "did you mean" of an unknown key.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            auto const replaced = diagonal + (ascii_lower(a[i]) == ascii_lower(b[j]) ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

}  // namespace

// Walks one table of the file beside one table of declarations. `where` is what faults put before the keys: "issuer[1].".
class config_reader {
public:
    config_reader(config_table const& declared, std::string where, std::vector<fault>& faults)
        : declared_(*declared.impl_), where_(std::move(where)), faults_(faults) {}

    void read(toml::table const& root) {
        walk(root, "");
        for (auto const* option : declared_.facts) {
            if (option->required && !seen(option->key)) report_missing(*option, root);
        }
    }

private:
    void walk(toml::table const& table, std::string const& prefix) {
        for (auto const& [name, node] : table) {
            auto const key = prefix + std::string(name.str());
            if (auto const* option = find(key)) {
                seen_.push_back(key);
                take(*option, node);
            } else if (auto const* inner = node.as_table(); inner && is_section(key)) {
                walk(*inner, key + ".");
            } else {
                report_unknown(key, line_of(name.source()));
            }
        }
    }

    void take(config_facts const& option, toml::node const& node) {
        if (option.type == config_type::array_of_tables) return take_rows(option, node);
        if (option.type == config_type::free_table) return take_pairs(option, node);
        auto outcome = assign_value(option, node);
        if (!outcome) report(line_of(node.source()), option.key, outcome.error().detail);
    }

    void take_rows(config_facts const& option, toml::node const& node) {
        auto const* rows = node.as_array();
        bool const fits = rows && std::ranges::all_of(*rows, [](toml::node const& n) { return n.is_table(); });
        if (!fits) {
            return report(line_of(node.source()), option.key, "must be an array of tables, written [[" + option.key + "]]");
        }
        if (auto fine =
                check_config_bounds(option, static_cast<std::int64_t>(rows->size()), std::to_string(rows->size()) + " tables");
            !fine) {
            report(line_of(node.source()), option.key, fine.error().detail);
        }
        if (option.required && rows->empty()) report(line_of(node.source()), option.key, "at least one table is needed");
        option.clear();
        std::size_t index = 0;
        for (auto const& row : *rows) {
            config_table declared;
            option.add_row(declared);
            config_reader(declared, where_ + option.key + "[" + std::to_string(index++) + "].", faults_).read(*row.as_table());
        }
    }

    void take_pairs(config_facts const& option, toml::node const& node) {
        auto const* table = node.as_table();
        if (!table) return report(line_of(node.source()), option.key, wrong_config_type("a table", node).detail);
        auto& pairs = *std::get<config_pairs*>(option.target);
        pairs.clear();
        for (auto const& [name, value] : *table) {
            auto const key = std::string(name.str());
            auto text = config_plain_text(value);
            if (text)
                pairs.emplace_back(key, std::move(*text));
            else
                report(line_of(value.source()), option.key + "." + key,
                       wrong_config_type("text, true, false or an integer", value).detail);
        }
    }

    config_facts const* find(std::string_view key) const {
        for (auto const* option : declared_.facts) {
            if (option->key == key) return option;
        }
        return nullptr;
    }

    bool is_section(std::string const& key) const {
        auto const inside = [&](config_facts const* option) { return option->key.starts_with(key + "."); };
        return std::ranges::any_of(declared_.facts, inside);
    }

    bool seen(std::string const& key) const { return std::ranges::find(seen_, key) != seen_.end(); }

    void report(std::int64_t line, std::string const& key, std::string reason) {
        faults_.push_back({line, where_ + key, std::move(reason)});
    }

    void report_unknown(std::string const& key, std::int64_t line) {
        auto const near = nearest(key);
        report(line, key, near.empty() ? "unknown key" : "unknown key; did you mean '" + near + "'?");
    }

    void report_missing(config_facts const& option, toml::table const& root) {
        auto const section = std::string(section_of(option.key));
        auto const node = root.at_path(section);
        auto const line = section.empty() || !node ? line_of(root.source()) : line_of(node.node()->source());
        auto const prose = std::string(prose_of(declared_.sections, section));
        auto place = !section.empty() ? "section [" + section + "]" : where_.empty() ? "the top level of the file" : "this table";
        if (!prose.empty()) place += " (" + prose + ")";
        report(line, option.key, "required key is missing from " + place);
    }

    // The declared key most like this one: by its whole spelling, or by its last part in another section. Empty when none is.
    std::string nearest(std::string const& key) const {
        auto const leaf = leaf_of(key);
        auto best = std::min<std::size_t>((leaf.size() + 2) / 3, 3) + 1;
        std::string found;
        auto const consider = [&](std::string_view candidate) {
            auto const d = std::min(distance(key, candidate), 1 + distance(leaf, leaf_of(candidate)));
            if (d < best) best = d, found = candidate;
        };
        for (auto const* option : declared_.facts) {
            consider(option->key);
            if (auto const section = section_of(option->key); !section.empty()) consider(section);
        }
        return found;
    }

    config_table::impl const& declared_;
    std::string where_;
    std::vector<fault>& faults_;
    std::vector<std::string> seen_;
};

result<void> config_table::parse_file(std::string const& file) {
    auto text = read_file(file, max_file);
    if (!text) return fail(text.error().code, file + ":1: " + text.error().detail);
    return parse_text(*text, file);
}

result<void> config_table::parse_text(std::string_view toml, std::string const& file_name) {
    auto const parsed = toml::parse(toml, std::string_view(file_name));
    if (!parsed) {
        auto const& e = parsed.error();
        return fail(errc::invalid_argument,
                    file_name + ":" + std::to_string(line_of(e.source())) + ": syntax: " + std::string(e.description()));
    }
    std::vector<fault> faults;
    config_reader(*this, "", faults).read(parsed.table());
    if (faults.empty()) return {};
    std::ranges::stable_sort(faults, {}, &fault::line);
    std::string detail;
    for (auto const& f : faults) {
        detail += (detail.empty() ? "" : "\n") + file_name + ":" + std::to_string(f.line) + ": " + f.key + ": " + f.reason;
    }
    return fail(errc::invalid_argument, std::move(detail));
}

}  // namespace fjord
