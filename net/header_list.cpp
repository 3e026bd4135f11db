#include "base/text.hpp"
#include "net/http.hpp"

#include <algorithm>
#include <array>

namespace fjord::net {

namespace {

constexpr std::size_t max_parameters = 1000;
constexpr std::size_t usual_count = 12;  // fields of a message, so that the list seldom grows

// tchar of RFC 9110 section 5.6.2.
constexpr auto token_chars = [] {
    std::array<bool, 256> out{};
    for (unsigned c = 0; c < out.size(); ++c) out[c] = is_alpha(static_cast<char>(c)) || is_digit(static_cast<char>(c));
    for (char c : std::string_view("!#$%&'*+-.^_`|~")) out[static_cast<unsigned char>(c)] = true;
    return out;
}();

bool is_not_of_a_name(char c) { return !token_chars[static_cast<unsigned char>(c)]; }
bool is_not_of_a_value(char c) { return c == '\r' || c == '\n' || c == '\0'; }

std::string clean_name(std::string_view name) {
    std::string out(name);
    std::erase_if(out, is_not_of_a_name);
    return out;
}

std::string clean_value(std::string_view value) {
    std::string out(trim(value));
    std::erase_if(out, is_not_of_a_value);
    return out;
}

template <class Items, class Equal>
auto find_first(Items const& items, Equal equal) -> std::optional<std::string_view> {
    auto const at = std::find_if(items.begin(), items.end(), equal);
    if (at == items.end()) return std::nullopt;
    return std::string_view(at->second);
}

result<std::string> decode_form(std::string_view text) {
    std::string spaced;
    spaced.reserve(text.size());
    for (char c : text) {
        if (c == '+') {
            spaced += "%20";
        } else {
            spaced += c;
        }
    }
    return percent_decode(spaced);
}

}  // namespace

std::optional<std::string_view> header_list::find(std::string_view name) const noexcept {
    return find_first(items_, [name](auto const& item) { return iequals(item.first, name); });
}

std::string_view header_list::get(std::string_view name) const noexcept { return find(name).value_or(std::string_view{}); }

std::size_t header_list::count(std::string_view name) const noexcept {
    return static_cast<std::size_t>(
        std::count_if(items_.begin(), items_.end(), [name](auto const& item) { return iequals(item.first, name); }));
}

std::vector<std::string_view> header_list::all(std::string_view name) const {
    std::vector<std::string_view> out;
    for (auto const& [key, value] : items_) {
        if (iequals(key, name)) out.push_back(value);
    }
    return out;
}

void header_list::set(std::string_view name, std::string_view value) {
    if (items_.empty()) items_.reserve(usual_count);
    auto kept = clean_value(value);  // before remove(): `value` may point into this list
    auto key = clean_name(name);
    remove(key);
    if (!key.empty()) items_.emplace_back(std::move(key), std::move(kept));
}

void header_list::add(std::string_view name, std::string_view value) {
    if (items_.empty()) items_.reserve(usual_count);
    auto kept = clean_value(value);
    auto key = clean_name(name);
    if (!key.empty()) items_.emplace_back(std::move(key), std::move(kept));
}

void header_list::remove(std::string_view name) {
    std::erase_if(items_, [name](auto const& item) { return iequals(item.first, name); });
}

result<query_list> query_list::parse(std::string_view raw_query) {
    query_list out;
    while (!raw_query.empty()) {
        auto value = take_until(raw_query, '&');
        if (value.empty()) continue;
        if (out.items_.size() == max_parameters) return fail(errc::limit_exceeded, "more than 1000 query parameters");
        bool const has_value = value.find('=') != std::string_view::npos;
        auto const name = take_until(value, '=');
        auto key = decode_form(name);
        if (!key) return fail(errc::invalid_argument, "query: " + key.error().message());
        auto decoded = decode_form(has_value ? value : std::string_view{});
        if (!decoded) return fail(errc::invalid_argument, "query parameter '" + *key + "': " + decoded.error().message());
        out.items_.emplace_back(std::move(*key), std::move(*decoded));
    }
    return out;
}

std::optional<std::string_view> query_list::find(std::string_view name) const noexcept {
    return find_first(items_, [name](auto const& item) { return item.first == name; });
}

std::string_view query_list::get(std::string_view name) const noexcept { return find(name).value_or(std::string_view{}); }

std::size_t query_list::count(std::string_view name) const noexcept {
    return static_cast<std::size_t>(
        std::count_if(items_.begin(), items_.end(), [name](auto const& item) { return item.first == name; }));
}

}  // namespace fjord::net
