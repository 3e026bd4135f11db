#include "stac/fields.hpp"

#include "stac/json_scan.hpp"

#include <algorithm>

namespace fjord::stac {
namespace {

std::vector<std::string> const& default_set() {
    static std::vector<std::string> const names{"id", "type", "stac_version", "collection", "geometry", "bbox", "links", "assets",
                                                "properties.datetime", "properties.start_datetime", "properties.end_datetime",
                                                // of collections
                                                "title", "description", "license", "extent"};
    return names;
}

bool beneath(std::string_view path, std::string_view parent) {
    return path.size() > parent.size() && path.starts_with(parent) && path[parent.size()] == '.';
}

bool contains(std::vector<std::string> const& list, std::string_view path) {
    return std::find(list.begin(), list.end(), path) != list.end();
}

// The default set without what is excluded.
std::vector<std::string> defaults_without(std::vector<std::string> const& excluded) {
    std::vector<std::string> out;
    for (auto const& d : default_set()) {
        auto const gone = [&](std::string const& e) { return d == e || beneath(d, e); };
        if (std::none_of(excluded.begin(), excluded.end(), gone)) out.push_back(d);
    }
    return out;
}

// Including below an excluded parent asks for "this item, but of its properties only X": what identifies it stays.
void keep_identity(field_selection& s) {
    auto const inside = [&](std::string const& i) {
        return std::any_of(s.exclude.begin(), s.exclude.end(), [&](std::string const& e) { return beneath(i, e); });
    };
    if (!std::any_of(s.include.begin(), s.include.end(), inside)) return;
    for (auto const* name : {"id", "type", "collection", "links"})
        if (!contains(s.include, name) && !contains(s.exclude, name)) s.include.emplace_back(name);
}

result<std::optional<std::vector<std::string>>> names_in(json::object const& object, std::string_view key) {
    auto const* v = object.if_contains(key);
    if (!v) return std::optional<std::vector<std::string>>();
    std::vector<std::string> out;
    if (v->is_null()) return std::optional(out);
    if (!v->is_array()) return fail(errc::invalid_argument, "fields: '" + std::string(key) + "' must be an array of strings");
    for (auto const& e : v->get_array()) {
        if (!e.is_string()) return fail(errc::invalid_argument, "fields: '" + std::string(key) + "' must be an array of strings");
        out.emplace_back(e.get_string());
    }
    return std::optional(out);
}

std::string select(field_selection const& s, std::string_view object, std::string const& prefix, bool inherited) {
    std::string out = "{";
    member_walk walk(object);
    while (auto m = walk.next()) {
        auto const path = prefix + m->key();
        bool const wanted = contains(s.include, path) || (inherited && !contains(s.exclude, path));
        auto const rule_below = [&](std::string const& r) { return beneath(r, path); };
        bool const deeper =
            kind_of(m->value) == json_kind::object && (std::any_of(s.include.begin(), s.include.end(), rule_below) ||
                                                       std::any_of(s.exclude.begin(), s.exclude.end(), rule_below));
        std::string inner;
        if (deeper) inner = select(s, m->value, path + '.', wanted);
        if (!wanted && (!deeper || inner == "{}")) continue;
        if (out.size() > 1) out += ',';
        if (deeper) {
            (((out += '"') += m->raw_key) += "\":") += inner;
        } else {
            out += m->whole;
        }
    }
    return out += '}';
}

}  // namespace

field_selection field_selection::from_text(std::string_view text) {
    field_selection out;
    while (!text.empty()) {
        auto const comma = text.find(',');
        auto name = trimmed(text.substr(0, comma));
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
        bool const excluded = name.starts_with('-');
        if (excluded || name.starts_with('+')) name.remove_prefix(1);
        if (!name.empty()) (excluded ? out.exclude : out.include).emplace_back(name);
    }
    if (out.include.empty() && out.exclude.empty()) out.include = default_set();
    keep_identity(out);
    return out;
}

result<field_selection> field_selection::from_json(json::value const& value) {
    auto const* object = value.if_object();
    if (!object) return fail(errc::invalid_argument, "fields: must be an object with 'include' and 'exclude'");
    auto const include = names_in(*object, "include"), exclude = names_in(*object, "exclude");
    if (!include) return include.error();
    if (!exclude) return exclude.error();
    field_selection out;
    out.include = include->value_or(std::vector<std::string>());
    out.exclude = exclude->value_or(std::vector<std::string>());
    // "include": [] is the default set, an absent include is everything.
    bool const empty = out.include.empty() && out.exclude.empty();
    if (empty || (include->has_value() && out.include.empty())) {
        out.include = defaults_without(out.exclude);
    } else {
        keep_identity(out);
    }
    return out;
}

std::string field_selection::apply(std::string_view object) const { return select(*this, object, {}, include.empty()); }

bool field_selection::wants(std::string_view member) const {
    if (contains(include, member)) return true;
    if (std::any_of(include.begin(), include.end(), [&](std::string const& i) { return beneath(i, member); })) return true;
    return include.empty() && !contains(exclude, member);
}

}  // namespace fjord::stac
