#include "policies/rule_parse.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>

namespace fjord::policies {
namespace {

namespace json = boost::json;

std::string quote(std::string_view text) { return "'" + std::string(text.substr(0, 80)) + "'"; }

bool is_rule_id(std::string_view id) {
    auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), plain);
}

// Members of the model that change what is answered; ignoring one would weaken the policy.
std::string_view unenforced_member(std::string_view name) {
    if (name == "redact") return "redaction is not enforced by this build";
    if (name == "aggregate") return "aggregation limits are not enforced by this build";
    if (name == "geometry") return "generalisation of geometries is not enforced by this build";
    if (name == "oblige" || name == "obligations") return "obligations are not enforced by this build";
    return {};
}

result<void> check_members(json::object const& o, position const& at, std::initializer_list<std::string_view> known) {
    for (auto const& [name, value] : o) {
        if (std::find(known.begin(), known.end(), std::string_view(name)) != known.end()) continue;
        auto reason = unenforced_member(name);
        return at.at(name).refuse(reason.empty() ? "unknown member " + quote(name) : std::string(reason));
    }
    if (auto const* note = o.if_contains("note"); note && !note->is_string()) return at.at("note").refuse("needs text");
    return {};
}

result<action_mask> parse_actions(json::object const& o, bool forbids, position const& at) {
    auto const* list = o.if_contains("actions");
    auto here = at.at("actions");
    if (!list || !list->is_array() || list->get_array().empty()) return here.refuse("needs a list of actions");
    action_mask out = 0;
    for (std::size_t i = 0; i < list->get_array().size(); ++i) {
        auto const& name = list->get_array()[i];
        auto one = name.is_string() ? action_named(name.get_string()) : std::nullopt;
        if (!one) return here.at(i).refuse("unknown action");
        out = static_cast<action_mask>(out | (forbids ? forbidden_by(*one) : permitted_by(*one)));
    }
    return out;
}

result<std::vector<atom>> optional_select(json::object const& o, position const& at, atom_context context) {
    auto const* value = o.if_contains("select");
    return value ? parse_select(*value, at.at("select"), context) : std::vector<atom>{};
}

result<std::vector<atom>> optional_when(json::object const& o, position const& at, atom_context context) {
    auto const* value = o.if_contains("when");
    return value ? parse_when(*value, at.at("when"), context) : std::vector<atom>{};
}

result<rule> parse_grant(json::object const& o, bool forbids, std::string name, position const& at) {
    if (auto ok = check_members(o, at, {"id", "effect", "actions", "select", "when", "note"}); !ok) return ok.error();
    auto actions = parse_actions(o, forbids, at);
    if (!actions) return actions.error();
    auto select = optional_select(o, at, {.permits = !forbids});
    if (!select) return select.error();
    auto when = optional_when(o, at, {.permits = !forbids});
    if (!when) return when.error();
    return rule{std::move(name), forbids, *actions, std::move(*select), std::move(*when)};
}

// {"jurisdictions": {"subset_of": "EU_EEA"}}
result<std::vector<std::string>> parse_transit(json::value const& value, position const& at) {
    auto const* o = value.if_object();
    auto const* set = o && o->size() == 1 ? o->if_contains("jurisdictions") : nullptr;
    auto const* condition = set ? set->if_object() : nullptr;
    auto const* countries = condition && condition->size() == 1 ? condition->if_contains("subset_of") : nullptr;
    if (!countries) return at.refuse("needs {\"jurisdictions\": {\"subset_of\": region or list}}");
    return parse_countries(*countries, at.at("jurisdictions").at("subset_of"));
}

// {"max_ttl": "PT6H"}
result<seconds> parse_cache(json::value const& value, position const& at) {
    auto const* o = value.if_object();
    auto const* ttl = o && o->size() == 1 ? o->if_contains("max_ttl") : nullptr;
    if (!ttl || !ttl->is_string()) return at.refuse("needs {\"max_ttl\": \"PT6H\"}");
    auto duration = parse_duration(ttl->get_string());
    if (!duration) return at.at("max_ttl").refuse(duration.error().message());
    return *duration;
}

result<void> parse_place_parts(json::object const& o, position const& at, place_rule& out) {
    if (auto const* sites = o.if_contains("sites")) {
        auto parsed = parse_sites(*sites, at.at("sites"));
        if (!parsed) return parsed.error();
        out.sites = std::move(*parsed);
    }
    if (auto const* transit = o.if_contains("transit")) {
        auto parsed = parse_transit(*transit, at.at("transit"));
        if (!parsed) return parsed.error();
        out.transit = std::move(*parsed);
    }
    if (auto const* cache = o.if_contains("cache")) {
        auto parsed = parse_cache(*cache, at.at("cache"));
        if (!parsed) return parsed.error();
        out.cache_ttl = *parsed;
    }
    if (out.sites.empty() && out.transit.empty() && !out.cache_ttl)
        return at.refuse("a place rule needs sites, transit or cache");
    return {};
}

result<place_rule> parse_place(json::object const& o, std::string name, position const& at) {
    if (auto ok = check_members(o, at, {"id", "effect", "select", "when", "note", "sites", "transit", "cache"}); !ok)
        return ok.error();
    place_rule out;
    out.name = std::move(name);
    auto select = optional_select(o, at, {.resource_only = true});
    if (!select) return select.error();
    out.select = std::move(*select);
    auto when = optional_when(o, at, {.resource_only = true});
    if (!when) return when.error();
    out.when = std::move(*when);
    if (auto ok = parse_place_parts(o, at, out); !ok) return ok.error();
    return out;
}

template <class T>
result<std::variant<rule, place_rule>> as_either(result<T> parsed) {
    if (!parsed) return parsed.error();
    return std::variant<rule, place_rule>(std::move(*parsed));
}

}  // namespace

result<std::variant<rule, place_rule>> parse_rule(json::value const& value, position at, std::uint64_t version) {
    auto const* o = value.if_object();
    if (!o) return at.refuse("needs an object");
    auto const* id = o->if_contains("id");
    if (!id || !id->is_string() || !is_rule_id(id->get_string()))
        return at.at("id").refuse("needs 1 to 64 letters, digits, '-', '_' or '.'");
    at.rule = quote(id->get_string());
    auto name = std::string(id->get_string()) + "@" + std::to_string(version);
    auto const* effect = o->if_contains("effect");
    std::string_view word = effect && effect->is_string() ? std::string_view(effect->get_string()) : std::string_view{};
    if (word == "permit" || word == "forbid") return as_either(parse_grant(*o, word == "forbid", std::move(name), at));
    if (word == "place") return as_either(parse_place(*o, std::move(name), at));
    if (word == "transform" || word == "oblige")
        return at.at("effect").refuse(std::string(word) + " rules are not enforced by this build");
    return at.at("effect").refuse("needs permit, forbid or place");
}

}  // namespace fjord::policies
