#include "auth/groups.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace fjord::auth {
namespace {

constexpr std::size_t max_name_bytes = 255;

bool is_alphanumeric(char c) noexcept { return is_alpha(c) || is_digit(c); }

bool is_unreserved(char c) noexcept { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

// One spelling for each escape; nullopt for broken ones and for bytes that no URN may hold.
std::optional<std::string> normal_escapes(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c <= ' ' || c == 0x7f) return std::nullopt;  // also all of non-ASCII where char is signed
        if (c != '%') {
            out += c;
            continue;
        }
        int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) return std::nullopt;
        char decoded = static_cast<char>(high * 16 + low);
        if (is_unreserved(decoded))
            out += decoded;
        else
            out += {'%', digits[high], digits[low]};
        i += 2;
    }
    return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> out;
    while (true) {
        auto at = text.find(separator);
        out.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) return out;
        text.remove_prefix(at + 1);
    }
}

// Lower-cases what AARC-G069 compares without case; the parts after "group" keep theirs.
void normalise_group_parts(std::vector<std::string>& parts) {
    auto is_group_word = [](std::string const& part) { return to_lower(part) == "group"; };
    auto group = std::find_if(parts.begin() + 2, parts.end(), is_group_word);
    if (group == parts.end()) return;
    for (auto part = parts.begin() + 2; part <= group; ++part) *part = to_lower(*part);
    auto& last = parts.back();
    if (last.size() > 5 && to_lower(last.substr(0, 5)) == "role=") last.replace(0, 5, "role=");
}

void add_name(std::string_view name, std::vector<std::string>& out) {
    std::string normal(name);
    if (to_lower(name.substr(0, 4)) == "urn:") {
        auto entitlement = normalise_entitlement(name);
        if (!entitlement) return;
        normal = std::move(*entitlement);
    } else if (!is_group_name(name)) {
        return;
    }
    if (std::find(out.begin(), out.end(), normal) == out.end()) out.push_back(std::move(normal));
}

}  // namespace

std::optional<std::string> normalise_entitlement(std::string_view text) {
    if (text.size() > 4 * max_name_bytes) return std::nullopt;
    auto clean = normal_escapes(text);
    if (!clean) return std::nullopt;
    auto hash = clean->find('#');
    auto parts = split(std::string_view(*clean).substr(0, hash), ':');
    if (parts.size() < 3 || to_lower(parts[0]) != "urn") return std::nullopt;
    if (std::any_of(parts.begin(), parts.end(), [](auto const& p) { return p.empty(); })) return std::nullopt;
    parts[0] = "urn";
    parts[1] = to_lower(parts[1]);
    normalise_group_parts(parts);
    std::string out = parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i) out += ":" + parts[i];
    if (hash != std::string::npos) out += "#" + to_lower(std::string_view(*clean).substr(hash + 1));
    return out;
}

bool is_group_name(std::string_view text) noexcept {
    if (text.starts_with('/')) text.remove_prefix(1);
    if (text.empty() || text.size() > max_name_bytes) return false;
    bool at_start = true;
    for (char c : text) {
        if (at_start ? !is_alphanumeric(c) : !(is_alphanumeric(c) || c == '_' || c == '.' || c == '-' || c == '/')) return false;
        at_start = c == '/';
    }
    return !at_start;
}

json::value const* find_claim(json::object const& claims, std::string_view name) {
    if (auto const* whole = claims.if_contains(name)) return whole;
    auto dot = name.find('.');
    if (dot == std::string_view::npos) return nullptr;
    auto const* outer = claims.if_contains(name.substr(0, dot));
    return outer && outer->is_object() ? find_claim(outer->get_object(), name.substr(dot + 1)) : nullptr;
}

void add_groups(json::object const& claims, std::string_view claim, std::vector<std::string>& out) {
    auto const* found = find_claim(claims, claim);
    if (!found) return;
    if (found->is_string()) add_name(found->get_string(), out);
    if (!found->is_array()) return;
    for (auto const& name : found->get_array())
        if (name.is_string()) add_name(name.get_string(), out);
}

}  // namespace fjord::auth
