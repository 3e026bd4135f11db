#include "policies/closure.hpp"
#include "policies/policies.hpp"

#include <boost/json/value.hpp>

namespace fjord::policies {
namespace {

namespace json = boost::json;

std::optional<int> level_of(json::value const& v) {
    if (!v.is_int64() || v.get_int64() < 0 || v.get_int64() > 4) return std::nullopt;
    return static_cast<int>(v.get_int64());
}

std::optional<std::string> text_of(json::value const& v) {
    if (!v.is_string() || v.get_string().empty() || v.get_string().size() > 1024) return std::nullopt;
    return std::string(v.get_string());
}

std::optional<std::string> personal_data_of(json::value const& v) {
    auto text = text_of(v);
    if (text == "none" || text == "pseudonymised" || text == "special") return text;
    return std::nullopt;
}

std::optional<std::string> country_of(json::value const& v) {
    auto text = text_of(v);
    return text && is_country(*text) ? text : std::nullopt;
}

std::optional<wall_time> time_of(json::value const& v) {
    auto text = text_of(v);
    auto time = text ? parse_rfc3339(*text) : result<wall_time>(fail(errc::invalid_argument));
    return time ? std::optional(*time) : std::nullopt;
}

// A member that is there replaces what was known, also by "unknown" when it is malformed.
template <class T>
void take(json::object const& from, std::string_view name, std::optional<T> (*read)(json::value const&), std::optional<T>& to) {
    if (auto const* v = from.if_contains(name)) to = read(*v);
}

void take_all(json::object const& from, resource& to) {
    take(from, "fjord:sensitivity", level_of, to.sensitivity);
    take(from, "fjord:personal_data", personal_data_of, to.personal_data);
    take(from, "fjord:subjects_country", country_of, to.subjects_country);
    take(from, "fjord:embargo_until", time_of, to.embargo_until);
    take(from, "license", text_of, to.license);
}

// Length first, so that no two different resources have one key.
void append(std::string& out, std::string const& text) { out += std::to_string(text.size()) + ':' + text; }

template <class T, class Text>
void append(std::string& out, std::optional<T> const& value, Text text) {
    if (value)
        append(out, text(*value));
    else
        out += '-';
}

}  // namespace

std::string resource::key() const {
    auto as_is = [](std::string const& t) { return t; };
    std::string out;
    append(out, collection);
    append(out, role);
    append(out, sensitivity, [](int n) { return std::to_string(n); });
    append(out, personal_data, as_is);
    append(out, subjects_country, as_is);
    append(out, embargo_until, [](wall_time t) { return std::to_string(t.time_since_epoch().count()); });
    append(out, license, as_is);
    return out;
}

resource resource_of(std::string_view collection, json::object const& collection_document) {
    resource out;
    out.collection = std::string(collection);
    take_all(collection_document, out);
    return out;
}

resource resource_of(std::string_view collection, json::object const& collection_document, std::string_view item,
                     json::object const& item_document) {
    auto out = resource_of(collection, collection_document);
    out.dataset = std::string(item);
    if (auto const* properties = item_document.if_contains("properties"); properties && properties->is_object())
        take_all(properties->get_object(), out);
    return out;
}

}  // namespace fjord::policies
