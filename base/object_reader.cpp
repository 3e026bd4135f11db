#include "base/json.hpp"

#include <algorithm>
#include <cmath>

namespace fjord {

namespace {

// A JSON number that is a whole number within int64: 3, and 3.0 as JSON Schema has it.
std::optional<std::int64_t> whole_number(json::value const& value) {
    if (auto const* i = value.if_int64()) return *i;
    auto const* d = value.if_double();
    if (d && std::floor(*d) == *d && std::abs(*d) <= 9007199254740992.0) return static_cast<std::int64_t>(*d);
    return std::nullopt;
}

}  // namespace

object_reader::object_reader(json::value const& value, std::string_view what) : object_(value.if_object()), what_(what) {
    if (!object_) refuse(what_ + " must be a JSON object");
}

void object_reader::refuse(std::string reason) {
    if (!failure_) failure_ = std::move(reason);
}

json::value const* object_reader::member(std::string_view key) {
    asked_.emplace_back(key);
    return object_ ? object_->if_contains(key) : nullptr;
}

std::optional<std::string> object_reader::optional_string(std::string_view key) {
    auto const* value = member(key);
    if (!value) return std::nullopt;
    if (auto const* text = value->if_string()) return std::string(*text);
    refuse(what_ + ": '" + std::string(key) + "' must be a string");
    return std::nullopt;
}

std::string object_reader::string(std::string_view key) {
    auto text = optional_string(key);
    if (!text) refuse(what_ + ": '" + std::string(key) + "' is missing");
    return text.value_or("");
}

std::string object_reader::string(std::string_view key, std::string_view fallback) {
    return optional_string(key).value_or(std::string(fallback));
}

std::int64_t object_reader::integer(std::string_view key, std::int64_t min, std::int64_t max) {
    bool const present = object_ && object_->if_contains(key);
    if (!present) refuse(what_ + ": '" + std::string(key) + "' is missing");
    return integer(key, min, max, min);
}

std::int64_t object_reader::integer(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t fallback) {
    auto const* value = member(key);
    if (!value) return fallback;
    auto const number = whole_number(*value);
    if (number && *number >= min && *number <= max) return *number;
    refuse(what_ + ": '" + std::string(key) + "' must be a whole number from " + std::to_string(min) + " to " +
           std::to_string(max));
    return fallback;
}

bool object_reader::boolean(std::string_view key, bool fallback) {
    auto const* value = member(key);
    if (!value) return fallback;
    if (auto const* flag = value->if_bool()) return *flag;
    refuse(what_ + ": '" + std::string(key) + "' must be true or false");
    return fallback;
}

json::object const* object_reader::object(std::string_view key) {
    auto const* value = member(key);
    if (!value) return nullptr;
    if (!value->is_object()) refuse(what_ + ": '" + std::string(key) + "' must be an object");
    return value->if_object();
}

result<void> object_reader::done() {
    std::string unknown;
    for (auto const& member : object_ ? *object_ : json::object{}) {
        if (std::ranges::find(asked_, std::string_view(member.key())) != asked_.end()) continue;
        unknown += (unknown.empty() ? "" : ", ") + json_quote(member.key());
    }
    if (!unknown.empty()) refuse(what_ + ": unknown members " + unknown);
    if (failure_) return fail(errc::invalid_argument, *failure_);
    return {};
}

}  // namespace fjord
