#include "cache/freshness.hpp"

#include <algorithm>

namespace fjord::cache {

namespace {

std::string_view trimmed(std::string_view s) {
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
    return s;
}

bool same_name(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// Takes the next list element off `rest`; commas inside quoted strings do not separate.
std::string_view next_element(std::string_view& rest) {
    bool in_quotes = false;
    std::size_t i = 0;
    for (; i < rest.size(); ++i) {
        if (in_quotes && rest[i] == '\\')
            ++i;
        else if (rest[i] == '"')
            in_quotes = !in_quotes;
        else if (rest[i] == ',' && !in_quotes)
            break;
    }
    i = std::min(i, rest.size());
    auto element = trimmed(rest.substr(0, i));
    rest.remove_prefix(std::min(i + 1, rest.size()));
    return element;
}

void take_age(std::optional<seconds>& into, std::string_view value) {
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    auto age = parse_delta_seconds(value).value_or(seconds(0));
    into = into ? std::min(*into, age) : age;
}

}  // namespace

std::optional<seconds> parse_delta_seconds(std::string_view text) {
    constexpr std::int64_t cap = std::int64_t{1} << 31;
    if (text.empty()) return std::nullopt;
    std::int64_t value = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = std::min(cap, value * 10 + (c - '0'));
    }
    return seconds(value);
}

cache_control parse_cache_control(std::string_view field) {
    cache_control cc;
    while (!field.empty()) {
        auto element = next_element(field);
        auto equals = element.find('=');
        auto name = trimmed(element.substr(0, equals));
        auto value = equals == std::string_view::npos ? std::string_view() : trimmed(element.substr(equals + 1));
        if (same_name(name, "no-store")) cc.no_store = true;
        // With field names these two restrict less; treating them as bare is the careful reading (RFC 9111 5.2.2.4, 5.2.2.7).
        else if (same_name(name, "no-cache"))
            cc.no_cache = true;
        else if (same_name(name, "private"))
            cc.is_private = true;
        else if (same_name(name, "must-revalidate") || same_name(name, "proxy-revalidate"))
            cc.must_revalidate = true;
        else if (same_name(name, "max-age"))
            take_age(cc.max_age, value);
        else if (same_name(name, "s-maxage"))
            take_age(cc.s_maxage, value);
    }
    return cc;
}

bool is_strong_etag(std::string_view etag) noexcept {
    if (etag.size() < 2 || etag.front() != '"' || etag.back() != '"') return false;
    return etag.substr(1, etag.size() - 2).find('"') == std::string_view::npos;
}

storing_decision judge(response_facts const& facts) {
    auto refuse = [](std::string why) { return storing_decision{false, seconds(0), std::move(why)}; };
    auto cc = parse_cache_control(facts.cache_control);
    if (cc.no_store) return refuse("no-store");
    if (cc.is_private) return refuse("private");
    if (!trimmed(facts.vary).empty()) return refuse("the answer varies by request fields");
    if (!facts.has_length) return refuse("the origin does not say how long it is");
    if (!is_strong_etag(facts.etag) && facts.last_modified.empty()) return refuse("no validator");
    storing_decision yes{true, seconds(0), {}};
    if (cc.no_cache) return yes;
    auto lifetime = cc.s_maxage ? *cc.s_maxage : cc.max_age.value_or(seconds(0));
    auto age = parse_delta_seconds(trimmed(facts.age)).value_or(seconds(0));
    yes.fresh_for = lifetime > age ? lifetime - age : seconds(0);
    return yes;
}

}  // namespace fjord::cache
