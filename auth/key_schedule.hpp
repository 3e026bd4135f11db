#pragma once
// When which key of an issuer signs, and how long it stays published: decisions only, no I/O, no keys. One schedule per
// algorithm. WLCG profile v1.3, "Lifetimes": a new key is published at least one cache-expiry period before its first use; an old
// one stays until the last token it signed has expired. Only `use_from` is kept; everything else follows from it.
#include "base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::auth {

struct scheduled_key {
    std::string kid;
    wall_time created{};
    wall_time use_from{};
    seconds token_life{0};  // no token it signs lives longer
};

enum class key_state {
    next,     // published, not yet used
    signing,  // signs now
    retired,  // signs no more; tokens it signed may still live
    spent,    // its last token has expired: it can go
};
std::string_view name_of(key_state s) noexcept;

struct rotation_policy {
    seconds rotate_every{180 * 86400};  // how long a key signs
    seconds publish_ahead{4 * 86400};   // how long it is published before that: the longest JWKS cache expiry of WLCG
};

// Strictly ordered by use_from. Times are arguments.
class key_schedule {
public:
    key_schedule() = default;
    explicit key_schedule(std::vector<scheduled_key> keys);

    std::vector<scheduled_key> const& keys() const noexcept { return keys_; }
    scheduled_key const* signing(wall_time now) const;  // null only when there is no key
    key_state state_of(scheduled_key const& key, wall_time now) const;
    wall_time kept_until(scheduled_key const& key) const;  // wall_time::max() while no successor is known

    // When the next key begins to sign, if it should be published by now: at once for the first one.
    std::optional<wall_time> successor_due(rotation_policy const& policy, wall_time now) const;
    scheduled_key const* next(wall_time now) const;  // published and not yet used; null when there is none
    // Its use_from is moved behind that of all others when it is not yet.
    void add(scheduled_key key);
    void use_next_now(wall_time now);  // the earliest `next` signs from now on
    void remove(std::string_view kid);

private:
    std::vector<scheduled_key> keys_;
};

}  // namespace fjord::auth
