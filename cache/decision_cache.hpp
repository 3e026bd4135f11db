#pragma once
// What the source decided for a caller about a path, remembered until a moment fixed when it was learnt and never moved by
// use. Permissions: min(token's exp, what the source allows, 5 min). Refusals: 30 s. Bounded; the oldest go first. Any thread.
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/identity.hpp"

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fjord::cache {

class decision_cache {
public:
    static constexpr seconds longest_permission{300};
    static constexpr seconds refusal_time{30};

    explicit decision_cache(std::size_t limit = 100'000) : limit_(limit) {}

    // Engaged: what was decided; an error of kind denied, not_found or unauthenticated is a refusal.
    std::optional<result<void>> find(principal const& who, std::string_view path, wall_time now) const;
    void allow(principal const& who, std::string_view path, wall_time until, wall_time now);
    void refuse(principal const& who, std::string_view path, error why, wall_time now);
    void forget_all();
    void forget(std::string_view path);  // that path and what lies below it
    std::size_t size() const;

private:
    struct entry {
        std::optional<error> refusal;
        wall_time until;
    };
    static std::string key(principal const& who, std::string_view path);
    void put(std::string key, entry e);

    std::size_t limit_;
    mutable std::mutex mutex_;  // guards what follows
    std::unordered_map<std::string, entry> entries_;
    std::deque<std::string> order_;
};

}  // namespace fjord::cache
