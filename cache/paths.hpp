#pragma once
// Paths as the cache compares them: percent-encoded, no leading slash, by whole components ("c/i" covers "c/i/a", not "c/ix").
#include <string_view>

namespace fjord::cache {

inline bool covers(std::string_view prefix, std::string_view path) noexcept {
    if (prefix.empty()) return true;
    if (!path.starts_with(prefix)) return false;
    if (path.size() == prefix.size() || prefix.back() == '/') return true;
    return path[prefix.size()] == '/' || path[prefix.size()] == '?';
}

}  // namespace fjord::cache
