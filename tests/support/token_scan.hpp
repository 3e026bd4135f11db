#pragma once
// Finds token material in logs and metrics. It looks for what scrub() removes, and for pieces of tokens that a test knows, so
// that a fault of scrub() does not blind it.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::test {

// The end of a token, where its signature or its random part is; enough to be unmistakable.
inline std::string tail_of_token(std::string_view token) {
    constexpr std::size_t enough = 20;
    return std::string(token.size() <= enough ? token : token.substr(token.size() - enough));
}

// What gives the token away, cut short; nullopt when there is none. `known`: tails of tokens that were in use.
inline std::optional<std::string> find_token(std::string_view text, std::vector<std::string> const& known = {}) {
    auto token_character = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    // A mark counts when at least so many token characters follow: "authz=[removed]" and prose do not.
    struct mark {
        std::string_view text;
        std::size_t followed_by;
    };
    for (auto const& [what, followed_by] : {mark{"eyJ", 5},
                                            {"ticket=", 12},
                                            {"authz=", 12},
                                            {"access_token=", 12},
                                            {"refresh_token=", 12},
                                            {"Bearer ", 30},
                                            {"Bearer%20", 12},
                                            {"DPoP ey", 5}}) {
        for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
            auto const rest = text.substr(at + what.size());
            auto const end = std::find_if_not(rest.begin(), rest.end(), token_character);
            if (static_cast<std::size_t>(end - rest.begin()) < followed_by) continue;
            return std::string(what) + std::string(rest.substr(0, 6)) + "... after \"" +
                   std::string(text.substr(at - std::min<std::size_t>(at, 60), std::min<std::size_t>(at, 60))) + "\"";
        }
    }
    for (auto const& tail : known)
        if (!tail.empty() && text.find(tail) != std::string_view::npos) return "the end of a token that was in use";
    return std::nullopt;
}

}  // namespace fjord::test
