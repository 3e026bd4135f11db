// Finds what looks like a credential in text from outside. It errs on the side of removing too much.
#include "base/log.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace fjord {

namespace {

constexpr std::string_view mark = "[removed]";

// What stands before a secret in a query, a form or a configuration line.
constexpr std::string_view secret_keys[] = {
    "authz=",    "ticket=",    "access_token=", "refresh_token=",        "id_token=",        "client_secret=",
    "password=", "signature=", "sig=",          "x-amz-security-token=", "x-amz-signature=", "token=",
};

constexpr bool is_token_character(char c) noexcept {
    return is_alpha(c) || is_digit(c) || std::string_view("-._~+/=%").find(c) != std::string_view::npos;
}

bool starts_with_nocase(std::string_view text, std::string_view prefix) noexcept {
    return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

std::size_t token_length(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::ranges::find_if_not(text, is_token_character) - text.begin());
}

// Length of a value in a query or in quotes, up to what can only come after it. Covers "authz=Bearer eyJ..." too.
std::size_t value_length(std::string_view text) noexcept {
    std::size_t skipped = 0;
    for (std::string_view scheme : {"Bearer ", "Bearer%20", "Bearer+"}) {
        if (starts_with_nocase(text, scheme)) skipped = scheme.size();
    }
    auto const end = text.find_first_of("&;,\"'<>()[]{}\\ \t\r\n", skipped);
    return end == std::string_view::npos ? text.size() : end;
}

// Length of the credentials after "Bearer "; 0 when it is a challenge (realm="...") or plain prose ("Bearer token").
std::size_t bearer_length(std::string_view text) noexcept {
    auto const n = token_length(text);
    auto const word = text.substr(0, n);
    bool const challenge = word.ends_with('=') && n < text.size() && text[n] == '"';
    return challenge || iequals(word, "token") || iequals(word, "tokens") ? 0 : n;
}

// "Basic dXNlcjpwdw==": prose after the word has only small letters.
std::size_t basic_length(std::string_view text) noexcept {
    auto const n = token_length(text);
    auto const is_small = [](char c) { return c >= 'a' && c <= 'z'; };
    return n >= 4 && !std::ranges::all_of(text.substr(0, n), is_small) ? n : 0;
}

// A JWS or JWE: base64url of '{"' and at least one dot.
std::size_t jwt_length(std::string_view text) noexcept {
    if (!text.starts_with("eyJ")) return 0;
    auto const n = token_length(text);
    return text.substr(0, n).find('.') == std::string_view::npos && n < 32 ? 0 : n;
}

// "user:password@" after "//": everything up to the '@'.
std::size_t userinfo_length(std::string_view text) noexcept {
    auto const end = text.substr(0, 1024).find_first_of("@/?#\"' \t\r\n");
    bool const found =
        end != std::string_view::npos && text[end] == '@' && text.substr(0, end).find(':') != std::string_view::npos;
    return found ? end : 0;
}

struct finding {
    std::size_t keep = 0;    // bytes of the marker that stay
    std::size_t remove = 0;  // bytes of the secret after it; 0: nothing here
};

finding look_at(std::string_view text, char before) noexcept {
    for (auto key : secret_keys) {
        if (starts_with_nocase(text, key)) return {key.size(), value_length(text.substr(key.size()))};
    }
    bool const word_start = !is_alpha(before) && !is_digit(before);
    for (std::string_view scheme : {"Bearer ", "Bearer%20"}) {
        if (word_start && starts_with_nocase(text, scheme)) return {scheme.size(), bearer_length(text.substr(scheme.size()))};
    }
    if (word_start && starts_with_nocase(text, "Basic ")) return {6, basic_length(text.substr(6))};
    if (text.starts_with("//")) return {2, userinfo_length(text.substr(2))};
    return {0, jwt_length(text)};
}

// Every marker begins with one of these; all other places are passed over without a closer look.
constexpr std::string_view first_letters = "aAtTrRiIcCpPsSxXbB/e";

}  // namespace

// Every marker holds one of these: keys end with '=', schemes with a blank or %20, user information with '@', and a JWS begins
// with "eyJ".
bool needs_scrubbing(std::string_view text) noexcept {
    auto const marks = [](char c) { return c == '=' || c == ' ' || c == '%' || c == '@' || c == 'J'; };
    return std::ranges::any_of(text, marks);
}

std::string scrub(std::string_view text) {
    if (!needs_scrubbing(text)) return std::string(text);
    std::string out;
    out.reserve(text.size());
    char before = ' ';
    while (!text.empty()) {
        finding found;
        if (first_letters.find(text.front()) != std::string_view::npos) found = look_at(text, before);
        auto const kept = found.remove > 0 ? found.keep : 1;
        out += text.substr(0, kept);
        before = text[kept == 0 ? 0 : kept - 1];
        text.remove_prefix(kept);
        if (found.remove == 0) continue;
        out += mark;
        text.remove_prefix(found.remove);
    }
    return out;
}

}  // namespace fjord
