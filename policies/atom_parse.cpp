#include "policies/atom_parse.hpp"

#include "policies/closure.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>

namespace fjord::policies {
namespace {

namespace json = boost::json;

std::string quote(std::string_view text) { return "'" + std::string(text.substr(0, 80)) + "'"; }

bool is_purpose_text(std::string_view t) {
    auto colon = t.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == t.size() || t.size() > 128) return false;
    auto plain = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
    return std::all_of(t.begin(), t.end(), plain);
}

// The reason why a text is no value of the type; empty when it is one.
std::string fault_of_text(value_type type, std::span<std::string_view const> words, std::string_view text) {
    if (text.empty() || text.size() > max_value_bytes) return "text must have 1 to 1024 bytes";
    if (type == value_type::enumeration && std::find(words.begin(), words.end(), text) == words.end()) {
        std::string all;
        for (auto w : words) all += (all.empty() ? "" : ", ") + std::string(w);
        return quote(text) + " is not one of " + all;
    }
    if (type == value_type::country && !is_country(text)) return quote(text) + " is not an ISO 3166-1 alpha-2 code";
    if (type == value_type::purpose && !is_purpose_text(text)) return quote(text) + " is not a concept such as DUO:0000042";
    if (type == value_type::text_set && (text.starts_with("URN:") || text.starts_with("Urn:")))
        return "write entitlements in their normal form, with 'urn' and the namespaces in lower case";
    return {};
}

result<std::string> parse_value(attribute_info const& info, json::value const& v, position const& at) {
    if (info.type == value_type::boolean) {
        if (!v.is_bool()) return at.refuse("needs true or false");
        return std::string(v.get_bool() ? "true" : "false");
    }
    if (info.type == value_type::level) {
        if (!v.is_int64() || v.get_int64() < 0 || v.get_int64() > 4) return at.refuse("needs an integer from 0 to 4");
        return std::to_string(v.get_int64());
    }
    if (!v.is_string()) return at.refuse("needs text");
    auto fault = fault_of_text(info.type, info.words, v.get_string());
    if (!fault.empty()) return at.refuse(fault);
    return std::string(v.get_string());
}

template <class ParseOne>
result<std::vector<std::string>> parse_list(json::value const& v, position const& at, ParseOne parse_one) {
    if (!v.is_array()) return at.refuse("needs a list");
    auto const& list = v.get_array();
    if (list.empty()) return at.refuse("the list is empty");
    if (list.size() > max_values) return at.refuse("the list has over 1000 values");
    std::vector<std::string> out;
    for (std::size_t i = 0; i < list.size(); ++i) {
        result<std::string> one = parse_one(list[i], at.at(i));
        if (!one) return one.error();
        out.push_back(std::move(*one));
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

result<std::int64_t> parse_bound(attribute_info const& info, json::value const& v, position const& at) {
    if (info.type == value_type::level) {
        if (!v.is_int64() || v.get_int64() < 0 || v.get_int64() > 5) return at.refuse("needs an integer from 0 to 5");
        return v.get_int64();
    }
    if (!v.is_string()) return at.refuse("needs an RFC 3339 date-time");
    auto time = parse_rfc3339(v.get_string());
    if (!time) return at.refuse(time.error().message());
    return time->time_since_epoch().count();
}

result<void> parse_between(attribute_info const& info, json::value const& v, position const& at, atom& out) {
    if (!v.is_array() || v.get_array().size() != 2)
        return at.refuse("needs a list of two ends, [low, high); null leaves one open");
    auto const& ends = v.get_array();
    for (std::size_t i = 0; i < 2; ++i) {
        if (ends[i].is_null()) continue;
        auto bound = parse_bound(info, ends[i], at.at(i));
        if (!bound) return bound.error();
        (i == 0 ? out.low : out.high) = *bound;
    }
    if (!out.low && !out.high) return at.refuse("both ends are open");
    if (out.low && out.high && *out.low >= *out.high) return at.refuse("the range is empty");
    return {};
}

// is_set is unknown for an unknown attribute, so these two say the same for every request.
result<void> parse_is_set(attribute_info const& info, json::value const& v, position const& at, atom_context context, atom& out) {
    if (!v.is_bool()) return at.refuse("needs true or false");
    if (info.always_known) return at.refuse(std::string(info.name) + " is always set");
    if (context.permits && !v.get_bool())
        return at.refuse("is_set false can never hold in a permit, where unknown does not satisfy");
    if (!context.permits && v.get_bool()) return at.refuse("is_set true always applies in a restriction, where unknown fires");
    out.values = {v.get_bool() ? "true" : "false"};
    return {};
}

result<void> parse_isa(attribute_info const& info, json::value const& v, position const& at, atom& out) {
    if (!v.is_string()) return at.refuse("needs one name");
    std::string name(v.get_string());
    bool known = info.type == value_type::country ? is_country(name) || is_region(name) : is_known_purpose(name);
    if (!known) return at.refuse(quote(name) + " is not in the closure table " + std::string(closure_version));
    out.values = {std::move(name)};
    return {};
}

result<void> parse_operand(attribute_info const& info, json::value const& v, position const& at, atom_context context,
                           atom& out) {
    switch (out.how) {
        case operation::is_set:
            return parse_is_set(info, v, at, context, out);
        case operation::isa:
            return parse_isa(info, v, at, out);
        case operation::between:
            return parse_between(info, v, at, out);
        case operation::less:
        case operation::at_least: {
            auto bound = parse_bound(info, v, at);
            if (!bound) return bound.error();
            (out.how == operation::less ? out.high : out.low) = *bound;
            return {};
        }
        default:
            break;
    }
    auto values = parse_list(v, at, [&](json::value const& one, position const& where) { return parse_value(info, one, where); });
    if (!values) return values.error();
    out.values = std::move(*values);
    return {};
}

result<atom> parse_atom(attribute_info const& info, std::string_view op, json::value const& v, position const& at,
                        atom_context context) {
    auto how = operation_named(op);
    if (!how) return at.refuse("unknown operator " + quote(op));
    if (!takes(info.type, *how)) return at.refuse("operator " + quote(op) + " does not fit " + std::string(info.name));
    atom out;
    out.about = info.id;
    out.how = *how;
    if (auto ok = parse_operand(info, v, at, context, out); !ok) return ok.error();
    return out;
}

// {"op": value, ...} about one attribute: all of them must hold.
result<void> parse_conditions(attribute_info const& info, json::value const& v, position const& at, atom_context context,
                              std::vector<atom>& out) {
    if (!v.is_object() || v.get_object().empty()) return at.refuse("needs an object of operators, such as {\"in\": [...]}");
    for (auto const& [op, operand] : v.get_object()) {
        auto parsed = parse_atom(info, op, operand, at.at(op), context);
        if (!parsed) return parsed.error();
        if (out.size() == max_atoms) return at.refuse("over 64 conditions");
        out.push_back(std::move(*parsed));
    }
    return {};
}

error unknown_attribute(std::string_view name, position const& at) {
    if (is_modelled_only(name))
        return at.refuse("attribute " + quote(name) + " is not enforced by this build: it never learns its value");
    return at.refuse("unknown attribute " + quote(name));
}

bool is_about_resource(attribute_info const& info) { return !info.select_name.empty(); }

std::optional<site_attribute> site_attribute_named(std::string_view name) {
    for (auto a : {site_attribute::jurisdiction, site_attribute::certs, site_attribute::operator_org,
                   site_attribute::storage_class, site_attribute::encrypted_at_rest})
        if (name_of(a) == name) return a;
    return std::nullopt;
}

value_type type_of(site_attribute a) {
    switch (a) {
        case site_attribute::jurisdiction:
            return value_type::country;
        case site_attribute::certs:
            return value_type::text_set;
        case site_attribute::encrypted_at_rest:
            return value_type::boolean;
        case site_attribute::operator_org:
        case site_attribute::storage_class:
            break;
    }
    return value_type::text;
}

result<site_atom> parse_site_atom(site_attribute about, std::string_view op, json::value const& v, position const& at) {
    attribute_info info{attribute::collection, name_of(about), "", type_of(about), false, {}};
    auto how = operation_named(op);
    if (!how) return at.refuse("unknown operator " + quote(op));
    if (!takes(info.type, *how) || *how == operation::is_set || *how == operation::subset_of)
        return at.refuse("operator " + quote(op) + " does not fit " + std::string(info.name));
    atom parsed;
    parsed.how = *how;
    if (auto ok = parse_operand(info, v, at, {}, parsed); !ok) return ok.error();
    return site_atom{about, *how, std::move(parsed.values)};
}

}  // namespace

position position::at(std::string_view member) const {
    auto out = *this;
    out.pointer += '/';
    for (char c : member.substr(0, 80)) out.pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return out;
}

position position::at(std::size_t index) const { return at(std::to_string(index)); }

error position::refuse(std::string_view reason) const {
    return fail(errc::invalid_argument,
                "policy " + source + ": rule " + rule + " at " + (pointer.empty() ? "/" : pointer) + ": " + std::string(reason));
}

result<std::vector<atom>> parse_select(json::value const& value, position const& at, atom_context context) {
    if (!value.is_object()) return at.refuse("needs an object of resource attributes");
    std::vector<atom> out;
    for (auto const& [name, condition] : value.get_object()) {
        auto const* info = attribute_selected_by(name);
        if (!info) return unknown_attribute(name, at.at(name));
        bool bare = !condition.is_object() && !condition.is_array();
        if (bare && info->type == value_type::time) return at.at(name).refuse("needs <, >= or between");
        auto spelled = bare ? json::value(json::object{{"in", json::array{condition}}}) : condition;
        if (auto ok = parse_conditions(*info, spelled, at.at(name), context, out); !ok) return ok.error();
    }
    return out;
}

result<std::vector<atom>> parse_when(json::value const& value, position const& at, atom_context context) {
    if (!value.is_array()) return at.refuse("needs a list of conditions");
    std::vector<atom> out;
    auto const& list = value.get_array();
    for (std::size_t i = 0; i < list.size(); ++i) {
        auto here = at.at(i);
        if (!list[i].is_object() || list[i].get_object().empty())
            return here.refuse("needs an object {\"attribute\": {\"op\": value}}");
        for (auto const& [name, condition] : list[i].get_object()) {
            auto const* info = attribute_named(name);
            if (!info) return unknown_attribute(name, here.at(name));
            if (context.resource_only && !is_about_resource(*info))
                return here.at(name).refuse("placement is decided without a requester: only resource attributes can be used");
            if (auto ok = parse_conditions(*info, condition, here.at(name), context, out); !ok) return ok.error();
        }
    }
    return out;
}

result<std::vector<site_atom>> parse_sites(json::value const& value, position const& at) {
    if (!value.is_object() || value.get_object().empty()) return at.refuse("needs an object of site attributes");
    std::vector<site_atom> out;
    for (auto const& [name, condition] : value.get_object()) {
        auto about = site_attribute_named(name);
        if (!about) return at.at(name).refuse("unknown site attribute " + quote(name));
        bool bare = !condition.is_object() && !condition.is_array();
        if (bare && type_of(*about) == value_type::text_set)
            return at.at(name).refuse("needs contains_all, contains_any or not_contains_any");
        auto spelled = bare ? json::value(json::object{{"in", json::array{condition}}}) : condition;
        if (!spelled.is_object() || spelled.get_object().empty()) return at.at(name).refuse("needs an object of operators");
        for (auto const& [op, operand] : spelled.get_object()) {
            auto parsed = parse_site_atom(*about, op, operand, at.at(name).at(op));
            if (!parsed) return parsed.error();
            out.push_back(std::move(*parsed));
        }
    }
    return out;
}

result<std::vector<std::string>> parse_countries(json::value const& value, position const& at) {
    auto parse_one = [](json::value const& v, position const& where) -> result<std::string> {
        if (v.is_string() && (is_country(v.get_string()) || is_region(v.get_string()))) return std::string(v.get_string());
        return where.refuse("needs an ISO 3166-1 alpha-2 code or a region of the closure table " + std::string(closure_version));
    };
    if (value.is_array()) return parse_list(value, at, parse_one);
    auto one = parse_one(value, at);
    if (!one) return one.error();
    return std::vector<std::string>{std::move(*one)};
}

}  // namespace fjord::policies
